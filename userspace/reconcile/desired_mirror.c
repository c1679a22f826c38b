/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/desired_mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/columns.h"
#include "reconcile/rows.h"
#include "switch/mirror.h"
#include "switch/model.h"

static int cmp_ports(const void *a_, const void *b_)
{
	const struct model_port *const *a = a_, *const *b = b_;

	return strverscmp((*a)->name, (*b)->name);
}

/* Ports of other bridges, and those that cannot work, select nothing. */
static const struct model_port **selected(const struct datum *d, struct arena *arena,
					  const struct desired_ports *ports, size_t *ret_n)
{
	const struct model_port **list =
		arena_new_array(arena, const struct model_port *, datum_n(d));
	struct datum_cursor cursor;
	size_t n = 0;

	datum_foreach (d, &cursor) {
		const struct model_port *p = ports->find(ports->arg, &cursor.key->uuid);

		if (p && !p->error)
			list[n++] = p;
	}
	qsort(list, n, sizeof(*list), cmp_ports);
	*ret_n = n;
	return list;
}

/* Keys of ours ask for something beyond the stock columns.  What is not understood must
 * not be ignored: the mirror might copy more than it should. */
static const char *unknown_key(const struct row *row, const struct column *external_ids)
{
	struct datum_cursor cursor;

	datum_foreach (row_datum(row, external_ids), &cursor) {
		if (!strncmp(cursor.key->string, "bvs-", 4))
			return cursor.key->string;
	}
	return NULL;
}

static struct model_mirror *make_mirror(const struct columns *c, struct arena *arena,
					const struct row *row, const struct desired_ports *ports)
{
	struct model_mirror *m = arena_alloc(arena, sizeof(*m));
	const struct uuid *out = row_ref_one(row, c->mirror.output_port);
	struct model_port *out_port = out ? ports->find(ports->arg, out) : NULL;
	struct mirror_input in = {
		.has_output_port = out != NULL,
		.out_port = out_port,
		.has_output_vlan = datum_n(row_datum(row, c->mirror.output_vlan)) != 0,
		.filter = row_string(row, c->mirror.filter),
		.unknown_key = unknown_key(row, c->mirror.external_ids),
	};

	m->uuid = row->uuid;
	m->name = arena_strdup(arena, row_string(row, c->mirror.name));
	m->selects_all = row_bool(row, c->mirror.select_all, false);
	m->vlans = rows_vlans(row, c->mirror.select_vlan, arena);
	m->src_ports =
		selected(row_datum(row, c->mirror.select_src_port), arena, ports, &m->n_src_ports);
	m->dst_ports =
		selected(row_datum(row, c->mirror.select_dst_port), arena, ports, &m->n_dst_ports);
	m->snaplen = (uint32_t)row_integer(row, c->mirror.snaplen, 0);
	if (m->snaplen >= 65535)
		m->snaplen = 0; /* no frame is longer */
	mirror_resolve(&in, arena, m);
	/* Also while the mirror waits: a port that was meant for copies must not begin to
	 * get traffic because of a mistake elsewhere in the row. */
	if (out_port && !out_port->error)
		out_port->is_reserved = true;
	return m;
}

static int cmp_mirrors(const void *a_, const void *b_)
{
	const struct model_mirror *const *a = a_, *const *b = b_;
	int cmp = strverscmp((*a)->name, (*b)->name);

	return cmp ? cmp : uuid_cmp(&(*a)->uuid, &(*b)->uuid);
}

void desired_mirrors(const struct db *db, const struct columns *c, struct arena *arena,
		     const struct row *bridge_row, const struct desired_ports *ports,
		     struct model_bridge *bridge)
{
	const struct datum *d = row_datum(bridge_row, c->bridge.mirrors);
	struct datum_cursor cursor;

	bridge->mirrors = arena_new_array(arena, struct model_mirror *, datum_n(d));
	datum_foreach (d, &cursor) {
		const struct row *row = db_find(db, c->mirror.table, &cursor.key->uuid);

		if (row)
			bridge->mirrors[bridge->n_mirrors++] = make_mirror(c, arena, row, ports);
	}
	qsort(bridge->mirrors, bridge->n_mirrors, sizeof(struct model_mirror *), cmp_mirrors);
}
