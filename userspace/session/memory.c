/* SPDX-License-Identifier: Apache-2.0 */
#include "session/memory.h"

#include <stddef.h>
#include <utlist.h>

#include "base/buf.h"
#include "jsonrpc/conn.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "ovsdb/schema.h"
#include "session/host.h"
#include "session/session.h"

struct rows {
	size_t n_cells, n_atoms, n_weak_refs;
};

static void count_row(const struct row *row, struct rows *r)
{
	for (size_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
		const struct column *c = row->table->columns[i];
		size_t n = datum_n(row_datum(row, c));

		r->n_atoms += type_is_map(&c->type) ? 2 * n : n;
		r->n_weak_refs += c->type.key.ref_kind == REF_WEAK ? n : 0;
		r->n_weak_refs += c->type.value.ref_kind == REF_WEAK ? n : 0;
	}
	r->n_cells += row->table->n_columns;
	r->n_atoms += COLUMN_FIRST; /* _uuid and _version */
}

static void count_rows(const struct db *db, struct rows *r)
{
	const struct schema *schema = db_schema(db);
	struct db_cursor at;

	for (size_t i = 0; i < schema->n_tables; i++)
		table_foreach (row, db, schema->tables[i], &at)
			count_row(row, r);
}

void memory_put(const struct host *h, struct buf *to)
{
	size_t n_monitors = 0, n_works = 0, backlog = 0;
	const struct session_work *w;
	const struct session *session;
	struct rows rows = { 0 };

	for (const struct hosted_db *d = h->dbs; d; d = d->next)
		count_rows(d->db, &rows);
	DL_FOREACH (h->sessions, session) {
		n_monitors += session->watches.n;
		backlog += conn_backlog(session->conn);
		DL_FOREACH (session->works, w)
			n_works++;
	}
	buf_printf(to,
		   "atoms:%zu backlog:%zu cells:%zu monitors:%zu n-weak-refs:%zu sessions:%u "
		   "triggers:%zu\n",
		   rows.n_atoms, backlog, rows.n_cells, n_monitors, rows.n_weak_refs, h->n_sessions,
		   n_works);
}
