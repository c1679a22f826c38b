/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The words of "mirror add" to a transaction.  Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct buf;

struct mirror_add {
	const char *bridge, *name;
	const char *src, *dst,
		*output; /* ports, as bvs-src-ports and its like take them; or NULL */
	bool is_all;
	uint16_t output_vlan; /* 0: none */
	uint32_t snaplen; /* 0: whole frames */
	bool is_wire_form; /* segments with checksums rather than what is left to hardware */
	const char *filter; /* NULL: none */
	const char *expression; /* tcpdump's; NULL: none */
	bool vlans[4096]; /* select_vlan */
};

/* "10,20-29" */
must_check int mirror_add_vlans(const char *text, struct mirror_add *to, struct error *err);

/* Nothing is missing, nothing contradicts. */
must_check int mirror_add_check(const struct mirror_add *m, struct error *err);

/* Operations as JSON text, separated by commas.  They fail where there is no such bridge. */
void mirror_add_put(struct buf *to, const struct mirror_add *m);
