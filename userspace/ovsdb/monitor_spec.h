/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a monitor wants to see: the <monitor-requests> of its request, read and checked.
 * Two monitors with the same key see the same.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ovsdb/monitor_kind.h"

struct column;
struct condition;
struct json;
struct schema;
struct schema_table;

enum { SELECT_INITIAL = 1, SELECT_INSERT = 2, SELECT_DELETE = 4, SELECT_MODIFY = 8 };

struct spec_column {
	const struct column *column;
	unsigned int select; /* in which updates it appears */
};

struct spec_table {
	const struct schema_table *table;
	struct spec_column *columns;
	size_t n_columns;
	unsigned int select; /* of any of its requests */
	char *where; /* array, as text; NULL: all rows */
	struct condition *condition; /* the same; NULL: all rows */
};

struct monitor_spec {
	unsigned int n_refs;
	enum monitor_kind kind;
	struct spec_table *tables; /* in order of their numbers */
	size_t n_tables;
	bool is_volatile; /* sees what another process would not know: ephemeral values, _version */
	char *key;
};

must_check int monitor_spec_new(const struct schema *schema, enum monitor_kind kind,
				const struct json *requests, struct monitor_spec **ret,
				struct error *err);
/* A copy with other conditions for the tables in the requests of monitor_cond_change. */
must_check int monitor_spec_change(const struct schema *schema, const struct monitor_spec *old,
				   const struct json *requests, struct monitor_spec **ret,
				   struct error *err);
struct monitor_spec *monitor_spec_ref(struct monitor_spec *spec);
void monitor_spec_free(struct monitor_spec *spec); /* lets go of it; NULL is fine */
