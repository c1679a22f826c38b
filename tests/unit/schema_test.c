/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "ovsdb/schema.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

static void expect_error(const char *text, const char *details)
{
	struct json_doc *doc = fixture_json(text);
	struct schema *schema;
	struct error err;

	assert_int_equal(schema_from_json(json_doc_root(doc), &schema, &err), -1);
	assert_string_equal(err.text, details);
	json_doc_unref(doc);
}

#define TABLE(COLUMNS) "{'name':'S','tables':{'T':{'columns':{" COLUMNS "}}}}"

static void test_errors_of_schemas(void **state)
{
	(void)state;
	expect_error("{}", "Parsing database schema failed: Required 'name' member is missing.");
	expect_error("{'name':'9','tables':{}}",
		     "Parsing database schema failed: Type mismatch for member 'name'.");
	expect_error("{'name':'S','tables':{},'x':1}",
		     "Parsing database schema failed: Member 'x' is present but not allowed here.");
	expect_error("{'name':'S','version':'1.2','tables':{}}",
		     "schema version \"1.2\" not in format x.y.z");
	expect_error("{'name':'S','tables':{'_T':{'columns':{'a':{'type':'integer'}}}}}",
		     "names beginning with \"_\" are reserved");
	expect_error("{'name':'S','tables':{'T T':{'columns':{'a':{'type':'integer'}}}}}",
		     "name must be a valid id");
	expect_error("{'name':'S','tables':{'T':{'columns':{}}}}",
		     "table must have at least one column");
	expect_error("{'name':'S','tables':{'T':{'maxRows':0,'columns':{'a':{'type':'integer'}}}}}",
		     "maxRows must be at least 1");
}

static void test_errors_of_columns(void **state)
{
	(void)state;
	expect_error(TABLE("'_a':{'type':'integer'}"), "names beginning with \"_\" are reserved");
	expect_error(TABLE("'a':{}"),
		     "Parsing schema for column a failed: Required 'type' member is missing.");
	expect_error(TABLE("'a':{'type':'int'}"), "\"int\" is not an atomic-type");
	expect_error(TABLE("'a':{'type':{'key':'integer','min':2}}"),
		     "ovsdb type fails constraint checks");
	expect_error(TABLE("'a':{'type':{'key':'integer','max':0}}"),
		     "ovsdb type fails constraint checks");
	expect_error(TABLE("'a':{'type':{'key':'integer','max':'many'}}"), "bad min or max value");
	expect_error(TABLE("'a':{'type':{'key':{'type':'integer','minInteger':3,'maxInteger':2}}}"),
		     "minInteger exceeds maxInteger");
	expect_error(TABLE("'a':{'type':{'key':{'type':'string','maxLength':5000000000}}}"),
		     "maxLength out of valid range 0 to 4294967295");
	expect_error(TABLE("'a':{'type':{'key':{'type':'string','minInteger':3}}}"),
		     "Parsing ovsdb type failed: Member 'minInteger' is present but not allowed "
		     "here.");
	expect_error(TABLE("'a':{'type':{'key':{'type':'uuid','refTable':'Nope'}}}"),
		     "column a key refers to undefined table Nope");
	expect_error("{'name':'S','tables':{'T':{'indexes':[['a']],"
		     "'columns':{'a':{'type':'integer','ephemeral':true}}}}}",
		     "ephemeral columns (such as a) may not be indexed");
	expect_error("{'name':'S','tables':{'T':{'indexes':[[]],"
		     "'columns':{'a':{'type':'integer'}}}}}",
		     "index must have at least one column");
}

