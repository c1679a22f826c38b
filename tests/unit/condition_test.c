/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions say about themselves; how they match is in tests/ovsdb/cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/json_doc.h"
#include "ovsdb/condition.h"
#include "ovsdb/datum.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

static struct db *db;
static const struct schema_table *table;

static struct condition *condition(const char *text, bool is_any)
{
	struct json_doc *doc = fixture_json(text);
	struct condition *c = NULL;
	struct error err;

	if (condition_from_json(json_doc_root(doc), table, NULL, is_any, &c, &err) < 0)
		fail_msg("%s", err.text);
	json_doc_unref(doc);
	return c;
}

static bool is_true(const char *text, bool is_any)
{
	struct condition *c = condition(text, is_any);
	bool result = condition_is_true(c);

	condition_free(c);
	return result;
}

static void test_is_true(void **state)
{
	(void)state;
	assert_true(is_true("[]", false));
	assert_true(is_true("[]", true));
	assert_true(is_true("[true]", false));
	assert_true(is_true("[true,true]", false));
	assert_false(is_true("[true,['n','==',1]]", false));
	assert_true(is_true("[true,['n','==',1]]", true));
	assert_false(is_true("[false]", false));
	assert_false(is_true("[false]", true));
	assert_false(is_true("[['n','==',1]]", true));
}

static bool matches(const char *text, bool is_any, const struct row *row)
{
	struct condition *c = condition(text, is_any);
	bool result = condition_matches(c, row);

	condition_free(c);
	return result;
}

static void test_any_and_all(void **state)
{
	struct db_cursor cursor;
	const struct row *row;

	(void)state;
	free(fixture_run(db, "{'op':'insert','table':'Root','row':{'name':'x','n':3}}"));
	row = db_first(db, table, &cursor);
	assert_true(matches("[['n','==',3],['name','==','y']]", true, row));
	assert_false(matches("[['n','==',3],['name','==','y']]", false, row));
	assert_true(matches("[['n','==',3],['name','==','x']]", false, row));
	assert_false(matches("[['n','==',4],['name','==','y']]", true, row));
	assert_true(matches("[]", true, row));
	assert_false(matches("[false]", true, row));
	assert_true(matches("[false,true]", true, row));
	assert_false(matches("[false,true]", false, row));
}

static void test_pins_uuid(void **state)
{
	const char *text = "[['n','==',1],"
			   "['_uuid','==',['uuid','11111111-1111-1111-1111-111111111111']]]";
	struct condition *c = condition(text, false);
	struct uuid u;

	(void)state;
	assert_true(uuid_parse("11111111-1111-1111-1111-111111111111", &u));
	assert_non_null(condition_uuid(c));
	assert_true(uuid_equal(condition_uuid(c), &u));
	condition_free(c);
	c = condition(text, true);
	assert_null(condition_uuid(c));
	condition_free(c);
	c = condition("[['_uuid','!=',['uuid','11111111-1111-1111-1111-111111111111']]]", false);
	assert_null(condition_uuid(c));
	condition_free(c);
}

static void test_pins_index(void **state)
{
	const struct datum *value;
	struct condition *c = condition("[['n','<',1],['name','==','x']]", false);

	(void)state;
	assert_true(condition_has_index(c, &table->indexes[0], &value));
	assert_string_equal(datum_one(value)->string, "x");
	condition_free(c);
	c = condition("[['name','!=','x']]", false);
	assert_false(condition_has_index(c, &table->indexes[0], &value));
	condition_free(c);
	c = condition("[['name','==','x'],['n','==',1]]", true);
	assert_false(condition_has_index(c, &table->indexes[0], &value));
	condition_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_true),
		cmocka_unit_test(test_any_and_all),
		cmocka_unit_test(test_pins_uuid),
		cmocka_unit_test(test_pins_index),
	};
	int rc;

	db = fixture_db();
	table = schema_find_table(db_schema(db), "Root");
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	db_free(db);
	return rc;
}
