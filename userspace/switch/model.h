/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The switch as the configuration wants it: plain structs, made anew by reconcile from
 * the rows, compiled by datapath into map entries.  No JSON, no BPF, no system calls.
 * Everything in a model lives in its arena.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct arena;
struct filter_match;
struct filter_op;
struct model_tunnel;

/* Where an object lives in the kernel's maps: given by reconcile's allocation, stable as
 * long as the object's row is. */
struct slot {
	uint32_t number; /* from 1 */
	uint32_t generation;
};

/* A set of VLANs: bit vid % 64 of word vid / 64. */
struct vlan_bits {
	uint64_t words[64];
};

enum model_vlan_mode {
	MODEL_VLAN_TRUNK,
	MODEL_VLAN_ACCESS,
	MODEL_VLAN_NATIVE_TAGGED,
	MODEL_VLAN_NATIVE_UNTAGGED,
	MODEL_VLAN_DOT1Q_TUNNEL,
};

enum model_priority_tags {
	MODEL_PRIORITY_TAGS_NEVER,
	MODEL_PRIORITY_TAGS_IF_NONZERO,
	MODEL_PRIORITY_TAGS_ALWAYS,
};

struct model_vlan {
	enum model_vlan_mode mode; /* the default for an absent vlan_mode resolved */
	uint16_t tag; /* access, native, service VLAN; 0 where the column is empty */
	const struct vlan_bits *trunks; /* NULL: all; the native VLAN is in it for native-* */
	const struct vlan_bits *cvlans; /* NULL: all */
	uint16_t qinq_ethertype;
	enum model_priority_tags priority_tags;
};

enum model_port_kind {
	MODEL_PORT_SYSTEM, /* an existing device */
	MODEL_PORT_INTERNAL, /* a device of ours: a veth pair whose named end is the user's */
	MODEL_PORT_LOCAL, /* internal, and the bridge's own port */
	MODEL_PORT_PATCH, /* no device: one end of a cable between two bridges */
	MODEL_PORT_TUNNEL, /* no device: frames travel in packets of the host */
};

struct model_port {
	struct uuid uuid; /* of the Port row */
	struct uuid interface_uuid;
	const char *name; /* of the device, too */
	struct slot slot;
	uint32_t ofport;
	uint32_t ofport_request; /* 0: none */
	uint32_t ofport_recorded; /* what the database says it had; 0: none */
	enum model_port_kind kind;
	uint16_t order; /* by age in its bridge, from 0 */
	struct model_vlan vlan;
	bool is_protected;
	bool has_mac;
	uint8_t mac[6]; /* wanted address of an internal device */
	bool has_bridge_mac;
	uint8_t bridge_mac[6]; /* Port.mac: counts as its address when the bridge takes one */
	uint32_t mtu_request; /* 0: leave it */
	bool is_reserved; /* an active mirror's output port */
	const char *peer_name; /* of a patch port: what it asks for */
	const struct model_port *peer; /* its other end; NULL: nothing passes */
	const struct model_tunnel *tunnel; /* of a tunnel port */
	bool is_remote; /* a mirror's own tunnel: no row is behind it, no number its */
	/* Not NULL: what Interface.error says although it is a port. */
	const char *warning;
	/* Not NULL: cannot be a port, and why (Interface.error); no slot, and the datapath
	 * does not see it. */
	const char *error;
};

/* What a copy becomes that does not fit into a tunnel's packet. */
enum model_too_long {
	MODEL_TOO_LONG_DEFAULT, /* cut; in fragments where the tunnel makes such of all frames */
	MODEL_TOO_LONG_CUT,
	MODEL_TOO_LONG_FRAGMENT,
	MODEL_TOO_LONG_DROP,
};

/* What a mirror copies of what it selects: frames that pass both parts. */
struct model_filter {
	const char *match_text; /* Mirror.filter */
	const struct filter_match *match; /* NULL: none */
	const char *expression; /* tcpdump's */
	const struct filter_op *ops; /* what that was compiled to */
	size_t n_ops; /* 0: none */
};

struct model_mirror {
	struct uuid uuid;
	const char *name;
	struct slot slot;
	uint16_t bit; /* in its bridge: lower is older */
	bool selects_all;
	const struct vlan_bits *vlans; /* NULL: whatever VLAN */
	const struct model_port **src_ports;
	size_t n_src_ports;
	const struct model_port **dst_ports;
	size_t n_dst_ports;
	const struct model_port *out_port; /* of the same bridge; NULL: none */
	uint16_t out_vlan; /* without out_port: copies go to the ports of this VLAN; 0: none */
	uint32_t snaplen; /* 0: whole frames */
	bool has_wire_form; /* copies are what a wire would carry: segments, with checksums */
	struct model_filter filter;
	/* What the columns say is no good: the filter in force stays, and where there is none
	 * nothing is copied. */
	bool keeps_filter;
	enum model_too_long too_long;
	bool has_account; /* what becomes of each copy is found out, and goes into Mirror.statistics */
	/* For Bridge.status: "active", "pending: ...", "error: ...".  Only an active one has
	 * a slot and reaches the datapath. */
	const char *state;
	bool is_active;
};

struct model_bridge {
	struct uuid uuid;
	const char *name;
	struct slot slot;
	bool is_secure;
	bool forwards_bpdu;
	uint32_t ageing_s;
	uint32_t fdb_max;
	const struct vlan_bits *flood_vlans; /* NULL: none */
	bool has_hwaddr;
	uint8_t hwaddr[6]; /* other_config:hwaddr */
	struct model_port **ports; /* by age */
	size_t n_ports;
	struct model_mirror **mirrors; /* by age */
	size_t n_mirrors;
};

/* What is looked at at the XDP hook of tunnels' underlay devices already. */
enum model_xdp { MODEL_XDP_OFF, MODEL_XDP_NATIVE, MODEL_XDP_GENERIC };

struct model {
	struct arena *arena;
	enum model_xdp xdp;
	const char *xdp_error; /* not NULL: what is asked for makes no sense, and why */
	struct model_bridge **bridges; /* by name */
	size_t n_bridges;
};

void model_free(struct model *m); /* NULL is fine */

/* Has the bridge a tunnel whose packets tell at which port a frame was met? */
bool model_tells_ports(const struct model_bridge *b);

static inline bool vlan_bits_has(const struct vlan_bits *b, uint16_t vid)
{
	return !b || (b->words[vid / 64] >> (vid % 64) & 1);
}
static inline void vlan_bits_add(struct vlan_bits *b, uint16_t vid)
{
	b->words[vid / 64] |= 1ull << (vid % 64);
}
