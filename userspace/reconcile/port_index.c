/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/port_index.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/columns.h"
#include "switch/port_match.h"

/* Two tables with open addressing, at most half full.  The one by name is filled when
 * it is first asked: most passes never do. */
struct port_index {
	struct arena *arena;
	const struct columns *c;
	size_t mask;
	struct placed *by_uuid; /* row NULL: free */
	const struct placed **by_name;
};

struct port_index *port_index_new(struct arena *arena, const struct columns *c, size_t n)
{
	struct port_index *index = arena_alloc(arena, sizeof(*index));
	size_t size = 16;

	while (size < 2 * n + 2)
		size *= 2;
	index->arena = arena;
	index->c = c;
	index->mask = size - 1;
	index->by_uuid = arena_new_array(arena, struct placed, size);
	return index;
}

static size_t hash_uuid(const struct uuid *uuid)
{
	uint64_t halves[2];

	memcpy(halves, uuid->b, sizeof(halves));
	return (size_t)(((halves[0] ^ halves[1]) * 0x9e3779b97f4a7c15) >> 32);
}

static size_t hash_name(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

static struct placed *lookup(const struct port_index *index, const struct uuid *uuid)
{
	for (size_t at = hash_uuid(uuid);; at++) {
		struct placed *p = &index->by_uuid[at & index->mask];

		if (!p->row || uuid_equal(&p->row->uuid, uuid))
			return p;
	}
}

struct placed *port_index_add(struct port_index *index, const struct row *row,
			      const struct model_bridge *bridge, struct model_port *port)
{
	struct placed *p = lookup(index, &row->uuid);

	if (p->row)
		return NULL;
	*p = (struct placed){ row, bridge, port };
	return p;
}

struct placed *port_index_find(const struct port_index *index, const struct uuid *row)
{
	struct placed *p = lookup(index, row);

	return p->row ? p : NULL;
}

/* --- by name --- */

static const struct placed **lookup_name(const struct port_index *index, const char *name)
{
	for (size_t at = hash_name(name);; at++) {
		const struct placed **p = &index->by_name[at & index->mask];

		if (!*p || !strcmp(row_string((*p)->row, index->c->port.name), name))
			return p;
	}
}

static void fill_by_name(struct port_index *index)
{
	index->by_name = arena_new_array(index->arena, const struct placed *, index->mask + 1);
	for (size_t i = 0; i <= index->mask; i++) {
		const struct placed *p = &index->by_uuid[i];

		if (p->row && p->row->table == index->c->port.table)
			*lookup_name(index, row_string(p->row, index->c->port.name)) = p;
	}
}

const struct placed *port_index_by_name(struct port_index *index, const char *name)
{
	if (!index->by_name)
		fill_by_name(index);
	return *lookup_name(index, name);
}

/* --- identity --- */

const struct row *port_index_interface(const struct db *db, const struct columns *c,
				       const struct row *port)
{
	const char *name = row_string(port, c->port.name);
	const struct row *best = NULL;
	struct datum_cursor cursor;

	datum_foreach (row_datum(port, c->port.interfaces), &cursor) {
		const struct row *row = db_find(db, c->interface.table, &cursor.key->uuid);

		if (row && (!best || !strcmp(row_string(row, c->interface.name), name)))
			best = row;
	}
	return best;
}

void port_index_identity(const struct columns *c, const struct row *port,
			 const struct row *interface, struct port_identity *ret)
{
	*ret = (struct port_identity){ .name = row_string(port, c->port.name) };
	for (int i = 0; interface && i < PORT_N_IDS; i++)
		ret->ids[i] = row_map_string(interface, c->interface.external_ids, port_id_keys[i]);
}
