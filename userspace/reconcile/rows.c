/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/rows.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ovsdb/datum.h"
#include "ovsdb/row.h"
#include "switch/model.h"

const struct vlan_bits *rows_vlans(const struct row *r, const struct column *c, struct arena *arena)
{
	const struct datum *d = row_datum(r, c);
	struct datum_cursor cursor;
	struct vlan_bits *bits;

	if (!datum_n(d))
		return NULL;
	bits = arena_alloc(arena, sizeof(*bits));
	datum_foreach (d, &cursor) {
		if (cursor.key->integer >= 0 && cursor.key->integer < 4096)
			vlan_bits_add(bits, (uint16_t)cursor.key->integer);
	}
	return bits;
}

int rows_map_integer(const struct row *r, const struct column *c, const char *key, int otherwise)
{
	const char *s = row_map_string(r, c, key);
	long v = s ? strtol(s, NULL, 10) : 0;

	if (!v)
		return otherwise;
	return v < INT_MIN ? INT_MIN : v > INT_MAX ? INT_MAX : (int)v;
}

bool rows_map_bool(const struct row *r, const struct column *c, const char *key)
{
	const char *s = row_map_string(r, c, key);

	return s && !strcmp(s, "true");
}
