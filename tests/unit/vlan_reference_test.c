// SPDX-License-Identifier: Apache-2.0
/*
 * The VLAN rules against a plain model of them, from the columns of two ports to the tags on
 * the wire: switch/vlan.c, bpf/pkt.h and bpf/vlan.h on one side, on the other the rules A1 to A7
 * of what Open vSwitch was observed to do, in their words and without regard to speed.  All
 * combinations of a few hundred ports and some hundred tags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "switch/vlan.h"
#include "vlan.h"

/* --- ports, by their columns --- */

enum { TAGS = 3, SETS = 4, PRIORITIES = 4, MODES = 6 };

static const char *const modes[MODES] = {
	NULL, "trunk", "access", "native-tagged", "native-untagged", "dot1q-tunnel"
};
static const int tags[TAGS] = { -1, 0, 10 }; /* -1: no tag */
static const char *const priorities[PRIORITIES] = { NULL, "nonsense", "true", "always" };

static struct vlan_bits with_0, without_0, just_10;
static const struct vlan_bits *const sets[SETS] = { NULL, &with_0, &without_0, &just_10 };

static struct vlan_input columns(unsigned int n)
{
	struct vlan_input in = { .mode = modes[n % MODES] };

	n /= MODES;
	in.has_tag = tags[n % TAGS] >= 0;
	in.tag = in.has_tag ? (uint16_t)tags[n % TAGS] : 0;
	n /= TAGS;
	in.trunks = sets[n % SETS];
	in.cvlans = sets[(n + 1) % SETS];
	n /= SETS;
	in.priority_tags = priorities[n % PRIORITIES];
	in.qinq_ethertype = n / PRIORITIES ? "802.1q" : NULL;
	return in;
}
enum { N_PORTS = MODES * TAGS * SETS * PRIORITIES * 2 };

static bool has(const struct vlan_bits *set, uint16_t vid)
{
	return vlan_bits_has(set, vid);
}

/* --- the model --- */

struct tag {
	bool is_there;
	uint16_t tpid, vid, pcp;
};
/* A frame inside: its VLAN, and what else will be written. */
struct inside {
	struct tag outer, inner;
	uint16_t received_pcp;
};

/* A2: what mode and native or access VLAN the columns mean. */
static const char *mode_of(const struct vlan_input *p)
{
	return p->mode ? p->mode : p->has_tag ? "access" : "trunk";
}
static uint16_t own_vlan(const struct vlan_input *p)
{
	return strcmp(mode_of(p), "trunk") && p->has_tag ? p->tag : 0;
}
static bool is_mode(const struct vlan_input *p, const char *mode)
{
	return !strncmp(mode_of(p), mode, strlen(mode));
}

/* A1: a native VLAN is a member, VLAN 0 is not beside it; native VLAN 0 is no exception. */
static bool is_trunked(const struct vlan_input *p, uint16_t vid)
{
	if (is_mode(p, "native") && own_vlan(p)) {
		if (vid == own_vlan(p))
			return true;
		if (vid == 0)
			return false;
	}
	return has(p->trunks, vid);
}

/* A1, A7 */
static bool model_enter(const struct vlan_input *p, struct tag tag, struct inside *ret)
{
	struct inside in = { .outer = tag, .received_pcp = tag.pcp };

	if (is_mode(p, "trunk")) {
		if (!is_trunked(p, tag.vid))
			return false;
	} else if (is_mode(p, "access")) {
		if (tag.vid)
			return false;
		in.outer.vid = own_vlan(p);
	} else if (is_mode(p, "native")) {
		if (tag.vid && !is_trunked(p, tag.vid))
			return false;
		if (!tag.vid)
			in.outer.vid = own_vlan(p);
	} else {
		if (!has(p->cvlans, tag.vid))
			return false;
		in.inner = tag;
		in.outer =
			(struct tag){ true, p->qinq_ethertype ? 0x8100 : 0x88a8, own_vlan(p), 0 };
	}
	/* Put into a VLAN by the port it has a tag, which shows where it is not taken off. */
	if (!is_mode(p, "trunk") && !in.outer.is_there) {
		in.outer.is_there = true;
		in.outer.tpid = 0x8100;
	}
	*ret = in;
	return true;
}

/* A1, A3, A7: members of the VLAN. */
static bool model_carries(const struct vlan_input *p, const struct inside *in)
{
	if (is_mode(p, "access"))
		return in->outer.vid == own_vlan(p) && (!in->inner.is_there || !in->inner.vid);
	if (is_mode(p, "dot1q"))
		return in->outer.vid == own_vlan(p) && has(p->cvlans, in->inner.vid);
	return is_trunked(p, in->outer.vid);
}

/* A4, A5: a tag of vid 0 and priority 0 is not written, unless it came or was put on and the
 * port always shows it. */
static struct tag written(const struct vlan_input *p, struct tag t)
{
	bool always = p->priority_tags && !strcmp(p->priority_tags, "always");

	if (t.vid || t.pcp) {
		if (!t.is_there)
			t.tpid = 0x8100;
		t.is_there = true;
	} else if (!always) {
		t = (struct tag){ .is_there = false };
	}
	return t;
}

