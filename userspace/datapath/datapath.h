/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From the model to the kernel: devices, programs, maps.  The only interface that
 * reconcile uses.  Knows no rows; returns errors rather than logging them.
 * Everything it makes in the kernel is pinned and outlives the process.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"

struct buf;
struct datapath;
struct explain;
struct loop;
struct model;
struct model_port;
struct slot;

struct datapath_options {
	const char *bpffs; /* a mounted bpffs; pins go to <bpffs>/bvs/<id> */
	const char *owner; /* canonical path of the database: with the network namespace's
			    * cookie it makes the instance's id */
	bool no_tcx; /* clsact filters even where the kernel has tcx: for tests */
};

/* Takes over what an earlier process left pinned (programs replaced in place, maps and
 * links reused), or makes it.  Fails where a live process holds the instance, naming
 * its pid, or where the kernel lacks a feature, naming that. */
must_check int datapath_open(struct loop *loop, const struct datapath_options *options,
			     struct datapath **ret, struct error *err);
/* Ends the process's hold only: the kernel goes on forwarding.  NULL is fine. */
void datapath_close(struct datapath *dp);
/* Takes the instance's pins, links and own devices away; undoes promiscuity. */
must_check int datapath_remove(struct datapath *dp, struct error *err);

/* Called from the loop when a device that matters (by name, ifindex or peer) appeared,
 * vanished or changed, so that the owner calls datapath_apply() again. */
void datapath_on_change(struct datapath *dp, void (*cb)(void *arg), void *arg);

/* Brings the kernel to the model: makes and removes internal devices, takes and releases
 * system devices, writes the configuration, all at once for the packets, and returns
 * when it is in force.  A port whose device is missing or refused is not an error here:
 * see datapath_port_state().  -1: the kernel refused something that must work; what was
 * in force before stays in force and the next call tries again. */
must_check int datapath_apply(struct datapath *dp, const struct model *model, struct error *err);

/* Slots: which object has which, kept in a pinned map. */
enum datapath_slot_kind { DATAPATH_SLOT_BRIDGE = 1, DATAPATH_SLOT_PORT, DATAPATH_SLOT_MIRROR };
struct datapath_slot {
	enum datapath_slot_kind kind;
	struct uuid uuid;
	uint32_t slot;
	uint32_t generation;
	uint32_t
		extra; /* ports: ofport, above bit 16 the rank by age; mirrors: bit; bridges: last ofport */
	uint32_t owner; /* ports, mirrors: the bridge's slot */
};
must_check int datapath_slots_each(struct datapath *dp,
				   void (*cb)(void *arg, const struct datapath_slot *slot),
				   void *arg, struct error *err);
must_check int datapath_slot_put(struct datapath *dp, const struct datapath_slot *slot,
				 struct error *err);
must_check int datapath_slot_delete(struct datapath *dp, enum datapath_slot_kind kind,
				    const struct uuid *uuid, struct error *err);
/* Zeroes a slot's counters: before it is given to a new object. */
must_check int datapath_slot_clear(struct datapath *dp, enum datapath_slot_kind kind, uint32_t slot,
				   struct error *err);
/* A number never returned before by this instance; persists. */
must_check int datapath_new_generation(struct datapath *dp, uint32_t *ret, struct error *err);
/* The highest number that a slot can have. */
uint32_t datapath_max_slots(enum datapath_slot_kind kind);

/* What became of a port's device, after datapath_apply(); the texts stay until the next one. */
struct datapath_port_state {
	const char *error; /* "": it works; otherwise as OVS words it */
	uint32_t ifindex; /* 0: unknown or in another namespace */
	bool has_mac;
	uint8_t mac[6];
	uint32_t mtu; /* 0: unknown */
	bool is_admin_up;
	bool has_link;
	uint64_t speed_bps; /* 0: unknown */
	bool has_duplex;
	bool is_full_duplex;
	uint32_t link_resets; /* carrier changes seen */
	const char *driver, *driver_version, *firmware;
	/* Of a tunnel: */
	const char *egress; /* device of the underlay; "": no route */
	bool has_egress_carrier;
	char source[46]; /* address; "": no route */
	const char *problem; /* "": frames can be sent */
	const char *xdp; /* "": nobody asked for it; "native", "generic", "off: ..." */
};
/* Of which nothing is known. */
#define DATAPATH_PORT_STATE_INIT                                                               \
	{                                                                                      \
		.error = "", .driver = "", .driver_version = "", .firmware = "", .egress = "", \
		.problem = "", .xdp = "",                                                      \
	}
