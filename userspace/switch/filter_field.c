/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/filter_field.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "switch/filter_key.h"
#include "switch/mac.h"

/* How a field's value is written. */
enum form {
	FORM_NUMBER,
	FORM_MAC,
	FORM_IPV4,
	FORM_IPV6,
	FORM_TOS, /* an octet, of which the two lower bits (ECN) do not count */
	FORM_TCI, /* a number; without FILTER_TAGGED it is about frames without a tag */
	FORM_DL_VLAN, /* a VLAN, or 0xffff for none */
	FORM_VLAN_PCP,
	FORM_FRAG,
	FORM_TCP_FLAGS,
};

enum { NO_MASK, ANY_MASK };
enum { TOS_DSCP = 0xfc };

/* clang-format off */
static const struct filter_field fields[] = {
#define F(NAME, MEMBER, SHIFT, BITS, FORM, MASK, NEEDS)                                          \
	{ NAME, offsetof(struct filter_key, MEMBER), sizeof(((struct filter_key *)0)->MEMBER),   \
	  SHIFT, BITS, FORM, MASK, NEEDS }
	F("eth_dst",     eth_dst,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_NOTHING),
	F("dl_dst",      eth_dst,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_NOTHING),
	F("eth_src",     eth_src,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_NOTHING),
	F("dl_src",      eth_src,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_NOTHING),
	F("eth_type",    eth_type,   0, 16, FORM_NUMBER,    NO_MASK,  NEEDS_NOTHING),
	F("dl_type",     eth_type,   0, 16, FORM_NUMBER,    NO_MASK,  NEEDS_NOTHING),
	F("vlan_tci",    vlan_tci,   0, 16, FORM_TCI,       ANY_MASK, NEEDS_NOTHING),
	F("vlan_vid",    vlan_tci,   0, 13, FORM_TCI,       ANY_MASK, NEEDS_NOTHING),
	F("vlan_pcp",    vlan_tci,  13,  3, FORM_VLAN_PCP,  NO_MASK,  NEEDS_NOTHING),
	F("dl_vlan",     vlan_tci,   0, 12, FORM_DL_VLAN,   NO_MASK,  NEEDS_NOTHING),
	F("dl_vlan_pcp", vlan_tci,  13,  3, FORM_VLAN_PCP,  NO_MASK,  NEEDS_NOTHING),
	F("ip_src",      nw_src,     0,  0, FORM_IPV4,      ANY_MASK, NEEDS_NW_ADDR),
	F("nw_src",      nw_src,     0,  0, FORM_IPV4,      ANY_MASK, NEEDS_NW_ADDR),
	F("ip_dst",      nw_dst,     0,  0, FORM_IPV4,      ANY_MASK, NEEDS_NW_ADDR),
	F("nw_dst",      nw_dst,     0,  0, FORM_IPV4,      ANY_MASK, NEEDS_NW_ADDR),
	F("ipv6_src",    ipv6_src,   0,  0, FORM_IPV6,      ANY_MASK, NEEDS_IPV6),
	F("ipv6_dst",    ipv6_dst,   0,  0, FORM_IPV6,      ANY_MASK, NEEDS_IPV6),
	F("ipv6_label",  ipv6_label, 0, 20, FORM_NUMBER,    ANY_MASK, NEEDS_IPV6),
	F("nw_proto",    nw_proto,   0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_NW_PROTO),
	F("ip_proto",    nw_proto,   0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_IP),
	F("nw_tos",      nw_tos,     0,  8, FORM_TOS,       NO_MASK,  NEEDS_IP),
	F("ip_dscp",     nw_tos,     2,  6, FORM_NUMBER,    NO_MASK,  NEEDS_IP),
	F("nw_ecn",      nw_tos,     0,  2, FORM_NUMBER,    NO_MASK,  NEEDS_IP),
	F("ip_ecn",      nw_tos,     0,  2, FORM_NUMBER,    NO_MASK,  NEEDS_IP),
	F("nw_ttl",      nw_ttl,     0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_IP),
	F("ip_frag",     nw_frag,    0,  2, FORM_FRAG,      NO_MASK,  NEEDS_IP),
	F("nw_frag",     nw_frag,    0,  2, FORM_FRAG,      NO_MASK,  NEEDS_IP),
	F("arp_op",      nw_proto,   0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_ARP),
	F("arp_spa",     nw_src,     0,  0, FORM_IPV4,      ANY_MASK, NEEDS_ARP),
	F("arp_tpa",     nw_dst,     0,  0, FORM_IPV4,      ANY_MASK, NEEDS_ARP),
	F("arp_sha",     arp_sha,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_ARP),
	F("arp_tha",     arp_tha,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_ARP),
	F("tp_src",      tp_src,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_PORTS),
	F("tp_dst",      tp_dst,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_PORTS),
	F("tcp_src",     tp_src,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_TCP),
	F("tcp_dst",     tp_dst,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_TCP),
	F("tcp_flags",   tcp_flags,  0, 12, FORM_TCP_FLAGS, ANY_MASK, NEEDS_TCP),
	F("udp_src",     tp_src,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_UDP),
	F("udp_dst",     tp_dst,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_UDP),
	F("sctp_src",    tp_src,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_SCTP),
	F("sctp_dst",    tp_dst,     0, 16, FORM_NUMBER,    ANY_MASK, NEEDS_SCTP),
	F("icmp_type",   tp_src,     0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_ICMP),
	F("icmp_code",   tp_dst,     0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_ICMP),
	F("icmpv6_type", tp_src,     0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_ICMPV6),
	F("icmpv6_code", tp_dst,     0,  8, FORM_NUMBER,    NO_MASK,  NEEDS_ICMPV6),
	F("nd_target",   nd_target,  0,  0, FORM_IPV6,      ANY_MASK, NEEDS_ND),
	F("nd_sll",      arp_sha,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_ND_SOLICIT),
	F("nd_tll",      arp_tha,    0,  0, FORM_MAC,       ANY_MASK, NEEDS_ND_ADVERT),
#undef F
};
/* clang-format on */

