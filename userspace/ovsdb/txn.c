/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/txn.h"

#include <assert.h>
#include <stdlib.h>

#include "ovsdb/refs.h"
#include "ovsdb/txn_check.h"
#include "ovsdb/txn_rows.h"

struct txn *txn_new(struct db *db)
{
	const struct schema *s = db_schema(db);
	struct txn *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->db = db;
	t->begun_at = *db_txn_id(db);
	hash_init(&t->rows);
	t->tables = calloc(s->n_tables + 1, sizeof(*t->tables));
	if (!t->tables) {
		free(t);
		return NULL;
	}
	for (size_t i = 0; i < s->n_tables; i++) {
		t->tables[i].schema = s->tables[i];
		t->tables[i].tail = &t->tables[i].first;
	}
	return t;
}

void txn_free(struct txn *t)
{
	if (!t)
		return;
	txn_rows_free(t);
	buf_free(&t->comment);
	free(t->tables);
	free(t);
}

struct db *txn_db(const struct txn *t)
{
	return t->db;
}

const struct row *txn_find(const struct txn *t, const struct schema_table *table,
			   const struct uuid *uuid)
{
	return txn_row_visible(t, table, uuid);
}

/* tr: the row's entry, if there is one. */
static bool may_insert(const struct txn *t, const struct txn_row *tr,
		       const struct schema_table *table, const struct uuid *uuid)
{
	return tr ? !tr->old && !tr->new : !db_find(t->db, table, uuid);
}

bool txn_may_insert(const struct txn *t, const struct schema_table *table, const struct uuid *uuid)
{
	return may_insert(t, txn_row_find(t, table, uuid), table, uuid);
}

int txn_insert(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
	       struct error *err)
{
	struct txn_row *tr = txn_row_find(t, table, uuid);
	struct row *row;

	if (!may_insert(t, tr, table, uuid))
		return error_set(err, "duplicate uuid",
				 "This UUID would duplicate a UUID already present within the "
				 "table or deleted within the same transaction.");
	row = row_new(table, uuid);
	if (row && !tr)
		tr = txn_row_add(t, table, uuid);
	if (!row || !tr) {
		row_unref(row);
		return error_nomem(err);
	}
	row->version = db_unique_id(t->db);
	tr->new = row;
	return 0;
}

static int fail_no_row(const struct schema_table *table, const struct uuid *uuid, struct error *err)
{
	return error_set(err, "ovsdb error", "no row %s in table %s", UUID_STR(uuid), table->name);
}

int txn_delete(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
	       struct error *err)
{
	struct txn_row *tr;

	if (txn_row_touch(t, table, uuid, &tr, err) < 0)
		return -1;
	if (!tr || !tr->new)
		return fail_no_row(table, uuid, err);
	row_unref(tr->new);
	tr->new = NULL;
	return 0;
}

int txn_write(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
	      const struct column *column, struct datum *value_take, struct error *err)
{
	struct txn_row *tr = NULL;
	int rc;

	if (!value_take)
		return error_nomem(err);
	rc = txn_row_touch(t, table, uuid, &tr, err);
	if (!rc && (!tr || !tr->new))
		rc = fail_no_row(table, uuid, err);
	if (!rc)
		rc = txn_row_own(tr, err);
	if (rc < 0) {
		datum_unref(value_take);
		return -1;
	}
	row_set_take(tr->new, column, value_take);
	return 0;
}

void txn_add_comment(struct txn *t, const char *comment)
{
	if (t->comment.len)
		buf_putc(&t->comment, '\n');
	buf_puts(&t->comment, comment);
}

void txn_set_durable(struct txn *t)
{
	t->is_durable = true;
}

bool txn_is_durable(const struct txn *t)
{
	return t->is_durable;
}

/* Puts every change into the list, table by table. */
static int list_changes(struct txn *t, struct change_list *list, struct error *err)
{
	const struct schema *s = db_schema(t->db);

	list->changes = malloc((t->rows.n + 1) * sizeof(*list->changes));
	if (!list->changes)
		return error_nomem(err);
	for (size_t i = 0; i < s->n_tables; i++) {
		for (struct txn_row *tr = t->tables[i].first; tr; tr = tr->next) {
			struct row_change *c = &list->changes[list->n];

			if (tr->old == tr->new)
				continue;
			/* A row that was inserted has one, which may have been told. */
			if (tr->old && tr->new)
				tr->new->version = db_unique_id(t->db);
			*c = (struct row_change){ tr->old, tr->new };
			list->has_persistent |= txn_is_persistent(c);
			list->n++;
		}
	}
	list->comment = t->comment.len ? t->comment.data : NULL;
	list->is_durable = t->is_durable;
	return 0;
}

int txn_commit(struct txn *t, bool *ret_changed, struct error *err)
{
	struct change_list list = { .n = 0 };
	struct refs *refs = db_refs(t->db);
	int rc;

	assert(!t->is_done && uuid_equal(&t->begun_at, db_txn_id(t->db)));
	t->is_done = true;
	if (ret_changed)
		*ret_changed = false;
	if (!buf_ok(&t->comment))
		return error_nomem(err);
	if (!txn_find_changes(t))
		return 0;
	rc = txn_check(t, err);
	if (!rc)
		rc = list_changes(t, &list, err);
	/* A row that was inserted and collected again leaves nothing behind. */
	if (!rc && list.n)
		rc = db_commit(t->db, &list, err);
	if (rc < 0)
		refs_undo(refs);
	else
		refs_keep(refs);
	if (!rc && ret_changed)
		*ret_changed = list.n;
	free(list.changes);
	return rc;
}
