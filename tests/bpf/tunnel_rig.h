/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One tunnel port for the tests of this folder, with options as a user writes them, on an
 * underlay as in a capture of tunnels/.  What that held is in tunnel_rig, with the frames that
 * were sent in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "datapath/route.h"
#include "rig.h"
#include "switch/tunnel.h"

enum { PORT = 20, UNDERLAY = 77, N_FRAMES = 8 };
enum { NO_TARGET = 0, MTU = 2, BACKLOG = 5, SENT = 6, TRUNCATED = 7 }; /* enum outcome */
enum { NEXT = -1, DROP = 2, REDIRECT = 7 };

#define V4 "remote_ip=10.95.30.43"
#define V6 "remote_ip=fd00:2::2"

struct tunnel_variant {
	const char *file, *type, *options;
	bool is_foreign; /* not as Open vSwitch would: only taken in */
};

extern struct tunnel_rig {
	struct frame inner[N_FRAMES], outer[N_FRAMES];
	bool host_has_gre;
	const struct tunnel_match *collision; /* finds the port's list, too */
} tunnel_rig;

/* The first frames of tunnels/NAME.pcap; returns how many there were. */
size_t tunnel_rig_read(const char *name, struct frame *ret, size_t max);
struct model_tunnel tunnel_rig_parse(const char *type, const char *options);
/* The way that this packet went. */
struct route tunnel_rig_route(const struct frame *packet);
/* The port's record is returned as it was written. */
struct port_config tunnel_rig_put(const struct model_tunnel *t, const struct route *route);
/* In this slot, not in that of PORT. */
struct port_config tunnel_rig_put_at(uint32_t slot, const struct model_tunnel *t,
				     const struct route *route);
/* The variant's port in an empty switch, and what its file holds. */
void tunnel_rig_set_up(const struct tunnel_variant *v);
/* The same as the other end has it: the captured packets are for us. */
void tunnel_rig_turn_round(const struct tunnel_variant *v);

/* The packet's last way is a redirect, or else it is dropped when all its clones are made. */
void tunnel_rig_is_verdict(int verdict);
/* Sends a frame into the tunnel, by way of the segmenting devices, if the program wants that;
 * returns enum outcome. */
uint32_t tunnel_rig_run(const struct frame *f, uint32_t snaplen, uint32_t too_long);
struct frame tunnel_rig_sent(void); /* the first that left */

/* Of a VXLAN packet; one without a checksum is right, too. */
bool tunnel_rig_udp_sum_is_right(const struct frame *packet);
