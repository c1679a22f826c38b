/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Out of a tunnel: reads the headers of a packet for this host, finds the port that it is
 * for, checks it, and takes the headers off.
 */
#include "stats.h"
#include "tunnel.h"

enum decap_verdict {
	DECAP_NOT_OURS, /* the host's stack shall have it */
	DECAP_OURS,
	DECAP_BAD, /* no packet for anybody: a fragment, a wrong checksum, too short */
};

/* One packet on its way out. */
struct decap {
	struct __sk_buff *skb;
	struct tunnel_work *w;
	const struct tunnel_config *t;
	struct tunnel_match match;
	__be32 local[4];
	__u32 version;
	__u32 slot;
	__u32 l4_at; /* offsets in the packet */
	__u32 frame_at; /* where the frame inside begins */
	__u32 end; /* of the packet, padding left out */
	__u16 gre_flags;
	__u8 tos;
};

static __always_inline bool decap_ipv4(struct decap *d)
{
	struct __sk_buff *skb = d->skb;
	__u8 *ip = d->w->head + ETHERNET_LEN;
	__u32 len, total;

	if (bpf_skb_load_bytes(skb, ETHERNET_LEN, ip, IPV4_LEN))
		return false;
	len = (ip[0] & 15) * 4;
	total = get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || len < IPV4_LEN || (ip[9] != OUTER_GRE && ip[9] != OUTER_UDP))
		return false;
	d->match.kind = ip[9] == OUTER_GRE ? TUNNEL_GRE : TUNNEL_VXLAN;
	d->tos = ip[1];
	d->l4_at = ETHERNET_LEN + len;
	/* A segmentable packet may be longer than its field can say. */
	d->end = skb->gso_size ? skb->len : ETHERNET_LEN + total;
	d->match.remote[2] = d->local[2] = bpf_htonl(0xffff);
	__builtin_memcpy(&d->match.remote[3], ip + 12, 4);
	__builtin_memcpy(&d->local[3], ip + 16, 4);
	return total >= len;
}

static __always_inline bool decap_ipv6(struct decap *d)
{
	__u8 *ip = d->w->head + ETHERNET_LEN;
	__u32 next, at = IPV6_LEN;

	if (bpf_skb_load_bytes(d->skb, ETHERNET_LEN, ip, IPV6_LEN))
		return false;
	next = ip[6];
	/* The kernel's ip6gre devices say how deep they may be nested in a destination option,
	 * eight bytes long. */
	if (next == 60 && !bpf_skb_load_bytes(d->skb, ETHERNET_LEN + IPV6_LEN, d->w->l3, 8) &&
	    d->w->l3[1] == 0) {
		next = d->w->l3[0];
		at += 8;
	}
	if (next != OUTER_GRE && next != OUTER_UDP)
		return false;
	d->match.kind = next == OUTER_GRE ? TUNNEL_GRE : TUNNEL_VXLAN;
	d->tos = (__u8)(ip[0] << 4 | ip[1] >> 4);
	d->l4_at = ETHERNET_LEN + at;
	d->end = d->skb->gso_size ? d->skb->len : ETHERNET_LEN + IPV6_LEN + (__u32)get_be16(ip + 4);
	__builtin_memcpy(d->match.remote, ip + 8, 16);
	__builtin_memcpy(d->local, ip + 24, 16);
	return true;
}

/* Any part of a packet that was cut into fragments: keys are in one of them only. */
static __always_inline bool decap_is_fragment(const struct decap *d)
{
	return d->skb->protocol == bpf_htons(IPV4_TYPE) &&
	       get_be16(d->w->head + ETHERNET_LEN + 6) & 0x3fff;
}

static __always_inline void decap_set_key(struct decap *d, bool has_key, __u32 key)
{
	d->match.key_rule = has_key ? TUNNEL_KEY_EXACT : TUNNEL_KEY_NONE;
	d->match.key = key;
}

/* The headers behind the first of ERSPAN: its session is the key.  Type I has none. */
static __always_inline bool decap_erspan(struct decap *d, __u16 type)
{
	__u8 *p = d->w->l2;
	__u32 version;

	d->match.kind = TUNNEL_ERSPAN;
	if (type == GRE_ERSPAN && !(d->gre_flags & GRE_HAS_SEQ)) {
		decap_set_key(d, false, 0);
		return true;
	}
	if (bpf_skb_load_bytes(d->skb, d->frame_at, p, 12))
		return false;
	version = p[0] >> 4;
	if (version != (type == GRE_ERSPAN ? 1 : 2))
		return false;
	decap_set_key(d, true, get_be16(p + 2) & 0x3ff);
	d->frame_at += version == 1 ? 8 : p[11] & 1 ? 20 : 12;
	return true;
}

