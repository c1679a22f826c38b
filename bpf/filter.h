/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * A mirror's filter: a small machine runs its instructions (abi.h) on the frame as it is on
 * the wire where the mirror copies it, tags in their place, wherever the skb keeps them.
 * A machine and not a program of its own, which would run quicker: a program is reached by a
 * tail call, and those do not return to the next mirror.
 * The key that FILTER_MATCH compares is read once for a packet and its tags.  By which rules
 * tells filter_key.c in userspace/switch; the tests compare the two.
 */
#include <linux/filter.h>

#include "ctx.h"

enum {
	LLC_MAX = 0x0600, /* smaller: a length, not an EtherType */
	TYPE_NONE = 0x05ff, /* what stands for the EtherType of LLC without SNAP */
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_RARP = 0x8035,
	TYPE_IPV6 = 0x86dd,
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_AUTHENTICATION = 51,
	PROTO_ICMPV6 = 58,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
	ND_SOLICIT = 135,
	ND_ADVERT = 136,
	ND_SOURCE = 1,
	ND_TARGET = 2,
	/* A packet with more than these is taken for a broken one. */
	IPV6_EXTENSIONS = 8,
	ND_OPTIONS = 8,
};

/* --- the frame as on the wire --- */

enum { LENS_HELD = 64 };

static __always_inline void lens_put_be32(__u8 *to, __u32 value)
{
	*(__u32 *)to = bpf_htonl(value);
}

/* The first bytes of the rest. */
static __always_inline void lens_hold(struct ctx *c, __u8 *to)
{
	struct lens *l = &c->w->lens;
	struct __sk_buff *skb = c->skb;
	__u32 n = l->len - l->rest;

	if (n > LENS_HELD)
		n = LENS_HELD;
	/* From 1 to LENS_HELD, in a way that the verifier of Linux 6.1 sees. */
	n = ((n - 1) & (LENS_HELD - 1)) + 1;
	if (bpf_skb_load_bytes(skb, l->skb_rest, to, n))
		n = 0;
	l->held = l->rest + n;
}

static __always_inline void lens_focus(struct ctx *c, const struct vlan_form *form)
{
	struct lens *l = &c->w->lens;
	struct __sk_buff *skb = c->skb;

	/* An earlier copy may have left the skb with other tags. */
	l->skb_rest = 12 + form_len(&c->w->worn) - (skb->vlan_present ? VLAN_LEN : 0);
	if (l->is_ready && form_equal(&l->form, form))
		return;
	l->is_ready = true;
	l->has_key = false;
	l->form = *form;
	l->rest = 12 + form_len(form);
	l->len = pkt_len(&c->w->pkt, form);
	lens_put_be32(l->head, c->w->pkt.dst >> 16);
	lens_put_be32(l->head + 4, c->w->pkt.dst << 16 | c->w->pkt.src >> 32);
	lens_put_be32(l->head + 8, c->w->pkt.src);
	lens_put_be32(l->head + 12, form->outer);
	lens_put_be32(l->head + 16, form->inner);
	if (form->inner)
		lens_hold(c, l->head + 20);
	else if (form->outer)
		lens_hold(c, l->head + 16);
	else
		lens_hold(c, l->head + 12);
}

/* 1, 2 or 4 bytes as a number.  False: the frame ends before. */
static __always_inline bool lens_load(struct ctx *c, __u64 at, __u32 size, __u32 *ret)
{
	struct lens *l = &c->w->lens;
	struct __sk_buff *skb = c->skb;
	__u32 raw = 0;

	if (at + size > l->len)
		return false;
	if (at + size <= l->held) {
		__u32 i = at;

		if (i > sizeof(l->head) - 4)
			return false;
		barrier_var(i);
		raw = *(__u32 *)(l->head + (i & (sizeof(l->head) - 1)));
	} else {
		__u32 from = (__u32)at - l->rest + l->skb_rest;

		if (size == 4	? bpf_skb_load_bytes(skb, from, &raw, 4)
		    : size == 2 ? bpf_skb_load_bytes(skb, from, &raw, 2)
				: bpf_skb_load_bytes(skb, from, &raw, 1))
			return false;
	}
	*ret = bpf_ntohl(raw) >> (32 - 8 * size);
	return true;
}

/* --- the key --- */

/* The next n bytes (a constant, 40 at most) of the packet, or NULL. */
static __always_inline const __u8 *key_peek(struct ctx *c, __u32 n)
{
	struct lens *l = &c->w->lens;
	struct __sk_buff *skb = c->skb;
	__u32 at = l->at;

	if (at + n > l->end)
		return NULL;
	if (at + n <= l->held && at <= sizeof(l->head) - 40) {
		barrier_var(at);
		return l->head + (at & (sizeof(l->head) - 1)); /* for the verifier of Linux 6.1 */
	}
	if (bpf_skb_load_bytes(skb, at - l->rest + l->skb_rest, l->bytes, n))
		return NULL;
	return l->bytes;
}

