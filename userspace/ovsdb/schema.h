/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A database schema (RFC 7047 section 3.2): read once, then constant.  Columns of a
 * table are numbered; a row is an array of values by that number.  "_uuid" and
 * "_version" are columns 0 and 1 of every table, so that one code path serves
 * conditions, selects and monitors on them.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ovsdb/type.h"

struct blob;
struct datum;
struct json;
struct schema_table;

struct column {
	char *name;
	unsigned int number; /* in its table */
	struct type type;
	bool is_mutable;
	bool is_persistent; /* not ephemeral */
	struct datum *default_value;
	struct blob *default_text; /* ,"name":<default value> */
	size_t name_len; /* of its part ,"name": */
	const struct schema_table *table;
};
enum { COLUMN_UUID, COLUMN_VERSION, COLUMN_FIRST };

struct schema_index {
	const struct column **columns;
	size_t n_columns;
};

struct schema_table {
	char *name;
	unsigned int number; /* in its schema */
	struct column **columns; /* 0 and 1 are _uuid and _version, the rest in order of name */
	size_t n_columns;
	bool is_root; /* false: a row that no strong reference holds is collected */
	bool is_mutable;
	size_t max_rows; /* SIZE_MAX: no limit */
	struct schema_index *indexes;
	size_t n_indexes;
};

struct schema {
	char *name;
	char *version;
	struct blob *text; /* as served by get_schema, cksum included */
	struct schema_table **tables; /* in order of name */
	size_t n_tables;
};

/* Checks everything RFC 7047 3.2 asks; json stays the caller's. */
must_check int schema_from_json(const struct json *json, struct schema **ret, struct error *err);
must_check int schema_from_text(const char *text, size_t len, struct schema **ret,
				struct error *err);
must_check int schema_from_file(const char *path, struct schema **ret, struct error *err);
void schema_free(struct schema *s); /* NULL is fine */

const struct schema_table *schema_find_table(const struct schema *s, const char *name);
const struct column *schema_find_column(const struct schema_table *t, const char *name);

/* An array of distinct column names, as requests have it; json NULL: all columns.  *ret
 * is the caller's to free(). */
must_check int schema_columns_from_json(const struct json *json, const struct schema_table *t,
					const struct column ***ret, size_t *ret_n,
					struct error *err);
