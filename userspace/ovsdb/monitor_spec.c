/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/monitor_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "base/text.h"
#include "ovsdb/condition.h"
#include "ovsdb/schema.h"
#include "ovsdb/syntax.h"

static void table_destroy(struct spec_table *t)
{
	free(t->columns);
	free(t->where);
	condition_free(t->condition);
}

struct monitor_spec *monitor_spec_ref(struct monitor_spec *spec)
{
	spec->n_refs++;
	return spec;
}

void monitor_spec_free(struct monitor_spec *spec)
{
	size_t i;

	if (!spec || --spec->n_refs)
		return;
	for (i = 0; i < spec->n_tables; i++)
		table_destroy(&spec->tables[i]);
	free(spec->tables);
	free(spec->key);
	free(spec);
}

static int add_column(struct spec_table *t, const struct column *column, unsigned int select,
		      const struct json *json, struct error *err)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		if (t->columns[i].column == column)
			return syntax_error(err, json, NULL, "column %s mentioned more than once",
					    column->name);
	}
	t->columns[t->n_columns++] = (struct spec_column){ column, select };
	return 0;
}

/* No "columns" member: all but _uuid, which is the key of the row's update anyway. */
static int read_columns(struct spec_table *t, const struct json *json, unsigned int select,
			struct error *err)
{
	const struct schema_table *table = t->table;
	const struct json *name;
	size_t i;

	for (i = COLUMN_VERSION; !json && i < table->n_columns; i++) {
		if (add_column(t, table->columns[i], select, json, err) < 0)
			return -1;
	}
	json_foreach_element (json, name) {
		const struct column *c;

		if (!json_is_string(name))
			return syntax_error(err, json, NULL, "array of column names expected");
		c = schema_find_column(table, json_string(name));
		if (!c)
			return syntax_error(err, json, NULL, "%s is not a valid column name",
					    json_string(name));
		if (add_column(t, c, select, json, err) < 0)
			return -1;
	}
	return 0;
}

static int read_select(const char *table_name, const struct json *json, unsigned int *ret_select,
		       struct error *err)
{
	static const struct {
		const char *name;
		unsigned int flag;
	} flags[] = { { "initial", SELECT_INITIAL },
		      { "insert", SELECT_INSERT },
		      { "delete", SELECT_DELETE },
		      { "modify", SELECT_MODIFY } };
	struct syntax_object o;
	char what[256];
	size_t i;

	*ret_select = 0;
	snprintf(what, sizeof(what), "table %s select", table_name);
	if (json)
		syntax_begin(&o, json, what);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		const struct json *value =
			json ? syntax_member(&o, flags[i].name, SYNTAX_BOOLEAN | SYNTAX_OPTIONAL)
			     : NULL;

		if (!value || json_is_true(value))
			*ret_select |= flags[i].flag;
	}
	return json ? syntax_end(&o, err) : 0;
}

/* The conditions of a table's requests so far.  A row is seen where any of them lets it
 * be seen; no condition lets all.  (The reference takes one of them, by accident of its
 * hash table.) */
struct wheres {
	struct buf clauses; /* [clause,clause; empty: no request yet */
	bool is_all;
};

static int add_where(struct wheres *w, const struct spec_table *t, const struct json *where,
		     struct error *err)
{
	struct condition *condition;
	const struct json *clause;

	if (condition_from_json(where, t->table, NULL, true, &condition, err) < 0)
		return -1;
	w->is_all |= condition_is_true(condition);
	condition_free(condition);
	if (!w->clauses.len)
		buf_putc(&w->clauses, '[');
	json_foreach_element (where, clause) {
		if (w->clauses.len > 1)
			buf_putc(&w->clauses, ',');
		text_put_json(&w->clauses, clause);
	}
	return 0;
}

static int set_where(struct spec_table *t, char *where_take, struct error *err)
{
	struct condition *condition = NULL;
	struct json_doc *doc = NULL;
	int rc = 0;

	if (where_take)
		rc = json_parse(where_take, strlen(where_take), &doc, err);
	if (!rc && where_take)
		rc = condition_from_json(json_doc_root(doc), t->table, NULL, true, &condition, err);
	json_doc_unref(doc);
	if (rc < 0) {
		free(where_take);
		return -1;
	}
	free(t->where);
	condition_free(t->condition);
	t->where = where_take;
	t->condition = condition;
	return 0;
}