static void test_lookups(void **state)
{
	struct db *db = fixture_db();
	const struct schema *s = db_schema(db);
	const struct schema_table *t = schema_find_table(s, "Root");

	(void)state;
	assert_non_null(t);
	assert_null(schema_find_table(s, "Nope"));
	assert_null(schema_find_column(t, "nope"));
	assert_int_equal(schema_find_column(t, "_uuid")->number, COLUMN_UUID);
	assert_int_equal(schema_find_column(t, "_version")->number, COLUMN_VERSION);
	for (size_t i = 0; i < t->n_columns; i++) {
		assert_ptr_equal(schema_find_column(t, t->columns[i]->name), t->columns[i]);
		assert_int_equal(t->columns[i]->number, i);
		assert_ptr_equal(t->columns[i]->table, t);
	}
	assert_false(schema_find_column(t, "eph")->is_persistent);
	assert_ptr_equal(schema_find_column(t, "kids")->type.key.ref_table,
			 schema_find_table(s, "Kid"));
	assert_true(t->is_root);
	assert_false(schema_find_table(s, "Kid")->is_root);
	assert_string_equal(s->version, "1.2.3");
	db_free(db);
}

/* A schema without any root is from before there were roots: all tables are. */
static void test_no_root(void **state)
{
	struct schema *s = fixture_schema(TABLE("'a':{'type':'integer'}"));

	(void)state;
	assert_true(schema_find_table(s, "T")->is_root);
	schema_free(s);
}

/* What keeps rows alive, and what a row cannot be without, is stored; what the server itself
 * changes is mutable: whatever the schema says. */
static void test_references_adapt_their_columns(void **state)
{
	struct schema *s = fixture_schema(
		"{'name':'S','tables':{"
		"'R':{'isRoot':true,'columns':{"
		"'kid':{'type':{'key':{'type':'uuid','refTable':'K'}},'ephemeral':true},"
		"'weak':{'type':{'key':{'type':'uuid','refTable':'K','refType':'weak'},'min':0},"
		"'ephemeral':true,'mutable':false},"
		"'needed':{'type':{'key':{'type':'uuid','refTable':'K','refType':'weak'}},"
		"'ephemeral':true},"
		"'by_name':{'type':{'key':'string','value':{'type':'uuid','refTable':'R'}},"
		"'ephemeral':true,'mutable':false}}},"
		"'K':{'columns':{'a':{'type':'integer'}}}}}");
	const struct schema_table *t = schema_find_table(s, "R");

	(void)state;
	assert_true(schema_find_column(t, "kid")->is_persistent);
	assert_false(schema_find_column(t, "weak")->is_persistent);
	assert_true(schema_find_column(t, "weak")->is_mutable);
	assert_true(schema_find_column(t, "needed")->is_persistent);
	assert_true(schema_find_column(t, "by_name")->is_persistent);
	assert_false(schema_find_column(t, "by_name")->is_mutable);
	schema_free(s);
}

static void test_text_keeps_cksum(void **state)
{
	struct schema *s = fixture_schema(
		"{'name':'S','cksum':'1 2','tables':{'T':{'columns':{'a':{'type':'integer'}}}}}");

	(void)state;
	assert_int_equal(strlen("{\"cksum\":\"1 2\",\"name\":\"S\",\"tables\":{\"T\":{\"columns\":"
				"{\"a\":{\"type\":\"integer\"}}}}}"),
			 s->text->len);
	assert_memory_equal(s->text->data, "{\"cksum\":\"1 2\"", 14);
	schema_free(s);
}

static void test_english(void **state)
{
	static const char *const texts[][2] = {
		{ "'integer'", "integer" },
		{ "{'key':'integer','min':0}", "set of up to 1 integers" },
		{ "{'key':'string','min':1,'max':3}", "set of 1 to 3 strings" },
		{ "{'key':'uuid','min':0,'max':'unlimited'}", "set of uuids" },
		{ "{'key':'real','min':1,'max':'unlimited'}", "set of 1 or more reals" },
		{ "{'key':'string','value':'integer','min':0,'max':'unlimited'}",
		  "map of (string, integer) pairs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf b = BUF_INIT;
		struct type type;

		fixture_type(texts[i][0], &type);
		type_put_english(&b, &type);
		assert_string_equal(b.data, texts[i][1]);
		buf_free(&b);
		type_destroy(&type);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_of_schemas),
		cmocka_unit_test(test_errors_of_columns),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_no_root),
		cmocka_unit_test(test_references_adapt_their_columns),
		cmocka_unit_test(test_text_keeps_cksum),
		cmocka_unit_test(test_english),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
