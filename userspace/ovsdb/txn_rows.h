/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The rows that a transaction has touched: what txn.c shares with the checks of a
 * commit (txn_check.c) and with queries (query.c).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "ovsdb/hash.h"
#include "ovsdb/row.h"

struct db;

struct txn_row {
	struct hash_node node;
	struct txn_row *next; /* of its table, in order of the first touch */
	const struct schema_table *table;
	struct uuid uuid;
	const struct row *old; /* counted; NULL: not in the database */
	struct row *new; /* counted; NULL: deleted; == old: touched only */
	const struct row *counted; /* counted; the version whose references the side table has */
};

struct txn_rows; /* memory for some of them */

struct txn_table {
	const struct schema_table *schema;
	struct txn_row *first;
	struct txn_row **tail;
	size_t n;
};

struct txn {
	struct db *db;
	struct uuid begun_at; /* id of the commit before it */
	struct hash rows;
	struct txn_rows *memory;
	struct txn_table *tables; /* by table number */
	struct buf comment;
	bool is_durable;
	bool is_done;
};

/* Walks all touched rows, table by table. */
struct txn_row *txn_row_first(const struct txn *t);
struct txn_row *txn_row_next(const struct txn *t, const struct txn_row *tr);

struct txn_row *txn_row_find(const struct txn *t, const struct schema_table *table,
			     const struct uuid *uuid);
/* The row as the transaction sees it. */
const struct row *txn_row_visible(const struct txn *t, const struct schema_table *table,
				  const struct uuid *uuid);
/* Lets go of the rows, when the transaction ends. */
void txn_rows_free(struct txn *t);
/* An entry for a row that is in neither; NULL: out of memory. */
struct txn_row *txn_row_add(struct txn *t, const struct schema_table *table,
			    const struct uuid *uuid);
/* Finds the entry, or makes it for a row of the database.  *ret NULL: no such row. */
must_check int txn_row_touch(struct txn *t, const struct schema_table *table,
			     const struct uuid *uuid, struct txn_row **ret, struct error *err);
/* A version of its own to write to. */
must_check int txn_row_own(struct txn_row *tr, struct error *err);
