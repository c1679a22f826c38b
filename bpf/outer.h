/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A packet for this host that may have come through a tunnel: its headers, and the port that
 * it is for.  Read by bvs_decap and, before there is an skb, by bvs_prefilter; the two differ
 * in what OUTER_LOAD(context, offset, to, len) is, and OUTER_CONTEXT.
 */
#include "stats.h"
#include "tunnel.h"

enum outer_verdict {
	OUTER_NOT_OURS, /* the host's stack shall have it */
	OUTER_OURS,
	OUTER_BAD, /* no packet for anybody, for this reason */
};

/* One packet on its way out. */
struct outer {
	OUTER_CONTEXT *skb;
	struct tunnel_work *w;
	const struct tunnel_config *t;
	struct tunnel_match match;
	__be32 local[4];
	__u32 version;
	__u32 slot;
	__u32 ifindex; /* where it came in */
	__u32 len;
	__u32 l4_at; /* offsets in the packet */
	__u32 frame_at; /* where the frame inside begins */
	__u32 end; /* of the packet, padding left out */
	__u32 reason; /* enum drop_reason */
	__u16 type; /* EtherType */
	__u16 gre_flags;
	__u8 tos;
	bool is_gso;
	bool is_fragment;
};

static __always_inline __u32 outer_bad(struct outer *o, enum drop_reason reason)
{
	o->reason = reason;
	return OUTER_BAD;
}

static __always_inline bool outer_ipv4(struct outer *o)
{
	__u8 *ip = o->w->head + ETHERNET_LEN;
	__u32 len, total;

	if (OUTER_LOAD(o->skb, ETHERNET_LEN, ip, IPV4_LEN))
		return false;
	len = (ip[0] & 15) * 4;
	total = get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || len < IPV4_LEN || (ip[9] != OUTER_GRE && ip[9] != OUTER_UDP))
		return false;
	o->match.kind = ip[9] == OUTER_GRE ? TUNNEL_GRE : TUNNEL_VXLAN;
	o->is_fragment = get_be16(ip + 6) & 0x3fff;
	o->tos = ip[1];
	o->l4_at = ETHERNET_LEN + len;
	/* A segmentable packet may be longer than its field can say. */
	o->end = o->is_gso ? o->len : ETHERNET_LEN + total;
	o->match.remote[2] = o->local[2] = bpf_htonl(0xffff);
	__builtin_memcpy(&o->match.remote[3], ip + 12, 4);
	__builtin_memcpy(&o->local[3], ip + 16, 4);
	return total >= len;
}

enum { IPV6_DESTINATION = 60, IPV6_FRAGMENT = 44 };

static __always_inline bool outer_ipv6(struct outer *o)
{
	__u8 *ip = o->w->head + ETHERNET_LEN;
	__u32 next, at = IPV6_LEN;

	if (OUTER_LOAD(o->skb, ETHERNET_LEN, ip, IPV6_LEN))
		return false;
	next = ip[6];
	/* The kernel's ip6gre devices say how deep they may be nested in a destination option,
	 * eight bytes long; so is a fragment's header. */
	if ((next == IPV6_DESTINATION || next == IPV6_FRAGMENT) &&
	    !OUTER_LOAD(o->skb, ETHERNET_LEN + IPV6_LEN, o->w->l3, 8) &&
	    (next == IPV6_FRAGMENT || o->w->l3[1] == 0)) {
		o->is_fragment = next == IPV6_FRAGMENT;
		next = o->w->l3[0];
		at += 8;
	}
	if (next != OUTER_GRE && next != OUTER_UDP)
		return false;
	o->match.kind = next == OUTER_GRE ? TUNNEL_GRE : TUNNEL_VXLAN;
	o->tos = (__u8)(ip[0] << 4 | ip[1] >> 4);
	o->l4_at = ETHERNET_LEN + at;
	o->end = o->is_gso ? o->len : ETHERNET_LEN + IPV6_LEN + (__u32)get_be16(ip + 4);
	__builtin_memcpy(o->match.remote, ip + 8, 16);
	__builtin_memcpy(o->local, ip + 24, 16);
	return true;
}

static __always_inline void outer_set_key(struct outer *o, bool has_key, __u32 key)
{
	o->match.key_rule = has_key ? TUNNEL_KEY_EXACT : TUNNEL_KEY_NONE;
	o->match.key = key;
}

/* The headers behind the first of ERSPAN: its session is the key.  Type I has none. */
static __always_inline bool outer_erspan(struct outer *o, __u16 type)
{
	__u8 *p = o->w->l2;
	__u32 version;

	o->match.kind = TUNNEL_ERSPAN;
	if (type == GRE_ERSPAN && !(o->gre_flags & GRE_HAS_SEQ)) {
		outer_set_key(o, false, 0);
		return true;
	}
	if (OUTER_LOAD(o->skb, o->frame_at, p, 12))
		return false;
	version = p[0] >> 4;
	if (version != (type == GRE_ERSPAN ? 1 : 2))
		return false;
	outer_set_key(o, true, get_be16(p + 2) & 0x3ff);
	o->frame_at += version == 1 ? 8 : p[11] & 1 ? 20 : 12;
	return true;
}

