/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The rows of a table that match a condition, as a transaction sees them.  Goes by uuid
 * or index where the condition allows.  For the operations (op.c).
 */
#include "base/error.h"

struct condition;
struct row;
struct schema_table;
struct txn;

/* May change or delete the row it is called with, nothing else.  -1 ends the query. */
typedef int query_fn(void *arg, const struct row *row, struct error *err);

must_check int query_rows(const struct txn *t, const struct schema_table *table,
			  const struct condition *c, query_fn *fn, void *arg, struct error *err);
