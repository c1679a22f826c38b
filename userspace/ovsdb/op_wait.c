/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/op_wait.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "ovsdb/condition.h"
#include "ovsdb/hash.h"
#include "ovsdb/op_context.h"
#include "ovsdb/op_table.h"
#include "ovsdb/query.h"
#include "ovsdb/row.h"
#include "ovsdb/row_json.h"
#include "ovsdb/syntax.h"

/* A row that the client expects: its values in the columns that it named. */
struct expected {
	struct hash_node node;
	bool is_found;
	const struct datum *values[]; /* counted */
};

struct wait {
	const struct schema_table *table;
	const struct column **columns;
	size_t n_columns;
	struct hash expected;
	size_t n_found;
	bool is_other; /* there is a row that is not expected */
};

static uint32_t hash_values(const struct wait *w, const struct datum *const *values)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < w->n_columns; i++)
		hash = hash_u64(datum_hash(values[i], &w->columns[i]->type), hash);
	return hash;
}

static struct expected *find(const struct wait *w, const struct datum *const *values, uint32_t hash)
{
	for (struct hash_node *n = hash_first(&w->expected, hash); n; n = hash_next(n)) {
		struct expected *e = (struct expected *)n;
		size_t i = 0;

		while (i < w->n_columns &&
		       datum_equal(e->values[i], values[i], &w->columns[i]->type))
			i++;
		if (i == w->n_columns)
			return e;
	}
	return NULL;
}

static void expected_free(const struct wait *w, struct expected *e)
{
	for (size_t i = 0; i < w->n_columns; i++)
		datum_unref(e->values[i]);
	free(e);
}

static int add_expected(struct wait *w, const struct row_json *row, struct error *err)
{
	struct expected *e = calloc(1, sizeof(*e) + w->n_columns * sizeof(e->values[0]));
	uint32_t hash;

	if (!e)
		return error_nomem(err);
	for (size_t i = 0; i < w->n_columns; i++) {
		const struct datum *value = row_json_find(row, w->columns[i]);

		e->values[i] = datum_ref(value ? value : w->columns[i]->default_value);
	}
	hash = hash_values(w, e->values);
	if (find(w, e->values, hash))
		expected_free(w, e);
	else
		hash_insert(&w->expected, &e->node, hash);
	return 0;
}

static int parse_rows(struct wait *w, struct op_context *c, const struct json *rows,
		      struct error *err)
{
	for (size_t i = 0; i < json_n_elements(rows); i++) {
		struct row_json row;
		int rc;

		if (row_json_parse(json_at(rows, i), w->table, c->symtab, &row, err) < 0)
			return -1;
		rc = add_expected(w, &row, err);
		row_json_destroy(&row);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int compare_row(void *arg, const struct row *row, struct error *err)
{
	enum { SMALL = 64 };
	struct wait *w = arg;
	const struct datum *small[SMALL];
	const struct datum **values = small;
	struct expected *e;
	bool is_ok = true;

	if (w->is_other)
		return 0;
	if (w->n_columns > SMALL)
		values = malloc(w->n_columns * sizeof(*values));
	if (!values)
		return error_nomem(err);
	for (size_t i = 0; i < w->n_columns; i++) {
		values[i] = row_value(row, w->columns[i]);
		is_ok = is_ok && values[i];
	}
	e = is_ok ? find(w, values, hash_values(w, values)) : NULL;
	if (!e)
		w->is_other = true;
	else if (!e->is_found)
		w->n_found++;
	if (e)
		e->is_found = true;
	for (size_t i = 0; i < w->n_columns; i++)
		datum_unref(values[i]);
	if (values != small)
		free((void *)values);
	return is_ok ? 0 : error_nomem(err);
}

static void wait_destroy(struct wait *w)
{
	struct hash_node *next;

	for (struct hash_node *n = hash_take_all(&w->expected); n; n = next) {
		next = n->next;
		expected_free(w, (struct expected *)n);
	}
	hash_destroy(&w->expected);
	free((void *)w->columns);
}

static int fail_unmet(struct op_context *c, const struct wait *w, int64_t timeout_ms,
		      struct error *err)
{
	if (c->elapsed_ms < timeout_ms) {
		c->blocked_on = w->table;
		c->timeout_ms = timeout_ms;
		return error_set(err, "not supported", "waiting");
	}
	if (c->elapsed_ms)
		return error_set(err, "timed out", "\"wait\" timed out after %" PRId64 " ms",
				 c->elapsed_ms);
	return error_set(err, "timed out", "\"where\" clause test failed");
}

static int parse_timeout(const struct json *json, int64_t *ret, struct error *err)
{
	*ret = json ? json->integer : INT64_MAX;
	if (*ret < 0)
		return syntax_error(err, json, NULL, "timeout must be nonnegative");
	return 0;
}

static int parse_until(const struct json *json, bool *ret_is_equal, struct error *err)
{
	const char *until = json_string(json);

	*ret_is_equal = !strcmp(until, "==");
	if (!*ret_is_equal && strcmp(until, "!="))
		return syntax_error(err, json, NULL, "\"until\" must be \"==\" or \"!=\"");
	return 0;
}

int op_wait(struct op_context *c, struct syntax_object *o, struct error *err)
{
	struct wait w = { .n_columns = 0 };
	const struct json *timeout = syntax_member(o, "timeout", SYNTAX_INTEGER | SYNTAX_OPTIONAL);
	const struct json *where = syntax_member(o, "where", SYNTAX_ARRAY);
	const struct json *names = syntax_member(o, "columns", SYNTAX_ARRAY | SYNTAX_OPTIONAL);
	const struct json *until = syntax_member(o, "until", SYNTAX_STRING);
	const struct json *rows = syntax_member(o, "rows", SYNTAX_ARRAY);
	struct condition *condition = NULL;
	bool is_equal_wanted = false;
	int64_t timeout_ms;
	int rc;

	w.table = op_table_member(c, o);
	if (op_table_members_ok(o, err) < 0)
		return -1;
	hash_init(&w.expected);
	rc = condition_from_json(where, w.table, c->symtab, false, &condition, err);
	if (!rc)
		rc = schema_columns_from_json(names, w.table, &w.columns, &w.n_columns, err);
	if (!rc)
		rc = parse_timeout(timeout, &timeout_ms, err);
	if (!rc)
		rc = parse_until(until, &is_equal_wanted, err);
	if (!rc)
		rc = parse_rows(&w, c, rows, err);
	if (!rc)
		rc = query_rows(c->txn, w.table, condition, compare_row, &w, err);
	if (!rc && (!w.is_other && w.n_found == w.expected.n) != is_equal_wanted)
		rc = fail_unmet(c, &w, timeout_ms, err);
	condition_free(condition);
	wait_destroy(&w);
	if (!rc)
		buf_puts(c->result, "{}");
	return rc;
}