/* Ends the collection: the table gets what was collected, if rc is 0. */
static int finish_wheres(struct wheres *w, struct spec_table *t, int rc, struct error *err)
{
	char *where = NULL;

	buf_putc(&w->clauses, ']');
	if (!rc && !buf_ok(&w->clauses))
		rc = error_nomem(err);
	if (!rc && w->clauses.len > 1) {
		if (!w->is_all)
			where = buf_steal(&w->clauses);
		rc = set_where(t, where, err);
	}
	buf_free(&w->clauses);
	return rc;
}

static int read_request(struct spec_table *t, enum monitor_kind kind, const struct json *json,
			struct wheres *wheres, struct error *err)
{
	const struct json *columns, *select_json, *where = NULL;
	struct syntax_object o;
	unsigned int select;
	char what[256];

	snprintf(what, sizeof(what), "table %s", t->table->name);
	syntax_begin(&o, json, what);
	columns = syntax_member(&o, "columns", SYNTAX_ARRAY | SYNTAX_OPTIONAL);
	select_json = syntax_member(&o, "select", SYNTAX_OBJECT | SYNTAX_OPTIONAL);
	if (kind != MONITOR)
		where = syntax_member(&o, "where", SYNTAX_ARRAY | SYNTAX_OPTIONAL);
	if (syntax_end(&o, err) < 0 || read_select(t->table->name, select_json, &select, err) < 0 ||
	    read_columns(t, columns, select, err) < 0)
		return -1;
	t->select |= select;
	return add_where(wheres, t, where, err);
}

/* json: one request or an array of them. */
static int read_table(struct spec_table *t, enum monitor_kind kind, const struct json *json,
		      struct error *err)
{
	struct wheres wheres = { .clauses = BUF_INIT };
	const struct json *request;
	size_t i;
	int rc = 0;

	t->columns = calloc(t->table->n_columns, sizeof(t->columns[0]));
	if (!t->columns)
		return error_nomem(err);
	if (!json_is_array(json))
		rc = read_request(t, kind, json, &wheres, err);
	for (i = 0; !rc && i < json_n_elements(json); i++) {
		request = json_at(json, i);
		rc = read_request(t, kind, request, &wheres, err);
	}
	return finish_wheres(&wheres, t, rc, err);
}

static int by_table_number(const void *a, const void *b)
{
	const struct spec_table *ta = a, *tb = b;

	return ta->table->number < tb->table->number ? -1 : ta->table->number > tb->table->number;
}

static int by_column_number(const void *a, const void *b)
{
	const struct spec_column *ca = a, *cb = b;

	return ca->column->number < cb->column->number ? -1
						       : ca->column->number > cb->column->number;
}

static bool is_volatile(const struct column *c)
{
	return c->number == COLUMN_VERSION || (c->number >= COLUMN_FIRST && !c->is_persistent);
}

static bool is_table_volatile(const struct spec_table *t)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		if (is_volatile(t->columns[i].column))
			return true;
	}
	return t->condition && condition_has_column(t->condition, is_volatile);
}

static void put_table_key(struct buf *to, const struct spec_table *t)
{
	size_t i;

	buf_printf(to, " %u,%u", t->table->number, t->select);
	for (i = 0; i < t->n_columns; i++)
		buf_printf(to, ",%u,%u", t->columns[i].column->number, t->columns[i].select);
	if (t->where)
		buf_puts(to, t->where);
}

/* Brings everything in a fixed order and describes it. */
static int finish(struct monitor_spec *spec, struct error *err)
{
	struct buf key = BUF_INIT;
	size_t i;

	qsort(spec->tables, spec->n_tables, sizeof(spec->tables[0]), by_table_number);
	buf_printf(&key, "%u", (unsigned int)spec->kind);
	for (i = 0; i < spec->n_tables; i++) {
		struct spec_table *t = &spec->tables[i];

		spec->is_volatile |= is_table_volatile(t);
		qsort(t->columns, t->n_columns, sizeof(t->columns[0]), by_column_number);
		put_table_key(&key, t);
	}
	spec->key = buf_steal(&key);
	return spec->key ? 0 : error_nomem(err);
}

static struct monitor_spec *spec_alloc(enum monitor_kind kind, size_t n_tables)
{
	struct monitor_spec *spec = calloc(1, sizeof(*spec));

	if (!spec)
		return NULL;
	spec->n_refs = 1;
	spec->kind = kind;
	spec->tables = calloc(n_tables + 1, sizeof(spec->tables[0]));
	if (!spec->tables) {
		free(spec);
		return NULL;
	}
	return spec;
}