/* One field as it is read. */
struct term {
	const struct filter_field *f;
	const char *text;
	uint8_t value[FILTER_FIELD_BYTES], mask[FILTER_FIELD_BYTES];
};

static int refuse(struct error *err, const char *text, const char *why)
{
	return error_set(err, "constraint violation", "%s: %s", text, why);
}

static void put_number(uint8_t *to, size_t width, uint64_t n)
{
	while (width--) {
		to[width] = (uint8_t)n;
		n >>= 8;
	}
}

/* In the field's own bits. */
static void set_bits(struct term *t, uint64_t value, uint64_t mask)
{
	put_number(t->value, t->f->width, (value & mask) << t->f->shift);
	put_number(t->mask, t->f->width, mask << t->f->shift);
}

/* --- values --- */

static uint64_t all_bits(const struct filter_field *f)
{
	return (1ull << f->bits) - 1;
}

static int too_large(const struct term *t, const char *what, struct error *err)
{
	if (t->f->bits % 8)
		return error_set(err, "constraint violation",
				 "%s: %s too large for %u-bit field %s", t->text, what, t->f->bits,
				 t->f->name);
	return error_set(err, "constraint violation", "%s: %s too large for %u-byte field %s",
			 t->text, what, t->f->bits / 8, t->f->name);
}

static int bad_syntax(const struct term *t, struct error *err)
{
	return error_set(err, "constraint violation", "%s: bad syntax for %s value", t->text,
			 t->f->name);
}

/* From *s on, up to its end or a slash.  0x..., 0... and decimal. */
static bool read_number(const char **s, uint64_t *ret)
{
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	*ret = strtoull(*s, &end, 0);
	if (*end && *end != '/')
		return false;
	*s = end;
	return true;
}

static int parse_number(struct term *t, uint64_t *ret_value, uint64_t *ret_mask, struct error *err)
{
	const char *s = t->text;

	*ret_mask = all_bits(t->f);
	if (!read_number(&s, ret_value))
		return bad_syntax(t, err);
	if (*ret_value > all_bits(t->f))
		return too_large(t, "value", err);
	if (!*s)
		return 0;
	s++;
	if (!read_number(&s, ret_mask) || *s)
		return bad_syntax(t, err);
	return *ret_mask > all_bits(t->f) ? too_large(t, "mask", err) : 0;
}

