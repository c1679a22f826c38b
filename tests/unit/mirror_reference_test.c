// SPDX-License-Identifier: Apache-2.0
/*
 * The packet path's mirrors against a plain model of them, on random bridges: who gets which
 * copies, in what form, cut or whole, and what the mirrors count.  The model has the rules C21 to
 * C36 in their order (the VLAN rules have a test of their own, vlan_reference_test.c), walks
 * lists and keeps no bitmaps.  Where Open vSwitch's order is a quirk (C33, C34), the packet's own
 * copies come first, and an older mirror before a younger one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet_path.h"

enum { N_PORTS = 6, N_MIRRORS = 5, N_ROUNDS = 300000, BRIDGE_SLOT = 1 };
static const uint64_t BROADCAST = 0xffffffffffff, STATION = 0x020000000009, BPDU = 0x0180c2000000;

struct mirror {
	bool is_there, is_all;
	bool src[N_PORTS + 1], dst[N_PORTS + 1];
	uint32_t vlan; /* 0xffff: whatever VLAN */
	uint32_t out, out_vlan, snaplen;
};

static struct world {
	struct port_config ports[N_PORTS + 1];
	uint32_t by_age[N_PORTS]; /* slots */
	uint32_t flags; /* enum bridge_flag, by configuration */
	struct mirror mirrors[N_MIRRORS];
	uint32_t in, known; /* slots; known 0: nobody knows */
	uint64_t dst;
	struct vlan_form form;
	uint32_t len;
} w;

/* --- the model --- */

static struct path_sent wanted[PATH_SENT_MAX];
static unsigned int n_wanted;
static struct {
	bool was_taken[N_MIRRORS], was_passed_over[N_MIRRORS];
	unsigned int counted[N_MIRRORS];
	struct {
		uint32_t slot;
		struct vlan view;
	} onward[PATH_SENT_MAX];
	unsigned int n_onward;
} m;

static void want(uint32_t slot, struct vlan_form form, uint32_t snaplen)
{
	uint32_t len = w.len - form_len(&w.form) + form_len(&form);

	assert_true(n_wanted < PATH_SENT_MAX);
	wanted[n_wanted++] =
		(struct path_sent){ slot, form, snaplen && len > snaplen ? snaplen : 0 };
}

static bool is_single(uint32_t slot)
{
	return w.ports[slot].vlan_mode == VLAN_ACCESS ||
	       w.ports[slot].vlan_mode == VLAN_DOT1Q_TUNNEL;
}

static bool is_reserved(uint32_t slot)
{
	return w.ports[slot].flags & PORT_RESERVED;
}

/* C17: not even copies. */
static bool are_protected(uint32_t slot)
{
	return w.ports[slot].flags & w.ports[w.in].flags & PORT_PROTECTED;
}

static bool is_member_of(uint32_t slot, const struct vlan *vlan)
{
	return !is_reserved(slot) && vlan_is_carried(&w.ports[slot], tag_vid(vlan->outer)) &&
	       vlan_inner_passes(&w.ports[slot], vlan->inner);
}

static bool is_same_place(const struct mirror *a, const struct mirror *b)
{
	return a->out ? a->out == b->out : !b->out && a->out_vlan == b->out_vlan;
}

/* C23, C35; C32: what leaves by a mirrored port is looked at there. */
static void copy_to(const struct mirror *mirror, uint32_t slot, struct vlan view)
{
	struct vlan_form form;

	if (are_protected(slot))
		return;
	form = vlan_leave(&w.ports[slot], &view);
	want(slot, form, mirror->snaplen);
	if (!vlan_admits(&w.ports[slot], &form))
		return; /* cannot be read back there */
	m.onward[m.n_onward].slot = slot;
	m.onward[m.n_onward++].view = vlan_enter(&w.ports[slot], &form);
}

/* C21: each mirror once; C25; C33: one copy to a place; C28: not within the VLAN, nor of what is
 * for switches only; C36: counted all the same. */
