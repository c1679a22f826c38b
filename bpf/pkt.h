/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the switch knows of a frame, read once.  Live frames have their outer tag in the
 * skb's metadata, others (test runs) in the bytes: after pkt_parse() nobody needs to know
 * which.  Pure, and compiled natively by the tests as well; no helpers, no maps.
 */
#include <stdbool.h>

#include "abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

enum {
	ETHERNET_LEN = 14,
	VLAN_LEN = 4,
	TPID_8021Q = 0x8100,
	TPID_8021AD = 0x88a8,
	TCI_VID = 0x0fff,
	TCI_DEI = 0x1000,
	TCI_PCP = 0xe000,
};

/* A tag is a number, TPID << 16 | TCI, as on the wire; 0: no tag.  So is a MAC address. */

/* The tags that the switch looks at; everything behind them is payload, further tags
 * included.  There is an inner one only where a service tag was pushed over a customer's. */
struct vlan_form { /* handed on by pointer: clang reads a value from a map byte by byte */
	__u32 outer;
	__u32 inner;
};

struct pkt {
	__u64 dst;
	__u64 src;
	struct vlan_form form; /* as received: one tag or none */
	__u32 rest_len; /* length without that tag */
	__u16 rest_type; /* EtherType behind that tag */
};

struct pkt_source {
	const void *data;
	const void *end;
	__u32 len; /* of the whole frame, without a tag in metadata */
	__u32 meta_tag; /* 0: none */
};

static __always_inline __u16 tag_tpid(__u32 tag)
{
	return tag >> 16;
}

static __always_inline __u16 tag_vid(__u32 tag)
{
	return tag & TCI_VID;
}

static __always_inline __u32 tag_make(__u16 tpid, __u32 tci)
{
	return (__u32)tpid << 16 | tci;
}

static __always_inline bool is_vlan_type(__u16 type)
{
	return type == TPID_8021Q || type == TPID_8021AD;
}

/* Eight bytes as a number.  The hosts that we run on may load from any address; compilers
 * do not know that, and would take the bytes one by one. */
static __always_inline __u64 read_be64(const void *p)
{
#ifdef __bpf__
	__u64 raw = *(const __u64 *)p;
#else
	__u64 raw;

	__builtin_memcpy(&raw, p, sizeof(raw));
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	raw = __builtin_bswap64(raw);
#endif
	return raw;
}

/* False: the frame ends inside a header. */
static __always_inline bool pkt_parse(const struct pkt_source *s, struct pkt *ret)
{
	const __u8 *p = s->data;
	__u64 src_and_type, behind;

	if (unlikely(p + ETHERNET_LEN > (const __u8 *)s->end))
		return false;
	src_and_type = read_be64(p + 6);
	ret->dst = read_be64(p) >> 16;
	ret->src = src_and_type >> 16;
	ret->form.inner = 0;
	ret->form.outer = s->meta_tag;
	ret->rest_type = (__u16)src_and_type;
	ret->rest_len = s->len;
	if (s->meta_tag || likely(!is_vlan_type((__u16)src_and_type)))
		return true;
	/* Two bytes behind the inner EtherType: the kernel demands them of live frames. */
	if (p + ETHERNET_LEN + VLAN_LEN + 2 > (const __u8 *)s->end)
		return false;
	behind = read_be64(p + 12);
	ret->form.outer = (__u32)(behind >> 32);
	ret->rest_type = (__u16)(behind >> 16);
	ret->rest_len = s->len - VLAN_LEN;
	return true;
}

static __always_inline bool form_equal(const struct vlan_form *a, const struct vlan_form *b)
{
	return a->outer == b->outer && a->inner == b->inner;
}

/* Bytes that the tags take. */
static __always_inline __u32 form_len(const struct vlan_form *form)
{
	return (form->outer ? VLAN_LEN : 0) + (form->inner ? VLAN_LEN : 0);
}

/* Length of the frame in a form, as on the wire (without FCS). */
static __always_inline __u32 pkt_len(const struct pkt *p, const struct vlan_form *form)
{
	return p->rest_len + form_len(form);
}

/* What counts against an MTU: all but the Ethernet header and the outermost tag. */
static __always_inline __u32 pkt_l3_len(const struct pkt *p, const struct vlan_form *form)
{
	if (form->outer)
		return p->rest_len - ETHERNET_LEN + (form->inner ? VLAN_LEN : 0);
	return p->rest_len - ETHERNET_LEN - (is_vlan_type(p->rest_type) ? VLAN_LEN : 0);
}

static __always_inline bool mac_is_multicast(__u64 mac)
{
	return mac >> 40 & 1;
}

/* Destinations that a switch does not forward: those of IEEE 802.1D, and of protocols of
 * Cisco and Extreme that other switches treat likewise. */
static __always_inline bool mac_is_reserved(__u64 mac)
{
	__u32 vendor = (__u32)(mac >> 24), number = mac & 0xffffff;

	if (vendor == 0x0180c2)
		return (number & 0xfffff0) == 0;
	if (vendor == 0x01000c)
		return number == 0xcccccc || number == 0xcccccd || number == 0xcdcdcd ||
		       number == 0;
	if (vendor == 0x00e02b)
		return number == 0 || number == 4 || number == 6;
	return false;
}
