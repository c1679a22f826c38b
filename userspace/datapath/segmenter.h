/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The pair of devices through which the kernel makes wire frames of what it would leave to
 * hardware: segments, checksums.  Tunnels that number or sum up their packets need them, and
 * mirrors whose copies are to be as on a wire.
 * Nobody else sends there.
 */
#include <stdint.h>

#include "base/error.h"

struct instance;
struct netdevs;

struct segmenter {
	const struct instance *instance;
	struct netdevs *netdevs;
	uint32_t in; /* ifindex of the end that is sent to; 0: not made yet */
	uint32_t out; /* and of where the frames come out */
};

/* Finds the pair, or makes it. */
must_check int segmenter_ensure(struct segmenter *s, struct error *err);
must_check int segmenter_delete(struct segmenter *s, struct error *err);
