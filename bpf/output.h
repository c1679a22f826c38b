/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Putting a frame on a device: its tags, its size, and the ways out (clone, redirect,
 * redirect to the peer, re-entry).  On the original only the tags are ever changed, which
 * can be undone; so each output starts from whatever the one before left.
 */
#include "ctx.h"
#include "stats.h"

static __always_inline int tag_push(struct __sk_buff *skb, __u32 tag)
{
	return bpf_skb_vlan_push(skb, bpf_htons(tag_tpid(tag)), (__u16)tag);
}

/* Makes the skb wear these tags.  After a failure (no memory) c->w->worn still tells what
 * it wears, and the frame must not be sent. */
static __always_inline int wear(struct ctx *c, const struct vlan_form *want)
{
	__u32 bottom = want->inner ? want->inner : want->outer;
	struct vlan_form *worn = &c->w->worn;
	struct __sk_buff *skb = c->skb;

	if (likely(form_equal(worn, want)))
		return 0;
	if (worn->inner) {
		if (bpf_skb_vlan_pop(skb))
			return -1;
		worn->outer = worn->inner;
		worn->inner = 0;
	}
	if (worn->outer != bottom) {
		if (worn->outer && bpf_skb_vlan_pop(skb))
			return -1;
		worn->outer = 0;
		if (bottom && tag_push(skb, bottom))
			return -1;
		worn->outer = bottom;
	}
	if (want->inner) {
		if (tag_push(skb, want->outer))
			return -1;
		*worn = *want;
	}
	return 0;
}

/* L3 length of the segments that a segmentable frame will be cut into; 0 for anything but
 * plain TCP. */
static __always_inline __u32 segment_len(const struct ctx *c)
{
	enum { IPV4 = 0x0800, IPV6 = 0x86dd, TCP = 6 };
	struct __sk_buff *skb = c->skb;
	__u32 off = ETHERNET_LEN + form_len(&c->w->worn) - (skb->vlan_present ? VLAN_LEN : 0);
	__u16 type = c->w->pkt.rest_type;
	__u8 ip[10], data_offset;
	__u32 len = 40;

	if ((type != IPV4 && type != IPV6) || bpf_skb_load_bytes(skb, off, ip, sizeof(ip)))
		return 0;
	if (type == IPV4)
		len = (ip[0] & 15) * 4;
	if ((type == IPV4 ? ip[9] : ip[6]) != TCP ||
	    bpf_skb_load_bytes(skb, off + len + 12, &data_offset, 1))
		return 0;
	return len + (data_offset >> 4) * 4 + c->w->gso_size;
}

/* What is held against the port's mtu: see PORT_TUNNEL. */
static __always_inline __u32 measured_len(const struct ctx *c, const struct port_config *port,
					  const struct vlan_form *form)
{
	return likely(!(port->flags & PORT_TUNNEL)) ? pkt_l3_len(&c->w->pkt, form)
						    : pkt_len(&c->w->pkt, form);
}

/* Does the frame, in this form, fit through the port?  Of segmentable ones that are no plain
 * TCP only the kernel knows the segments, and it compares them with the device's own MTU,
 * which may be above the port's. */
static __always_inline bool fits(const struct ctx *c, const struct port_config *port,
				 const struct vlan_form *form)
{
	struct __sk_buff *skb = c->skb;
	__u32 len = measured_len(c, port, form);
	__u32 mtu = 0; /* in: measure the frame itself */

	if (likely(len <= port->mtu))
		return true;
	if (!c->w->gso_size)
		return false;
	len = segment_len(c);
	if (unlikely(port->flags & PORT_TUNNEL))
		return len && len + ETHERNET_LEN + form_len(form) <= port->mtu;
	if (len)
		return len <= port->mtu;
	return bpf_check_mtu(skb, port->ifindex, &mtu, 0, BPF_MTU_CHK_SEGS) == 0;
}

static __always_inline bool has_target(const struct port_config *port)
{
	return likely(port->ifindex) || port->patch_peer || port->flags & PORT_TUNNEL;
}

/* True if a production frame can leave here; otherwise counts why not.  PORT_UP is not asked:
 * it is news that userspace brings, after the link has changed and only while it lives, and
 * a device that is down drops frames well enough by itself. */
static __always_inline bool can_send(const struct ctx *c, __u32 slot,
				     const struct port_config *port, const struct vlan_form *form)
{
	if (unlikely(!has_target(port))) {
		count_drop(slot, port->no_target);
		return false;
	}
	if (!fits(c, port, form)) {
		count_drop(slot, DROP_MTU);
		return false;
	}
	return true;
}

/* What the mirrors on the other end's bridge did counts here too, if it is this one. */
static __always_inline void take_back_mirrors(struct ctx *c, const struct reentry_job *job)
{
	if (!job->is_mirrored)
		return;
	if (!c->w->is_mirrored) {
		c->w->is_mirrored = true;
		c->w->n_onward = 0;
	}
	for_mirror_words (c, i) {
		c->w->done[i] = job->done[i];
		c->w->served[i] = job->served[i];
	}
}

/* What a tunnel with PORT_METADATA shall tell of the frame: it was met at this port, in the
 * VLAN of `outer`, in this form.  For the reenter() that follows. */