static void offer(unsigned int n, const struct vlan *seen, const struct vlan *view)
{
	const struct mirror *mirror = &w.mirrors[n];
	struct vlan moved = *view;

	if (m.was_taken[n] && !m.was_passed_over[n])
		return;
	m.was_taken[n] = true;
	for (unsigned int i = 0; i < N_MIRRORS; i++) {
		if (m.counted[i] && is_same_place(&w.mirrors[i], mirror)) {
			m.was_passed_over[n] = false;
			return;
		}
	}
	m.was_passed_over[n] = mirror->vlan != 0xffff && mirror->vlan != tag_vid(seen->outer);
	if (m.was_passed_over[n])
		return;
	m.counted[n]++;
	if (mirror->out) {
		copy_to(mirror, mirror->out, *view);
		return;
	}
	if (mac_is_reserved(w.dst) || tag_vid(view->outer) == mirror->out_vlan)
		return;
	moved.outer = (moved.outer & ~(uint32_t)TCI_VID) | mirror->out_vlan;
	/* In the order of the lists, which shows where another mirror takes one of these. */
	for (uint32_t slot = N_PORTS; slot; slot--) {
		if (!is_single(slot) && is_member_of(slot, &moved))
			copy_to(mirror, slot, moved);
	}
	for (uint32_t slot = N_PORTS; slot; slot--) {
		if (is_single(slot) && is_member_of(slot, &moved))
			copy_to(mirror, slot, moved);
	}
}

/* Where the packet goes, in order of the ports' age; none: it is dropped. */
static unsigned int outputs(const struct vlan *vlan, uint32_t ret[N_PORTS])
{
	unsigned int n = 0;

	if (w.flags & BRIDGE_SECURE || (mac_is_reserved(w.dst) && !(w.flags & BRIDGE_FORWARD_BPDU)))
		return 0;
	if (w.known && vlan_is_fed(&w.ports[w.known], tag_vid(vlan->outer))) {
		ret[0] = w.known;
		return w.known != w.in && !is_reserved(w.known) && !are_protected(w.known);
	}
	for (unsigned int i = 0; i < N_PORTS; i++) {
		uint32_t slot = w.by_age[i];

		if (slot != w.in && is_member_of(slot, vlan) && !are_protected(slot))
			ret[n++] = slot;
	}
	return n;
}

/* C24: as it leaves the oldest of the ports that the mirror selects, read back there. */
static void offer_output(unsigned int n, const struct vlan *vlan, const uint32_t *outs,
			 unsigned int n_outs)
{
	const struct mirror *mirror = &w.mirrors[n];

	for (unsigned int i = 0; i < n_outs; i++) {
		const struct port_config *port = &w.ports[outs[i]];
		struct vlan_form form = vlan_leave(port, vlan);
		struct vlan view;

		if (!mirror->is_all && !mirror->dst[outs[i]])
			continue;
		if (!vlan_admits(port, &form))
			continue;
		view = vlan_enter(port, &form);
		offer(n, vlan, &view);
		return;
	}
}

static void model_run(void)
{
	const struct port_config *in = &w.ports[w.in];
	uint32_t outs[N_PORTS];
	unsigned int n_outs;
	struct vlan vlan;

	n_wanted = 0;
	memset(&m, 0, sizeof(m));
	/* C22, C26 */
	if (is_reserved(w.in) || !vlan_admits(in, &w.form))
		return;
	vlan = vlan_enter(in, &w.form);
	for (unsigned int n = 0; n < N_MIRRORS; n++) {
		if (w.mirrors[n].is_there && (w.mirrors[n].is_all || w.mirrors[n].src[w.in]))
			offer(n, &vlan, &vlan);
	}
	n_outs = outputs(&vlan, outs);
	for (unsigned int n = 0; n < N_MIRRORS; n++) {
		if (w.mirrors[n].is_there && !m.was_taken[n])
			offer_output(n, &vlan, outs, n_outs);
	}
	for (unsigned int i = 0; i < m.n_onward; i++) {
		for (unsigned int n = 0; n < N_MIRRORS; n++) {
			if (w.mirrors[n].is_there &&
			    (w.mirrors[n].is_all || w.mirrors[n].dst[m.onward[i].slot]))
				offer(n, &m.onward[i].view, &m.onward[i].view);
		}
	}
	for (unsigned int i = 0; i < n_outs; i++)
		want(outs[i], vlan_leave(&w.ports[outs[i]], &vlan), 0);
}

