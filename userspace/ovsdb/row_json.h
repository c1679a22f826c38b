/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A <row> of RFC 7047: some columns of a table with their values.  For the operations.
 */
#include <stddef.h>

#include "base/error.h"

struct column;
struct datum;
struct json;
struct schema_table;
struct symtab;

struct row_json {
	size_t n;
	struct {
		const struct column *column;
		struct datum *value; /* counted */
	} * members;
};

/* On failure *ret is empty. */
must_check int row_json_parse(const struct json *json, const struct schema_table *table,
			      struct symtab *symtab, struct row_json *ret, struct error *err);
void row_json_destroy(struct row_json *r);
/* Borrowed; NULL: not among the members. */
const struct datum *row_json_find(const struct row_json *r, const struct column *column);