static __always_inline bool decap_gre(struct decap *d)
{
	__u8 *p = d->w->l2;
	__u16 flags, type;

	if (bpf_skb_load_bytes(d->skb, d->l4_at, p, 4))
		return false;
	flags = get_be16(p);
	type = get_be16(p + 2);
	if (flags & ~(GRE_HAS_CSUM | GRE_HAS_KEY | GRE_HAS_SEQ))
		return false;
	if (type != GRE_TEB && type != GRE_ERSPAN && type != GRE_ERSPAN3)
		return false;
	d->gre_flags = flags;
	d->frame_at = d->l4_at + 4 + (flags & GRE_HAS_CSUM ? 4 : 0);
	decap_set_key(d, false, 0);
	if (flags & GRE_HAS_KEY) {
		if (bpf_skb_load_bytes(d->skb, d->frame_at, p, 4))
			return false;
		decap_set_key(d, true, get_be32(p));
		d->frame_at += 4;
	}
	d->frame_at += flags & GRE_HAS_SEQ ? 4 : 0;
	return type == GRE_TEB || decap_erspan(d, type);
}

static __always_inline bool decap_vxlan(struct decap *d)
{
	__u8 *p = d->w->l2;

	if (bpf_skb_load_bytes(d->skb, d->l4_at, p, 16) || !(p[8] & 8))
		return false;
	__builtin_memcpy(&d->match.port_be, p + 2, 2);
	decap_set_key(d, true, get_be32(p + 12) >> 8);
	d->frame_at = d->l4_at + 16;
	return true;
}

