/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a device's driver knows, and its receive offloads, by the SIOCETHTOOL ioctl.
 */
#include <stdbool.h>
#include <stdint.h>

struct ethtool_info {
	uint64_t speed_bps; /* 0: unknown */
	bool has_duplex;
	bool is_full_duplex;
	char driver[32];
	char driver_version[32];
	char firmware[32];
};

/* Whatever is unknown stays empty. */
void ethtool_read(const char *name, struct ethtool_info *ret);
/* Of a device of ours: frames are sent as they are on a wire.  0, or -errno. */
int ethtool_disable_offloads(const char *name);
/* Frames that were joined by the hardware cannot be forwarded.  0, or -errno. */
int ethtool_disable_lro(const char *name);