/* --- random worlds --- */

static uint32_t state;
static uint32_t draw(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}
static bool chance(uint32_t percent)
{
	return draw(100) < percent;
}

static const uint16_t vids[] = { 0, 10, 10, 20, 99 };
static uint16_t draw_vid(void)
{
	return vids[draw(5)];
}

static void draw_ports(void)
{
	for (uint32_t slot = 1; slot <= N_PORTS; slot++) {
		struct port_config *p = &w.ports[slot];

		*p = (struct port_config){ .ifindex = slot,
					   .generation = 1,
					   .flags = PORT_UP | (chance(15) ? PORT_PROTECTED : 0),
					   .bridge = BRIDGE_SLOT,
					   .vlan_mode = (__u8)draw(5),
					   .trunks = (__u16)draw(3),
					   .cvlans = (__u16)draw(3),
					   .priority_tags = (__u8)draw(3),
					   .mtu = 1500 };
		if (p->vlan_mode != VLAN_TRUNK)
			p->tag = draw_vid();
		w.by_age[slot - 1] = slot;
	}
	for (uint32_t i = N_PORTS - 1; i > 0; i--) {
		uint32_t other = draw(i + 1), slot = w.by_age[i];

		w.by_age[i] = w.by_age[other];
		w.by_age[other] = slot;
	}
	for (uint32_t i = 0; i < N_PORTS; i++)
		w.ports[w.by_age[i]].order = (__u16)i;
}

static void draw_mirror(struct mirror *mirror)
{
	*mirror = (struct mirror){ .is_there = chance(60), .vlan = 0xffff };
	if (!mirror->is_there)
		return;
	mirror->is_all = chance(20);
	for (uint32_t slot = 1; slot <= N_PORTS; slot++) {
		mirror->src[slot] = chance(20);
		mirror->dst[slot] = chance(25);
	}
	if (chance(25))
		mirror->vlan = draw_vid();
	if (chance(65))
		mirror->out = 1 + draw(N_PORTS);
	else
		mirror->out_vlan = chance(50) ? 99 : 10;
	if (chance(40))
		mirror->snaplen = chance(50) ? 64 : 100;
	if (mirror->out)
		w.ports[mirror->out].flags |= PORT_RESERVED;
}

static void draw_frame(void)
{
	static const uint32_t types[] = { TPID_8021Q, TPID_8021Q, TPID_8021AD };

	w.in = 1 + draw(N_PORTS);
	w.known = chance(50) ? 1 + draw(N_PORTS) : 0;
	w.dst = w.known ? STATION : chance(15) ? BPDU : BROADCAST;
	w.flags = (chance(5) ? BRIDGE_SECURE : 0) | (chance(30) ? BRIDGE_FORWARD_BPDU : 0);
	w.form = (struct vlan_form){ 0, 0 };
	if (chance(60))
		w.form.outer = tag_make((__u16)types[draw(3)], draw(2) * 3u << 13 | draw_vid());
	w.len = 60 + draw(3) * 40 + form_len(&w.form);
}

/* --- into the maps --- */