static __always_inline __u16 key_be16(const __u8 *p)
{
	return (__u16)p[0] << 8 | p[1];
}

static __always_inline bool key_is_zero6(const __u8 *p)
{
	return !(p[0] | p[1] | p[2] | p[3] | p[4] | p[5]);
}

/* False: an option that should not be. */
static __always_inline bool key_read_option(struct lens *l, const __u8 *p)
{
	__u8 *to = p[0] == ND_SOURCE ? l->key.arp_sha : l->key.arp_tha;
	__u32 len = p[1] * 8;

	if (!len || l->at + len > l->end)
		return false;
	l->at += len;
	if (len != 8 || (p[0] != ND_SOURCE && p[0] != ND_TARGET))
		return true;
	if (!key_is_zero6(to))
		return false;
	__builtin_memcpy(to, p + 2, 6);
	return true;
}

static __always_inline void key_read_discovery(struct ctx *c)
{
	struct lens *l = &c->w->lens;
	const __u8 *p = key_peek(c, 24);
	bool is_good = true;

	if (!p)
		return;
	__builtin_memcpy(l->key.nd_target, p + 8, 16);
	l->at += 24;
	for (int i = 0; i <= ND_OPTIONS && is_good; i++) {
		p = key_peek(c, 8);
		if (!p)
			return;
		is_good = i < ND_OPTIONS && key_read_option(l, p);
	}
	__builtin_memset(l->key.nd_target, 0, 16);
	__builtin_memset(l->key.arp_sha, 0, 6);
	__builtin_memset(l->key.arp_tha, 0, 6);
}

static __always_inline void key_read_transport(struct ctx *c, __u8 icmp)
{
	struct lens *l = &c->w->lens;
	__u8 proto = l->key.nw_proto;
	const __u8 *p;

	p = proto == PROTO_TCP			  ? key_peek(c, 20)
	    : proto == PROTO_SCTP		  ? key_peek(c, 12)
	    : proto == PROTO_UDP || proto == icmp ? key_peek(c, 8)
						  : NULL;
	if (!p)
		return;
	if (proto != icmp)
		__builtin_memcpy(l->key.tp_src, p, 4);
	if (proto == PROTO_TCP) {
		l->key.tcp_flags[0] = p[12] & 15;
		l->key.tcp_flags[1] = p[13];
	}
	if (proto != icmp)
		return;
	l->key.tp_src[1] = p[0];
	l->key.tp_dst[1] = p[1];
	if (icmp == PROTO_ICMPV6 && (p[0] == ND_SOLICIT || p[0] == ND_ADVERT) && !p[1])
		key_read_discovery(c);
}

/* Where the packet ends, by its own word: padding follows.  False: it does not fit, or its
 * header does not.  Of frames that are yet to be segmented the length may be too large to
 * be told. */
static __always_inline bool key_limit(struct ctx *c, __u32 len, __u32 header)
{
	struct lens *l = &c->w->lens;

	if (!len && c->w->gso_size)
		return true;
	if (len < header || len > l->end - l->at)
		return false;
	l->end = l->at + len;
	return true;
}

static __always_inline void key_read_ipv4(struct ctx *c)
{
	struct lens *l = &c->w->lens;
	const __u8 *p = key_peek(c, 20);
	__u32 header;
	__u16 frag;

	if (!p)
		return;
	header = (p[0] & 15) * 4;
	if (header < 20 || !key_limit(c, key_be16(p + 2), header))
		return;
	l->key.nw_tos = p[1];
	l->key.nw_ttl = p[8];
	l->key.nw_proto = p[9];
	__builtin_memcpy(l->key.nw_src, p + 12, 8);
	frag = key_be16(p + 6);
	if (frag & 0x3fff)
		l->key.nw_frag = KEY_FRAG | (frag & 0x1fff ? KEY_FRAG_LATER : 0);
	l->at += header;
	if (!(frag & 0x1fff))
		key_read_transport(c, PROTO_ICMP);
}

/* Steps over one extension header, of type key.nw_proto.  0: there is none; 1: go on; -1: it
 * is cut off. */