static __always_inline bool outer_gre(struct outer *o)
{
	__u8 *p = o->w->l2;
	__u16 flags, type;

	if (OUTER_LOAD(o->skb, o->l4_at, p, 4))
		return false;
	flags = get_be16(p);
	type = get_be16(p + 2);
	if (flags & ~(GRE_HAS_CSUM | GRE_HAS_KEY | GRE_HAS_SEQ))
		return false;
	if (type != GRE_TEB && type != GRE_ERSPAN && type != GRE_ERSPAN3)
		return false;
	o->gre_flags = flags;
	o->frame_at = o->l4_at + 4 + (flags & GRE_HAS_CSUM ? 4 : 0);
	outer_set_key(o, false, 0);
	if (flags & GRE_HAS_KEY) {
		if (OUTER_LOAD(o->skb, o->frame_at, p, 4))
			return false;
		outer_set_key(o, true, get_be32(p));
		o->frame_at += 4;
	}
	o->frame_at += flags & GRE_HAS_SEQ ? 4 : 0;
	return type == GRE_TEB || outer_erspan(o, type);
}

static __always_inline bool outer_vxlan(struct outer *o)
{
	__u8 *p = o->w->l2;

	if (OUTER_LOAD(o->skb, o->l4_at, p, 16) || !(p[8] & 8))
		return false;
	__builtin_memcpy(&o->match.port_be, p + 2, 2);
	outer_set_key(o, true, get_be32(p + 12) >> 8);
	o->frame_at = o->l4_at + 16;
	return true;
}

static __always_inline bool is_same_address(const __be32 *a, const __be32 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

struct outer_search {
	const struct outer *o;
	__u32 key_rule;
	__u32 slot; /* the next one to look at */
	__u32 found; /* the best so far */
};

/* Of two with the same key the one that is bound to the local address is meant. */
static long outer_search_step(__u32 i, void *arg)
{
	struct outer_search *s = arg;
	const struct outer *o = s->o;
	const struct tunnel_config *t = tunnel_get(s->slot, o->version);
	__u32 slot = s->slot;

	if (!slot || !t)
		return 1;
	s->slot = t->next;
	if (t->match.kind != o->match.kind || t->match.port_be != o->match.port_be ||
	    t->match.key_rule != s->key_rule || !is_same_address(t->match.remote, o->match.remote))
		return 0;
	if (s->key_rule == TUNNEL_KEY_EXACT && t->match.key != o->match.key)
		return 0;
	if (t->flags & TUNNEL_FIXED_LOCAL) {
		if (!is_same_address(t->local, o->local))
			return 0;
		s->found = slot;
		return 1;
	}
	s->found = slot;
	return 0;
}

static __always_inline __u32 outer_head(const struct outer *o, const struct tunnel_match *match)
{
	__u32 hash = tunnel_hash(match);
	struct head_entry *head = bpf_map_lookup_elem(&tunnel_head, &hash);

	return head ? head->v[o->version & 1] : 0;
}

static __always_inline bool outer_find_by(struct outer *o, __u32 key_rule)
{
	struct outer_search search = { .o = o, .key_rule = key_rule };
	struct tunnel_match match = o->match;

	match.key_rule = key_rule;
	search.slot = outer_head(o, &match);
	if (!search.slot)
		return false;
	bpf_loop(PORT_SLOTS, outer_search_step, &search, 0);
	o->slot = search.found;
	o->t = tunnel_get(o->slot, o->version);
	return o->slot && o->t;
}

static __always_inline bool outer_find(struct outer *o)
{
	return outer_find_by(o, o->match.key_rule) || outer_find_by(o, TUNNEL_KEY_ANY);
}

/* A tunnel that ends at the packet's destination on this device, whoever the sender is. */
static __always_inline const struct tunnel_config *outer_endpoint(const struct outer *o)
{
	struct tunnel_match match = { .kind = o->match.kind, .port_be = o->match.port_be };
	const struct tunnel_config *t;
	__u32 slot;

	match.key_rule = TUNNEL_ENDPOINT;
	match.key = o->ifindex;
	__builtin_memcpy(match.remote, o->local, sizeof(match.remote));
	slot = outer_head(o, &match);
	t = tunnel_get(slot, o->version);
	if (!slot || !t || t->match.kind != match.kind || t->match.port_be != match.port_be ||
	    t->underlay != o->ifindex || !is_same_address(t->local, o->local))
		return NULL;
	return t;
}

/* Is somebody here waiting for it: a VXLAN device of the host's own, or a program? */
static __always_inline bool outer_has_socket(const struct outer *o)
{
	const __u8 *udp = o->w->l2;
	bool is_ipv4 = o->type == IPV4_TYPE;
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *sk;

	if (is_ipv4) {
		tuple.ipv4.saddr = o->match.remote[3];
		tuple.ipv4.daddr = o->local[3];
		__builtin_memcpy(&tuple.ipv4.sport, udp, 4);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, o->match.remote, 16);
		__builtin_memcpy(tuple.ipv6.daddr, o->local, 16);
		__builtin_memcpy(&tuple.ipv6.sport, udp, 4);
	}
	sk = bpf_sk_lookup_udp(o->skb, &tuple, is_ipv4 ? sizeof(tuple.ipv4) : sizeof(tuple.ipv6),
			       (__u64)-1, 0);
	if (!sk)
		return false;
	bpf_sk_release(sk);
	return true;
}

static __always_inline bool outer_drops_unmatched(const struct outer *o)
{
	__u32 settings_key = 0;
	struct head_entry *set = bpf_map_lookup_elem(&tunnel_head, &settings_key);

	return set && set->v[o->version & 1] & TUNNEL_DROP_UNMATCHED;
}
