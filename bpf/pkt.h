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

enum {
	ETHERNET_LEN = 14,
	VLAN_LEN = 4,
	TPID_8021Q = 0x8100,
	TPID_8021AD = 0x88a8,
	TCI_VID = 0x0fff,
	TCI_DEI = 0x1000,
	TCI_PCP = 0xe000,
};

struct vlan_tag {
	__u16 tpid; /* 0: no tag */
	__u16 tci;
};

/* The tags that the switch looks at; everything behind them is payload, further tags
 * included.  There is an inner one only where a service tag was pushed over a customer's. */
struct vlan_form {
	struct vlan_tag outer;
	struct vlan_tag inner;
};

struct pkt {
	__u8 dst[6];
	__u8 src[6];
	struct vlan_form form; /* as received: one tag or none */
	__u32 rest_len; /* length without that tag */
	__u16 rest_type; /* EtherType behind that tag */
};

struct pkt_source {
	const void *data;
	const void *end;
	__u32 len; /* of the whole frame, without a tag in metadata */
	bool has_meta_tag;
	struct vlan_tag meta_tag;
};

static __always_inline bool is_vlan_type(__u16 type)
{
	return type == TPID_8021Q || type == TPID_8021AD;
}

static __always_inline __u16 pkt_u16(const __u8 *p)
{
	return (__u16)(p[0] << 8 | p[1]);
}

/* False: the frame ends inside a header. */
static __always_inline bool pkt_parse(const struct pkt_source *s, struct pkt *ret)
{
	const __u8 *p = s->data;
	__u16 type;

	if (p + ETHERNET_LEN > (const __u8 *)s->end)
		return false;
	__builtin_memcpy(ret->dst, p, 6);
	__builtin_memcpy(ret->src, p + 6, 6);
	ret->form.inner.tpid = 0;
	ret->form.inner.tci = 0;
	ret->rest_len = s->len;
	type = pkt_u16(p + 12);
	if (s->has_meta_tag) {
		ret->form.outer = s->meta_tag;
		ret->rest_type = type;
		return true;
	}
	if (!is_vlan_type(type)) {
		ret->form.outer.tpid = 0;
		ret->form.outer.tci = 0;
		ret->rest_type = type;
		return true;
	}
	/* Two bytes behind the inner EtherType: the kernel demands them of live frames. */
	if (p + ETHERNET_LEN + VLAN_LEN + 2 > (const __u8 *)s->end)
		return false;
	ret->form.outer.tpid = type;
	ret->form.outer.tci = pkt_u16(p + 14);
	ret->rest_type = pkt_u16(p + 16);
	ret->rest_len = s->len - VLAN_LEN;
	return true;
}

static __always_inline bool form_equal(const struct vlan_form *a, const struct vlan_form *b)
{
	return a->outer.tpid == b->outer.tpid && a->outer.tci == b->outer.tci &&
	       a->inner.tpid == b->inner.tpid && a->inner.tci == b->inner.tci;
}

/* Length of the frame in a form, as on the wire (without FCS). */
static __always_inline __u32 pkt_len(const struct pkt *p, const struct vlan_form *form)
{
	return p->rest_len + (form->outer.tpid ? VLAN_LEN : 0) + (form->inner.tpid ? VLAN_LEN : 0);
}

/* What counts against an MTU: all but the Ethernet header and the outermost tag. */
static __always_inline __u32 pkt_l3_len(const struct pkt *p, const struct vlan_form *form)
{
	bool is_tagged = form->outer.tpid || is_vlan_type(p->rest_type);

	return pkt_len(p, form) - ETHERNET_LEN - (is_tagged ? VLAN_LEN : 0);
}

static __always_inline bool mac_is_multicast(const __u8 *mac)
{
	return mac[0] & 1;
}

static __always_inline bool mac_equal(const __u8 *a, const __u8 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] &&
	       a[5] == b[5];
}

/* Destinations that a switch does not forward: those of IEEE 802.1D, and of protocols of
 * Cisco and Extreme that other switches treat likewise. */
static __always_inline bool mac_is_reserved(const __u8 *mac)
{
	__u32 vendor = (__u32)mac[0] << 16 | (__u32)mac[1] << 8 | mac[2];
	__u32 number = (__u32)mac[3] << 16 | (__u32)mac[4] << 8 | mac[5];

	switch (vendor) {
	case 0x0180c2:
		return (number & 0xfffff0) == 0;
	case 0x01000c:
		return number == 0xcccccc || number == 0xcccccd || number == 0xcdcdcd ||
		       number == 0;
	case 0x00e02b:
		return number == 0 || number == 4 || number == 6;
	}
	return false;
}
