/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_doc.h"
#include "unit/ovsdb_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ovsdb/datum.h"
#include "ovsdb/transact.h"
#include "unit/json_fixture.h"

struct schema *fixture_schema(const char *text)
{
	struct schema *schema = NULL;
	struct error err;
	struct json_doc *doc = fixture_json(text);

	if (schema_from_json(json_doc_root(doc), &schema, &err) < 0)
		fail_msg("%s", err.text);
	json_doc_unref(doc);
	return schema;
}

struct db *fixture_db(void)
{
	struct error err;
	struct db *db;
	struct schema *schema = fixture_schema(
		"{'name':'T','version':'1.2.3','tables':{"
		"'Root':{'isRoot':true,'indexes':[['name']],'columns':{"
		"'name':{'type':'string'},'n':{'type':'integer'},"
		"'opt':{'type':{'key':'integer','min':0,'max':1}},"
		"'names':{'type':{'key':'string','min':0,'max':'unlimited'}},"
		"'map':{'type':{'key':'string','value':'string','min':0,'max':'unlimited'}},"
		"'kids':{'type':{'key':{'type':'uuid','refTable':'Kid'},'min':0,'max':'unlimited'}}"
		","
		"'weak':{'type':{'key':{'type':'uuid','refTable':'Kid','refType':'weak'},"
		"'min':0,'max':'unlimited'}},"
		"'eph':{'type':'integer','ephemeral':true}}},"
		"'Kid':{'columns':{'name':{'type':'string'},"
		"'child':{'type':{'key':{'type':'uuid','refTable':'Kid'},'min':0,'max':1}},"
		"'weak':{'type':{'key':{'type':'uuid','refTable':'Kid','refType':'weak'},"
		"'min':0,'max':1}}}}}}");

	assert_int_equal(db_new(schema, &db, &err), 0);
	return db;
}

char *fixture_run(struct db *db, const char *ops)
{
	struct buf text = BUF_INIT;
	struct transact *t;
	struct json_doc *params;
	char *reply;

	buf_printf(&text, "['T',%s]", ops);
	params = fixture_json(text.data);
	buf_free(&text);
	t = transact_new(db, params, json_doc_root(params), 0, NULL, NULL);
	assert_non_null(t);
	json_doc_unref(params);
	assert_int_equal(transact_run(t, 0), TRANSACT_DONE);
	reply = buf_steal(transact_reply(t));
	transact_free(t);
	return reply;
}

/* Where a uuid starts in text, or its end. */
static char *find_uuid(char *text)
{
	char copy[UUID_TEXT_LEN + 1];
	struct uuid u;

	for (; strlen(text) >= UUID_TEXT_LEN; text++) {
		memcpy(copy, text, UUID_TEXT_LEN);
		copy[UUID_TEXT_LEN] = '\0';
		if (uuid_parse(copy, &u))
			return text;
	}
	return text + strlen(text);
}

static void put_named(struct buf *to, char *text)
{
	struct uuid seen[32];
	size_t n = 0;

	for (;;) {
		char *at = find_uuid(text);
		char copy[UUID_TEXT_LEN + 1] = "";
		size_t i = 0;

		buf_put(to, text, (size_t)(at - text));
		if (!*at)
			return;
		memcpy(copy, at, UUID_TEXT_LEN);
		assert_true(n < sizeof(seen) / sizeof(seen[0]) && uuid_parse(copy, &seen[n]));
		while (!uuid_equal(&seen[i], &seen[n]))
			i++;
		n += i == n;
		buf_printf(to, "<%zu>", i);
		text = at + UUID_TEXT_LEN;
	}
}

void fixture_expect(struct db *db, const char *ops, const char *reply)
{
	struct buf named = BUF_INIT;
	char *got = fixture_run(db, ops);

	put_named(&named, got);
	for (char *p = named.data; *p; p++)
		if (*p == '"')
			*p = '\'';
	assert_string_equal(named.data, reply);
	buf_free(&named);
	free(got);
}

static int cmp_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_row(struct buf *to, const struct row *row)
{
	buf_printf(to, "%s %s", row->table->name, UUID_STR(&row->uuid));
	for (size_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
		buf_printf(to, " %s=", row->table->columns[i]->name);
		datum_put_json(to, row->values[i], &row->table->columns[i]->type);
	}
}

char *fixture_dump(struct db *db)
{
	const struct schema *schema = db_schema(db);
	struct buf all = BUF_INIT;
	char **lines;
	size_t n = 0, room = 0;

	for (size_t i = 0; i < schema->n_tables; i++)
		room += db_n_rows(db, schema->tables[i]);
	lines = calloc(room + 1, sizeof(*lines));
	assert_non_null(lines);
	for (size_t i = 0; i < schema->n_tables; i++) {
		struct db_cursor c;

		table_foreach (row, db, schema->tables[i], &c) {
			struct buf line = BUF_INIT;

			put_row(&line, row);
			lines[n++] = buf_steal(&line);
		}
	}
	assert_int_equal(n, room);
	qsort(lines, n, sizeof(*lines), cmp_lines);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&all, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	return buf_steal(&all);
}

void fixture_type(const char *text, struct type *ret)
{
	struct error err;
	struct json_doc *doc = fixture_json(text);

	if (type_from_json(json_doc_root(doc), ret, &err) < 0)
		fail_msg("%s", err.text);
	json_doc_unref(doc);
}

struct datum *fixture_datum(const struct type *type, const char *text)
{
	struct datum *d = NULL;
	struct error err;
	struct json_doc *doc = fixture_json(text);

	if (datum_from_json(json_doc_root(doc), type, NULL, true, &d, &err) < 0)
		fail_msg("%s", err.text);
	json_doc_unref(doc);
	return d;
}

char *fixture_datum_text(const struct datum *d, const struct type *type)
{
	struct buf b = BUF_INIT;

	datum_put_json(&b, d, type);
	return buf_steal(&b);
}
