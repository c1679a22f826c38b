/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/flow.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_RARP = 0x8035,
	ICMP = 1,
	TCP = 6,
	UDP = 17,
	ICMPV6 = 58,
	NO_NEXT_HEADER = 59,
	SCTP = 132,
	ND_SOLICIT = 135,
	ND_ADVERT = 136,
	HEADERS_MAX = 128,
	FRAME_MIN = 60, /* without a tag and FCS */
};

/* --- reading --- */

static int read_len(const char *text, uint32_t *ret, struct error *err)
{
	char *end;
	unsigned long len = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || len < 14 || len > FLOW_FRAME_MAX)
		return error_set(err, "syntax error", "packet_len takes a number from 14 to %d",
				 FLOW_FRAME_MAX);
	*ret = (uint32_t)len;
	return 0;
}

/* What a filter cannot say is taken out here, the rest goes to `rest`. */
static int read_word(const char *word, struct flow *f, struct buf *rest, struct error *err)
{
	if (!strncmp(word, "in_port=", 8)) {
		if (snprintf(f->in_port, sizeof(f->in_port), "%s", word + 8) >= FLOW_NAME_MAX)
			return error_set(err, "syntax error", "%s: no port has such a name", word);
		return 0;
	}
	if (!strncmp(word, "packet_len=", 11))
		return read_len(word + 11, &f->len, err);
	buf_printf(rest, "%s%s", rest->len ? "," : "", word);
	return 0;
}

int flow_parse(const char *text, struct flow *ret, struct error *err)
{
	struct flow f = { .len = 0 };
	struct buf copy = BUF_INIT, rest = BUF_INIT;
	char *at, *word;
	int failed = 0;

	buf_puts(&copy, text);
	at = copy.data;
	while (!failed && (word = strsep(&at, ", \t\n"))) {
		if (*word)
			failed = read_word(word, &f, &rest, err);
	}
	if (!failed && rest.len)
		failed = buf_ok(&rest) ? filter_parse(rest.data, &f.match, err) : error_nomem(err);
	buf_free(&copy);
	buf_free(&rest);
	if (!failed)
		*ret = f;
	return failed;
}

/* --- composing --- */

static uint8_t *put(uint8_t *to, const void *bytes, size_t n)
{
	memcpy(to, bytes, n);
	return to + n;
}

