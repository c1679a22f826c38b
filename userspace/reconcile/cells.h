/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writes values into rows, all in one transaction, and only those that differ: a pass
 * that found nothing new commits nothing.  Errors stick until cells_commit().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct column;
struct datum;
struct db;
struct row;
struct schema_table;
struct txn;
struct uuid;

struct cells {
	struct db *db;
	struct txn *txn; /* NULL until something differs */
	size_t n_written;
	bool has_failed;
	struct error err;
};

void cells_begin(struct cells *c, struct db *db);
/* Does what was gathered; in any case c is done with. */
must_check int cells_commit(struct cells *c, struct error *err);

/* Takes value; NULL is out of memory.  True: it differs from what the row has. */
bool cells_put(struct cells *c, const struct row *row, const struct column *column,
	       struct datum *value_take);
bool cells_clear(struct cells *c, const struct row *row, const struct column *column);
bool cells_integer(struct cells *c, const struct row *row, const struct column *column,
		   int64_t value);
/* value NULL clears an optional column. */
bool cells_string(struct cells *c, const struct row *row, const struct column *column,
		  const char *value);

/* Sets of strings (values NULL) and maps from strings; keys sorted or not. */
bool cells_strings(struct cells *c, const struct row *row, const struct column *column,
		   const char *const *keys, const char *const *values, size_t n);
bool cells_integers(struct cells *c, const struct row *row, const struct column *column,
		    const char *const *keys, const uint64_t *values, size_t n);

/* One key of a map of strings; value NULL takes it out.  The rest of the map stays. */
bool cells_map_string(struct cells *c, const struct row *row, const struct column *column,
		      const char *key, const char *value);

/* A new row: it can be written to through cells_row() from now on. */
void cells_insert(struct cells *c, const struct schema_table *table, const struct uuid *uuid);
/* The row as it is with what was written so far; NULL: none. */
const struct row *cells_row(const struct cells *c, const struct schema_table *table,
			    const struct uuid *uuid);
