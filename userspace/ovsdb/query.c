/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/query.h"

#include "ovsdb/condition.h"
#include "ovsdb/db.h"
#include "ovsdb/table.h"
#include "ovsdb/txn.h"
#include "ovsdb/txn_rows.h"

enum { MAX_INDEX_COLUMNS = 8 };

struct query {
	const struct txn *txn;
	const struct schema_table *table;
	const struct condition *condition;
	query_fn *fn;
	void *arg;
};

static int try_row(const struct query *q, const struct row *row, struct error *err)
{
	int rc;

	if (!row || !condition_matches(q->condition, row))
		return 0;
	/* fn may replace it in the transaction. */
	row_ref(row);
	rc = q->fn(q->arg, row, err);
	row_unref(row);
	return rc;
}

/* A row of the database, unless the transaction has a version of its own. */
static int try_db_row(const struct query *q, const struct row *row, struct error *err)
{
	if (!row || txn_row_find(q->txn, q->table, &row->uuid))
		return 0;
	return try_row(q, row, err);
}

/* The touched rows; `fn` may touch more behind `last`, which were tried already. */
static int try_touched(const struct query *q, struct error *err)
{
	const struct txn_table *tt = &q->txn->tables[q->table->number];
	size_t n = tt->n;

	for (const struct txn_row *tr = tt->first; n; tr = tr->next, n--)
		if (try_row(q, tr->new, err) < 0)
			return -1;
	return 0;
}

static int try_db_rows(const struct query *q, struct error *err)
{
	const struct datum *values[MAX_INDEX_COLUMNS];
	const struct row *row;
	struct db_cursor cursor;

	for (size_t i = 0; i < q->table->n_indexes; i++)
		if (q->table->indexes[i].n_columns <= MAX_INDEX_COLUMNS &&
		    condition_has_index(q->condition, &q->table->indexes[i], values))
			return try_db_row(
				q, table_index_find(db_table(q->txn->db, q->table), i, values),
				err);
	for (row = db_first(q->txn->db, q->table, &cursor); row; row = db_next(&cursor))
		if (try_db_row(q, row, err) < 0)
			return -1;
	return 0;
}

int query_rows(const struct txn *t, const struct schema_table *table, const struct condition *c,
	       query_fn *fn, void *arg, struct error *err)
{
	const struct query q = { t, table, c, fn, arg };
	const struct uuid *uuid = condition_uuid(c);

	if (uuid)
		return try_row(&q, txn_find(t, table, uuid), err);
	return try_touched(&q, err) < 0 ? -1 : try_db_rows(&q, err);
}