static uint8_t *put16(uint8_t *to, unsigned int v)
{
	*to++ = (uint8_t)(v >> 8);
	*to++ = (uint8_t)v;
	return to;
}

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Ones' complement, of an even number of bytes. */
static unsigned int checksum(const uint8_t *p, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += be16(p + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static uint8_t *put_arp(const struct filter_key *k, uint8_t *to)
{
	static const uint8_t begin[] = { 0, 1, 8, 0, 6, 4, 0 };

	to = put(to, begin, sizeof(begin));
	to = put(to, k->nw_proto, 1);
	to = put(to, k->arp_sha, 6);
	to = put(to, k->nw_src, 4);
	to = put(to, k->arp_tha, 6);
	return put(to, k->nw_dst, 4);
}

static bool is_said(const uint8_t *mask, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (mask[i])
			return true;
	}
	return false;
}

static uint8_t *put_discovery(const struct filter_match *m, uint8_t *to)
{
	to = put(to, m->value.nd_target, 16);
	if (is_said(m->mask.arp_sha, 6))
		to = put(put(to, "\1\1", 2), m->value.arp_sha, 6);
	if (is_said(m->mask.arp_tha, 6))
		to = put(put(to, "\2\1", 2), m->value.arp_tha, 6);
	return to;
}

/* What follows the IP header; `to` is zeroed. */
static uint8_t *put_transport(const struct filter_match *m, uint8_t *to)
{
	const struct filter_key *k = &m->value;

	switch (k->nw_proto[0]) {
	case ICMP:
	case ICMPV6:
		to[0] = k->tp_src[1];
		to[1] = k->tp_dst[1];
		if (k->nw_proto[0] == ICMPV6 && (to[0] == ND_SOLICIT || to[0] == ND_ADVERT))
			return put_discovery(m, to + 8);
		return to + 8;
	case TCP:
		put(put(to, k->tp_src, 2), k->tp_dst, 2);
		put16(to + 12, 5u << 12 | be16(k->tcp_flags));
		return to + 20;
	case UDP:
		put(put(to, k->tp_src, 2), k->tp_dst, 2);
		put16(to + 4, 8);
		return to + 8;
	case SCTP:
		put(put(to, k->tp_src, 2), k->tp_dst, 2);
		return to + 12;
	default:
		return to;
	}
}

static uint8_t *put_ipv4(const struct filter_match *m, uint8_t *to)
{
	const struct filter_key *k = &m->value;
	uint8_t *end = put_transport(m, to + 20);

	to[0] = 0x45;
	to[1] = k->nw_tos[0];
	put16(to + 2, (unsigned int)(end - to));
	if (k->nw_frag[0] & FILTER_FRAG)
		put16(to + 6, k->nw_frag[0] & FILTER_FRAG_LATER ? 1 : 0x2000);
	to[8] = is_said(m->mask.nw_ttl, 1) ? k->nw_ttl[0] : 64;
	to[9] = k->nw_proto[0];
	put(put(to + 12, k->nw_src, 4), k->nw_dst, 4);
	put16(to + 10, checksum(to, 20));
	return end;
}

static uint8_t *put_ipv6(const struct filter_match *m, uint8_t *to)
{
	const struct filter_key *k = &m->value;
	uint8_t *end = put_transport(m, to + 40);

	to[0] = (uint8_t)(0x60 | k->nw_tos[0] >> 4);
	to[1] = (uint8_t)(k->nw_tos[0] << 4 | k->ipv6_label[1]);
	put(to + 2, k->ipv6_label + 2, 2);
	put16(to + 4, (unsigned int)(end - to - 40));
	to[6] = is_said(m->mask.nw_proto, 1) ? k->nw_proto[0] : NO_NEXT_HEADER;
	to[7] = is_said(m->mask.nw_ttl, 1) ? k->nw_ttl[0] : 64;
	put(put(to + 8, k->ipv6_src, 16), k->ipv6_dst, 16);
	return end;
}

static uint8_t *put_network(const struct filter_match *m, uint8_t *to)
{
	switch (be16(m->value.eth_type)) {
	case TYPE_ARP:
	case TYPE_RARP:
		return put_arp(&m->value, to);
	case TYPE_IPV4:
		return put_ipv4(m, to);
	case TYPE_IPV6:
		return put_ipv6(m, to);
	default:
		return to;
	}
}

int flow_compose(const struct flow *f, uint8_t *ret, size_t *ret_len, struct error *err)
{
	const struct filter_key *k = &f->match.value;
	uint8_t headers[HEADERS_MAX] = { 0 }, *to = headers;
	unsigned int tci = be16(k->vlan_tci);
	size_t n, len = f->len;
	struct filter_key key;

	to = put(put(to, k->eth_dst, 6), k->eth_src, 6);
	if (tci & FILTER_TAGGED)
		to = put16(put16(to, TYPE_VLAN), tci & ~(unsigned int)FILTER_TAGGED);
	to = put(to, k->eth_type, 2);
	n = (size_t)(put_network(&f->match, to) - headers);
	if (!len)
		len = FRAME_MIN + (tci & FILTER_TAGGED ? 4 : 0);
	if (!f->len && len < n)
		len = n;
	memset(ret, 0, len);
	memcpy(ret, headers, n < len ? n : len);
	filter_key_read(ret, len, &key);
	if (!filter_holds(&f->match, &key))
		return error_set(err, "constraint violation",
				 "there is no such frame, or none of %zu bytes", len);
	*ret_len = len;
	return 0;
}