static __always_inline void sight(struct ctx *c, __u32 port, __u32 outer,
				  const struct vlan_form *form)
{
	enum { SHORT = 60, LONG = 1514, IS_SHORT = 1 << 11, IS_OVERSIZED = 2 << 11 };
	__u32 zero = 0, len = pkt_len(&c->w->pkt, form);
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);
	__u32 word = (outer & TCI_VID) << 16 | (form->outer & TCI_PCP);

	if (!job)
		return;
	/* One that is yet to be segmented is of the right size, then. */
	if (!c->w->gso_size)
		word |= len < SHORT ? IS_SHORT : len - form_len(form) > LONG ? IS_OVERSIZED : 0;
	job->sighting.word = word;
	job->sighting.port = port | (form->outer ? SIGHTING_TAGGED : 0);
}

/* The rest of a job for a patch port. */
static __always_inline void go_on_behind(const struct ctx *c, struct reentry_job *job)
{
	job->hops = c->w->hops + 1;
	job->bridge = c->in->bridge;
	job->outer = c->w->worn.outer;
	job->inner = c->w->worn.inner;
	job->rest_type = c->w->pkt.rest_type;
	job->is_mirrored = c->w->is_mirrored;
	for_mirror_words (c, i) {
		job->done[i] = c->w->done[i];
		job->served[i] = c->w->served[i];
	}
}

/* Through the re-entry device, whose program works on a clone of the frame as it is now: to
 * cut it, to have wire frames made of it, or to go on at a patch port's other end.  It has run when bpf_clone_redirect()
 * returns, and has counted what the port sent.  Returns enum outcome. */
static __noinline __u32 reenter(struct ctx *c, __u32 slot, const struct port_config *port,
				__u32 snaplen)
{
	struct __sk_buff *skb = c->skb;
	struct reentry_job *job;
	struct settings *set;
	__u32 zero = 0;

	job = bpf_map_lookup_elem(&scratch, &zero);
	set = bpf_map_lookup_elem(&settings, &zero);
	if (!job || !set)
		return OUTCOME_CLONE;
	if (port->patch_peer && c->w->hops + 1 >= NESTING)
		return OUTCOME_CLONE;
	job->port = slot;
	job->ifindex = port->ifindex;
	job->snaplen = snaplen;
	job->is_up = port->flags & PORT_UP;
	job->outcome = OUTCOME_CLONE;
	job->too_long = c->w->too_long;
	job->mirror = c->w->copy_of;
	job->is_booked = c->w->is_booked;
	job->to_wire = c->w->to_wire;
	job->has_account = c->w->has_account;
	job->is_tunnel = port->flags & PORT_TUNNEL;
	job->peer = port->patch_peer;
	job->version = c->w->version;
	if (port->patch_peer)
		go_on_behind(c, job);
	job->is_valid = JOB_WORK;
	bpf_clone_redirect(skb, set->reentry_ifindex, 0);
	if (*(volatile __u32 *)&job->is_valid) {
		job->is_valid = 0;
		return OUTCOME_CLONE;
	}
	if (port->patch_peer)
		take_back_mirrors(c, job);
	return *(volatile __u32 *)&job->outcome;
}

/* Production through a port without a device: a patch port or a tunnel. */
static __noinline void send_inside(struct ctx *c, __u32 slot)
{
	const struct port_config *port = port_get(slot, c->w->version);
	__u32 outcome;

	if (!port)
		return;
	c->w->too_long = TOO_LONG_DEFAULT;
	c->w->copy_of = 0;
	c->w->to_wire = false;
	c->w->has_account = false;
	if (port->patch_peer && c->w->hops + 1 >= NESTING) {
		count_drop(slot, DROP_LOOP);
		return;
	}
	if (port->flags & PORT_METADATA)
		sight(c, c->w->in_slot, c->w->vlan.outer, &c->w->pkt.form);
	outcome = reenter(c, slot, port, 0);
	count_not_sent(slot, outcome);
}

/* Production by a clone: all outputs of a flood but the last. */
static __always_inline void send_clone(struct ctx *c, __u32 slot, __u32 ifindex,
				       const struct vlan_form *form)
{
	struct __sk_buff *skb = c->skb;

	if (wear(c, form))
		count_drop(slot, DROP_SEND);
	else if (!ifindex)
		send_inside(c, slot);
	else if (bpf_clone_redirect(skb, ifindex, 0))
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
	if (unlikely(!ifindex)) {
		send_inside(c, slot);
		return TC_ACT_SHOT;
	}
	count_tx(slot, pkt_len(&c->w->pkt, form));
	return bpf_redirect(ifindex, 0);
}

/* Unicast.  The short way to the veth's other end skips the device and the queue between,
 * but it hands over every frame as one for the host: so only what is meant for the peer's
 * own address goes there.  Nor does it look at our end, which may have been set down. */
static __always_inline int send_unicast(struct ctx *c, const struct vlan_form *form)
{
	const struct port_config *port = c->out;
	struct __sk_buff *skb = c->skb;

	if (!c->w->may_use_peer || (port->flags & (PORT_PEER | PORT_UP)) != (PORT_PEER | PORT_UP) ||
	    c->w->pkt.dst != read_be64(port->peer_mac) >> 16)
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
