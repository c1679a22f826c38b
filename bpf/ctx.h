/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * One packet's way through the switch: what it is, what was decided, what was done.
 * decide() fills in the decision, act() carries it out.  Also the look-ups of configuration records, each in the packet's version.
 */
#include "maps.h"
#include "vlan.h"

/* A walk over the ports of a VLAN: those that carry several, then its access ports. */
struct walk {
	__u32 next;
	__u32 then; /* head of the second list */
};

/* A copy that left by a port whose output is mirrored, as that port would read it: it is
 * copied on when the packet itself has had its copies. */
struct onward {
	__u32 slot;
	struct vlan view;
	struct vlan_form form;
};
enum { ONWARD_COPIES = 256 };

enum mirror_stage { MIRROR_INGRESS, MIRROR_EGRESS, MIRROR_ONWARD };

/* A frame as a filter looks at it, and the filter at work (filter.h). */
struct lens {
	bool is_ready; /* the rest up to len is of this frame, in this form */
	bool has_key;
	struct vlan_form form;
	__u32 rest; /* from this byte on it is as in the skb ... */
	__u32 len;
	__u32 skb_rest; /* ... where that byte is here */
	__u32 held; /* so many bytes are in head, all of them or LENS_HELD of the rest */
	__u8 head[128];
	union {
		struct frame_key key;
		__u32 words[32];
	};
	__u8 bytes[40]; /* a header behind those, while it is read */
	__u32 at, end; /* of the next header, of the packet */
	__u32 next_insn;
	__u32 a, x, mem[16];
	bool passes;
};

/* The values.  In a map's memory, not on the stack, as the verifier forgets what was stored
 * there: otherwise it follows each combination of tags, ports and mirrors through all that
 * comes after.  One element for each level of nesting: a program on the re-entry device
 * runs in the midst of another's packet. */
struct work {
	__u32 version; /* of the configuration: 0 or 1 */
	__u32 in_slot;
	__u32 out_slot;
	__u32 gso_size;

	struct pkt pkt;
	struct vlan vlan;
	struct vlan_form worn; /* the tags that the skb wears at this moment */
	struct vlan_form form; /* those of the output at hand */

	bool is_busy; /* between begin() and end() */
	bool may_use_peer; /* redirect_peer works here: ingress hook, Ethernet frame as received */
	bool is_admitted; /* the input port takes it: mirrors at ingress see it, even if ... */
	bool is_dropped;
	bool is_mirrored; /* the bits below are in use */
	__u32 reason; /* enum drop_reason */
	__u32 hops; /* patch ports passed */

	/* Mirrors of the bridge, as bits. */
	__u64 pending[MIRROR_WORDS]; /* selected in this stage and yet to come */
	__u64 done[MIRROR_WORDS]; /* looked at in an earlier stage: at most once a packet */
	__u64 served[MIRROR_WORDS]; /* their destination has had a copy */
	__u64 passed_over[MIRROR_WORDS]; /* done, but only for the VLAN */
	__u32 stage; /* enum mirror_stage */
	struct vlan seen; /* the packet in this stage, whose VLAN select_vlan is about */
	struct vlan_form seen_form; /* with these tags on the wire */
	struct vlan view; /* and as the mirror at hand sees it */
	struct vlan_form view_form;
	struct lens lens;
	__u32 snaplen; /* of the copies at hand */
	__u32 too_long; /* enum too_long: of the output at hand, if that is a tunnel */
	__u32 copy_of; /* slot of the mirror at hand; 0: production */
	bool is_wire_form; /* that mirror's copies are to be wire frames */
	bool has_account; /* what becomes of the output at hand must be found out */
	bool is_booked; /* the copy at hand goes into its account */
	bool to_wire; /* by the next reenter(): it must be made wire frames first */
	__u32 outcome; /* the best of them */
	__u32 n_onward;
	__u32 onward_slot; /* of the copy that is copied on */

	struct walk walk;
	/* The flood's last member so far: it is sent to when the next one turns up, or in the
	 * end, by the original. */
	struct vlan_form held_form;
	__u32 held_slot;
	__u32 held_ifindex;
	/* A search among the members for the oldest port that a mirror selects. */
	__u32 wanted_bit;
	__u32 oldest_order; /* plus 1; 0: none yet */
	__u32 oldest_slot;

	struct onward onward[ONWARD_COPIES];
};

/* The first level and four patch ports.  The kernel would bear two devices more, and then
 * loses frames without a word. */
enum { NESTING = 5 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NESTING);
	__type(key, __u32);
	__type(value, struct work);
} work BVS_MAP;

/* The pointers; on the entry program's stack. */
struct ctx {
	struct __sk_buff *skb;
	struct work *w;
	const struct port_config *in;
	const struct bridge_config *bridge;
	const struct port_config *out; /* the decision: a known destination; NULL: flood */
};

/* Most bridges have all their mirrors in the first word: the others are not even read there, and
 * hold nothing that means anything. */
static __always_inline bool has_mirror_word(const struct ctx *c, int w)
{
	return w == 0 || unlikely(c->bridge->flags & BRIDGE_MANY_MIRRORS);
}
#define for_mirror_words(c, w) for (int w = 0; w < MIRROR_WORDS && has_mirror_word(c, w); w++)

/* The record in a slot, as a version has it; NULL: there is no such slot. */
#define RECORD_GET(NAME, MAP)                                                                    \
	static __always_inline const struct NAME##_config *NAME##_get(__u32 slot, __u32 version) \
	{                                                                                        \
		struct NAME##_entry *e = bpf_map_lookup_elem(&MAP, &slot);                       \
		const struct NAME##_config *record;                                              \
                                                                                                 \
		if (!e)                                                                          \
			return NULL;                                                             \
		barrier_var(e); /* or clang adds to the pointer before the test */               \
		record = &e->v[version & 1];                                                     \
		barrier_var(record); /* or again for each field */                               \
		return record;                                                                   \
	}
RECORD_GET(port, ports)
RECORD_GET(bridge, bridges)
RECORD_GET(mirror, mirrors)

static __always_inline bool vlan_set_has(__u16 set, __u16 vid)
{
	__u32 key = set;
	struct vlan_set *s = bpf_map_lookup_elem(&vlan_sets, &key);

	return s && s->bits[(vid / 64) % 64] >> (vid % 64) & 1;
}

static __always_inline bool is_protected_pair(const struct port_config *a,
					      const struct port_config *b)
{
	return a->flags & b->flags & PORT_PROTECTED;
}
