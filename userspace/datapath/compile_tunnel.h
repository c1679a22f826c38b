/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The tunnels' part of compile(): a port's record for one, with the header that goes before
 * its frames, and the lists by which received packets find theirs.  Pure.
 */
#include <stdbool.h>
#include <stdint.h>

struct image;
struct model_tunnel;
struct port_config;
struct route;
struct tunnel_config;

/* A compilation's memory of the lists' heads. */
struct compile_tunnels {
	struct image *image;
	struct tunnel_head_entry *heads; /* by hash */
};

/* route NULL: nothing is known of the way. */
void compile_tunnel(struct compile_tunnels *c, uint32_t slot, const struct model_tunnel *tunnel,
		    const struct route *route, struct port_config *port);
/* At the end.  drops_unmatched: the host has no such devices of its own. */
void compile_tunnels_end(struct compile_tunnels *c, bool drops_unmatched);
