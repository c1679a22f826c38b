/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Out of a tunnel: finds the port that a packet for this host is for, checks it, and takes
 * the headers off.
 */
#define OUTER_CONTEXT struct __sk_buff
#define OUTER_LOAD bpf_skb_load_bytes
#include "offload.h"
#include "outer.h"

/* For an address of this host?  The route's own source address is; of others the kernel is
 * asked.  A host that does not forward would drop what is not for it. */
static __always_inline bool decap_is_local(const struct outer *o)
{
	struct bpf_fib_lookup fib = { .ifindex = o->ifindex };
	long answer;

	if (o->t && is_same_address(o->t->local, o->local))
		return true;
	if (o->type == IPV4_TYPE) {
		fib.family = 2; /* AF_INET */
		fib.ipv4_src = o->match.remote[3];
		fib.ipv4_dst = o->local[3];
	} else {
		fib.family = 10; /* AF_INET6 */
		__builtin_memcpy(fib.ipv6_src, o->match.remote, 16);
		__builtin_memcpy(fib.ipv6_dst, o->local, 16);
	}
	answer = bpf_fib_lookup(o->skb, &fib, sizeof(fib), 0);
	return answer == BPF_FIB_LKUP_RET_NOT_FWDED || answer == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Nobody here has a tunnel like that.  Where the host has no such devices of its own either,
 * its stack would only tell the sender that protocol or port is unreachable. */
static __always_inline __u32 decap_unmatched(struct outer *o, enum drop_reason reason)
{
	bool is_known = o->match.kind == TUNNEL_VXLAN
				? outer_endpoint(o) && !outer_has_socket(o)
				: outer_drops_unmatched(o) && decap_is_local(o);

	return is_known ? outer_bad(o, reason) : OUTER_NOT_OURS;
}

/* GRE's checksum, or UDP's over the pseudo header `before`. */
static __always_inline bool decap_sum_is_right(const struct outer *o, __u32 before)
{
	int sum = csum_packet(o->skb, o->l4_at, o->end);

	return sum >= 0 && csum_fold((__u64)sum + before) == 0xffff;
}

static __always_inline bool decap_checksum(struct outer *o)
{
	const __u8 *udp = o->w->l2;
	__u32 before;

	/* Of segments it is made with them.  One that is yet to be made, this or the inner one,
	 * which changes this, has never been on a wire: the kernel takes such a packet, too. */
	if (o->is_gso || checksum_is_due(o->skb))
		return true;
	if (o->match.kind != TUNNEL_VXLAN)
		return !(o->gre_flags & GRE_HAS_CSUM) || decap_sum_is_right(o, 0);
	if (!udp[6] && !udp[7])
		return true;
	before = o->type == IPV4_TYPE ? csum_words((const __u8 *)&o->match.remote[3], 4) +
						csum_words((const __u8 *)&o->local[3], 4)
				      : csum_words((const __u8 *)o->match.remote, 16) +
						csum_words((const __u8 *)o->local, 16);
	before = csum_fold((__u64)before + bpf_htons(OUTER_UDP) +
			   bpf_htons((__u16)(o->end - o->l4_at)));
	return decap_sum_is_right(o, before);
}

/* RFC 6040: what the underlay has to say of congestion becomes the frame's own news; one whose
 * sender would not hear it must not get through. */
static __always_inline bool decap_ecn(struct outer *o)
{
	__u32 at = o->frame_at + ETHERNET_LEN, outer = o->tos & ECN_MASK, inner;
	__u16 type = get_be16(o->w->l2 + 12), old, new;
	__u8 *l3 = o->w->l3;

	if (outer < ECN_ECT0 && outer != 1)
		return true;
	if (type == TPID_8021Q || type == TPID_8021AD) {
		type = get_be16(o->w->l2 + 16);
		at += VLAN_LEN;
	}
	if ((type != IPV4_TYPE && type != IPV6_TYPE) ||
	    bpf_skb_load_bytes(o->skb, at, l3, sizeof(o->w->l3)))
		return true;
	old = get_be16(l3);
	inner = type == IPV4_TYPE ? old & ECN_MASK : old >> 4 & ECN_MASK;
	if (outer == ECN_CE && !inner)
		return false;
	if (!inner || inner == ECN_CE || (outer != ECN_CE && !(outer == 1 && inner == ECN_ECT0)))
		return true;
	new = type == IPV4_TYPE ? (old & ~ECN_MASK) | outer : (old & ~(ECN_MASK << 4)) | outer << 4;
	put_be16(l3, new);
	if (type == IPV4_TYPE &&
	    bpf_l3_csum_replace(o->skb, at + 10, bpf_htons(old), bpf_htons(new), 2))
		return false;
	return !bpf_skb_store_bytes(o->skb, at, l3, 2, BPF_F_RECOMPUTE_CSUM);
}

/* Into o->w->l2, the tag behind it too. */
static __always_inline bool decap_load_frame(struct outer *o)
{
	__builtin_memset(o->w->l2, 0, sizeof(o->w->l2));
	return !bpf_skb_load_bytes(o->skb, o->frame_at, o->w->l2, ETHERNET_LEN + VLAN_LEN) ||
	       !bpf_skb_load_bytes(o->skb, o->frame_at, o->w->l2, ETHERNET_LEN);
}

/* What the packet is, and whether it is in order. */
static __always_inline __u32 decap_parse(struct outer *o)
{
	struct __sk_buff *skb = o->skb;

	o->type = bpf_ntohs((__u16)skb->protocol);
	o->ifindex = skb->ifindex;
	o->len = skb->len;
	o->is_gso = skb->gso_size;
	if (skb->vlan_present || skb->pkt_type != PACKET_HOST)
		return OUTER_NOT_OURS;
	if (o->type == IPV4_TYPE ? !outer_ipv4(o) : o->type == IPV6_TYPE ? !outer_ipv6(o) : true)
		return OUTER_NOT_OURS;
	/* Keys are in one of the pieces only; so are UDP's ports. */
	if (o->is_fragment)
		return o->match.kind == TUNNEL_VXLAN ? OUTER_NOT_OURS
						     : decap_unmatched(o, DROP_FRAGMENT);
	if (o->match.kind == TUNNEL_VXLAN ? !outer_vxlan(o) : !outer_gre(o))
		return OUTER_NOT_OURS;
	if (!outer_find(o))
		return decap_unmatched(o, DROP_NO_TUNNEL);
	if (!decap_is_local(o))
		return OUTER_NOT_OURS;
	if (o->end > o->len || o->frame_at + ETHERNET_LEN > o->end)
		return outer_bad(o, DROP_SHORT);
	if (!decap_checksum(o))
		return outer_bad(o, DROP_CHECKSUM);
	if (!decap_load_frame(o))
		return outer_bad(o, DROP_SHORT);
	return decap_ecn(o) ? OUTER_OURS : outer_bad(o, DROP_CONGESTION);
}

/* The skb still calls itself what the outer packet was.  There is no helper to tell it
 * better, but taking a tag out of the bytes makes the kernel read the type behind it. */
static __always_inline int decap_set_protocol(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(TPID_8021Q), 1) ||
	       bpf_skb_vlan_push(skb, bpf_htons(TPID_8021Q), 1) || bpf_skb_vlan_pop(skb) ||
	       bpf_skb_vlan_pop(skb);
}

