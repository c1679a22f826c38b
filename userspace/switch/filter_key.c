/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/filter_key.h"

#include <stdbool.h>
#include <string.h>

enum {
	TYPE_MIN = 0x0600, /* below: a length, LLC follows */
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_RARP = 0x8035,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_SERVICE_VLAN = 0x88a8,
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
	ND_SOURCE = 1, /* options: link-layer addresses */
	ND_TARGET = 2,
};

/* What is left of the frame. */
struct rest {
	const uint8_t *p;
	size_t n;
};

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void put16(uint8_t *to, unsigned int value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* The next n bytes, or NULL. */
static const uint8_t *take(struct rest *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->n < n)
		return NULL;
	r->p += n;
	r->n -= n;
	return p;
}

/* --- behind IP --- */

/* A solicitation or an advertisement, behind its first eight bytes.  Of one whose options are
 * not as they should be nothing is known. */
static void read_discovery(struct rest r, struct filter_key *k)
{
	static const uint8_t none[6];
	const uint8_t *target = take(&r, 16);

	if (!target)
		return;
	memcpy(k->nd_target, target, 16);
	while (r.n >= 8) {
		unsigned int option = r.p[0], len = r.p[1] * 8u;
		bool is_address = len == 8 && (option == ND_SOURCE || option == ND_TARGET);
		uint8_t *address = option == ND_SOURCE ? k->arp_sha : k->arp_tha;

		if (!len || len > r.n || (is_address && memcmp(address, none, 6))) {
			memset(k->nd_target, 0, 16);
			memset(k->arp_sha, 0, 6);
			memset(k->arp_tha, 0, 6);
			return;
		}
		if (is_address)
			memcpy(address, r.p + 2, 6);
		take(&r, len);
	}
}

static void read_transport(struct rest r, struct filter_key *k, bool is_v6)
{
	unsigned int proto = k->nw_proto[0];
	const uint8_t *p = take(&r, proto == PROTO_TCP ? 20 : proto == PROTO_SCTP ? 12 : 8);

	if (!p)
		return;
	if (proto == (is_v6 ? PROTO_ICMPV6 : PROTO_ICMP)) {
		k->tp_src[1] = p[0];
		k->tp_dst[1] = p[1];
		if (is_v6 && (p[0] == ND_SOLICIT || p[0] == ND_ADVERT) && p[1] == 0)
			read_discovery(r, k);
	} else if (proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_SCTP) {
		memcpy(k->tp_src, p, 2);
		memcpy(k->tp_dst, p + 2, 2);
	}
	if (proto == PROTO_TCP)
		put16(k->tcp_flags, be16(p + 12) & 0x0fff);
}

/* --- IP and ARP --- */

/* What lies behind the packet is padding, and a packet that says it is longer than the
 * frame, or too short for its header, is none. */
static void read_ipv4(struct rest r, struct filter_key *k)
{
	size_t header, total;
	unsigned int fragment;

	if (r.n < 20)
		return;
	header = (r.p[0] & 15) * 4u;
	total = be16(r.p + 2);
	if (header < 20 || total < header || total > r.n)
		return;
	r.n = total;
	fragment = be16(r.p + 6);
	k->nw_tos[0] = r.p[1];
	k->nw_ttl[0] = r.p[8];
	k->nw_proto[0] = r.p[9];
	if (fragment & 0x3fff)
		k->nw_frag[0] = FILTER_FRAG | (fragment & 0x1fff ? FILTER_FRAG_LATER : 0);
	memcpy(k->nw_src, r.p + 12, 4);
	memcpy(k->nw_dst, r.p + 16, 4);
	take(&r, header);
	if (!(k->nw_frag[0] & FILTER_FRAG_LATER))
		read_transport(r, k, false);
}

