/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A switch of maps for the tests of this folder: fills in configuration records, sends a
 * frame in, compares what comes out.  Ports have slot == ifindex; bridge 1 is the usual one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "record.h"
#include "rig_frame.h"

struct image;

enum { BRIDGE = 1, REENTRY_IFINDEX = 200, MARK_IFINDEX, SEGMENT_IFINDEX };

/* How the program meets the outer tag. */
enum tag_place { TAG_IN_BYTES, TAG_IN_METADATA };

/* For cmocka's group and test fixtures. */
int rig_setup(void **state);
int rig_teardown(void **state);
int rig_reset(void **state); /* empty maps, epoch 0 */

/* One of the programs' maps, for others that shall share it; NULL: there is none. */
struct bpf_map;
const struct bpf_map *rig_map(const char *name);

/* Defaults: up, bridge 1, trunk of all VLANs, MTU 1500, generation 1, order == slot. */
struct port_config rig_port(uint32_t slot);
struct bridge_config rig_bridge(void);
/* Both versions, and the ifindex's entry. */
void rig_put_port(uint32_t slot, struct port_config config);
void rig_put_bridge(uint32_t slot, struct bridge_config config);
/* One version only. */
void rig_put_port_version(uint32_t slot, int version, struct port_config config);
void rig_put_bridge_version(uint32_t slot, int version, struct bridge_config config);
void rig_put_mirror_version(uint32_t slot, int version, struct mirror_config config);
void rig_set_epoch(uint32_t epoch);
/* The first slot of (bridge 1, VLAN)'s list of access ports. */
void rig_put_head(uint16_t vlan, uint32_t slot);
/* The mirror in slot bit + 1, at this bit of bridge 1. */
void rig_put_mirror(uint32_t bit, struct mirror_config config);
/* Set number `set` becomes these VLANs; ends with -1. */
void rig_put_vlan_set(uint16_t set, const int *vids);
/* From this place on. */
void rig_put_filter(uint32_t first, const struct filter_insn *insns, uint32_t n);
/* Writes the ports into the lists of bridge 1, by their modes, as userspace does, and the
 * bridge with them.  Ends with 0. */
void rig_link(struct bridge_config bridge, const uint32_t *slots);

void rig_put_fdb(uint8_t mac, uint16_t vlan, uint32_t slot, uint32_t generation, uint64_t seen);
bool rig_get_fdb(uint8_t mac, uint16_t vlan, struct fdb_value *ret);
size_t rig_count_fdb(void);
struct fdb_count rig_fdb_count(void); /* as the program counts */
size_t rig_n_signals(void); /* new ones, each for bridge 1 */
struct port_stats rig_port_stats(uint32_t slot);
struct mirror_stats rig_mirror_stats(uint32_t bit);
uint64_t rig_jiffies(void);
/* The kernel's answer to a clone to this device, or to a question for its MTU. */
void rig_set_result(uint32_t ifindex, int clone, int check_mtu);
void rig_set_clock(uint64_t ns); /* of budgets; 0 at first */
void rig_set_checksum(enum checksum c); /* of the frames to come */
enum checksum rig_checksum(void); /* and after a run */

/* Runs the program; the return is its verdict, and the records are fresh. */
int rig_send(uint32_t ifindex, const struct frame *frame, enum tag_place place);
int rig_send_gso(uint32_t ifindex, const struct frame *frame, uint32_t gso_size);
/* Runs the re-entry device's program on a clone with this mark, and cb of its own. */
int rig_run_reentry(const struct frame *frame, uint32_t mark);
/* The part of it that sends into a tunnel, on a clone with its tag in metadata. */
int rig_run_tunnel(const struct frame *frame, uint32_t gso_size);
/* Runs the program behind the segmenting devices on a frame with the mark and cb of this record,
 * which was sent there. */
int rig_run_segment(const struct frame *frame, const struct record *r);
/* Runs the underlay's program on a packet for this host. */
int rig_run_decap(const struct frame *packet);
/* Writes what an image has of tunnels; what was there before goes. */
void rig_put_tunnels(const struct image *image);
/* What it shall do; the shape is the programs' own, and maps.h explains it. */
struct job {
	uint32_t is_valid, port, ifindex, snaplen, is_up, outcome;
	uint32_t is_tunnel, too_long, word, sighted_port, mirror, is_booked, to_wire, is_cut,
		is_wire, has_account, version, peer, hops, bridge, is_mirrored, outer, inner,
		rest_type;
	uint64_t done[MIRROR_WORDS], served[MIRROR_WORDS];
};
void rig_put_job(struct job job);
struct job rig_job(void); /* after the run */

size_t rig_n_records(void);
struct record rig_record(size_t i);

/* All records are new; done by each run. */
void rig_expect_start(void);
/* What a failure below shall name; until the next reset. */
void rig_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The next record, in order, is this; fails the test otherwise. */
void rig_expect(enum record_kind kind, uint32_t ifindex, const struct frame *frame);
/* No further record. */
void rig_expect_end(void);
/* One of the records, in whatever order, is this frame to this device; taken off. */
void rig_expect_somewhere(uint32_t ifindex, const struct frame *frame);
