/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/db.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "ovsdb/refs.h"
#include "ovsdb/table.h"

struct db {
	struct schema *schema;
	struct table *tables;
	struct refs *refs;
	struct uuid txn_id;
	struct uuid id_base;
	uint64_t n_ids;
	db_journal_fn *journal;
	void *journal_arg;
	struct db_listener *listeners;
	bool is_telling; /* listeners are being called */
};

int db_new(struct schema *schema_take, struct db **ret, struct error *err)
{
	struct db *db = calloc(1, sizeof(*db));
	bool is_ok;

	if (!db) {
		schema_free(schema_take);
		return error_nomem(err);
	}
	db->schema = schema_take;
	db->id_base = uuid_random();
	db->refs = refs_new();
	db->tables = calloc(schema_take->n_tables + 1, sizeof(*db->tables));
	is_ok = db->refs && db->tables;
	for (size_t i = 0; is_ok && i < schema_take->n_tables; i++) {
		struct uuid seed = uuid_random();
		uint32_t seed32;

		memcpy(&seed32, seed.b, sizeof(seed32));
		is_ok = table_init(&db->tables[i], schema_take->tables[i], seed32);
	}
	if (!is_ok) {
		db_free(db);
		return error_nomem(err);
	}
	*ret = db;
	return 0;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; db->tables && i < db->schema->n_tables; i++)
		if (db->tables[i].schema)
			table_destroy(&db->tables[i]);
	free(db->tables);
	refs_free(db->refs);
	schema_free(db->schema);
	free(db);
}

static void keep_place(struct db *db, const struct db *before)
{
	db->journal = before->journal;
	db->journal_arg = before->journal_arg;
	db->listeners = before->listeners;
	db->is_telling = before->is_telling;
}

void db_exchange(struct db *a, struct db *b)
{
	struct db old_a = *a, old_b = *b;

	assert(!a->is_telling && !b->is_telling);
	*a = old_b;
	*b = old_a;
	keep_place(a, &old_a);
	keep_place(b, &old_b);
}

const struct schema *db_schema(const struct db *db)
{
	return db->schema;
}

const struct uuid *db_txn_id(const struct db *db)
{
	return &db->txn_id;
}

struct table *db_table(const struct db *db, const struct schema_table *t)
{
	return &db->tables[t->number];
}

struct refs *db_refs(const struct db *db)
{
	return db->refs;
}

struct uuid db_unique_id(struct db *db)
{
	struct uuid id = db->id_base;
	uint64_t n = ++db->n_ids;

	/* Bytes 6 and 8 say that it is a random uuid; the last seven count. */
	for (int i = 15; i > 8; i--, n >>= 8)
		id.b[i] ^= (uint8_t)n;
	return id;
}

const struct row *db_find(const struct db *db, const struct schema_table *t,
			  const struct uuid *uuid)
{
	return table_find(db_table(db, t), uuid);
}

size_t db_n_rows(const struct db *db, const struct schema_table *t)
{
	return db_table(db, t)->rows.n;
}

const struct row *db_first(const struct db *db, const struct schema_table *t, struct db_cursor *c)
{
	*c = (struct db_cursor){ .db = db, .table = t };
	return db_next(c);
}

const struct row *db_next(struct db_cursor *c)
{
	return table_next(db_table(c->db, c->table), &c->at);
}

void db_set_journal(struct db *db, db_journal_fn *fn, void *arg)
{
	db->journal = fn;
	db->journal_arg = arg;
}

void db_listen(struct db *db, struct db_listener *l)
{
	struct db_listener **at = &db->listeners;

	while (*at)
		at = &(*at)->next;
	l->next = NULL;
	*at = l;
}

void db_unlisten(struct db *db, struct db_listener *l)
{
	struct db_listener **at = &db->listeners;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
}

/* The changes of one table stand together in the list. */
static bool reserve(struct db *db, const struct change_list *changes)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct schema_table *t = row_change_table(&changes->changes[i]);
		size_t n_new = !changes->changes[i].old;

		while (i + 1 < changes->n && row_change_table(&changes->changes[i + 1]) == t)
			n_new += !changes->changes[++i].old;
		if (!table_reserve(db_table(db, t), n_new))
			return false;
	}
	return true;
}

int db_commit(struct db *db, struct change_list *changes, struct error *err)
{
	struct db_listener *next;

	assert(!db->is_telling);
	changes->txn_id = db_unique_id(db);
	if (!reserve(db, changes))
		return error_nomem(err);
	if (db->journal && db->journal(db->journal_arg, changes, err) < 0)
		return -1;
	for (size_t i = 0; i < changes->n; i++) {
		const struct row_change *c = &changes->changes[i];

		table_swap(db_table(db, row_change_table(c)), c->old, c->new);
	}
	db->txn_id = changes->txn_id;
	db->is_telling = true;
	for (struct db_listener *l = db->listeners; l; l = next) {
		next = l->next;
		l->on_commit(l->arg, changes);
	}
	db->is_telling = false;
	return 0;
}
