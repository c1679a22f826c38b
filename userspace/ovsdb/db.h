/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One database: the current version of every row, the side table of references, and
 * the single door for changes (db_commit() in txn.c).  Order at that door: the journal
 * hook first (it can refuse, and then nothing happened), then the listeners in the
 * order of their registration.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ovsdb/change.h"
#include "ovsdb/row.h"
#include "ovsdb/schema.h"

struct db;
struct refs;
struct table;

/* Takes the schema. */
must_check int db_new(struct schema *schema_take, struct db **ret, struct error *err);
void db_free(struct db *db); /* NULL is fine */
/* Schema and rows of both change places; journal and listeners stay and are not told.
 * For conversion (convert.h). */
void db_exchange(struct db *a, struct db *b);

const struct schema *db_schema(const struct db *db);
/* Id of the last commit, zero before the first. */
const struct uuid *db_txn_id(const struct db *db);

/* Rows.  Iteration stays valid while no commit happens; versions may be held longer by
 * row_ref(). */
const struct row *db_find(const struct db *db, const struct schema_table *t,
			  const struct uuid *uuid);
size_t db_n_rows(const struct db *db, const struct schema_table *t);
struct db_cursor {
	const struct db *db;
	const struct schema_table *table;
	size_t at;
};
const struct row *db_first(const struct db *db, const struct schema_table *t, struct db_cursor *c);
const struct row *db_next(struct db_cursor *c);
#define table_foreach(ROW, DB, TABLE, C) \
	for (const struct row *ROW = db_first(DB, TABLE, C); ROW; ROW = db_next(C))

/* Writes the change list where it must survive.  -1 fails the transaction with *err and
 * nothing has changed.  Sets nothing in the list but txn_id, which it may replace. */
typedef int db_journal_fn(void *arg, struct change_list *changes, struct error *err);
void db_set_journal(struct db *db, db_journal_fn *fn, void *arg);

/* Called after each commit, while both versions are alive.  A listener may read the
 * database but must not commit from inside the call. */
struct db_listener {
	void (*on_commit)(void *arg, const struct change_list *changes);
	void *arg;
	struct db_listener *next; /* db's */
};
void db_listen(struct db *db, struct db_listener *l); /* appended; l stays the caller's */
void db_unlisten(struct db *db, struct db_listener *l);

/* For txn.c and its helpers only. */
struct table *db_table(const struct db *db, const struct schema_table *t);
struct refs *db_refs(const struct db *db);
/* For _version and for transaction ids: different in every call, in every process. */
struct uuid db_unique_id(struct db *db);
/* The single door.  The changes were checked; on -1 nothing happened. */
must_check int db_commit(struct db *db, struct change_list *changes, struct error *err);