void datapath_port_state(const struct datapath *dp, uint32_t port_slot,
			 struct datapath_port_state *ret);

/* In the order of Interface.statistics' names. */
struct datapath_port_stats {
	uint64_t collisions, rx_bytes, rx_crc_err, rx_dropped, rx_errors, rx_frame_err,
		rx_missed_errors, rx_multicast_packets, rx_over_err, rx_packets, tx_bytes,
		tx_dropped, tx_errors, tx_packets;
};
/* -1: no device. Seen from the switch: rx is what entered it.  Packets and bytes are the
 * programs' count since the slot was given out, tags included; the rest is the device's. */
must_check int datapath_port_stats(struct datapath *dp, uint32_t port_slot,
				   struct datapath_port_stats *ret);

/* Frames that went nowhere, by reason, those that there were; at input they are the input
 * port's, at output the output's.  Port 0: those of which nobody knows whose they are. */
must_check int datapath_port_drops(const struct datapath *dp, uint32_t port_slot,
				   void (*cb)(void *arg, const char *reason, uint64_t n), void *arg,
				   struct error *err);

struct datapath_mirror_stats {
	uint64_t tx_packets, tx_bytes, selected, filtered, merged, sent, truncated, dropped_backlog,
		dropped_budget, dropped_clone, dropped_no_target, dropped_mtu;
};
must_check int datapath_mirror_stats(struct datapath *dp, uint32_t mirror_slot,
				     struct datapath_mirror_stats *ret);

/* The addresses of one bridge, by its slot. */
struct datapath_fdb_entry {
	uint8_t mac[6];
	uint16_t vlan;
	uint32_t port_slot;
	bool is_static; /* put there by datapath_fdb_add(): neither ages nor moves */
	uint32_t age_ms; /* since it was last seen, give or take a 64th of the ageing time */
};
struct datapath_fdb_counts {
	uint64_t learned, expired, evicted, moved;
};
/* All of them, those that were silent longest first; *ret is malloc'd, or NULL for none. */
must_check int datapath_fdb_list(const struct datapath *dp, uint32_t bridge_slot,
				 struct datapath_fdb_entry **ret, size_t *ret_n, struct error *err);
/* Takes mac and vlan, fills in port_slot and is_static.  *ret: there is one. */
must_check int datapath_fdb_find(const struct datapath *dp, uint32_t bridge_slot,
				 struct datapath_fdb_entry *entry, bool *ret, struct error *err);
/* Forgets what was learned. */
must_check int datapath_fdb_flush(struct datapath *dp, uint32_t bridge_slot, struct error *err);
/* What was learned behind these ports, which are no more, is forgotten on every bridge: a station
 * that moved away is behind other bridges' ports to this one no longer. */
must_check int datapath_fdb_forget(struct datapath *dp, const struct slot *ports, size_t n,
				   struct error *err);
/* A static entry, in place of what there is for this address.  It goes with its port, and when
 * that port's VLANs change. */
must_check int datapath_fdb_add(struct datapath *dp, uint32_t bridge_slot,
				const struct datapath_fdb_entry *entry, struct error *err);
must_check int datapath_fdb_delete(struct datapath *dp, uint32_t bridge_slot,
				   const struct datapath_fdb_entry *entry, struct error *err);
void datapath_fdb_counts(const struct datapath *dp, uint32_t bridge_slot,
			 struct datapath_fdb_counts *ret);
void datapath_fdb_clear_counts(struct datapath *dp, uint32_t bridge_slot);

/* What the packet programs would do with a frame that comes in by this port: found out by running
 * them with recorders in place of what sends.  Neither counts nor learns.  *ret is the
 * caller's to explain_free(); it speaks of the model, which must outlive it.  Only when
 * datapath_explain_ready() has said 0; for 1 it is asked again when cb is called, in the loop: the
 * kernel takes most of a second over the program. */
void datapath_on_explain_ready(struct datapath *dp, void (*cb)(void *arg), void *arg);
must_check int datapath_explain_ready(struct datapath *dp, struct error *err);
must_check int datapath_explain(struct datapath *dp, const struct model *model,
				const struct model_port *in, const void *frame, size_t len,
				struct explain **ret, struct error *err);

/* Do the maps hold what was written to them?  Nobody else should write there. */
must_check int datapath_check(const struct datapath *dp, bool *ret, struct error *err);

/* The configuration that the packet programs read, as text: of one bridge, or all for 0. */
void datapath_dump_image(const struct datapath *dp, uint32_t bridge_slot, struct buf *to);
