/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The fields that a filter can name, and how their values are written.  For filter.c.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* What must have been said besides, lest the field mean something else or nothing. */
enum filter_needs {
	NEEDS_NOTHING,
	NEEDS_IP,
	NEEDS_NW_PROTO, /* something that has a protocol: IP or ARP */
	NEEDS_NW_ADDR, /* IPv4 or ARP */
	NEEDS_IPV4,
	NEEDS_IPV6,
	NEEDS_ARP,
	NEEDS_PORTS, /* any protocol that has them */
	NEEDS_TCP,
	NEEDS_UDP,
	NEEDS_SCTP,
	NEEDS_ICMP,
	NEEDS_ICMPV4,
	NEEDS_ICMPV6,
	NEEDS_ND,
	NEEDS_ND_SOLICIT,
	NEEDS_ND_ADVERT,
};

/* A field's place in struct filter_key. */
struct filter_field {
	const char *name;
	uint8_t offset, width; /* bytes */
	uint8_t shift, bits; /* in there; bits 0: all of it */
	int form; /* how its values are written: filter_field.c's */
	bool has_mask;
	enum filter_needs needs;
};

enum { FILTER_FIELD_BYTES = 16 }; /* no field is wider */

/* NULL: there is no such field. */
const struct filter_field *filter_field_find(const char *name);

/* "VALUE" or "VALUE/MASK": `width` bytes of each. */
must_check int filter_field_parse(const struct filter_field *f, const char *text,
				  uint8_t ret_value[FILTER_FIELD_BYTES],
				  uint8_t ret_mask[FILTER_FIELD_BYTES], struct error *err);

/* The bits of the field alone, without what is said along with it ("tagged"). */
void filter_field_own(const struct filter_field *f, uint8_t ret[FILTER_FIELD_BYTES]);
