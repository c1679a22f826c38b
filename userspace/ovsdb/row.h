/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A row version: immutable and counted.  A commit replaces versions; whoever still
 * holds an old one (a dump in slices, a monitor's "old") keeps seeing it whole.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "ovsdb/datum.h"
#include "ovsdb/schema.h"

struct row {
	unsigned int n_refs;
	struct uuid uuid; /* of the row */
	struct uuid version; /* the column _version */
	const struct schema_table *table;
	const struct datum *values[]; /* by column number; [COLUMN_UUID], [COLUMN_VERSION] are
				       * NULL: ask row_value() */
};

/* For txn.c: a row with default values, a copy, and a value for one that nobody else
 * has seen yet.  NULL when out of memory. */
struct row *row_new(const struct schema_table *table, const struct uuid *uuid);
struct row *row_clone(const struct row *from);
void row_set_take(struct row *r, const struct column *c, const struct datum *value_take);

const struct row *row_ref(const struct row *r);
void row_unref(const struct row *r); /* NULL is fine */

/* The value of any column, _uuid and _version included, borrowed for the former kinds
 * and made for the latter: always hand it back with datum_unref().
 * NULL: out of memory (_uuid and _version only). */
const struct datum *row_value(const struct row *r, const struct column *c);

/* Reading by the daemon itself.  Columns are looked up once by schema_find_column().
 * What an empty optional gives is said in the name or is the `otherwise` argument. */
bool row_bool(const struct row *r, const struct column *c, bool otherwise);
int64_t row_integer(const struct row *r, const struct column *c, int64_t otherwise);
const char *row_string(const struct row *r, const struct column *c); /* NULL: empty */
const struct uuid *row_ref_one(const struct row *r, const struct column *c); /* NULL: empty */
/* A string map's value for key; NULL where absent. */
const char *row_map_string(const struct row *r, const struct column *c, const char *key);

static inline const struct datum *row_datum(const struct row *r, const struct column *c)
{
	return r->values[c->number]; /* borrowed; not for _uuid, _version */
}