/* A3 to A7 */
static void model_leave(const struct vlan_input *p, const struct inside *in, struct tag ret[2])
{
	struct tag outer = in->outer, inner = in->inner, none = { .is_there = false };

	if (is_mode(p, "access")) {
		outer = inner = none;
	} else if (is_mode(p, "dot1q") ||
		   (is_mode(p, "native-untagged") && outer.vid == own_vlan(p))) {
		outer = inner;
		inner = none;
	}
	if (p->priority_tags && strcmp(p->priority_tags, "nonsense"))
		outer.pcp = in->received_pcp;
	outer = written(p, outer);
	inner = written(p, inner);
	ret[0] = outer.is_there ? outer : inner;
	ret[1] = outer.is_there ? inner : none;
}

/* --- ours --- */

/* The sets of the ports at hand. */
static const struct vlan_bits *used[5];
static unsigned int n_used;

static __u16 number_of(const struct vlan_bits *set)
{
	if (!set)
		return VLAN_SET_ALL;
	used[++n_used] = set;
	return (__u16)n_used;
}
static bool vlan_set_has(__u16 set, __u16 vid)
{
	return has(used[set], vid);
}

static struct port_config resolve(const struct vlan_input *in, struct arena *arena)
{
	struct model_vlan v;

	vlan_resolve(in, arena, &v);
	return (struct port_config){
		.vlan_mode = (__u8)v.mode,
		.tag = v.tag,
		.trunks = number_of(v.trunks),
		.cvlans = number_of(v.cvlans),
		.priority_tags = (__u8)v.priority_tags,
		.qinq_ethertype_be = __builtin_bswap16(v.qinq_ethertype),
	};
}

static uint32_t as_word(struct tag t)
{
	return t.is_there ? tag_make(t.tpid, (uint32_t)t.pcp << 13 | t.vid) : 0;
}

static void compare(const struct vlan_input *in, const struct port_config *in_port,
		    const struct vlan_input *out, const struct port_config *out_port,
		    struct tag tag, const char *what)
{
	struct vlan_form form = { .outer = as_word(tag) }, left;
	struct inside inside = { .received_pcp = 0 };
	struct tag wanted[2];
	struct vlan vlan;

	if (model_enter(in, tag, &inside) != vlan_admits(in_port, &form))
		fail_msg("%s: taken by the one, not by the other", what);
	if (!vlan_admits(in_port, &form))
		return;
	vlan = vlan_enter(in_port, &form);
	if (tag_vid(vlan.outer) != inside.outer.vid)
		fail_msg("%s: in VLAN %u, not %u", what, tag_vid(vlan.outer), inside.outer.vid);
	if (!vlan_is_fed(in_port, tag_vid(vlan.outer)))
		fail_msg("%s: addresses cannot be learned there", what);
	if (model_carries(out, &inside) != (vlan_is_carried(out_port, tag_vid(vlan.outer)) &&
					    vlan_inner_passes(out_port, vlan.inner)))
		fail_msg("%s: given by the one, not by the other", what);
	/* The form is asked for copies, too, whatever the port carries. */
	model_leave(out, &inside, wanted);
	left = vlan_leave(out_port, &vlan);
	if (left.outer != as_word(wanted[0]) || left.inner != as_word(wanted[1]))
		fail_msg("%s: leaves as %08x %08x, not %08x %08x", what, left.outer, left.inner,
			 as_word(wanted[0]), as_word(wanted[1]));
}

static void set_up_sets(void)
{
	memset(&with_0, 0, sizeof(with_0));
	memset(&without_0, 0, sizeof(without_0));
	memset(&just_10, 0, sizeof(just_10));
	vlan_bits_add(&with_0, 0);
	vlan_bits_add(&with_0, 20);
	vlan_bits_add(&without_0, 20);
	vlan_bits_add(&without_0, 4095);
	vlan_bits_add(&just_10, 10);
}

static void every_pair_of_ports_does_with_every_tag_as_the_model(void **state)
{
	static const uint16_t vids[] = { 0, 10, 20, 4095 }, pcps[] = { 0, 3 };
	struct arena *arena = arena_new();
	char what[128];

	(void)state;
	assert_non_null(arena);
	set_up_sets();
	for (unsigned int i = 0; i < N_PORTS * N_PORTS; i++) {
		struct vlan_input in = columns(i % N_PORTS), out = columns(i / N_PORTS);
		struct port_config in_port, out_port;

		n_used = 0;
		in_port = resolve(&in, arena);
		out_port = resolve(&out, arena);
		snprintf(what, sizeof(what), "ports %u and %u, modes %s and %s", i % N_PORTS,
			 i / N_PORTS, mode_of(&in), mode_of(&out));
		compare(&in, &in_port, &out, &out_port, (struct tag){ .is_there = false }, what);
		for (unsigned int t = 0; t < 16; t++) {
			struct tag tag = { true, t & 8 ? 0x88a8 : 0x8100, vids[t & 3],
					   pcps[t >> 2 & 1] };

			compare(&in, &in_port, &out, &out_port, tag, what);
		}
		if (i % N_PORTS == 0) {
			arena_free(arena);
			arena = arena_new();
			assert_non_null(arena);
		}
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_ports_does_with_every_tag_as_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
