/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/filter.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "switch/filter_field.h"

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_RARP = 0x8035, TYPE_IPV6 = 0x86dd };
enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMPV6 = 58,
	PROTO_SCTP = 132,
};
enum { ND_SOLICIT = 135, ND_ADVERT = 136 };

/* Words without a value. */
static const struct {
	const char *name;
	uint16_t eth_type; /* 0: none */
	uint8_t nw_proto; /* 0: none */
} protocols[] = {
	{ "eth", 0, 0 },
	{ "ip", TYPE_IPV4, 0 },
	{ "ipv4", TYPE_IPV4, 0 },
	{ "ip4", TYPE_IPV4, 0 },
	{ "icmp", TYPE_IPV4, PROTO_ICMP },
	{ "tcp", TYPE_IPV4, PROTO_TCP },
	{ "udp", TYPE_IPV4, PROTO_UDP },
	{ "sctp", TYPE_IPV4, PROTO_SCTP },
	{ "ipv6", TYPE_IPV6, 0 },
	{ "ip6", TYPE_IPV6, 0 },
	{ "icmp6", TYPE_IPV6, PROTO_ICMPV6 },
	{ "tcp6", TYPE_IPV6, PROTO_TCP },
	{ "udp6", TYPE_IPV6, PROTO_UDP },
	{ "sctp6", TYPE_IPV6, PROTO_SCTP },
	{ "arp", TYPE_ARP, 0 },
	{ "rarp", TYPE_RARP, 0 },
	{ "mpls", 0x8847, 0 },
	{ "mplsm", 0x8848, 0 },
};

/* --- what goes together --- */

static bool is_type(const struct filter_match *m, unsigned int type)
{
	return m->mask.eth_type[0] && m->value.eth_type[0] == type >> 8 &&
	       m->value.eth_type[1] == (type & 0xff);
}

static bool is_proto(const struct filter_match *m, unsigned int proto)
{
	return (is_type(m, TYPE_IPV4) || is_type(m, TYPE_IPV6)) && m->mask.nw_proto[0] &&
	       m->value.nw_proto[0] == proto;
}

static bool is_icmpv4(const struct filter_match *m)
{
	return is_type(m, TYPE_IPV4) && is_proto(m, PROTO_ICMP);
}

static bool is_icmpv6(const struct filter_match *m)
{
	return is_type(m, TYPE_IPV6) && is_proto(m, PROTO_ICMPV6);
}

static bool is_discovery(const struct filter_match *m, unsigned int type)
{
	return is_icmpv6(m) && m->mask.tp_src[1] && m->value.tp_src[1] == type;
}

static bool has_prerequisite(const struct filter_match *m, enum filter_needs needs)
{
	bool is_ip = is_type(m, TYPE_IPV4) || is_type(m, TYPE_IPV6);
	bool is_arp = is_type(m, TYPE_ARP) || is_type(m, TYPE_RARP);

	switch (needs) {
	case NEEDS_NOTHING:
		return true;
	case NEEDS_IP:
		return is_ip;
	case NEEDS_NW_PROTO:
		return is_ip || is_arp;
	case NEEDS_NW_ADDR:
		return is_type(m, TYPE_IPV4) || is_arp;
	case NEEDS_IPV4:
		return is_type(m, TYPE_IPV4);
	case NEEDS_IPV6:
		return is_type(m, TYPE_IPV6);
	case NEEDS_ARP:
		return is_arp;
	case NEEDS_PORTS:
		return is_proto(m, PROTO_TCP) || is_proto(m, PROTO_UDP) || is_proto(m, PROTO_SCTP);
	case NEEDS_TCP:
		return is_proto(m, PROTO_TCP);
	case NEEDS_UDP:
		return is_proto(m, PROTO_UDP);
	case NEEDS_SCTP:
		return is_proto(m, PROTO_SCTP);
	case NEEDS_ICMP:
		return is_icmpv4(m) || is_icmpv6(m);
	case NEEDS_ICMPV4:
		return is_icmpv4(m);
	case NEEDS_ICMPV6:
		return is_icmpv6(m);
	case NEEDS_ND:
		return is_discovery(m, ND_SOLICIT) || is_discovery(m, ND_ADVERT);
	case NEEDS_ND_SOLICIT:
		return is_discovery(m, ND_SOLICIT);
	case NEEDS_ND_ADVERT:
		return is_discovery(m, ND_ADVERT);
	}
	return false;
}

/* --- the list --- */

enum { N_SAID = 64 };