/* Steps over the extension headers.  False: one of them is cut off. */
static bool skip_extensions(struct rest *r, unsigned int *proto, uint8_t *ret_frag)
{
	for (;;) {
		size_t len;

		if (*proto != PROTO_HOP_BY_HOP && *proto != PROTO_ROUTING &&
		    *proto != PROTO_DESTINATION && *proto != PROTO_AUTHENTICATION &&
		    *proto != PROTO_FRAGMENT)
			return true;
		if (r->n < 8)
			return false;
		if (*proto == PROTO_FRAGMENT) {
			unsigned int offset = be16(r->p + 2);

			if (offset)
				*ret_frag = FILTER_FRAG;
			if (offset & 0xfff8) {
				*ret_frag = FILTER_FRAG | FILTER_FRAG_LATER;
				return true;
			}
			len = 8;
		} else if (*proto == PROTO_AUTHENTICATION) {
			len = (r->p[1] + 2u) * 4;
		} else {
			len = (r->p[1] + 1u) * 8;
		}
		*proto = r->p[0];
		if (!take(r, len))
			return false;
	}
}

static void read_ipv6(struct rest r, struct filter_key *k)
{
	const uint8_t *p = r.p;
	unsigned int proto;
	uint8_t frag = 0;

	if (!take(&r, 40) || be16(p + 4) > r.n)
		return;
	r.n = be16(p + 4);
	memcpy(k->ipv6_src, p + 8, 16);
	memcpy(k->ipv6_dst, p + 24, 16);
	proto = p[6];
	if (!skip_extensions(&r, &proto, &frag))
		return;
	k->nw_proto[0] = (uint8_t)proto;
	k->nw_tos[0] = (uint8_t)(be16(p) >> 4);
	k->nw_ttl[0] = p[7];
	k->nw_frag[0] = frag;
	k->ipv6_label[1] = p[1] & 15;
	memcpy(k->ipv6_label + 2, p + 2, 2);
	if (!(frag & FILTER_FRAG_LATER))
		read_transport(r, k, true);
}

static void read_arp(struct rest r, struct filter_key *k)
{
	static const uint8_t ethernet_and_ipv4[] = { 0, 1, 8, 0, 6, 4 };

	if (r.n < 28 || memcmp(r.p, ethernet_and_ipv4, 6))
		return;
	if (r.p[6] == 0)
		k->nw_proto[0] = r.p[7];
	memcpy(k->arp_sha, r.p + 8, 6);
	memcpy(k->nw_src, r.p + 14, 4);
	memcpy(k->arp_tha, r.p + 18, 6);
	memcpy(k->nw_dst, r.p + 24, 4);
}

/* --- Ethernet --- */

/* EtherType: itself, or behind LLC and SNAP. */
static unsigned int take_type(struct rest *r)
{
	static const uint8_t snap[] = { 0xaa, 0xaa, 3, 0, 0, 0 };
	unsigned int type = be16(take(r, 2));

	if (type >= TYPE_MIN)
		return type;
	if (r->n < 8 || memcmp(r->p, snap, 6) || be16(r->p + 6) < TYPE_MIN)
		return FILTER_TYPE_NONE;
	return be16(take(r, 8) + 6);
}

static bool is_vlan(unsigned int type)
{
	return type == TYPE_VLAN || type == TYPE_SERVICE_VLAN;
}

void filter_key_read(const uint8_t *frame, size_t len, struct filter_key *ret)
{
	struct rest r = { frame, len };
	unsigned int type;

	memset(ret, 0, sizeof(*ret));
	if (len < 14)
		return;
	memcpy(ret->eth_dst, take(&r, 6), 6);
	memcpy(ret->eth_src, take(&r, 6), 6);
	if (is_vlan(be16(r.p)) && r.n >= 6)
		put16(ret->vlan_tci, be16(take(&r, 4) + 2) | FILTER_TAGGED);
	type = take_type(&r);
	put16(ret->eth_type, type);
	if (type == TYPE_IPV4)
		read_ipv4(r, ret);
	else if (type == TYPE_IPV6)
		read_ipv6(r, ret);
	else if (type == TYPE_ARP || type == TYPE_RARP)
		read_arp(r, ret);
}