static __always_inline int key_skip_extension(struct ctx *c)
{
	struct lens *l = &c->w->lens;
	__u8 proto = l->key.nw_proto;
	const __u8 *p;
	__u32 len;

	if (proto != PROTO_HOP_BY_HOP && proto != PROTO_ROUTING && proto != PROTO_DESTINATION &&
	    proto != PROTO_AUTHENTICATION && proto != PROTO_FRAGMENT)
		return 0;
	p = key_peek(c, 8);
	if (!p)
		return -1;
	len = proto == PROTO_FRAGMENT	      ? 8
	      : proto == PROTO_AUTHENTICATION ? (p[1] + 2) * 4
					      : (p[1] + 1) * 8;
	if (proto == PROTO_FRAGMENT) {
		if (p[2] | p[3])
			l->key.nw_frag = KEY_FRAG;
		if (p[2] | (p[3] & 0xf8)) {
			l->key.nw_frag = KEY_FRAG | KEY_FRAG_LATER;
			return 0;
		}
	}
	if (l->at + len > l->end)
		return -1;
	l->at += len;
	l->key.nw_proto = p[0];
	return 1;
}

static __always_inline void key_read_ipv6(struct ctx *c)
{
	struct lens *l = &c->w->lens;
	const __u8 *p = key_peek(c, 40);
	int more = 1;

	if (!p)
		return;
	l->at += 40;
	if (!key_limit(c, key_be16(p + 4), 0))
		return;
	__builtin_memcpy(l->key.ipv6_src, p + 8, 32);
	l->key.nw_proto = p[6];
	l->key.nw_ttl = p[7];
	l->key.nw_tos = p[0] << 4 | p[1] >> 4;
	l->key.ipv6_label[1] = p[1] & 15;
	l->key.ipv6_label[2] = p[2];
	l->key.ipv6_label[3] = p[3];
	for (int i = 0; i <= IPV6_EXTENSIONS && more > 0; i++)
		more = i < IPV6_EXTENSIONS ? key_skip_extension(c) : -1;
	if (more < 0) {
		l->key.nw_proto = 0;
		l->key.nw_ttl = 0;
		l->key.nw_tos = 0;
		l->key.nw_frag = 0;
		__builtin_memset(l->key.ipv6_label, 0, 4);
		return;
	}
	if (!(l->key.nw_frag & KEY_FRAG_LATER))
		key_read_transport(c, PROTO_ICMPV6);
}

static __always_inline void key_read_arp(struct ctx *c)
{
	struct lens *l = &c->w->lens;
	const __u8 *p = key_peek(c, 28);

	if (!p || read_be64(p) >> 16 != 0x000108000604)
		return;
	if (!p[6])
		l->key.nw_proto = p[7];
	__builtin_memcpy(l->key.arp_sha, p + 8, 6);
	__builtin_memcpy(l->key.nw_src, p + 14, 4);
	__builtin_memcpy(l->key.arp_tha, p + 18, 6);
	__builtin_memcpy(l->key.nw_dst, p + 24, 4);
}

/* The EtherType at this byte, or the one behind LLC and SNAP; l->at is behind it. */
static __always_inline __u32 key_read_type(struct ctx *c, __u32 at)
{
	struct lens *l = &c->w->lens;
	const __u8 *p;
	__u32 type = 0;

	lens_load(c, at, 2, &type);
	l->at = at + 2;
	l->end = l->len;
	if (type >= LLC_MAX)
		return type;
	p = key_peek(c, 8);
	if (!p || read_be64(p) >> 16 != 0xaaaa03000000)
		return TYPE_NONE;
	type = key_be16(p + 6);
	l->at += 8;
	return type >= LLC_MAX ? type : TYPE_NONE;
}

static __always_inline void key_read_ethernet(struct ctx *c)
{
	struct lens *l = &c->w->lens;
	__u32 at = 12, type = 0;

	l->has_key = true;
	__builtin_memset(l->words, 0, sizeof(l->words));
	__builtin_memcpy(l->key.eth_dst, l->head, 12);
	lens_load(c, 12, 2, &type);
	if (is_vlan_type(type) && l->len >= 18) {
		lens_load(c, 14, 2, &type);
		l->key.vlan_tci[0] = type >> 8 | KEY_TAGGED;
		l->key.vlan_tci[1] = type;
		at = 16;
	}
	type = key_read_type(c, at);
	l->key.eth_type[0] = type >> 8;
	l->key.eth_type[1] = type;
	if (type == TYPE_IPV4)
		key_read_ipv4(c);
	else if (type == TYPE_IPV6)
		key_read_ipv6(c);
	else if (type == TYPE_ARP || type == TYPE_RARP)
		key_read_arp(c);
}

/* A function of its own to the verifier, as is filter_run(): else each is walked through anew
 * for all that may have happened before. */
__weak __noinline int key_read(struct __sk_buff *skb, __u32 nesting)
{
	struct ctx c = { .skb = skb };

	c.w = bpf_map_lookup_elem(&work, &nesting);
	if (c.w)
		key_read_ethernet(&c);
	return 0;
}