/* "A" or "A/M".  `n` bytes go to ret_mask where there is a mask; false: none. */
static bool split_mask(const char *text, char *address, size_t size, const char **ret_mask)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	*ret_mask = slash ? slash + 1 : NULL;
	if (n >= size)
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	return true;
}

static int parse_mac(struct term *t, struct error *err)
{
	char address[32];
	const char *mask;

	memset(t->mask, 0xff, 6);
	if (!split_mask(t->text, address, sizeof(address), &mask) ||
	    !mac_parse(address, t->value) || (mask && !mac_parse(mask, t->mask)))
		return refuse(err, t->text, "invalid Ethernet address");
	return 0;
}

/* A mask as a number of bits. */
static bool parse_prefix(const char *text, unsigned int max, uint8_t *ret, bool *is_in_range)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoul(text, &end, 10);
	if (*end)
		return false;
	*is_in_range = n <= max;
	for (unsigned int i = 0; i < max / 8; i++)
		ret[i] = n >= (i + 1) * 8 ? 0xff
			 : n <= i * 8	  ? 0
					  : (uint8_t)(0xff00 >> (n - i * 8));
	return true;
}

static int parse_ip(struct term *t, bool is_v6, struct error *err)
{
	unsigned int max = is_v6 ? 128 : 32;
	int family = is_v6 ? AF_INET6 : AF_INET;
	char address[64];
	const char *mask;
	bool is_in_range = true;

	memset(t->mask, 0xff, max / 8);
	if (!split_mask(t->text, address, sizeof(address), &mask) ||
	    inet_pton(family, address, t->value) != 1 ||
	    (mask && !parse_prefix(mask, max, t->mask, &is_in_range) &&
	     inet_pton(family, mask, t->mask) != 1))
		return refuse(err, t->text, is_v6 ? "invalid IPv6 address" : "invalid IP address");
	if (!is_in_range)
		return error_set(err, "constraint violation",
				 "%s: %s network prefix bits not between 0 and %u, inclusive",
				 t->text, is_v6 ? "IPv6" : "IPv4", max);
	return 0;
}

/* A number other than 0 that is compared as a whole but does not say "tagged" is not what
 * any frame has. */
static int parse_tci(struct term *t, struct error *err)
{
	uint64_t value, mask;

	if (parse_number(t, &value, &mask, err))
		return -1;
	if (value & mask && mask & FILTER_TAGGED && !(value & FILTER_TAGGED))
		return refuse(err, t->text, "matches no frame: add 0x1000 for a frame with a tag");
	set_bits(t, value, mask);
	return 0;
}

static int parse_dl_vlan(struct term *t, struct error *err)
{
	const char *s = t->text;
	uint64_t value;

	if (!read_number(&s, &value) || *s)
		return bad_syntax(t, err);
	if (value == 0xffff)
		set_bits(t, 0, 0x0fff | FILTER_TAGGED);
	else if (value > 0x0fff)
		return refuse(err, t->text, "not a VLAN ID (0 to 4095, or 0xffff for no tag)");
	else
		set_bits(t, value | FILTER_TAGGED, 0x0fff | FILTER_TAGGED);
	return 0;
}

static int parse_vlan_pcp(struct term *t, struct error *err)
{
	uint64_t value, mask;

	if (parse_number(t, &value, &mask, err))
		return -1;
	put_number(t->value, 2, value << 13 | FILTER_TAGGED);
	put_number(t->mask, 2, mask << 13 | FILTER_TAGGED);
	return 0;
}

static int parse_frag(struct term *t, struct error *err)
{
	static const struct {
		const char *name;
		uint8_t value, mask;
	} kinds[] = {
		{ "no", 0, FILTER_FRAG | FILTER_FRAG_LATER },
		{ "yes", FILTER_FRAG, FILTER_FRAG },
		{ "first", FILTER_FRAG, FILTER_FRAG | FILTER_FRAG_LATER },
		{ "later", FILTER_FRAG | FILTER_FRAG_LATER, FILTER_FRAG | FILTER_FRAG_LATER },
		{ "not_later", 0, FILTER_FRAG_LATER },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, t->text))
			continue;
		set_bits(t, kinds[i].value, kinds[i].mask);
		return 0;
	}
	return refuse(err, t->text,
		      "unknown fragment type (valid types are \"no\", \"yes\", \"first\", "
		      "\"later\", \"not_later\")");
}

