/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/txn_rows.h"

#include <stdlib.h>

#include "ovsdb/db.h"

static uint32_t row_hash(const struct schema_table *table, const struct uuid *uuid)
{
	return hash_uuid(uuid, table->number);
}

struct txn_row *txn_row_find(const struct txn *t, const struct schema_table *table,
			     const struct uuid *uuid)
{
	const struct txn_table *tt = &t->tables[table->number];
	struct txn_row *tr;

	if (!tt->n)
		return NULL;
	for (struct hash_node *n = hash_first(&t->rows, row_hash(table, uuid)); n;
	     n = hash_next(n)) {
		tr = (struct txn_row *)n;
		if (tr->table == table && uuid_equal(&tr->uuid, uuid))
			return tr;
	}
	return NULL;
}

struct txn_row *txn_row_first(const struct txn *t)
{
	size_t n = db_schema(t->db)->n_tables;

	for (size_t i = 0; i < n; i++)
		if (t->tables[i].first)
			return t->tables[i].first;
	return NULL;
}

struct txn_row *txn_row_next(const struct txn *t, const struct txn_row *tr)
{
	size_t n = db_schema(t->db)->n_tables;

	if (tr->next)
		return tr->next;
	for (size_t i = tr->table->number + 1; i < n; i++)
		if (t->tables[i].first)
			return t->tables[i].first;
	return NULL;
}

/* Entries are got some at a time, the more the more there are. */
struct txn_rows {
	struct txn_rows *next;
	size_t n, room;
	struct txn_row rows[];
};

static struct txn_row *new_row(struct txn *t)
{
	enum { FEW = 4, MANY = 512 };
	struct txn_rows *m = t->memory;

	if (!m || m->n == m->room) {
		size_t room = !m ? FEW : m->room < MANY ? 2 * m->room : MANY;

		m = malloc(sizeof(*m) + room * sizeof(m->rows[0]));
		if (!m)
			return NULL;
		*m = (struct txn_rows){ .next = t->memory, .room = room };
		t->memory = m;
	}
	m->rows[m->n] = (struct txn_row){ .next = NULL };
	return &m->rows[m->n++];
}

void txn_rows_free(struct txn *t)
{
	struct txn_rows *next;

	for (const struct txn_row *tr = txn_row_first(t); tr; tr = txn_row_next(t, tr)) {
		row_unref(tr->old);
		row_unref(tr->new);
		row_unref(tr->counted);
	}
	for (struct txn_rows *m = t->memory; m; m = next) {
		next = m->next;
		free(m);
	}
	hash_destroy(&t->rows);
}

struct txn_row *txn_row_add(struct txn *t, const struct schema_table *table,
			    const struct uuid *uuid)
{
	struct txn_table *tt = &t->tables[table->number];
	struct txn_row *tr = new_row(t);

	if (!tr)
		return NULL;
	tr->table = table;
	tr->uuid = *uuid;
	hash_insert(&t->rows, &tr->node, row_hash(table, uuid));
	*tt->tail = tr;
	tt->tail = &tr->next;
	tt->n++;
	return tr;
}

int txn_row_touch(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
		  struct txn_row **ret, struct error *err)
{
	struct txn_row *tr = txn_row_find(t, table, uuid);
	const struct row *row;

	if (!tr) {
		row = db_find(t->db, table, uuid);
		if (row) {
			tr = txn_row_add(t, table, uuid);
			if (!tr)
				return error_nomem(err);
			tr->old = row_ref(row);
			tr->counted = row_ref(row);
			tr->new = (struct row *)(uintptr_t)row_ref(row);
		}
	}
	*ret = tr;
	return 0;
}

int txn_row_own(struct txn_row *tr, struct error *err)
{
	struct row *own;

	/* What only this place counts nobody else has seen. */
	if (tr->new->n_refs == 1)
		return 0;
	own = row_clone(tr->new);
	if (!own)
		return error_nomem(err);
	row_unref(tr->new);
	tr->new = own;
	return 0;
}

const struct row *txn_row_visible(const struct txn *t, const struct schema_table *table,
				  const struct uuid *uuid)
{
	const struct txn_row *tr = txn_row_find(t, table, uuid);

	return tr ? tr->new : db_find(t->db, table, uuid);
}