/* --- the machine --- */

static __always_inline bool insn_load(struct ctx *c, const struct filter_insn *insn, __u32 *ret)
{
	struct lens *l = &c->w->lens;
	__u32 size = BPF_SIZE(insn->code) == BPF_W ? 4 : BPF_SIZE(insn->code) == BPF_H ? 2 : 1;

	switch (BPF_MODE(insn->code)) {
	case BPF_IMM:
		*ret = insn->k;
		return true;
	case BPF_LEN:
		*ret = l->len;
		return true;
	case BPF_MEM:
		*ret = l->mem[insn->k & 15];
		return true;
	case BPF_ABS:
		return lens_load(c, insn->k, size, ret);
	case BPF_IND:
		return lens_load(c, (__u64)insn->k + l->x, size, ret);
	case BPF_MSH:
		if (!lens_load(c, insn->k, 1, ret))
			return false;
		*ret = (*ret & 15) * 4;
		return true;
	}
	return false;
}

/* False: a division by 0. */
static __always_inline bool insn_alu(struct lens *l, const struct filter_insn *insn)
{
	__u32 by = BPF_SRC(insn->code) == BPF_X ? l->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		l->a += by;
		return true;
	case BPF_SUB:
		l->a -= by;
		return true;
	case BPF_MUL:
		l->a *= by;
		return true;
	case BPF_DIV:
		if (by)
			l->a /= by;
		return by;
	case BPF_MOD:
		if (by)
			l->a %= by;
		return by;
	case BPF_AND:
		l->a &= by;
		return true;
	case BPF_OR:
		l->a |= by;
		return true;
	case BPF_XOR:
		l->a ^= by;
		return true;
	case BPF_LSH:
		l->a = by < 32 ? l->a << by : 0;
		return true;
	case BPF_RSH:
		l->a = by < 32 ? l->a >> by : 0;
		return true;
	case BPF_NEG:
		l->a = -l->a;
		return true;
	}
	return false;
}

static __always_inline void insn_jump(struct lens *l, const struct filter_insn *insn)
{
	__u32 with = BPF_SRC(insn->code) == BPF_X ? l->x : insn->k, op = BPF_OP(insn->code);
	bool is_so = op == BPF_JEQ   ? l->a == with
		     : op == BPF_JGT ? l->a > with
		     : op == BPF_JGE ? l->a >= with
				     : (l->a & with) != 0;

	l->next_insn += op == BPF_JA ? insn->k : is_so ? insn->jt : insn->jf;
}

/* False: that was the last one. */
static __always_inline bool insn_run(struct ctx *c, const struct filter_insn *insn)
{
	struct lens *l = &c->w->lens;

	if (insn->code == FILTER_MATCH) {
		if (!l->has_key)
			key_read(c->skb, c->w->hops);
		return (l->words[insn->jt & 31] & insn->mask) == insn->k;
	}
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return insn_load(c, insn, &l->a);
	case BPF_LDX:
		return insn_load(c, insn, &l->x);
	case BPF_ST:
		l->mem[insn->k & 15] = l->a;
		return true;
	case BPF_STX:
		l->mem[insn->k & 15] = l->x;
		return true;
	case BPF_ALU:
		return insn_alu(l, insn);
	case BPF_JMP:
		insn_jump(l, insn);
		return true;
	case BPF_RET:
		l->passes = (BPF_RVAL(insn->code) == BPF_A ? l->a : insn->k) != 0;
		return false;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			l->x = l->a;
		else
			l->a = l->x;
		return true;
	}
	return false;
}

static long filter_step(__u32 i, void *arg)
{
	const struct filter_insn *insn;
	struct ctx *c = arg;
	__u32 at = c->w->lens.next_insn++;

	insn = bpf_map_lookup_elem(&filters, &at);
	return insn && insn_run(c, insn) ? 0 : 1;
}

/* Does the filter let the frame pass, with the tags of work's view_form?  1: yes. */
__weak __noinline int filter_run(struct __sk_buff *skb, __u32 nesting, __u32 first, __u32 n)
{
	struct ctx c = { .skb = skb };
	struct lens *l;

	c.w = bpf_map_lookup_elem(&work, &nesting);
	if (!c.w)
		return 0;
	l = &c.w->lens;
	lens_focus(&c, &c.w->view_form);
	l->next_insn = first;
	l->a = 0;
	l->x = 0;
	l->passes = false;
	bpf_loop(n < FILTER_MAX ? n : FILTER_MAX, filter_step, &c, 0);
	return l->passes;
}

static __always_inline bool filter_passes(struct ctx *c, const struct mirror_config *mirror)
{
	return filter_run(c->skb, c->w->hops, mirror->filter, mirror->filter_len);
}