/* The bit of the flag whose name *s begins with; steps over it.  0: none. */
static unsigned int read_flag(const char **s)
{
	static const char names[][4] = { "fin", "syn", "rst", "psh", "ack",
					 "urg", "ece", "cwr", "ns" };
	size_t n = strcspn(*s, "+-|");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) == n && !memcmp(names[i], *s, n)) {
			*s += n;
			return 1u << i;
		}
	}
	return 0;
}

/* "+syn-ack": these two, whatever else.  "syn|ack": these and no other.  Or a number. */
static int parse_tcp_flags(struct term *t, struct error *err)
{
	const char *s = t->text;
	bool is_signed = *s == '+' || *s == '-';
	uint64_t value = 0, mask = is_signed ? 0 : all_bits(t->f);

	if (*s >= '0' && *s <= '9') {
		if (parse_number(t, &value, &mask, err))
			return -1;
		set_bits(t, value, mask);
		return 0;
	}
	do {
		char sign = is_signed ? *s++ : '+';
		unsigned int bit = read_flag(&s);

		if (!bit || (is_signed && (mask & bit)) ||
		    (*s && (is_signed ? *s == '|' : *s != '|')))
			return refuse(err, t->text, "unknown TCP flag(s)");
		value |= sign == '+' ? bit : 0;
		mask |= bit;
		if (*s == '|')
			s++;
		else if (!*s)
			break;
	} while (true);
	set_bits(t, value, mask);
	return 0;
}

/* Numbers of whatever kind. */
static int parse_plain(struct term *t, struct error *err)
{
	uint64_t value, mask;

	if (parse_number(t, &value, &mask, err))
		return -1;
	set_bits(t, value, t->f->form == FORM_TOS ? TOS_DSCP : mask);
	return 0;
}

static int parse_value(struct term *t, struct error *err)
{
	switch ((enum form)t->f->form) {
	case FORM_MAC:
		return parse_mac(t, err);
	case FORM_IPV4:
		return parse_ip(t, false, err);
	case FORM_IPV6:
		return parse_ip(t, true, err);
	case FORM_TCI:
		return parse_tci(t, err);
	case FORM_DL_VLAN:
		return parse_dl_vlan(t, err);
	case FORM_VLAN_PCP:
		return parse_vlan_pcp(t, err);
	case FORM_FRAG:
		return parse_frag(t, err);
	case FORM_TCP_FLAGS:
		return parse_tcp_flags(t, err);
	case FORM_NUMBER:
	case FORM_TOS:
		break;
	}
	return parse_plain(t, err);
}

int filter_field_parse(const struct filter_field *f, const char *text,
		       uint8_t ret_value[FILTER_FIELD_BYTES], uint8_t ret_mask[FILTER_FIELD_BYTES],
		       struct error *err)
{
	struct term t = { .f = f, .text = text };

	if (!f->has_mask && f->form != FORM_FRAG && strchr(text, '/'))
		return error_set(err, "constraint violation", "%s: invalid mask for field %s", text,
				 f->name);
	if (parse_value(&t, err))
		return -1;
	for (size_t i = 0; i < f->width; i++) {
		ret_value[i] = t.value[i] & t.mask[i];
		ret_mask[i] = t.mask[i];
	}
	return 0;
}

void filter_field_own(const struct filter_field *f, uint8_t ret[FILTER_FIELD_BYTES])
{
	uint64_t bits = f->bits ? all_bits(f) << f->shift : 0;

	if (f->offset == offsetof(struct filter_key, vlan_tci))
		bits &= ~(uint64_t)FILTER_TAGGED;
	if (f->form == FORM_TOS)
		bits = TOS_DSCP;
	if (bits)
		put_number(ret, f->width, bits);
	else
		memset(ret, 0xff, f->width);
}

const struct filter_field *filter_field_find(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	}
	return NULL;
}
