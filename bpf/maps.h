/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Every map, once.  Included by each program file; the linker merges the definitions
 * (hence weak) and userspace pins them by these names.  The shapes and the rules for
 * readers are in abi.h; here only who writes and who reads.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

/* What explain.bpf.c writes down.  Nothing in the programs that carry frames. */
#ifndef EXPLAIN
#define EXPLAIN(EVENT, A, B) ((void)0)
#endif

#define BVS_MAP SEC(".maps") __attribute__((weak))

/* --- configuration: written by userspace, read by the programs --- */

/* The version in use; storing it (one aligned word) is what makes a change take effect. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} epoch BVS_MAP;

/* Written once, before a program is attached (next_generation is userspace's own). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct settings);
} settings BVS_MAP;

/* By slot, double-versioned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PORT_SLOTS);
	__type(key, __u32);
	__type(value, struct port_entry);
} ports BVS_MAP;

/* Not versioned: adding and removing an element is atomic, and the port's record is
 * compared after the look-up. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PORT_SLOTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} port_of_ifindex BVS_MAP;

/* By slot, double-versioned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BRIDGE_SLOTS);
	__type(key, __u32);
	__type(value, struct bridge_entry);
} bridges BVS_MAP;

/* Double-versioned; a member's record is compared after the look-up.  No more heads than
 * access ports. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PORT_SLOTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct access_key);
	__type(value, struct head_entry);
} access_head BVS_MAP;

/* By slot, double-versioned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MIRROR_SLOTS);
	__type(key, __u32);
	__type(value, struct mirror_entry);
} mirrors BVS_MAP;

/* By bridge slot * MIRRORS_PER_BRIDGE + bit, double-versioned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BRIDGE_SLOTS *MIRRORS_PER_BRIDGE);
	__type(key, __u32);
	__type(value, struct head_entry);
} mirror_of_bit BVS_MAP;

/* By port slot, double-versioned. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PORT_SLOTS);
	__type(key, __u32);
	__type(value, struct tunnel_entry);
} tunnels BVS_MAP;

/* Double-versioned; addresses and keys are compared after the look-up.  For each tunnel a head
 * and an endpoint at most, and the settings. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * PORT_SLOTS + 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct head_entry);
} tunnel_head BVS_MAP;

/* Immutable while a record of either version refers to them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VLAN_SETS);
	__type(key, __u32);
	__type(value, struct vlan_set);
} vlan_sets BVS_MAP;

/* The instructions of all filters; immutable while a record of either version refers to them. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FILTER_INSNS);
	__type(key, __u32);
	__type(value, struct filter_insn);
} filters BVS_MAP;

/* --- state: written by the programs --- */

/* Added to and refreshed by bvs_ingress, swept and given static entries by userspace; port and seen are stored one
 * aligned word at a time.  Not preallocated: a million entries are the limit, few the rule. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FDB_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fdb_key);
	__type(value, struct fdb_value);
} fdb BVS_MAP;

/* By bridge slot: bvs_ingress adds what it learns, userspace what it takes away, both by
 * atomic operations (userspace in its mapping of the map). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BRIDGE_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct fdb_count);
} fdb_count BVS_MAP;

/* Written by bvs_ingress, read by userspace. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SIGNALS_SIZE);
} signals BVS_MAP;

/* By port slot; each processor counts in its own copy, userspace adds them up. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PORT_SLOTS);
	__type(key, __u32);
	__type(value, struct port_stats);
} port_stats BVS_MAP;

/* By mirror slot; likewise. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MIRROR_SLOTS);
	__type(key, __u32);
	__type(value, struct mirror_stats);
} mirror_stats BVS_MAP;

/* By port slot: sequence numbers of tunnels, taken by an atomic addition. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PORT_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} tunnel_seq BVS_MAP;

/* --- between the programs --- */

/* How many copies a processor has in its backlog: see budget.h. */
struct budget {
	__u32 waiting; /* sent, and not known to be through */
	__u32 marked; /* of these were before the mark that is under way; 0: there is none */
	__u64 marked_at; /* ns */
	/* Wire frames on their way through the segmenting devices, ever and since: */
	__u32 segments; /* sent there */
	__u32 through; /* known to have come out */
	__u32 current; /* number of the copy that comes out now */
	__u32 n_lost;
	__u32 lost
		[4]; /* numbers of the copies of which not all segments went there: the last ones */
	__u64 segments_at; /* ns, of the last copy */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct budget);
} budget BVS_MAP;

enum job { JOB_NONE, JOB_WORK, JOB_MARK };

/* Where and how a frame was met that goes into a tunnel with PORT_METADATA. */
struct sighting {
	__u32 word; /* VLAN, priority, and whether it was short or oversized, as in the first word
		     * of ERSPAN's third type */
	__u32 port; /* slot, and enum sighting_flag */
};
enum sighting_flag {
	SIGHTING_EGRESS = 1 << 16, /* on its way out there; else, on its way in */
	SIGHTING_TAGGED = 1 << 17, /* with a tag, whatever its copy has */
	SIGHTING_SLOT = 0xffff,
};

/* What the re-entry device's program shall do with the clone that is being sent to it:
 * written just before, taken by bvs_reentry on the same processor before
 * bpf_clone_redirect() returns, and answered.  bvs_segment has its own in the same place.
 * Userspace has no business here. */
struct reentry_job {
	__u32 is_valid; /* enum job; none: a frame that is none of ours; mark: let it pass */
	__u32 port; /* slot of the target; 0: none, the frame comes out of a tunnel */
	__u32 ifindex; /* of the target; 0: it is a patch port or a tunnel */
	__u32 snaplen; /* as sent, tag included; 0: whole */
	__u32 is_up; /* the target has a link, as far as is known */
	__u32 outcome; /* the answer: enum outcome */
	__u32 is_tunnel; /* the target is one */
	__u32 too_long; /* for that: enum too_long, not the default */
	struct sighting sighting; /* if it has PORT_METADATA */
	__u32 mirror; /* slot of whose copy it is; 0: production */
	__u32 is_booked; /* what becomes of it is for the mirror's account */
	__u32 to_wire; /* wire frames are made of it first, and these are cut */
	__u32 is_cut; /* already */
	__u32 is_wire; /* it is one frame with its checksums, as on a wire */
	__u32 has_account; /* what becomes of it must be found out */
	__u32 version; /* of the configuration */
	__u32 peer; /* slot of a patch port's other end, where the frame goes on; 0: it is none */
	/* Only for that: */
	__u32 hops; /* patch ports on the way, this one included */
	__u32 bridge; /* slot: if the other end is on the same one, ... */
	__u32 is_mirrored; /* ... these bits go there and come back */
	/* What the switch has read of the frame it does not read anew behind a patch port. */
	__u32 outer, inner; /* its tags, as in struct vlan_form */
	__u32 rest_type;
	__u64 done[MIRROR_WORDS];
	__u64 served[MIRROR_WORDS];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct reentry_job);
} scratch BVS_MAP;

/* --- userspace's own --- */

/* Here so that it lives as long as what it speaks of; no program reads it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SLOT_RECORDS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct slot_key);
	__type(value, struct slot_value);
} slots BVS_MAP;
