/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A packet in pieces: the same clone is sent several times, each time with the next part of
 * the packet behind the header.  IPv6 says so in a header of its own, for which room is made.
 */
#include "stats.h"
#include "tunnel.h"

enum { FRAGMENTS = 64, REST = 16384, FRAGMENT_LEN = 8, IPV6_FRAGMENT_HEADER = 44 };

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
	const struct reentry_job *job;
	struct tunnel_work *w;
	struct tunnel_rest *rest;
};

static __always_inline bool fragment_is_ipv6(const struct fragments *f)
{
	return f->w->head[ETHERNET_LEN] >> 4 == 6;
}

/* What each of them begins with. */
static __always_inline __u32 fragment_at(const struct fragments *f)
{
	return ETHERNET_LEN + (fragment_is_ipv6(f) ? IPV6_LEN + FRAGMENT_LEN : IPV4_LEN);
}

static __always_inline int fragment_put_ipv4(const struct fragments *f, __u32 at, __u32 len,
					     bool is_last)
{
	__u8 *ip = f->w->head + ETHERNET_LEN;

	put_be16(ip + 2, IPV4_LEN + len);
	put_be16(ip + 6, at / 8 | (is_last ? 0 : 0x2000));
	*(__u16 *)(ip + 10) = 0;
	*(__u16 *)(ip + 10) = ~csum_fold((__u64)bpf_csum_diff(NULL, 0, (__be32 *)ip, IPV4_LEN, 0));
	return bpf_skb_store_bytes(f->skb, ETHERNET_LEN, ip, IPV4_LEN, 0);
}

static __always_inline int fragment_put_ipv6(const struct fragments *f, __u32 at, __u32 len,
					     bool is_last)
{
	__u8 *ip = f->w->head + ETHERNET_LEN;

	put_be16(ip + 4, FRAGMENT_LEN + len);
	put_be16(ip + IPV6_LEN + 2, at | !is_last);
	return bpf_skb_store_bytes(f->skb, ETHERNET_LEN, ip, IPV6_LEN + FRAGMENT_LEN, 0);
}

/* The i-th of them: the header, and what belongs behind it.  -1: no memory. */
static __always_inline int fragment_make(const struct fragments *f, __u32 at, bool is_last)
{
	struct fragmentation *n = &f->w->fragments;
	__u32 from = at - n->size, len = is_last ? n->len - at : n->size, head = fragment_at(f);

	if (at) {
		__u32 bytes = ((len - 1) & (REST - 1)) + 1;

		if (bpf_skb_store_bytes(f->skb, head, f->rest->bytes + (from & (REST - 1)), bytes,
					0))
			return -1;
	}
	if (f->skb->len != head + len && bpf_skb_change_tail(f->skb, head + len, 0))
		return -1;
	return fragment_is_ipv6(f) ? fragment_put_ipv6(f, at, len, is_last)
				   : fragment_put_ipv4(f, at, len, is_last);
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
	n->outcome = outcome_of(bpf_clone_redirect(f->skb, n->ifindex, 0), f->job->is_up);
	return n->outcome != OUTCOME_SENT;
}

/* What does not go into the first one is put aside.  Returns enum outcome. */
static __always_inline __u32 fragment_put_aside(const struct fragments *f, __u32 at)
{
	const struct fragmentation *n = &f->w->fragments;
	__u32 rest;

	if (n->len <= n->size)
		return OUTCOME_SENT;
	rest = n->len - n->size;
	if (rest > REST || n->size > REST)
		return OUTCOME_MTU;
	rest = ((rest - 1) & (REST - 1)) + 1;
	return bpf_skb_load_bytes(f->skb, at + n->size, f->rest->bytes, rest) ? OUTCOME_CLONE
									      : OUTCOME_SENT;
}

/* A header between, and the packet's number.  -1: no memory. */
static __always_inline int fragment_number(const struct fragments *f)
{
	__u8 *ip = f->w->head + ETHERNET_LEN;

	if (!fragment_is_ipv6(f)) {
		if (!get_be16(ip + 4))
			put_be16(ip + 4, bpf_get_prandom_u32() | 1);
		return 0;
	}
	ip[IPV6_LEN] = ip[6];
	ip[IPV6_LEN + 1] = 0;
	ip[6] = IPV6_FRAGMENT_HEADER;
	put_be32(ip + IPV6_LEN + 4, bpf_get_prandom_u32());
	return bpf_skb_change_head(f->skb, FRAGMENT_LEN, 0) ||
			       bpf_skb_store_bytes(f->skb, 0, f->w->head, ETHERNET_LEN, 0)
		       ? -1
		       : 0;
}

/* Of a wire frame, its header in the work's memory.  Returns enum outcome. */
__noinline int fragment_send(struct __sk_buff *skb, const struct reentry_job *job,
			     struct tunnel_work *w, const struct tunnel_config *t)
{
	struct fragments f = { .skb = skb, .job = job, .w = w };
	struct fragmentation *n;
	__u32 zero = 0, at, outcome;

	f.rest = bpf_map_lookup_elem(&tunnel_rest, &zero);
	if (!job || !w || !t || !f.rest)
		return OUTCOME_CLONE;
	at = ETHERNET_LEN + (fragment_is_ipv6(&f) ? IPV6_LEN : IPV4_LEN); /* without its own */
	if (t->mtu < fragment_at(&f) - ETHERNET_LEN + 8 || skb->len <= at)
		return OUTCOME_CLONE;
	n = &f.w->fragments;
	n->ifindex = t->ifindex;
	n->len = skb->len - at;
	n->size = (t->mtu - (fragment_at(&f) - ETHERNET_LEN)) & ~7u;
	n->outcome = OUTCOME_CLONE;
	outcome = fragment_put_aside(&f, at);
	if (outcome != OUTCOME_SENT)
		return (int)outcome;
	if (fragment_number(&f))
		return OUTCOME_CLONE;
	bpf_loop(FRAGMENTS, fragment_step, &f, 0);
	return n->outcome;
}
