/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Conditions (RFC 7047 5.1 <condition>; monitor_cond allows plain true and false as
 * well).  An empty list selects everything.
 */
#include <stdbool.h>

#include "base/error.h"
#include "ovsdb/schema.h"

struct json;
struct row;
struct symtab;
struct condition;

/* json: the "where" array; NULL: as [].  is_any: monitor conditions are joined by OR,
 * those of operations by AND. */
must_check int condition_from_json(const struct json *json, const struct schema_table *table,
				   struct symtab *symtab, bool is_any, struct condition **ret,
				   struct error *err);
struct condition *condition_ref(struct condition *c);
void condition_free(struct condition *c); /* counted; NULL is fine */
bool condition_matches(const struct condition *c, const struct row *row);
bool condition_is_true(const struct condition *c); /* matches every row */

/* Is it about such a column? */
bool condition_has_column(const struct condition *c, bool (*is_such)(const struct column *));

/* The row that `_uuid == X` pins down, if that is among AND conditions; NULL: none. */
const struct uuid *condition_uuid(const struct condition *c);
/* The same for an index of the table: all its columns are compared by `==`.  Fills
 * ret_values, in order of the index's columns, with room for as many. */
bool condition_has_index(const struct condition *c, const struct schema_index *index,
			 const struct datum **ret_values);