static void put_mirror(unsigned int n, struct bridge_config *bridge)
{
	const struct mirror *mirror = &w.mirrors[n];
	struct mirror_config *config = &path.mirrors[n + 1].v[0];

	if (!mirror->is_there)
		return;
	path.mirror_of_bit[n].v[0] = n + 1;
	*config = (struct mirror_config){ .generation = 1,
					  .out_port = mirror->out,
					  .snaplen = mirror->snaplen,
					  .out_vlan = mirror->out ? 0 : (__u16)mirror->out_vlan };
	if (mirror->vlan != 0xffff) {
		config->vlans = (__u16)(8 + n);
		path.sets[8 + n].bits[mirror->vlan / 64] |= 1ull << mirror->vlan % 64;
	}
	for (unsigned int i = 0; i < N_MIRRORS; i++) {
		if (w.mirrors[i].is_there && is_same_place(mirror, &w.mirrors[i]))
			config->same_output[0] |= 1u << i;
	}
	if (mirror->is_all) {
		bridge->all_mirrors[0] |= 1u << n;
		bridge->flags |= BRIDGE_MIRROR_ALL | BRIDGE_MIRROR_OUT;
		return;
	}
	for (uint32_t slot = 1; slot <= N_PORTS; slot++) {
		struct port_config *p = &path.ports[slot].v[0];

		if (mirror->src[slot]) {
			p->src_mirrors[0] |= 1u << n;
			p->flags |= PORT_MIRRORED_IN;
		}
		if (mirror->dst[slot]) {
			p->dst_mirrors[0] |= 1u << n;
			p->flags |= PORT_MIRRORED_OUT;
			bridge->flags |= BRIDGE_MIRROR_OUT;
		}
	}
}

static void put_world(void)
{
	struct bridge_config *bridge = &path.bridge.v[0];

	memset(&path, 0, offsetof(struct path, work));
	*bridge = (struct bridge_config){ .flags = w.flags, .fdb_max = 10, .ageing = 100000 };
	path.sets[1].bits[0] = 1 | 1u << 10;
	path.sets[2].bits[0] = 1u << 10 | 1u << 20;
	for (uint32_t slot = 1; slot <= N_PORTS; slot++) {
		const struct port_config *p = &w.ports[slot];
		uint32_t *head =
			is_single(slot) ? &path.access_heads[p->tag].v[0] : &bridge->trunk_head;

		path.ports[slot].v[0] = *p;
		if (p->flags & PORT_RESERVED)
			continue;
		path.ports[slot].v[0].next = *head;
		*head = slot;
	}
	for (unsigned int n = 0; n < N_MIRRORS; n++)
		put_mirror(n, bridge);
	if (w.known) {
		path.known_mac = STATION;
		path.known = (struct fdb_value){ .port = 1ull << 32 | w.known, .seen = 1000 };
	}
}

/* --- comparison --- */

static int cmp_sent(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct path_sent));
}

static void print(const char *who, const struct path_sent *sent, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		print_message("%s: port %u tags %08x %08x snaplen %u\n", who, sent[i].slot,
			      sent[i].form.outer, sent[i].form.inner, sent[i].snaplen);
}

static void compare(unsigned int round)
{
	qsort(wanted, n_wanted, sizeof(wanted[0]), cmp_sent);
	qsort(path.sent, path.n_sent, sizeof(path.sent[0]), cmp_sent);
	if (n_wanted != path.n_sent || memcmp(wanted, path.sent, n_wanted * sizeof(wanted[0]))) {
		print("model", wanted, n_wanted);
		print("path", path.sent, path.n_sent);
		fail_msg("round %u differs", round);
	}
	for (unsigned int n = 0; n < N_MIRRORS; n++) {
		const struct mirror_stats *s = &path.mirror_stats[n + 1];

		assert_int_equal(s->tx_packets, m.counted[n]);
		assert_int_equal(s->tx_bytes, m.counted[n] * w.len);
	}
}

static void copies_are_those_of_the_model(void **unused)
{
	unsigned int n_sent = 0, n_cut = 0;

	(void)unused;
	state = 1;
	for (unsigned int round = 0; round < N_ROUNDS; round++) {
		draw_ports();
		for (unsigned int n = 0; n < N_MIRRORS; n++)
			draw_mirror(&w.mirrors[n]);
		draw_frame();
		put_world();
		model_run();
		path_run(w.in, w.dst, w.form, w.len);
		compare(round);
		n_sent += path.n_sent;
		for (unsigned int i = 0; i < path.n_sent; i++)
			n_cut += path.sent[i].snaplen != 0;
	}
	/* It was about something. */
	assert_true(n_sent > N_ROUNDS && n_cut > N_ROUNDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_are_those_of_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
