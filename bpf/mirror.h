/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Copies.  A mirror copies a packet at most once: at ingress, in the form in which the
 * frame came, or else at egress, in the form in which it leaves the port that is mirrored
 * (of several, the oldest port).  The copy then takes the output port's own form.  All
 * copies are made before the production frame is sent, which may take the original away.
 */
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

/* Takes the oldest of the pending mirrors, or returns false. */
static __always_inline bool mirror_take(struct ctx *c, __u32 *ret_bit)
{
	for (int w = 0; w < MIRROR_WORDS; w++) {
		__u64 bits = c->w->pending[w];

		if (bits) {
			*ret_bit = w * 64 + lowest_bit(bits);
			c->w->pending[w] = bits & (bits - 1);
			return true;
		}
	}
	return false;
}

static __always_inline bool mirror_is_served(const struct ctx *c, __u32 bit)
{
	__u64 word = bit < 64	 ? c->w->served[0]
		     : bit < 128 ? c->w->served[1]
		     : bit < 192 ? c->w->served[2]
				 : c->w->served[3];

	return word >> (bit & 63) & 1;
}

/* Cut copies go through the re-entry device, whose program works on the clone only, and
 * counts for itself: it has run when bpf_clone_redirect() returns. */
static __always_inline void mirror_send_cut(struct ctx *c, struct mirror_stats *stats, __u32 slot,
					    const struct mirror_config *mirror,
					    const struct port_config *out)
{
	struct __sk_buff *skb = c->skb;
	struct reentry_job *job;
	struct settings *set;
	__u32 zero = 0;

	job = bpf_map_lookup_elem(&scratch, &zero);
	set = bpf_map_lookup_elem(&settings, &zero);
	if (!job || !set)
		return;
	job->mirror = slot;
	job->port = mirror->out_port;
	job->ifindex = out->ifindex;
	job->snaplen = mirror->snaplen;
	job->is_up = out->flags & PORT_UP;
	job->is_valid = 1;
	bpf_clone_redirect(skb, set->reentry_ifindex, 0);
	if (*(volatile __u32 *)&job->is_valid) {
		job->is_valid = 0;
		stats->dropped_clone++;
	}
}

static __always_inline void mirror_send(struct ctx *c, struct mirror_stats *stats, __u32 slot,
					const struct mirror_config *mirror,
					const struct port_config *out)
{
	struct __sk_buff *skb = c->skb;
	bool is_cut;
	__u32 len;

	c->w->form = vlan_leave(out, &c->w->view);
	len = pkt_len(&c->w->pkt, c->w->form);
	is_cut = mirror->snaplen && len > mirror->snaplen;
	/* A cut copy is one frame, whatever it was before. */
	if (is_cut ? pkt_l3_len(&c->w->pkt, c->w->form) > out->mtu + (len - mirror->snaplen)
		   : !fits(c, out, c->w->form)) {
		stats->dropped_mtu++;
		return;
	}
	if (wear(c, c->w->form)) {
		stats->dropped_clone++;
		return;
	}
	if (is_cut)
		mirror_send_cut(c, stats, slot, mirror, out);
	else if (count_copy(stats, bpf_clone_redirect(skb, out->ifindex, 0), out->flags & PORT_UP))
		count_tx(mirror->out_port, len);
}

static long oldest_step(__u32 i, void *arg)
{
	const struct port_config *port;
	struct ctx *c = arg;
	__u32 slot;

	if (!walk_next(c, &slot))
		return 1;
	port = walk_port(c, slot);
	if (!port || !(port->flags & PORT_MIRRORED_OUT))
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
	walk_start(c);
	bpf_loop(PORT_SLOTS, oldest_step, c, 0);
	return c->w->oldest_order ? port_get(c->w->oldest_slot, c->w->version) : NULL;
}

/* The frame as the mirror sees it: at egress, what leaves, read back by the same port. */
static __always_inline bool mirror_view(struct ctx *c, __u32 bit)
{
	const struct port_config *source;

	if (!c->w->is_egress) {
		c->w->view = c->w->vlan;
		return true;
	}
	source = mirror_source(c, bit);
	if (!source)
		return false;
	c->w->view = vlan_enter(source, vlan_leave(source, &c->w->vlan));
	return true;
}

/* Every way out of here books the packet once. */
static __always_inline void mirror_copy(struct ctx *c, __u32 bit, __u32 slot,
					const struct mirror_config *mirror,
					struct mirror_stats *stats)
{
	const struct port_config *out;

	stats->selected++;
	if (mirror_is_served(c, bit)) {
		stats->merged++;
		return;
	}
	if (!vlan_in_set(mirror->vlans, tag_vid(c->w->vlan.outer))) {
		stats->filtered++;
		return;
	}
	for (int w = 0; w < MIRROR_WORDS; w++)
		c->w->served[w] |= mirror->same_output[w];
	stats->tx_packets++;
	stats->tx_bytes += pkt_len(&c->w->pkt, c->w->pkt.form);

	out = port_get(mirror->out_port, c->w->version);
	if (!out || !out->ifindex || !mirror_view(c, bit)) {
		stats->dropped_no_target++;
		return;
	}
	if (is_protected_pair(out, c->in)) {
		stats->filtered++;
		return;
	}
	mirror_send(c, stats, slot, mirror, out);
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
	if (mirror && stats)
		mirror_copy(c, bit, slot, mirror, stats);
	return 0;
}

/* Makes the copies for c->w->pending, less those that an earlier stage saw to. */
static __always_inline void mirror_run(struct ctx *c)
{
	__u64 any = 0;

	for (int w = 0; w < MIRROR_WORDS; w++) {
		c->w->pending[w] &= ~c->w->done[w];
		c->w->done[w] |= c->w->pending[w];
		any |= c->w->pending[w];
	}
	if (likely(any))
		bpf_loop(MIRRORS_PER_BRIDGE, mirror_step, c, 0);
}

/* Before the first stage that any mirror takes part in; most packets have none. */
static __always_inline void mirror_begin(struct ctx *c)
{
	if (c->w->is_mirrored)
		return;
	c->w->is_mirrored = true;
	c->w->is_egress = false;
	for (int w = 0; w < MIRROR_WORDS; w++) {
		c->w->done[w] = 0;
		c->w->served[w] = 0;
	}
}

static __always_inline void mirror_ingress(struct ctx *c)
{
	bool by_port = c->in->flags & PORT_MIRRORED_IN;
	bool by_bridge = c->bridge->flags & BRIDGE_MIRROR_ALL;

	if (likely(!by_port && !by_bridge))
		return;
	mirror_begin(c);
	for (int w = 0; w < MIRROR_WORDS; w++)
		c->w->pending[w] = (by_port ? c->in->src_mirrors[w] : 0) |
				   (by_bridge ? c->bridge->all_mirrors[w] : 0);
	mirror_run(c);
}

static __always_inline void mirror_egress(struct ctx *c)
{
	if (c->out) {
		if (likely(!(c->out->flags & PORT_MIRRORED_OUT)))
			return;
		mirror_begin(c);
		for (int w = 0; w < MIRROR_WORDS; w++)
			c->w->pending[w] = c->out->dst_mirrors[w];
	} else {
		if (!(c->bridge->flags & BRIDGE_MIRROR_OUT))
			return;
		mirror_begin(c);
		for (int w = 0; w < MIRROR_WORDS; w++)
			c->w->pending[w] = 0;
		flood_select(c);
	}
	c->w->is_egress = true;
	mirror_run(c);
}
