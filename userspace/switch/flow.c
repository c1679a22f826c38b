/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/flow.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "switch/mac.h"

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	ICMP = 1,
	TCP = 6,
	UDP = 17,
	ICMPV6 = 58,
	SCTP = 132,
	TAGGED = 0x1000, /* in vlan_tci and vlan_vid, as Open vSwitch writes that there is a tag */
	PCP_SHIFT = 13,
};

/* --- reading --- */

/* Words that stand for several fields. */
static const struct {
	const char *name;
	uint16_t type;
	uint8_t proto; /* 0: whatever */
} protocols[] = {
	{ "ip", TYPE_IPV4, 0 },	      { "ipv6", TYPE_IPV6, 0 },	      { "arp", TYPE_ARP, 0 },
	{ "tcp", TYPE_IPV4, TCP },    { "udp", TYPE_IPV4, UDP },      { "icmp", TYPE_IPV4, ICMP },
	{ "sctp", TYPE_IPV4, SCTP },  { "tcp6", TYPE_IPV6, TCP },     { "udp6", TYPE_IPV6, UDP },
	{ "sctp6", TYPE_IPV6, SCTP }, { "icmp6", TYPE_IPV6, ICMPV6 },
};

enum form { FORM_NUMBER8, FORM_NUMBER16, FORM_NUMBER32, FORM_MAC, FORM_IPV4, FORM_IPV6 };

/* clang-format off */
static const struct field {
	const char *name;
	enum form form;
	size_t offset;
	uint32_t max;
	const char *needs; /* for people; NULL: any frame has it */
} fields[] = {
#define F(NAME, FORM, MEMBER, MAX, NEEDS) { NAME, FORM, offsetof(struct flow, MEMBER), MAX, NEEDS }
	F("dl_dst",      FORM_MAC,      dst,      0,              NULL),
	F("eth_dst",     FORM_MAC,      dst,      0,              NULL),
	F("dl_src",      FORM_MAC,      src,      0,              NULL),
	F("eth_src",     FORM_MAC,      src,      0,              NULL),
	F("dl_type",     FORM_NUMBER16, type,     0xffff,         NULL),
	F("eth_type",    FORM_NUMBER16, type,     0xffff,         NULL),
	F("packet_len",  FORM_NUMBER32, len,      FLOW_FRAME_MAX, NULL),
	F("nw_proto",    FORM_NUMBER8,  proto,    0xff,           "ip, ipv6 or arp"),
	F("ip_proto",    FORM_NUMBER8,  proto,    0xff,           "ip or ipv6"),
	F("arp_op",      FORM_NUMBER8,  proto,    0xff,           "arp"),
	F("nw_tos",      FORM_NUMBER8,  tos,      0xff,           "ip or ipv6"),
	F("nw_ttl",      FORM_NUMBER8,  ttl,      0xff,           "ip or ipv6"),
	F("nw_src",      FORM_IPV4,     nw_src,   0,              "ip or arp"),
	F("ip_src",      FORM_IPV4,     nw_src,   0,              "ip"),
	F("arp_spa",     FORM_IPV4,     nw_src,   0,              "arp"),
	F("nw_dst",      FORM_IPV4,     nw_dst,   0,              "ip or arp"),
	F("ip_dst",      FORM_IPV4,     nw_dst,   0,              "ip"),
	F("arp_tpa",     FORM_IPV4,     nw_dst,   0,              "arp"),
	F("ipv6_src",    FORM_IPV6,     ipv6_src, 0,              "ipv6"),
	F("ipv6_dst",    FORM_IPV6,     ipv6_dst, 0,              "ipv6"),
	F("tp_src",      FORM_NUMBER16, tp_src,   0xffff,         "tcp, udp, sctp or icmp"),
	F("tcp_src",     FORM_NUMBER16, tp_src,   0xffff,         "tcp"),
	F("udp_src",     FORM_NUMBER16, tp_src,   0xffff,         "udp"),
	F("sctp_src",    FORM_NUMBER16, tp_src,   0xffff,         "sctp"),
	F("icmp_type",   FORM_NUMBER16, tp_src,   0xff,           "icmp"),
	F("icmpv6_type", FORM_NUMBER16, tp_src,   0xff,           "icmp6"),
	F("tp_dst",      FORM_NUMBER16, tp_dst,   0xffff,         "tcp, udp, sctp or icmp"),
	F("tcp_dst",     FORM_NUMBER16, tp_dst,   0xffff,         "tcp"),
	F("udp_dst",     FORM_NUMBER16, tp_dst,   0xffff,         "udp"),
	F("sctp_dst",    FORM_NUMBER16, tp_dst,   0xffff,         "sctp"),
	F("icmp_code",   FORM_NUMBER16, tp_dst,   0xff,           "icmp"),
	F("icmpv6_code", FORM_NUMBER16, tp_dst,   0xff,           "icmp6"),
#undef F
};
/* clang-format on */

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word)) {
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ',' || at[n] == ' '))
			return true;
	}
	return false;
}