struct parser {
	struct filter_match match;
	const struct filter_field *said[N_SAID]; /* for the prerequisites */
	size_t n_said;
};

static bool is_said(const struct parser *p, const struct filter_field *f)
{
	const uint8_t *mask = (const uint8_t *)&p->match.mask + f->offset;
	uint8_t own[FILTER_FIELD_BYTES];

	filter_field_own(f, own);
	for (size_t i = 0; i < f->width; i++) {
		if (mask[i] & own[i])
			return true;
	}
	return false;
}

static int add_field(struct parser *p, const struct filter_field *f, const char *text,
		     struct error *err)
{
	uint8_t *value = (uint8_t *)&p->match.value + f->offset;
	uint8_t *mask = (uint8_t *)&p->match.mask + f->offset;
	uint8_t more_value[FILTER_FIELD_BYTES], more_mask[FILTER_FIELD_BYTES];

	if (p->n_said == N_SAID || is_said(p, f))
		return error_set(err, "constraint violation", "field %s set multiple times",
				 f->name);
	p->said[p->n_said++] = f;
	if (!strcmp(text, "*"))
		return 0;
	if (filter_field_parse(f, text, more_value, more_mask, err))
		return -1;
	for (size_t i = 0; i < f->width; i++) {
		if ((value[i] ^ more_value[i]) & mask[i] & more_mask[i])
			return error_set(err, "constraint violation",
					 "%s=%s contradicts another field", f->name, text);
		value[i] |= more_value[i];
		mask[i] |= more_mask[i];
	}
	return 0;
}

/* A number that a word stands for; it may have been said before. */
static int add_number(uint8_t *value, uint8_t *mask, size_t width, unsigned int n, const char *what,
		      struct error *err)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(n >> 8 * (width - 1 - i));

		if (mask[i] && value[i] != byte)
			return error_set(err, "constraint violation", "%s set multiple times",
					 what);
		value[i] = byte;
		mask[i] = 0xff;
	}
	return 0;
}

/* A word without a value.  1: there is no such protocol. */
static int add_protocol(struct parser *p, const char *name, struct error *err)
{
	struct filter_match *m = &p->match;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(protocols[i].name, name))
			continue;
		if (protocols[i].eth_type &&
		    add_number(m->value.eth_type, m->mask.eth_type, 2, protocols[i].eth_type,
			       "Ethernet type", err))
			return -1;
		if (protocols[i].nw_proto)
			return add_number(m->value.nw_proto, m->mask.nw_proto, 1,
					  protocols[i].nw_proto, "network protocol", err);
		return 0;
	}
	return 1;
}

static int unknown_field(const char *name, struct error *err)
{
	if (!strcmp(name, "in_port"))
		return error_set(err, "constraint violation",
				 "in_port is not supported here: use select_src_port");
	return error_set(err, "constraint violation", "unknown field %s", name);
}

static int add_word(struct parser *p, char *word, struct error *err)
{
	char *value = strpbrk(word, "=:");
	const struct filter_field *f;
	int failed;

	if (value)
		*value++ = '\0';
	if (!value) {
		failed = add_protocol(p, word, err);
		if (failed <= 0)
			return failed;
	}
	f = filter_field_find(word);
	if (!f)
		return unknown_field(word, err);
	if (!value || !*value)
		return error_set(err, "constraint violation", "field %s missing value", word);
	return add_field(p, f, value, err);
}

static int check_prerequisites(const struct parser *p, struct error *err)
{
	for (size_t i = 0; i < p->n_said; i++) {
		if (!has_prerequisite(&p->match, p->said[i]->needs))
			return error_set(err, "constraint violation",
					 "prerequisites not met for setting %s", p->said[i]->name);
	}
	return 0;
}

int filter_parse(const char *text, struct filter_match *ret, struct error *err)
{
	struct parser p = { .n_said = 0 };
	char *copy = strdup(text), *next = copy, *word;
	int failed = 0;

	if (!copy)
		abort();
	while (!failed && (word = strsep(&next, ", \t\r\n"))) {
		if (*word)
			failed = add_word(&p, word, err);
	}
	free(copy);
	if (failed || check_prerequisites(&p, err))
		return -1;
	*ret = p.match;
	return 0;
}

bool filter_holds(const struct filter_match *match, const struct filter_key *key)
{
	const uint8_t *value = (const uint8_t *)&match->value;
	const uint8_t *mask = (const uint8_t *)&match->mask, *k = (const uint8_t *)key;

	for (size_t i = 0; i < sizeof(*key); i++) {
		if ((k[i] & mask[i]) != value[i])
			return false;
	}
	return true;
}