static __always_inline bool is_same_address(const __be32 *a, const __be32 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

struct decap_search {
	const struct decap *d;
	__u32 key_rule;
	__u32 slot; /* the next one to look at */
	__u32 found; /* the best so far */
};

/* Of two with the same key the one that is bound to the local address is meant. */
static long decap_search_step(__u32 i, void *arg)
{
	struct decap_search *s = arg;
	const struct decap *d = s->d;
	const struct tunnel_config *t = tunnel_get(s->slot, d->version);
	__u32 slot = s->slot;

	if (!slot || !t)
		return 1;
	s->slot = t->next;
	if (t->match.kind != d->match.kind || t->match.port_be != d->match.port_be ||
	    t->match.key_rule != s->key_rule || !is_same_address(t->match.remote, d->match.remote))
		return 0;
	if (s->key_rule == TUNNEL_KEY_EXACT && t->match.key != d->match.key)
		return 0;
	if (t->flags & TUNNEL_FIXED_LOCAL) {
		if (!is_same_address(t->local, d->local))
			return 0;
		s->found = slot;
		return 1;
	}
	s->found = slot;
	return 0;
}

static __always_inline bool decap_find(struct decap *d, __u32 key_rule)
{
	struct decap_search search = { .d = d, .key_rule = key_rule };
	struct tunnel_match match = d->match;
	struct head_entry *head;
	__u32 hash;

	match.key_rule = key_rule;
	hash = tunnel_hash(&match);
	head = bpf_map_lookup_elem(&tunnel_head, &hash);
	if (!head)
		return false;
	search.slot = head->v[d->version & 1];
	bpf_loop(PORT_SLOTS, decap_search_step, &search, 0);
	d->slot = search.found;
	d->t = tunnel_get(d->slot, d->version);
	return d->slot && d->t;
}

/* For an address of this host?  The route's own source address is; of others the kernel is
 * asked.  A host that does not forward would drop what is not for it. */
static __always_inline bool decap_is_local(const struct decap *d)
{
	struct bpf_fib_lookup fib = { .ifindex = d->skb->ifindex };
	long answer;

	if (d->t && is_same_address(d->t->local, d->local))
		return true;
	if (d->skb->protocol == bpf_htons(IPV4_TYPE)) {
		fib.family = 2; /* AF_INET */
		fib.ipv4_src = d->match.remote[3];
		fib.ipv4_dst = d->local[3];
	} else {
		fib.family = 10; /* AF_INET6 */
		__builtin_memcpy(fib.ipv6_src, d->match.remote, 16);
		__builtin_memcpy(fib.ipv6_dst, d->local, 16);
	}
	answer = bpf_fib_lookup(d->skb, &fib, sizeof(fib), 0);
	return answer == BPF_FIB_LKUP_RET_NOT_FWDED || answer == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Nobody here has a tunnel like that.  Where the host has no such devices of its own either,
 * its stack would only tell the sender that the protocol is unreachable. */
static __always_inline __u32 decap_unmatched(const struct decap *d)
{
	__u32 settings_key = 0;
	struct head_entry *set = bpf_map_lookup_elem(&tunnel_head, &settings_key);

	if (d->match.kind == TUNNEL_VXLAN || !set ||
	    !(set->v[d->version & 1] & TUNNEL_DROP_UNMATCHED) || !decap_is_local(d))
		return DECAP_NOT_OURS;
	return DECAP_BAD;
}

/* RFC 6040: what the underlay has to say of congestion becomes the frame's own news; one whose
 * sender would not hear it must not get through. */
static __always_inline bool decap_ecn(struct decap *d)
{
	__u32 at = d->frame_at + ETHERNET_LEN, outer = d->tos & ECN_MASK, inner;
	__u16 type = get_be16(d->w->l2 + 12), old, new;
	__u8 *l3 = d->w->l3;

	if (outer < ECN_ECT0 && outer != 1)
		return true;
	if (type == TPID_8021Q || type == TPID_8021AD) {
		type = get_be16(d->w->l2 + 16);
		at += VLAN_LEN;
	}
	if ((type != IPV4_TYPE && type != IPV6_TYPE) ||
	    bpf_skb_load_bytes(d->skb, at, l3, sizeof(d->w->l3)))
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
	    bpf_l3_csum_replace(d->skb, at + 10, bpf_htons(old), bpf_htons(new), 2))
		return false;
	return !bpf_skb_store_bytes(d->skb, at, l3, 2, BPF_F_RECOMPUTE_CSUM);
}

/* What the packet is, and whether it is in order. */
static __always_inline __u32 decap_parse(struct decap *d)
{
	struct __sk_buff *skb = d->skb;
	bool is_found;

	if (skb->vlan_present || skb->pkt_type != PACKET_HOST)
		return DECAP_NOT_OURS;
	if (skb->protocol == bpf_htons(IPV4_TYPE)   ? !decap_ipv4(d)
	    : skb->protocol == bpf_htons(IPV6_TYPE) ? !decap_ipv6(d)
						    : true)
		return DECAP_NOT_OURS;
	if (decap_is_fragment(d))
		return decap_unmatched(d);
	if (d->match.kind == TUNNEL_VXLAN ? !decap_vxlan(d) : !decap_gre(d))
		return DECAP_NOT_OURS;
	is_found = decap_find(d, d->match.key_rule) || decap_find(d, TUNNEL_KEY_ANY);
	if (!is_found)
		return decap_unmatched(d);
	if (!decap_is_local(d))
		return DECAP_NOT_OURS;
	if (d->end > skb->len || d->frame_at + ETHERNET_LEN > d->end)
		return DECAP_BAD;
	if (d->gre_flags & GRE_HAS_CSUM && !skb->gso_size &&
	    csum_packet(skb, d->l4_at, d->end) != 0xffff)
		return DECAP_BAD;
	__builtin_memset(d->w->l2, 0, sizeof(d->w->l2));
	if (bpf_skb_load_bytes(skb, d->frame_at, d->w->l2, ETHERNET_LEN + VLAN_LEN) &&
	    bpf_skb_load_bytes(skb, d->frame_at, d->w->l2, ETHERNET_LEN))
		return DECAP_BAD;
	return decap_ecn(d) ? DECAP_OURS : DECAP_BAD;
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
static __always_inline int decap_strip(struct decap *d)
{
	struct __sk_buff *skb = d->skb;
	__u8 *l2 = d->w->l2;
	__u16 tpid = get_be16(l2 + 12), tci = get_be16(l2 + 14);
	bool has_tag = is_vlan_type(tpid) && d->frame_at + ETHERNET_LEN + VLAN_LEN <= d->end;
	__u32 strip = d->frame_at + (has_tag ? VLAN_LEN : 0), len = d->end - strip;
	__be16 was = (__be16)skb->protocol;

	/* The kernel cuts nothing that is not followed by a whole IP header. */
	if (len < ETHERNET_LEN + IPV6_LEN || skb->len != d->end) {
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