/* Would a frame of this kind have a field that needs one of these? */
static bool is_met(const struct flow *f, const char *needs)
{
	bool is_ip = f->type == TYPE_IPV4 || f->type == TYPE_IPV6;

	return (f->type == TYPE_IPV4 && has_word(needs, "ip")) ||
	       (f->type == TYPE_IPV6 && has_word(needs, "ipv6")) ||
	       (f->type == TYPE_ARP && has_word(needs, "arp")) ||
	       (is_ip && f->proto == TCP && has_word(needs, "tcp")) ||
	       (is_ip && f->proto == UDP && has_word(needs, "udp")) ||
	       (is_ip && f->proto == SCTP && has_word(needs, "sctp")) ||
	       (f->type == TYPE_IPV4 && f->proto == ICMP && has_word(needs, "icmp")) ||
	       (f->type == TYPE_IPV6 && f->proto == ICMPV6 &&
		(has_word(needs, "icmp6") || has_word(needs, "icmp")));
}

static int bad_value(const char *name, const char *value, struct error *err)
{
	return error_set(err, "syntax error", "%s: \"%s\" is not a value for it", name, value);
}

static bool read_number(const char *text, uint32_t max, uint32_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	if (*text < '0' || *text > '9' || *end || v > max)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool read_value(const struct field *f, const char *text, void *to)
{
	uint32_t number = 0;

	switch (f->form) {
	case FORM_MAC:
		return mac_parse(text, to);
	case FORM_IPV4:
		return inet_pton(AF_INET, text, to) == 1;
	case FORM_IPV6:
		return inet_pton(AF_INET6, text, to) == 1;
	case FORM_NUMBER8:
	case FORM_NUMBER16:
	case FORM_NUMBER32:
		break;
	}
	if (!read_number(text, f->max, &number))
		return false;
	if (f->form == FORM_NUMBER8)
		*(uint8_t *)to = (uint8_t)number;
	else if (f->form == FORM_NUMBER16)
		*(uint16_t *)to = (uint16_t)number;
	else
		*(uint32_t *)to = number;
	return true;
}

/* The parts of a tag.  True: it was one of these. */
static bool read_tag(const char *name, const char *value, struct flow *f, bool *ret_is_bad)
{
	bool is_dl_vlan = !strcmp(name, "dl_vlan"), is_vid = !strcmp(name, "vlan_vid");
	bool is_tci = !strcmp(name, "vlan_tci");
	uint32_t v = 0, vid_mask = TAGGED - 1;

	if (!is_dl_vlan && !is_vid && !is_tci && strcmp(name, "dl_vlan_pcp") &&
	    strcmp(name, "vlan_pcp"))
		return false;
	*ret_is_bad = !read_number(value,
				   is_tci	? 0xffff
				   : is_vid	? 0x1fff
				   : is_dl_vlan ? 4095
						: 7,
				   &v);
	if (is_tci)
		f->vlan_tci = (uint16_t)(v & ~(uint32_t)TAGGED);
	else if (is_dl_vlan || is_vid)
		f->vlan_tci = (uint16_t)((f->vlan_tci & ~vid_mask) | (v & vid_mask));
	else
		f->vlan_tci = (uint16_t)((f->vlan_tci & vid_mask) | v << PCP_SHIFT);
	/* A vlan_tci of 0 says that there is none. */
	f->has_tag = is_tci ? v != 0 : true;
	return true;
}

static int read_field(const char *name, const char *value, struct flow *f, const char **ret_needs,
		      struct error *err)
{
	bool is_bad = false;

	if (!strcmp(name, "in_port")) {
		if (snprintf(f->in_port, sizeof(f->in_port), "%s", value) >= FLOW_NAME_MAX)
			return bad_value(name, value, err);
		return 0;
	}
	if (read_tag(name, value, f, &is_bad))
		return is_bad ? bad_value(name, value, err) : 0;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name))
			continue;
		*ret_needs = fields[i].needs;
		return read_value(&fields[i], value, (char *)f + fields[i].offset)
			       ? 0
			       : bad_value(name, value, err);
	}
	return error_set(err, "syntax error", "unknown field %s", name);
}

