/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * An IPv4 packet in pieces: the same clone is sent several times, each time with the next
 * part of the packet behind the header.
 */
#include "stats.h"
#include "tunnel.h"

enum { FRAGMENTS = 64, REST = 16384, FRAGMENT_AT = ETHERNET_LEN + IPV4_LEN };

/* What does not go into the first one; twice as long as that for the verifier's sake. */
struct tunnel_rest {
	__u8 bytes[2 * REST];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tunnel_rest);
} tunnel_rest BVS_MAP;

/* Pointers only; the numbers are in the work's memory. */
struct fragments {
	struct __sk_buff *skb;
	struct tunnel_work *w;
	struct tunnel_rest *rest;
};

/* The i-th of them: the header, and what belongs behind it.  -1: no memory. */
static __always_inline int fragment_make(const struct fragments *f, __u32 at, bool is_last)
{
	struct fragmentation *n = &f->w->fragments;
	__u32 from = at - n->size, len = is_last ? n->len - at : n->size;
	__u8 *ip = f->w->head + ETHERNET_LEN;

	if (at) {
		__u32 bytes = ((len - 1) & (REST - 1)) + 1;

		if (bpf_skb_store_bytes(f->skb, FRAGMENT_AT, f->rest->bytes + (from & (REST - 1)),
					bytes, 0))
			return -1;
	}
	if (f->skb->len != FRAGMENT_AT + len && bpf_skb_change_tail(f->skb, FRAGMENT_AT + len, 0))
		return -1;
	put_be16(ip + 2, IPV4_LEN + len);
	put_be16(ip + 6, at / 8 | (is_last ? 0 : 0x2000));
	*(__u16 *)(ip + 10) = 0;
	*(__u16 *)(ip + 10) = ~csum_fold((__u64)bpf_csum_diff(NULL, 0, (__be32 *)ip, IPV4_LEN, 0));
	return bpf_skb_store_bytes(f->skb, ETHERNET_LEN, ip, IPV4_LEN, 0);
}

static long fragment_step(__u32 i, void *arg)
{
	struct fragments *f = arg;
	struct fragmentation *n = &f->w->fragments;
	__u32 at = i * n->size;

	if (at >= n->len)
		return 1;
	n->outcome = OUTCOME_CLONE;
	if (fragment_make(f, at, at + n->size >= n->len))
		return 1;
	n->outcome = outcome_of(bpf_clone_redirect(f->skb, n->ifindex, 0), f->w->frame.is_up);
	return n->outcome != OUTCOME_SENT;
}

/* Of a wire frame, its header in the work's memory.  Returns enum outcome. */
__noinline int fragment_send(struct __sk_buff *skb)
{
	struct fragments f = { .skb = skb };
	const struct tunnel_config *t;
	struct fragmentation *n;
	__u32 zero = 0, rest;

	f.w = bpf_map_lookup_elem(&tunnel_work, &zero);
	f.rest = bpf_map_lookup_elem(&tunnel_rest, &zero);
	if (!f.w || !f.rest)
		return OUTCOME_CLONE;
	t = tunnel_get(f.w->frame.slot, f.w->frame.version);
	if (!t || t->mtu < IPV4_LEN + 8 || skb->len <= FRAGMENT_AT)
		return OUTCOME_CLONE;
	n = &f.w->fragments;
	n->ifindex = t->ifindex;
	n->len = skb->len - FRAGMENT_AT;
	n->size = (t->mtu - IPV4_LEN) & ~7u;
	n->outcome = OUTCOME_CLONE;
	if (n->len > n->size) {
		rest = n->len - n->size;
		if (rest > REST || n->size > REST)
			return OUTCOME_MTU;
		rest = ((rest - 1) & (REST - 1)) + 1;
		if (bpf_skb_load_bytes(skb, FRAGMENT_AT + n->size, f.rest->bytes, rest))
			return OUTCOME_CLONE;
	}
	if (!get_be16(f.w->head + ETHERNET_LEN + 4))
		put_be16(f.w->head + ETHERNET_LEN + 4, bpf_get_prandom_u32() | 1);
	bpf_loop(FRAGMENTS, fragment_step, &f, 0);
	return n->outcome;
}
