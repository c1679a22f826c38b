/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The switch as steps: begin() and use_device() or use_port() say which records apply,
 * receive() reads the frame, decide() says what shall become of it, act() makes the copies
 * and sends it.  Called by the entry programs only; nothing here depends on the hook that
 * they sit on.
 */
#include "fdb.h"
#include "mirror.h"

/* Takes the working memory of this nesting, until end(); `version` is the epoch.  A device
 * that delivers what we send it at once, back to a port of ours, would find us at work: its
 * frame is dropped. */
static __always_inline bool begin(struct ctx *c, __u32 nesting, __u32 version)
{
	c->w = bpf_map_lookup_elem(&work, &nesting);
	if (!c->w)
		return false;
	if (unlikely(c->w->is_busy)) {
		count_drop(0, DROP_LOOP);
		return false;
	}
	c->w->is_busy = true;
	c->w->version = version & 1;
	c->w->hops = nesting;
	c->w->may_use_peer = nesting == 0;
	c->w->is_admitted = false;
	c->w->is_dropped = false;
	c->w->is_mirrored = false;
	return true;
}

static __always_inline void end(struct ctx *c)
{
	c->w->is_busy = false;
}

/* The frame came in by the port in this slot: false if there is none. */
static __always_inline bool use_port(struct ctx *c, __u32 slot)
{
	c->w->in_slot = slot;
	c->in = port_get(slot, c->w->version);
	if (unlikely(!c->in || !c->in->bridge))
		return false;
	c->bridge = bridge_get(c->in->bridge, c->w->version);
	return c->bridge;
}

/* The frame came in by this device.  The hash element may be another port's by now, so the
 * port's record decides. */
static __always_inline bool use_device(struct ctx *c, __u32 ifindex)
{
	__u32 *slot = bpf_map_lookup_elem(&port_of_ifindex, &ifindex);

	return slot && use_port(c, *(volatile __u32 *)slot) && c->in->ifindex == ifindex;
}

/* False, and counted: the frame ends inside a header. */
static __always_inline bool receive(struct ctx *c)
{
	struct __sk_buff *skb = c->skb;
	struct pkt_source source = {
		.data = (const void *)(long)skb->data,
		.end = (const void *)(long)skb->data_end,
		.len = skb->len,
	};

	if (skb->vlan_present)
		source.meta_tag = tag_make(bpf_ntohs((__u16)skb->vlan_proto), skb->vlan_tci);
	count_rx(c->w->in_slot, skb->len + (source.meta_tag ? VLAN_LEN : 0));
	c->w->gso_size = skb->gso_size;
	if (unlikely(!pkt_parse(&source, &c->w->pkt))) {
		count_drop(c->w->in_slot, DROP_MALFORMED);
		return false;
	}
	c->w->worn = c->w->pkt.form;
	return true;
}

/* Likewise for a frame that comes by a patch port: the tags that the bridge before had in
 * view stay in view, and what was payload to it stays payload.  If that begins with a tag now,
 * the frame would change its VLAN on the way: malformed, as for Open vSwitch. */
static __always_inline bool receive_patched(struct ctx *c, struct vlan_form view, __u16 rest_type)
{
	struct pkt *pkt = &c->w->pkt;

	if (!receive(c))
		return false;
	if (!view.outer && rest_type == TPID_8021Q) {
		count_drop(c->w->in_slot, DROP_MALFORMED);
		return false;
	}
	pkt->rest_len = pkt_len(pkt, &pkt->form) - form_len(&view);
	pkt->rest_type = rest_type;
	/* A service tag comes on top of no more than one. */
	if (view.inner && c->in->vlan_mode == VLAN_DOT1Q_TUNNEL) {
		pkt->rest_len += VLAN_LEN;
		pkt->rest_type = tag_tpid(view.inner);
		view.inner = 0;
	}
	pkt->form = view;
	c->w->worn = view;
	return true;
}

static __always_inline void decide_drop(struct ctx *c, enum drop_reason reason)
{
	c->w->is_dropped = true;
	c->w->reason = reason;
}

/* A known destination. */
static __always_inline void decide_unicast(struct ctx *c)
{
	if (c->w->out_slot == c->w->in_slot)
		decide_drop(c, DROP_HAIRPIN);
	else if (c->out->flags & PORT_RESERVED)
		decide_drop(c, DROP_RESERVED_PORT);
	else if (is_protected_pair(c->out, c->in))
		decide_drop(c, DROP_PROTECTED);
}

static __always_inline void decide(struct ctx *c)
{
	const struct bridge_config *bridge = c->bridge;

	if (unlikely(c->in->flags & PORT_RESERVED))
		return decide_drop(c, DROP_RESERVED_PORT);
	if (unlikely(!vlan_admits(c->in, &c->w->pkt.form)))
		return decide_drop(c, DROP_VLAN);
	c->w->vlan = vlan_enter(c->in, &c->w->pkt.form);
	c->w->is_admitted = true;
	if (unlikely(bridge->flags & BRIDGE_SECURE))
		return decide_drop(c, DROP_SECURE);
	if (unlikely(mac_is_reserved(c->w->pkt.dst)) && !(bridge->flags & BRIDGE_FORWARD_BPDU))
		return decide_drop(c, DROP_RESERVED_ADDRESS);

	if (unlikely(bridge->has_flood_vlans) &&
	    vlan_in_set(bridge->flood_vlans, tag_vid(c->w->vlan.outer)))
		return;
	if (!mac_is_multicast(c->w->pkt.src))
		fdb_learn(c);
	if (!mac_is_multicast(c->w->pkt.dst) && fdb_lookup(c))
		decide_unicast(c);
}

static __always_inline int act_unicast(struct ctx *c)
{
	struct vlan_form form = vlan_leave(c->out, &c->w->vlan);

	if (!can_send(c, c->w->out_slot, c->out, &form))
		return TC_ACT_SHOT;
	return send_unicast(c, &form);
}

/* The verdict for the kernel.  The packet path ends here: no frame goes on to the host. */
static __always_inline int act(struct ctx *c)
{
	if (c->w->is_admitted)
		mirror_ingress(c);
	if (unlikely(c->w->is_dropped)) {
		mirror_onward(c);
		EXPLAIN(EXPLAIN_PRODUCTION, 0, 0);
		count_drop(c->w->in_slot, c->w->reason);
		return TC_ACT_SHOT;
	}
	mirror_egress(c);
	mirror_onward(c);
	EXPLAIN(EXPLAIN_PRODUCTION, 0, 0);
	return likely(c->out) ? act_unicast(c) : flood_send(c);
}

/* The rest, when the frame is read. */
static __always_inline int forward(struct ctx *c)
{
	decide(c);
	return act(c);
}
