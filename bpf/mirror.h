/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Copies.  A mirror copies a packet at most once: at ingress, in the form in which the
 * frame came, or else at egress, in the form in which it leaves the port that is mirrored
 * (of several, the oldest port).  The copy then takes the form of the output port, or of
 * each port of the output VLAN, and may be copied on by a mirror of what leaves there.  All
 * copies are made before the production frame is sent, which may take the original away.
 */
#include "budget.h"
#include "filter.h"
#include "flood.h"

/* Number of the lowest bit that is set: counts the ones below it.  Without branches, or the
 * verifier follows each number on its own.  (__builtin_ctzll() crashes clang 14.) */
static __always_inline __u32 lowest_bit(__u64 bits)
{
	__u64 n = (bits & -bits) - 1;

	n -= n >> 1 & 0x5555555555555555;
	n = (n & 0x3333333333333333) + (n >> 2 & 0x3333333333333333);
	n = (n + (n >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (__u32)(n * 0x0101010101010101 >> 56);
}

static __always_inline bool mirror_is_any_pending(const struct ctx *c)
{
	__u64 any = 0;

	for_mirror_words (c, w)
		any |= c->w->pending[w];
	return any;
}

/* Takes the oldest of the pending mirrors, or returns false. */
static __always_inline bool mirror_take(struct ctx *c, __u32 *ret_bit)
{
	for_mirror_words (c, w) {
		__u64 bits = c->w->pending[w];

		if (bits) {
			*ret_bit = w * 64 + (bits & 1 ? 0 : lowest_bit(bits));
			c->w->pending[w] = bits & (bits - 1);
			return true;
		}
	}
	return false;
}

static __always_inline bool mirror_is_served(const struct ctx *c, __u32 bit)
{
	for_mirror_words (c, w) {
		if (bit / 64 == (__u32)w)
			return c->w->served[w] >> (bit & 63) & 1;
	}
	return false;
}

/* A copy that leaves by this port is for the mirrors that select it there, too. */
static __always_inline void onward_add(struct ctx *c, __u32 slot, const struct port_config *out)
{
	struct onward *next;
	__u64 any = 0;
	__u32 n;

	if (!vlan_admits(out, &c->w->form))
		return;
	for_mirror_words (c, w)
		any |= (out->dst_mirrors[w] | c->bridge->all_mirrors[w]) &
		       (~c->w->done[w] | c->w->passed_over[w] | c->w->pending[w]);
	if (!any)
		return;
	n = c->w->n_onward;
	if (n >= ONWARD_COPIES) {
		count_drop(slot, DROP_LOOP);
		return;
	}
	c->w->n_onward = n + 1;
	next = &c->w->onward[n];
	next->slot = slot;
	next->view = vlan_enter(out, &c->w->form);
	next->form = c->w->form;
}

/* The port that this stage is about: where the packet came in, or leaves. */
static __noinline void mirror_sight(struct ctx *c)
{
	__u32 port = c->w->in_slot;

	if (c->w->stage == MIRROR_EGRESS)
		port = SIGHTING_EGRESS | (c->out ? c->w->out_slot : c->w->oldest_slot);
	else if (c->w->stage == MIRROR_ONWARD)
		port = SIGHTING_EGRESS | c->w->onward_slot;
	sight(c, port, c->w->seen.outer, &c->w->view_form);
}

static __always_inline __u32 mirror_reenter(struct ctx *c, __u32 slot,
					    const struct port_config *out, __u32 snaplen)
{
	if (wear(c, &c->w->form))
		return OUTCOME_CLONE;
	if (unlikely(out->flags & PORT_METADATA))
		mirror_sight(c);
	return reenter(c, slot, out, snaplen);
}

/* The copy, in the port's own form.  Returns enum outcome.  Not inlined: its callers need the
 * stack, of which Linux 6.1 allows 512 bytes to all functions that call each other. */
static __noinline __u32 mirror_send(struct ctx *c, __u32 slot, const struct port_config *out,
				    __u32 snaplen)
{
	struct __sk_buff *skb = c->skb;
	__u32 len, outcome;
	bool is_cut;

	c->w->form = vlan_leave(out, &c->w->view);
	if (out->flags & PORT_MIRRORED_OUT || c->bridge->flags & BRIDGE_MIRROR_ALL)
		onward_add(c, slot, out);
	len = pkt_len(&c->w->pkt, &c->w->form);
	is_cut = snaplen && len > snaplen;
	c->w->to_wire = false;
	if (unlikely(c->w->is_wire_form) && !out->patch_peer && !is_wire_frame(skb)) {
		/* Each wire frame is looked at when it comes out. */
		c->w->to_wire = true;
		return mirror_reenter(c, slot, out, is_cut ? snaplen : 0);
	}
	/* A cut copy is one frame, whatever it was before; a tunnel has ways of its own. */
	if (!(out->flags & PORT_TUNNEL && c->w->too_long != TOO_LONG_DROP) &&
	    (is_cut ? measured_len(c, out, &c->w->form) + snaplen > (__u64)out->mtu + len
		    : !fits(c, out, &c->w->form)))
		return OUTCOME_MTU;
	if ((out->flags & PORT_QUEUED) && !budget_take(c))
		return OUTCOME_BUDGET;
	if (is_cut || !out->ifindex)
		return mirror_reenter(c, slot, out, is_cut ? snaplen : 0);
	if (wear(c, &c->w->form))
		return OUTCOME_CLONE;
	outcome = outcome_of(bpf_clone_redirect(skb, out->ifindex, 0), out->flags & PORT_UP);
	if (outcome == OUTCOME_SENT)
		count_tx(slot, len);
	return outcome;
}

static long oldest_step(__u32 i, void *arg)
{
	const struct port_config *port;
	struct ctx *c = arg;
	__u32 slot;

	if (!walk_next(c, &slot))
		return 1;
	port = walk_port(c, slot);
	if (!port || !is_seen_leaving(c, port))
		return 0;
	if (!(port->dst_mirrors[(c->w->wanted_bit / 64) % MIRROR_WORDS] >> (c->w->wanted_bit % 64) &
	      1))
		return 0;
	if (!c->w->oldest_order || port->order + 1u < c->w->oldest_order) {
		c->w->oldest_order = port->order + 1u;
		c->w->oldest_slot = slot;
	}
	return 0;
}

/* The port whose output this mirror copies. */
static __always_inline const struct port_config *mirror_source(struct ctx *c, __u32 bit)
{
	if (c->out)
		return c->out;
	c->w->wanted_bit = bit;
	c->w->oldest_order = 0;
	walk_start(c, &c->w->vlan);
	bpf_loop(PORT_SLOTS, oldest_step, c, 0);
	return c->w->oldest_order ? port_get(c->w->oldest_slot, c->w->version) : NULL;
}

/* What leaves, read back by the same port. */
static __noinline bool mirror_view_egress(struct ctx *c, __u32 bit)
{
	const struct port_config *source = mirror_source(c, bit);

	if (!source)
		return false;
	c->w->view_form = vlan_leave(source, &c->w->vlan);
	c->w->view = vlan_enter(source, &c->w->view_form);
	return true;
}

/* The frame as the mirror sees it. */
static __always_inline bool mirror_view(struct ctx *c, __u32 bit)
{
	if (c->w->stage == MIRROR_EGRESS)
		return mirror_view_egress(c, bit);
	c->w->view = c->w->seen;
	c->w->view_form = c->w->seen_form;
	return true;
}

static __always_inline __u32 mirror_to_port(struct ctx *c, const struct mirror_config *mirror)
{
	const struct port_config *out = port_get(mirror->out_port, c->w->version);

	if (!out || !has_target(out))
		return OUTCOME_NO_TARGET;
	if (is_protected_pair(out, c->in)) {
		EXPLAIN(EXPLAIN_WHY, EXPLAIN_PROTECTED, 0);
		return OUTCOME_FILTERED;
	}
	return mirror_send(c, mirror->out_port, out, mirror->snaplen);
}

/* To whoever carries the VLAN, the port that the frame came from included. */
static long mirror_vlan_step(__u32 i, void *arg)
{
	const struct port_config *port;
	struct ctx *c = arg;
	__u32 slot, outcome;

	if (!walk_next(c, &slot))
		return 1;
	port = walk_member(c, slot, &c->w->view);
	if (!port || !has_target(port))
		return 0;
	if (is_protected_pair(port, c->in)) {
		EXPLAIN(EXPLAIN_WHY, EXPLAIN_PROTECTED, 0);
		outcome = OUTCOME_FILTERED;
	} else {
		/* No port has fared well so far: this one may. */
		c->w->is_booked = c->w->outcome < OUTCOME_SENT;
		outcome = mirror_send(c, slot, port, c->w->snaplen);
		if (outcome == OUTCOME_UNDER_WAY && !c->w->is_booked)
			outcome = OUTCOME_SENT;
	}
	if (outcome > c->w->outcome)
		c->w->outcome = outcome;
	return 0;
}

/* RSPAN: the frame moves into another VLAN, with its priority and all tags inside. */
static __always_inline __u32 mirror_to_vlan(struct ctx *c, const struct mirror_config *mirror)
{
	if (mac_is_reserved(c->w->pkt.dst) || tag_vid(c->w->view.outer) == mirror->out_vlan) {
		EXPLAIN(EXPLAIN_WHY,
			mac_is_reserved(c->w->pkt.dst) ? EXPLAIN_RESERVED_ADDRESS
						       : EXPLAIN_IN_OUTPUT_VLAN,
			0);
		return OUTCOME_FILTERED;
	}
	c->w->view.outer = (c->w->view.outer & ~(__u32)TCI_VID) | mirror->out_vlan;
	c->w->snaplen = mirror->snaplen;
	c->w->outcome = OUTCOME_NO_TARGET;
	walk_start(c, &c->w->view);
	bpf_loop(PORT_SLOTS, mirror_vlan_step, c, 0);
	return c->w->outcome;
}

/* Passed over for its VLAN, or by the filter: what another mirror makes of the packet may be in
 * the right one. */
static __always_inline void mirror_pass_over(struct ctx *c, __u32 bit, struct mirror_stats *stats)
{
	for_mirror_words (c, w)
		c->w->passed_over[w] |= (__u64)(bit / 64 == w) << (bit & 63);
	if (c->w->stage == MIRROR_ONWARD)
		return; /* it has been booked before */
	stats->selected++;
	stats->filtered++;
}

/* Every way out of here books the packet once. */
static __always_inline void mirror_copy(struct ctx *c, __u32 bit,
					const struct mirror_config *mirror,
					struct mirror_stats *stats)
{
	bool is_seen;

	if (mirror_is_served(c, bit)) {
		EXPLAIN(EXPLAIN_WHY, EXPLAIN_MERGED, 0);
		stats->selected++;
		stats->merged++;
		return;
	}
	if (!vlan_in_set(mirror->vlans, tag_vid(c->w->seen.outer))) {
		EXPLAIN(EXPLAIN_WHY, EXPLAIN_OTHER_VLAN, 0);
		mirror_pass_over(c, bit, stats);
		return;
	}
	is_seen = mirror_view(c, bit);
	if (unlikely(mirror->filter_len) && is_seen && !filter_passes(c, mirror)) {
		EXPLAIN(EXPLAIN_WHY, EXPLAIN_FILTER, 0);
		mirror_pass_over(c, bit, stats);
		return;
	}
	for_mirror_words (c, w)
		c->w->served[w] |= mirror->same_output[w];
	c->w->too_long = mirror->too_long;
	c->w->is_wire_form = mirror->flags & MIRROR_WIRE_FORM;
	c->w->has_account = mirror->flags & MIRROR_ACCOUNT;
	c->w->is_booked = true;
	stats->tx_packets++;
	stats->tx_bytes += pkt_len(&c->w->pkt, &c->w->pkt.form);
	count_outcome(stats, !is_seen		? OUTCOME_NO_TARGET
			     : mirror->out_vlan ? mirror_to_vlan(c, mirror)
						: mirror_to_port(c, mirror));
}

static long mirror_step(__u32 i, void *arg)
{
	const struct mirror_config *mirror;
	struct mirror_stats *stats;
	struct head_entry *entry;
	struct ctx *c = arg;
	__u32 bit, key, slot;

	if (!mirror_take(c, &bit))
		return 1;
	key = c->in->bridge * MIRRORS_PER_BRIDGE + bit;
	entry = bpf_map_lookup_elem(&mirror_of_bit, &key);
	slot = entry ? entry->v[c->w->version & 1] : 0;
	if (!slot)
		return 0;
	mirror = mirror_get(slot, c->w->version);
	stats = bpf_map_lookup_elem(&mirror_stats, &slot);
	EXPLAIN(EXPLAIN_MIRROR, slot, c->w->stage);
	c->w->copy_of = slot;
	if (mirror && stats)
		mirror_copy(c, bit, mirror, stats);
	return !mirror_is_any_pending(c);
}

/* Makes the copies for c->w->pending, less those that were seen to before. */
static __always_inline void mirror_run(struct ctx *c)
{
	for_mirror_words (c, w) {
		c->w->pending[w] &= ~c->w->done[w];
		c->w->done[w] |= c->w->pending[w];
	}
	if (likely(mirror_is_any_pending(c)))
		bpf_loop(MIRRORS_PER_BRIDGE, mirror_step, c, 0);
}

/* Before the first stage that any mirror takes part in; most packets have none. */
static __always_inline void mirror_begin(struct ctx *c, enum mirror_stage stage)
{
	c->w->stage = stage;
	c->w->seen = c->w->vlan;
	c->w->seen_form = c->w->pkt.form;
	if (c->w->is_mirrored)
		return;
	c->w->is_mirrored = true;
	c->w->lens.is_ready = false;
	c->w->n_onward = 0;
	for_mirror_words (c, w) {
		c->w->done[w] = 0;
		c->w->served[w] = 0;
		c->w->passed_over[w] = 0;
	}
}

static __always_inline void mirror_ingress(struct ctx *c)
{
	bool by_port = c->in->flags & PORT_MIRRORED_IN;
	bool by_bridge = c->bridge->flags & BRIDGE_MIRROR_ALL;

	if (likely(!by_port && !by_bridge))
		return;
	mirror_begin(c, MIRROR_INGRESS);
	for_mirror_words (c, w)
		c->w->pending[w] = (by_port ? c->in->src_mirrors[w] : 0) |
				   (by_bridge ? c->bridge->all_mirrors[w] : 0);
	mirror_run(c);
}

static __always_inline void mirror_egress(struct ctx *c)
{
	if (c->out) {
		if (likely(!is_seen_leaving(c, c->out)))
			return;
		mirror_begin(c, MIRROR_EGRESS);
		for_mirror_words (c, w)
			c->w->pending[w] = c->out->dst_mirrors[w];
	} else {
		if (!(c->bridge->flags & BRIDGE_MIRROR_OUT))
			return;
		mirror_begin(c, MIRROR_EGRESS);
		for_mirror_words (c, w)
			c->w->pending[w] = 0;
		flood_select(c);
	}
	mirror_run(c);
}

/* Copies of a copy; they may add further ones to the list. */
static long onward_step(__u32 i, void *arg)
{
	const struct port_config *port;
	struct ctx *c = arg;

	if (i >= c->w->n_onward || i >= ONWARD_COPIES)
		return 1;
	port = port_get(c->w->onward[i].slot, c->w->version);
	if (!port)
		return 0;
	c->w->onward_slot = c->w->onward[i].slot;
	c->w->seen = c->w->onward[i].view;
	c->w->seen_form = c->w->onward[i].form;
	for_mirror_words (c, w) {
		c->w->pending[w] = port->dst_mirrors[w] | c->bridge->all_mirrors[w];
		c->w->done[w] &= ~(c->w->pending[w] & c->w->passed_over[w]);
		c->w->passed_over[w] &= ~c->w->pending[w];
	}
	mirror_run(c);
	return 0;
}

/* Last, so that of the packet and a copy of it the packet is what is copied. */
static __always_inline void mirror_onward(struct ctx *c)
{
	if (likely(!c->w->is_mirrored) || !c->w->n_onward)
		return;
	c->w->stage = MIRROR_ONWARD;
	bpf_loop(ONWARD_COPIES, onward_step, c, 0);
}
