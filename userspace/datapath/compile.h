/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From the model and what is known of its devices to the image of the configuration maps.
 * Pure: the same input gives the same image.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct filters;
struct image;
struct model;
struct route;
struct vlan_sets;

/* The device of a port, as the packets need it. */
struct compile_device {
	uint32_t ifindex; /* of the switch's side; 0: none */
	uint32_t mtu;
	bool is_up;
	bool is_queued; /* a veth: what is sent there waits in the processor's backlog */
	bool has_peer; /* in another namespace, its address known and current */
	uint8_t peer_mac[6];
	const struct route *route; /* of a tunnel; NULL: not known */
};

struct compile_host {
	const struct compile_device *devices; /* by port slot, PORT_SLOTS of them */
	uint32_t hz; /* jiffies in a second */
	bool has_gre; /* devices of its own that receive GRE */
};

/* sets and filters: after vlan_sets_begin() and filters_begin(). */
must_check int compile(const struct model *model, const struct compile_host *host,
		       struct vlan_sets *sets, struct filters *filters, struct image **ret,
		       struct error *err);
