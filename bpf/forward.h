/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The switch as three steps: receive() finds the port and reads the frame, decide() says
 * what shall become of it, act() makes the copies and sends it.  Called by the entry
 * programs only; nothing here depends on the hook that they sit on.
 */
#include "fdb.h"
#include "mirror.h"

static __always_inline bool read_frame(struct ctx *c)
{
	struct __sk_buff *skb = c->skb;
	struct pkt_source source = {
		.data = (const void *)(long)skb->data,
		.end = (const void *)(long)skb->data_end,
		.len = skb->len,
		.has_meta_tag = skb->vlan_present,
	};

	if (source.has_meta_tag) {
		source.meta_tag.tpid = bpf_ntohs((__u16)skb->vlan_proto);
		source.meta_tag.tci = (__u16)skb->vlan_tci;
	}
	if (!pkt_parse(&source, &c->w->pkt))
		return false;
	c->w->worn = c->w->pkt.form;
	return true;
}

/* False, and counted: not a frame for us. */
static __always_inline bool receive(struct ctx *c, __u32 nesting, __u32 ifindex)
{
	struct __sk_buff *skb = c->skb;
	__u32 zero = 0, *version, *slot;

	c->w = bpf_map_lookup_elem(&work, &nesting);
	if (!c->w)
		return false;
	c->w->may_use_peer = nesting == 0;
	c->w->is_admitted = false;
	c->w->is_dropped = false;
	c->w->is_mirrored = false;
	version = bpf_map_lookup_elem(&epoch, &zero);
	slot = bpf_map_lookup_elem(&port_of_ifindex, &ifindex);
	c->w->version = version ? *(volatile __u32 *)version & 1 : 0;
	c->w->in_slot = slot ? *(volatile __u32 *)slot : 0;
	c->in = port_get(c->w->in_slot, c->w->version);
	/* The record decides: the hash element may be another port's by now. */
	if (!c->in || !c->in->bridge || c->in->ifindex != ifindex) {
		count_drop(0, DROP_NOT_CONFIGURED);
		return false;
	}
	c->bridge = bridge_get(c->in->bridge, c->w->version);
	if (!c->bridge)
		return false;
	c->w->gso_size = skb->gso_size;
	count_rx(c->w->in_slot, skb->len + (skb->vlan_present ? VLAN_LEN : 0));
	if (!read_frame(c)) {
		count_drop(c->w->in_slot, DROP_MALFORMED);
		return false;
	}
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
	else if (!vlan_inner_passes(c->out, &c->w->vlan))
		decide_drop(c, DROP_VLAN);
}

static __always_inline void decide(struct ctx *c)
{
	const struct bridge_config *bridge = c->bridge;

	if (c->in->flags & PORT_RESERVED)
		return decide_drop(c, DROP_RESERVED_PORT);
	if (!vlan_admits(c->in, &c->w->pkt.form))
		return decide_drop(c, DROP_VLAN);
	vlan_enter(c->in, &c->w->pkt.form, &c->w->vlan);
	c->w->is_admitted = true;
	if (bridge->flags & BRIDGE_SECURE)
		return decide_drop(c, DROP_SECURE);
	if (!(bridge->flags & BRIDGE_FORWARD_BPDU) && mac_is_reserved(c->w->pkt.dst))
		return decide_drop(c, DROP_RESERVED_ADDRESS);

	if (bridge->has_flood_vlans && vlan_in_set(bridge->flood_vlans, vlan_vid(&c->w->vlan)))
		return;
	if (!mac_is_multicast(c->w->pkt.src))
		fdb_learn(c);
	if (!mac_is_multicast(c->w->pkt.dst) && fdb_lookup(c))
		decide_unicast(c);
}

static __always_inline int act_unicast(struct ctx *c)
{
	vlan_leave(c->out, &c->w->vlan, &c->w->form);
	if (!can_send(c, c->w->out_slot, c->out, &c->w->form))
		return TC_ACT_SHOT;
	return send_unicast(c, &c->w->form);
}

/* The verdict for the kernel.  The packet path ends here: no frame goes on to the host. */
static __always_inline int act(struct ctx *c)
{
	if (c->w->is_admitted)
		mirror_ingress(c);
	if (c->w->is_dropped) {
		count_drop(c->w->in_slot, c->w->reason);
		return TC_ACT_SHOT;
	}
	mirror_egress(c);
	return c->out ? act_unicast(c) : flood_send(c);
}
