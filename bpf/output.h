/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Putting a frame on a device: its tags, its size, and the three ways out (clone, redirect,
 * redirect to the peer).  On the original only the tags are ever changed, which can be
 * undone; so each output starts from whatever the one before left.
 */
#include "ctx.h"
#include "stats.h"

static __always_inline bool tag_equal(struct vlan_tag a, struct vlan_tag b)
{
	return a.tpid == b.tpid && a.tci == b.tci;
}

static __always_inline int tag_push(struct __sk_buff *skb, struct vlan_tag tag)
{
	return bpf_skb_vlan_push(skb, bpf_htons(tag.tpid), tag.tci);
}

/* Makes the skb wear these tags.  After a failure (no memory) c->w->worn still tells what it
 * wears, and the frame must not be sent. */
static __always_inline int wear(struct ctx *c, const struct vlan_form *want)
{
	struct __sk_buff *skb = c->skb;
	struct vlan_tag bottom = want->inner.tpid ? want->inner : want->outer;

	if (form_equal(&c->w->worn, want))
		return 0;
	if (c->w->worn.inner.tpid) {
		if (bpf_skb_vlan_pop(skb))
			return -1;
		c->w->worn.outer = c->w->worn.inner;
		c->w->worn.inner.tpid = 0;
		c->w->worn.inner.tci = 0;
	}
	if (!tag_equal(c->w->worn.outer, bottom)) {
		if (c->w->worn.outer.tpid) {
			if (bpf_skb_vlan_pop(skb))
				return -1;
			c->w->worn.outer.tpid = 0;
			c->w->worn.outer.tci = 0;
		}
		if (bottom.tpid) {
			if (tag_push(skb, bottom))
				return -1;
			c->w->worn.outer = bottom;
		}
	}
	if (want->inner.tpid) {
		if (tag_push(skb, want->outer))
			return -1;
		c->w->worn = *want;
	}
	return 0;
}

/* Does the frame, in this form, fit through the port?  A segmentable one is judged by its
 * segments, which only the kernel can measure; the device is looked up again for that, but
 * such frames carry thousands of bytes. */
static __always_inline bool fits(const struct ctx *c, const struct port_config *port,
				 const struct vlan_form *form)
{
	struct __sk_buff *skb = c->skb;
	__u32 mtu = 0; /* in: measure the frame itself */

	if (pkt_l3_len(&c->w->pkt, form) <= port->mtu)
		return true;
	if (!c->w->gso_size)
		return false;
	return bpf_check_mtu(skb, port->ifindex, &mtu, 0, BPF_MTU_CHK_SEGS) == 0;
}

static __always_inline bool has_link(const struct port_config *port)
{
	return port->flags & PORT_UP && port->ifindex;
}

/* True if a production frame can leave here; otherwise counts why not. */
static __always_inline bool can_send(const struct ctx *c, __u32 slot,
				     const struct port_config *port, const struct vlan_form *form)
{
	if (!has_link(port)) {
		count_drop(slot, DROP_LINK_DOWN);
		return false;
	}
	if (!fits(c, port, form)) {
		count_drop(slot, DROP_MTU);
		return false;
	}
	return true;
}

/* Production by a clone: all outputs of a flood but the last. */
static __always_inline void send_clone(struct ctx *c, __u32 slot, __u32 ifindex,
				       const struct vlan_form *form)
{
	struct __sk_buff *skb = c->skb;

	if (wear(c, form) || bpf_clone_redirect(skb, ifindex, 0))
		count_drop(slot, DROP_SEND);
	else
		count_tx(slot, pkt_len(&c->w->pkt, form));
}

/* Production by the original: the packet is the device's after this. */
static __always_inline int send_last(struct ctx *c, __u32 slot, __u32 ifindex,
				     const struct vlan_form *form)
{
	if (wear(c, form)) {
		count_drop(slot, DROP_SEND);
		return TC_ACT_SHOT;
	}
	count_tx(slot, pkt_len(&c->w->pkt, form));
	return bpf_redirect(ifindex, 0);
}

/* Unicast.  The short way to the veth's other end skips the device and the queue between,
 * but it hands over every frame as one for the host: so only what is meant for the peer's
 * own address goes there. */
static __always_inline int send_unicast(struct ctx *c, const struct vlan_form *form)
{
	const struct port_config *port = c->out;
	struct __sk_buff *skb = c->skb;

	if (!c->w->may_use_peer || !(port->flags & PORT_PEER) ||
	    !mac_equal(c->w->pkt.dst, port->peer_mac))
		return send_last(c, c->w->out_slot, port->ifindex, form);
	if (wear(c, form)) {
		count_drop(c->w->out_slot, DROP_SEND);
		return TC_ACT_SHOT;
	}
	/* Kernels before 6.14 leave the type as it was on our end: "for another host". */
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	count_tx_peer(c->w->out_slot, pkt_len(&c->w->pkt, form));
	return bpf_redirect_peer(port->ifindex, 0);
}
