/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/schema.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "base/text.h"
#include "ovsdb/datum.h"
#include "ovsdb/syntax.h"

/* Lookups */

const struct schema_table *schema_find_table(const struct schema *s, const char *name)
{
	size_t low = 0, high = s->n_tables;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int cmp = strcmp(s->tables[middle]->name, name);

		if (!cmp)
			return s->tables[middle];
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct column *schema_find_column(const struct schema_table *t, const char *name)
{
	size_t low = COLUMN_FIRST, high = t->n_columns;

	if (name[0] == '_') {
		for (low = 0; low < COLUMN_FIRST && strcmp(t->columns[low]->name, name); low++)
			;
		return low < COLUMN_FIRST ? t->columns[low] : NULL;
	}
	while (low < high) {
		size_t middle = (low + high) / 2;
		int cmp = strcmp(t->columns[middle]->name, name);

		if (!cmp)
			return t->columns[middle];
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void column_free(struct column *c)
{
	if (!c)
		return;
	free(c->name);
	type_destroy(&c->type);
	datum_unref(c->default_value);
	blob_unref(c->default_text);
	free(c);
}

static void table_free(struct schema_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_columns; i++)
		column_free(t->columns[i]);
	for (size_t i = 0; i < t->n_indexes; i++)
		free(t->indexes[i].columns);
	free(t->columns);
	free(t->indexes);
	free(t->name);
	free(t);
}

void schema_free(struct schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_tables; i++)
		table_free(s->tables[i]);
	free(s->tables);
	free(s->name);
	free(s->version);
	blob_unref(s->text);
	free(s);
}

/* Names of tables and columns. */
static int check_name(const struct json *json, const char *name, struct error *err)
{
	if (name[0] == '_')
		return syntax_error(err, json, NULL, "names beginning with \"_\" are reserved");
	if (!syntax_is_id(name))
		return syntax_error(err, json, NULL, "name must be a valid id");
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct json_member *const *ma = a, *const *mb = b;

	return strcmp((*ma)->name.string, (*mb)->name.string);
}

/* The members of an object in order of their names; NULL: out of memory. */
static const struct json_member **sorted_members(const struct json *object)
{
	size_t n = json_n_members(object);
	const struct json_member **members = malloc((n + 1) * sizeof(*members));

	for (size_t i = 0; members && i < n; i++)
		members[i] = &object->members[i];
	if (members)
		qsort(members, n, sizeof(*members), by_name);
	return members;
}

/* Columns */

static struct column *column_new(const struct schema_table *t, unsigned int number,
				 const char *name)
{
	struct column *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->name = strdup(name);
	c->number = number;
	c->is_mutable = true;
	c->is_persistent = true;
	c->table = t;
	c->type.n_min = c->type.n_max = 1;
	base_type_init(&c->type.key, ATOM_UUID);
	base_type_init(&c->type.value, ATOM_VOID);
	if (!c->name) {
		column_free(c);
		return NULL;
	}
	return c;
}

static int read_column(struct column *c, const struct json *json, struct error *err)
{
	const struct json *is_mutable, *is_ephemeral, *type;
	struct syntax_object o;
	char what[300];

	snprintf(what, sizeof(what), "schema for column %s", c->name);
	syntax_begin(&o, json, what);
	is_mutable = syntax_member(&o, "mutable", SYNTAX_BOOLEAN | SYNTAX_OPTIONAL);
	is_ephemeral = syntax_member(&o, "ephemeral", SYNTAX_BOOLEAN | SYNTAX_OPTIONAL);
	type = syntax_member(&o, "type", SYNTAX_STRING | SYNTAX_OBJECT);
	if (syntax_end(&o, err) < 0 || type_from_json(type, &c->type, err) < 0)
		return -1;
	c->is_mutable = !json_is_false(is_mutable);
	c->is_persistent = !json_is_true(is_ephemeral);
	return 0;
}

static int make_default(struct column *c, struct error *err)
{
	struct buf text = BUF_INIT;

	c->default_value = datum_default(&c->type);
	if (!c->default_value)
		return error_nomem(err);
	buf_printf(&text, ",\"%s\":", c->name);
	c->name_len = text.len;
	datum_put_json(&text, c->default_value, &c->type);
	c->default_text = blob_from_buf(&text);
	return c->default_text ? 0 : error_nomem(err);
}

static int add_column(struct schema_table *t, const char *name, const struct json *json,
		      struct error *err)
{
	unsigned int number = (unsigned int)t->n_columns;
	struct column *c = column_new(t, number, name);

	if (!c)
		return error_nomem(err);
	t->columns[t->n_columns++] = c;
	if (json && read_column(c, json, err) < 0)
		return -1;
	if (number < COLUMN_FIRST) {
		c->is_mutable = false;
		c->is_persistent = number == COLUMN_UUID;
	}
	return make_default(c, err);
}

static int read_columns(struct schema_table *t, const struct json *table_json,
			const struct json *columns, struct error *err)
{
	size_t n = json_n_members(columns);
	const struct json_member **members = sorted_members(columns);
	int rc = 0;

	t->columns = calloc(n + COLUMN_FIRST, sizeof(struct column *));
	if (!members || !t->columns)
		rc = error_nomem(err);
	if (!rc)
		rc = add_column(t, "_uuid", NULL, err);
	if (!rc)
		rc = add_column(t, "_version", NULL, err);
	for (size_t i = 0; i < n && !rc; i++) {
		const char *name = members[i]->name.string;

		rc = check_name(table_json, name, err);
		if (!rc)
			rc = add_column(t, name, &members[i]->value, err);
	}
	free(members);
	return rc;
}

/* Sets of columns, which other requests have as well */

static int add_to_set(const struct json *json, const char *name, const struct schema_table *t,
		      const struct column **columns, size_t *n, struct error *err)
{
	const struct column *c;

	if (!name)
		return syntax_error(err, json, NULL, "array of distinct column names expected");
	c = schema_find_column(t, name);
	if (!c)
		return syntax_error(err, json, NULL, "%s is not a valid column name", name);
	for (size_t i = 0; i < *n; i++)
		if (columns[i] == c)
			return syntax_error(err, json, NULL,
					    "array of distinct column names expected");
	columns[(*n)++] = c;
	return 0;
}

int schema_columns_from_json(const struct json *json, const struct schema_table *t,
			     const struct column ***ret, size_t *ret_n, struct error *err)
{
	size_t room = json ? json_n_elements(json) : t->n_columns;
	const struct column **columns = malloc((room + 1) * sizeof(*columns));
	size_t n = 0;
	int rc = 0;

	if (!columns)
		return error_nomem(err);
	if (!json)
		for (; n < t->n_columns; n++)
			columns[n] = t->columns[n];
	else if (!json_is_array(json))
		rc = syntax_error(err, json, NULL, "array of distinct column names expected");
	for (size_t i = 0; json && i < room && !rc; i++)
		rc = add_to_set(json, json_string(json_at(json, i)), t, columns, &n, err);
	if (rc < 0) {
		free(columns);
		return -1;
	}
	*ret = columns;
	*ret_n = n;
	return 0;
}

/* Tables */

static int read_index(struct schema_table *t, const struct json *table_json,
		      const struct json *json, struct error *err)
{
	struct schema_index *index = &t->indexes[t->n_indexes];

	if (schema_columns_from_json(json, t, &index->columns, &index->n_columns, err) < 0)
		return -1;
	t->n_indexes++;
	if (!index->n_columns)
		return syntax_error(err, table_json, NULL, "index must have at least one column");
	for (size_t i = 0; i < index->n_columns; i++) {
		if (!index->columns[i]->is_persistent)
			return syntax_error(err, table_json, NULL,
					    "ephemeral columns (such as %s) may not be indexed",
					    index->columns[i]->name);
		if (index->columns[i]->number < COLUMN_FIRST) {
			/* Unique by itself: nothing to keep. */
			free(index->columns);
			t->n_indexes--;
			return 0;
		}
	}
	return 0;
}

static int read_indexes(struct schema_table *t, const struct json *table_json,
			const struct json *json, struct error *err)
{
	size_t n = json_n_elements(json);

	t->indexes = calloc(n + 1, sizeof(*t->indexes));
	if (!t->indexes)
		return error_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (read_index(t, table_json, json_at(json, i), err) < 0)
			return -1;
	return 0;
}

static int read_table(struct schema_table *t, const struct json *json, struct error *err)
{
	const struct json *columns, *max_rows, *is_root, *indexes;
	struct syntax_object o;
	char what[300];

	snprintf(what, sizeof(what), "table schema for table %s", t->name);
	syntax_begin(&o, json, what);
	columns = syntax_member(&o, "columns", SYNTAX_OBJECT);
	max_rows = syntax_member(&o, "maxRows", SYNTAX_INTEGER | SYNTAX_OPTIONAL);
	is_root = syntax_member(&o, "isRoot", SYNTAX_BOOLEAN | SYNTAX_OPTIONAL);
	indexes = syntax_member(&o, "indexes", SYNTAX_ARRAY | SYNTAX_OPTIONAL);
	if (syntax_end(&o, err) < 0)
		return -1;
	if (max_rows && max_rows->integer <= 0)
		return syntax_error(err, json, NULL, "maxRows must be at least 1");
	if (max_rows && max_rows->integer < UINT_MAX)
		t->max_rows = (size_t)max_rows->integer;
	t->is_root = json_is_true(is_root);
	if (!json_n_members(columns))
		return syntax_error(err, json, NULL, "table must have at least one column");
	return read_columns(t, json, columns, err) < 0 || read_indexes(t, json, indexes, err) < 0
		       ? -1
		       : 0;
}

static int read_tables(struct schema *s, const struct json *schema_json, const struct json *tables,
		       struct error *err)
{
	size_t n = json_n_members(tables);
	const struct json_member **members = sorted_members(tables);
	int rc = 0;

	s->tables = calloc(n + 1, sizeof(*s->tables));
	if (!members || !s->tables)
		rc = error_nomem(err);
	for (size_t i = 0; i < n && !rc; i++) {
		struct schema_table *t = calloc(1, sizeof(*t));

		if (!t) {
			rc = error_nomem(err);
			break;
		}
		s->tables[s->n_tables] = t;
		t->number = (unsigned int)s->n_tables++;
		t->is_mutable = true;
		t->max_rows = SIZE_MAX;
		t->name = strdup(members[i]->name.string);
		rc = t->name ? check_name(schema_json, t->name, err) : error_nomem(err);
		if (!rc)
			rc = read_table(t, &members[i]->value, err);
	}
	free(members);
	return rc;
}

/* What concerns several tables */

static int resolve(struct schema *s, const struct column *c, struct base_type *b, const char *side,
		   struct error *err)
{
	if (b->type != ATOM_UUID || !b->ref_table_name)
		return 0;
	b->ref_table = schema_find_table(s, b->ref_table_name);
	if (b->ref_table)
		return 0;
	return syntax_error(err, NULL, NULL, "column %s %s refers to undefined table %s", c->name,
			    side, b->ref_table_name);
}

static bool holds_rows(const struct base_type *b)
{
	return base_type_is_ref(b) && b->ref_kind == REF_STRONG && !b->ref_table->is_root;
}

static bool holds_weakly(const struct base_type *b)
{
	return base_type_is_ref(b) && b->ref_kind == REF_WEAK;
}

/* What references ask of their columns, whatever the schema says of them. */
static void adapt_column(struct column *c)
{
	const struct base_type *key = &c->type.key, *value = &c->type.value;
	bool has_ref = base_type_is_ref(key) || base_type_is_ref(value);

	/* Otherwise the rows that it holds would be gone after a restart ... */
	if (holds_rows(key) || holds_rows(value))
		c->is_persistent = true;
	/* ... or its own row, for which there is no default that refers to something. */
	if (has_ref && c->type.n_min)
		c->is_persistent = true;
	/* It changes with the rows that it refers to. */
	if (holds_weakly(key) || holds_weakly(value))
		c->is_mutable = true;
}

static int link_tables(struct schema *s, struct error *err)
{
	bool has_root = false;

	for (size_t i = 0; i < s->n_tables; i++)
		has_root |= s->tables[i]->is_root;
	for (size_t i = 0; i < s->n_tables; i++) {
		struct schema_table *t = s->tables[i];

		/* Schemas from before garbage collection do not know roots: all are. */
		t->is_root |= !has_root;
	}
	for (size_t i = 0; i < s->n_tables; i++) {
		for (size_t k = COLUMN_FIRST; k < s->tables[i]->n_columns; k++) {
			struct column *c = s->tables[i]->columns[k];

			if (resolve(s, c, &c->type.key, "key", err) < 0 ||
			    resolve(s, c, &c->type.value, "value", err) < 0)
				return -1;
			adapt_column(c);
		}
	}
	return 0;
}

static bool is_version(const char *s)
{
	unsigned int x, y, z;
	int n = 0;

	return sscanf(s, "%u.%u.%u%n", &x, &y, &z, &n) == 3 && !s[n] &&
	       !s[strspn(s, "0123456789.")];
}

static int read_schema(struct schema *s, const struct json *json, struct error *err)
{
	const struct json *name, *version, *tables;
	struct syntax_object o;
	struct buf text = BUF_INIT;

	syntax_begin(&o, json, "database schema");
	name = syntax_member(&o, "name", SYNTAX_ID);
	version = syntax_member(&o, "version", SYNTAX_STRING | SYNTAX_OPTIONAL);
	syntax_member(&o, "cksum", SYNTAX_STRING | SYNTAX_OPTIONAL);
	tables = syntax_member(&o, "tables", SYNTAX_OBJECT);
	if (syntax_end(&o, err) < 0)
		return -1;
	if (version && !is_version(json_string(version)))
		return syntax_error(err, json, NULL, "schema version \"%s\" not in format x.y.z",
				    json_string(version));
	s->name = strdup(json_string(name));
	s->version = strdup(version ? json_string(version) : "");
	text_put_json(&text, json);
	s->text = blob_from_buf(&text);
	if (!s->name || !s->version || !s->text)
		return error_nomem(err);
	return read_tables(s, json, tables, err) < 0 ? -1 : link_tables(s, err);
}

int schema_from_json(const struct json *json, struct schema **ret, struct error *err)
{
	struct schema *s = calloc(1, sizeof(*s));

	if (!s)
		return error_nomem(err);
	if (read_schema(s, json, err) < 0) {
		schema_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

int schema_from_text(const char *text, size_t len, struct schema **ret, struct error *err)
{
	struct json_doc *doc;
	int rc;

	if (json_parse(text, len, &doc, err) < 0)
		return -1;
	rc = schema_from_json(json_doc_root(doc), ret, err);
	json_doc_unref(doc);
	return rc;
}

static int read_stream(FILE *f, struct buf *to, struct error *err)
{
	enum { PIECE = 16384 };
	size_t n;

	do {
		char *at = buf_reserve(to, PIECE);

		if (!at)
			return error_nomem(err);
		n = fread(at, 1, PIECE, f);
		to->len += n;
	} while (n);
	return ferror(f) ? error_errno(err, errno, "read") : 0;
}

int schema_from_file(const char *path, struct schema **ret, struct error *err)
{
	struct buf text = BUF_INIT;
	FILE *f = fopen(path, "re");
	int rc;

	if (!f)
		return error_errno(err, errno, "open %s", path);
	rc = read_stream(f, &text, err);
	fclose(f);
	if (!rc)
		rc = schema_from_text(text.data, text.len, ret, err);
	buf_free(&text);
	return rc < 0 ? error_wrap(err, "%s", path) : 0;
}