/* Leaves the frame alone, its outermost tag in the metadata as live frames have it. */
static __always_inline int decap_strip(struct outer *o)
{
	struct __sk_buff *skb = o->skb;
	__u8 *l2 = o->w->l2;
	__u16 tpid = get_be16(l2 + 12), tci = get_be16(l2 + 14);
	bool has_tag = is_vlan_type(tpid) && o->frame_at + ETHERNET_LEN + VLAN_LEN <= o->end;
	__u32 strip = o->frame_at + (has_tag ? VLAN_LEN : 0), len = o->end - strip;
	__be16 was = (__be16)skb->protocol;

	/* The kernel cuts nothing that is not followed by a whole IP header. */
	if (len < ETHERNET_LEN + IPV6_LEN || skb->len != o->end) {
		if (bpf_skb_change_tail(
			    skb,
			    strip + (len < ETHERNET_LEN + IPV6_LEN ? ETHERNET_LEN + IPV6_LEN : len),
			    0))
			return -1;
	}
	if (has_tag)
		__builtin_memcpy(l2 + 12, l2 + 16, 2);
	if (bpf_skb_adjust_room(skb, -(__s32)strip, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) ||
	    bpf_skb_store_bytes(skb, 0, l2, ETHERNET_LEN, 0))
		return -1;
	if (len < ETHERNET_LEN + IPV6_LEN && bpf_skb_change_tail(skb, len, 0))
		return -1;
	if (was != *(__be16 *)(l2 + 12) && decap_set_protocol(skb))
		return -1;
	return has_tag ? bpf_skb_vlan_push(skb, bpf_htons(tpid), tci) : 0;
}