static bool read_protocol(const char *word, struct flow *f)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(protocols[i].name, word))
			continue;
		f->type = protocols[i].type;
		if (protocols[i].proto)
			f->proto = protocols[i].proto;
		return true;
	}
	return false;
}

int flow_parse(const char *text, struct flow *ret, struct error *err)
{
	enum { MOST = 64 };
	struct flow f = { .ttl = 64 };
	const char *names[MOST], *needs[MOST];
	char copy[1024], *rest = copy, *word;
	size_t n = 0;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return error_set(err, "syntax error", "a flow of more than %zu bytes",
				 sizeof(copy) - 1);
	while ((word = strsep(&rest, ", "))) {
		char *equals = strchr(word, '=');

		if (!*word || (!equals && read_protocol(word, &f)))
			continue;
		if (n == MOST)
			return error_set(err, "syntax error", "more than %d fields", MOST);
		if (!equals)
			return error_set(err, "syntax error", "unknown field %s", word);
		*equals = '\0';
		names[n] = word;
		needs[n] = NULL;
		if (read_field(word, equals + 1, &f, &needs[n++], err))
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (needs[i] && !is_met(&f, needs[i]))
			return error_set(err, "syntax error", "%s needs %s", names[i], needs[i]);
	}
	if (f.len && f.len < FLOW_FRAME_MIN + (f.has_tag ? 6u : 0u))
		return error_set(err, "syntax error", "packet_len is less than the headers are");
	*ret = f;
	return 0;
}

/* --- composing --- */

static uint8_t *put16(uint8_t *to, uint16_t v)
{
	*to++ = (uint8_t)(v >> 8);
	*to++ = (uint8_t)v;
	return to;
}

/* Ones' complement, of an even number of bytes. */
static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_arp(const struct flow *f, uint8_t *to)
{
	static const uint8_t begin[] = { 0, 1, 8, 0, 6, 4, 0 };

	memcpy(to, begin, sizeof(begin));
	to[7] = f->proto;
	memcpy(to + 8, f->src, 6);
	memcpy(to + 14, f->nw_src, 4);
	memcpy(to + 24, f->nw_dst, 4);
}

/* len: from the IP header to the frame's end. */
static void put_ipv4(const struct flow *f, uint8_t *to, size_t len)
{
	to[0] = 0x45;
	to[1] = f->tos;
	put16(to + 2, (uint16_t)len);
	to[8] = f->ttl;
	to[9] = f->proto;
	memcpy(to + 12, f->nw_src, 4);
	memcpy(to + 16, f->nw_dst, 4);
	put16(to + 10, checksum(to, 20));
}

static void put_ipv6(const struct flow *f, uint8_t *to, size_t len)
{
	to[0] = (uint8_t)(0x60 | f->tos >> 4);
	to[1] = (uint8_t)(f->tos << 4);
	put16(to + 4, (uint16_t)(len - 40));
	to[6] = f->proto;
	to[7] = f->ttl;
	memcpy(to + 8, f->ipv6_src, 16);
	memcpy(to + 24, f->ipv6_dst, 16);
}

static void put_ports(const struct flow *f, uint8_t *to)
{
	if (f->proto == ICMP || f->proto == ICMPV6) {
		to[0] = (uint8_t)f->tp_src;
		to[1] = (uint8_t)f->tp_dst;
		return;
	}
	if (f->proto != TCP && f->proto != UDP && f->proto != SCTP)
		return;
	put16(put16(to, f->tp_src), f->tp_dst);
	if (f->proto == TCP)
		to[12] = 5 << 4; /* the header's length */
}

size_t flow_compose(const struct flow *f, uint8_t *ret)
{
	uint8_t headers[FLOW_FRAME_MIN + 4 + 40 + 20] = { 0 }, *to = headers;
	size_t len = f->len ? f->len : f->has_tag ? 64 : 60, l3;

	if (!f->len && len < sizeof(headers) && f->type == TYPE_IPV6)
		len = sizeof(headers);
	memcpy(to, f->dst, 6);
	memcpy(to + 6, f->src, 6);
	to += 12;
	if (f->has_tag)
		to = put16(put16(to, TYPE_VLAN), f->vlan_tci);
	to = put16(to, f->type);
	l3 = len - (size_t)(to - headers);
	if (f->type == TYPE_ARP) {
		put_arp(f, to);
	} else if (f->type == TYPE_IPV4) {
		put_ipv4(f, to, l3);
		put_ports(f, to + 20);
	} else if (f->type == TYPE_IPV6) {
		put_ipv6(f, to, l3);
		put_ports(f, to + 40);
	}
	memset(ret, 0, len);
	memcpy(ret, headers, len < sizeof(headers) ? len : sizeof(headers));
	return len;
}