static int read_tables(struct monitor_spec *spec, const struct schema *schema,
		       const struct json *requests, struct error *err)
{
	const struct json_member *m;

	json_foreach_member (requests, m) {
		struct spec_table *t = &spec->tables[spec->n_tables];

		t->table = schema_find_table(schema, m->name.string);
		if (!t->table)
			return error_set(err, "syntax error", "no table named %s", m->name.string);
		spec->n_tables++;
		if (read_table(t, spec->kind, &m->value, err) < 0)
			return -1;
	}
	return 0;
}

int monitor_spec_new(const struct schema *schema, enum monitor_kind kind,
		     const struct json *requests, struct monitor_spec **ret, struct error *err)
{
	struct monitor_spec *spec;

	if (!json_is_object(requests))
		return syntax_error(err, requests, NULL, "monitor-requests must be object");
	spec = spec_alloc(kind, json_n_members(requests));
	if (!spec)
		return error_nomem(err);
	if (read_tables(spec, schema, requests, err) < 0 || finish(spec, err) < 0) {
		monitor_spec_free(spec);
		return -1;
	}
	*ret = spec;
	return 0;
}

/* monitor_cond_change */

static int copy_table(const struct spec_table *from, struct spec_table *to, struct error *err)
{
	to->table = from->table;
	to->select = from->select;
	to->n_columns = from->n_columns;
	to->columns = calloc(from->n_columns + 1, sizeof(to->columns[0]));
	if (!to->columns)
		return error_nomem(err);
	memcpy(to->columns, from->columns, from->n_columns * sizeof(to->columns[0]));
	if (!from->where)
		return 0;
	to->where = strdup(from->where);
	to->condition = condition_ref(from->condition);
	return to->where ? 0 : error_nomem(err);
}

static int change_request(const struct spec_table *t, const struct json *json,
			  struct wheres *wheres, struct error *err)
{
	struct syntax_object o;
	const struct json *where;
	char what[256];

	if (json_get(json, "columns"))
		return syntax_error(err, json, NULL, "changing columns is unsupported");
	snprintf(what, sizeof(what), "table %s", t->table->name);
	syntax_begin(&o, json, what);
	where = syntax_member(&o, "where", SYNTAX_ARRAY);
	if (syntax_end(&o, err) < 0)
		return -1;
	return add_where(wheres, t, where, err);
}

static int change_table(struct monitor_spec *spec, const struct schema *schema, const char *name,
			const struct json *json, struct error *err)
{
	struct wheres wheres = { .clauses = BUF_INIT };
	struct spec_table *t = spec->tables;
	size_t i;
	int rc = 0;

	if (!schema_find_table(schema, name))
		return error_set(err, "syntax error", "no table named %s", name);
	while (t < spec->tables + spec->n_tables && strcmp(t->table->name, name))
		t++;
	if (t == spec->tables + spec->n_tables)
		return error_set(err, "syntax error", "no table named %s in monitor session", name);
	if (!json_is_array(json))
		return error_set(err, "syntax error", "table %s no monitor-cond-change JSON array",
				 name);
	for (i = 0; !rc && i < json_n_elements(json); i++)
		rc = change_request(t, json_at(json, i), &wheres, err);
	if (spec->kind != MONITOR)
		return finish_wheres(&wheres, t, rc, err);
	buf_free(&wheres.clauses); /* this kind knows no conditions */
	return rc;
}

static int change_tables(struct monitor_spec *spec, const struct schema *schema,
			 const struct monitor_spec *old, const struct json *requests,
			 struct error *err)
{
	const struct json_member *m;
	size_t i;

	for (i = 0; i < old->n_tables; i++) {
		spec->n_tables++;
		if (copy_table(&old->tables[i], &spec->tables[i], err) < 0)
			return -1;
	}
	json_foreach_member (requests, m) {
		if (change_table(spec, schema, m->name.string, &m->value, err) < 0)
			return -1;
	}
	return finish(spec, err);
}

int monitor_spec_change(const struct schema *schema, const struct monitor_spec *old,
			const struct json *requests, struct monitor_spec **ret, struct error *err)
{
	struct monitor_spec *spec;

	if (!json_is_object(requests))
		return error_set(err, "syntax error",
				 "monitor-cond-change-requests must be object");
	spec = spec_alloc(old->kind, old->n_tables);
	if (!spec)
		return error_nomem(err);
	if (change_tables(spec, schema, old, requests, err) < 0) {
		monitor_spec_free(spec);
		return -1;
	}
	*ret = spec;
	return 0;
}
