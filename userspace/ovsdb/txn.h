/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A transaction: new row versions on top of the database, private until commit.  The
 * JSON operations (op.c) and the daemon itself (reconcile, session, replay) both work
 * through this.  Dropping it is all that abort needs.  No other one may be committed between
 * txn_new() and txn_commit(): all happens within one turn of the loop.
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/uuid.h"
#include "ovsdb/db.h"

struct txn;

struct txn *txn_new(struct db *db); /* NULL: out of memory */
void txn_free(struct txn *t); /* abort, or after commit; NULL is fine */

/* Rows as this transaction sees them. */
const struct row *txn_find(const struct txn *t, const struct schema_table *table,
			   const struct uuid *uuid);

/* A new row with default values.  Fails where the uuid exists, or existed until this
 * transaction deleted it. */
must_check int txn_insert(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
			  struct error *err);
must_check int txn_delete(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
			  struct error *err);
/* Takes value (also on failure; NULL means the caller ran out of memory and fails).
 * No check of ranges or mutability: the caller is trusted or has checked. */
must_check int txn_write(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
			 const struct column *column, struct datum *value_take, struct error *err);

/* May txn_insert() be called with this uuid? */
bool txn_may_insert(const struct txn *t, const struct schema_table *table, const struct uuid *uuid);

struct db *txn_db(const struct txn *t);
void txn_add_comment(struct txn *t, const char *comment);
void txn_set_durable(struct txn *t);
bool txn_is_durable(const struct txn *t);

/* Garbage collection, weak references, reference, index and row-count checks, journal,
 * swap, listeners.  On -1 the database is as before and *err is the element that
 * RFC 7047 4.1.3 puts behind the operations' results.  ret_changed (may be NULL): false
 * when nothing changed, and then nobody was told. */
must_check int txn_commit(struct txn *t, bool *ret_changed, struct error *err);
