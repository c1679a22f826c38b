/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "ovsdb/atom.h"
#include "ovsdb/symtab.h"
#include "unit/json_fixture.h"

static void expect_json(enum atom_type type, union atom a, const char *text)
{
	struct buf b = BUF_INIT;

	atom_put_json(&b, type, &a);
	assert_string_equal(b.data, text);
	buf_free(&b);
}

static void test_put_integers(void **state)
{
	(void)state;
	expect_json(ATOM_INTEGER, (union atom){ .integer = 0 }, "0");
	expect_json(ATOM_INTEGER, (union atom){ .integer = -7 }, "-7");
	expect_json(ATOM_INTEGER, (union atom){ .integer = INT64_MAX }, "9223372036854775807");
	expect_json(ATOM_INTEGER, (union atom){ .integer = INT64_MIN }, "-9223372036854775808");
}

static void test_put_reals(void **state)
{
	(void)state;
	expect_json(ATOM_REAL, (union atom){ .real = 1 }, "1");
	expect_json(ATOM_REAL, (union atom){ .real = 0.1 }, "0.1");
	expect_json(ATOM_REAL, (union atom){ .real = 1e300 }, "1e+300");
	/* Digits are not lost: what is read back is what was stored. */
	expect_json(ATOM_REAL, (union atom){ .real = 0.1 + 0.2 }, "0.30000000000000004");
	expect_json(ATOM_REAL, (union atom){ .real = DBL_MAX }, "1.7976931348623157e+308");
}

static void test_put_strings(void **state)
{
	(void)state;
	expect_json(ATOM_STRING, (union atom){ .string = "" }, "\"\"");
	expect_json(ATOM_STRING, (union atom){ .string = "a\"b\\c/\b\f\n\r\t\x01\x7f\xc3\xa4" },
		    "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\x7f\xc3\xa4\"");
}

static void test_put_others(void **state)
{
	struct uuid u;

	(void)state;
	assert_true(uuid_parse("550E8400-e29b-41d4-a716-446655440000", &u));
	expect_json(ATOM_UUID, (union atom){ .uuid = u },
		    "[\"uuid\",\"550e8400-e29b-41d4-a716-446655440000\"]");
	expect_json(ATOM_BOOLEAN, (union atom){ .boolean = true }, "true");
}

static int read_text(const char *text, enum atom_type type, struct symtab *symtab, union atom *ret,
		     struct error *err)
{
	struct json_doc *doc = fixture_json(text);
	int rc = atom_from_json(json_doc_root(doc), type, symtab, ret, err);

	json_doc_unref(doc);
	return rc;
}

static void test_read(void **state)
{
	struct error err;
	union atom a;

	(void)state;
	assert_int_equal(read_text("1.0", ATOM_INTEGER, NULL, &a, &err), 0);
	assert_int_equal(a.integer, 1);
	assert_int_equal(read_text("3", ATOM_REAL, NULL, &a, &err), 0);
	assert_true(a.real == 3);
	assert_int_equal(read_text("1.5", ATOM_INTEGER, NULL, &a, &err), -1);
	assert_string_equal(err.tag, "syntax error");
	assert_string_equal(err.text, "expected integer");
	assert_string_equal(err.syntax, "1.5");
	assert_int_equal(read_text("1e19", ATOM_INTEGER, NULL, &a, &err), -1);
	assert_int_equal(read_text("\"x\"", ATOM_BOOLEAN, NULL, &a, &err), -1);
}

static void test_named_uuids(void **state)
{
	struct symtab *symtab = symtab_new();
	union atom a, b, c;
	struct error err;

	(void)state;
	assert_int_equal(read_text("[\"named-uuid\",\"x\"]", ATOM_UUID, symtab, &a, &err), 0);
	assert_int_equal(read_text("[\"named-uuid\",\"x\"]", ATOM_UUID, symtab, &b, &err), 0);
	assert_int_equal(read_text("[\"named-uuid\",\"y\"]", ATOM_UUID, symtab, &c, &err), 0);
	assert_true(uuid_equal(&a.uuid, &b.uuid));
	assert_false(uuid_equal(&a.uuid, &c.uuid));
	assert_int_equal(read_text("[\"named-uuid\",\"x\"]", ATOM_UUID, NULL, &a, &err), -1);
	symtab_free(symtab);
}

static void test_order(void **state)
{
	const union atom small = { .integer = INT64_MIN }, big = { .integer = INT64_MAX };
	const union atom a = { .string = "a" }, b = { .string = "b" };
	const union atom zero = { .real = 0.0 }, minus_zero = { .real = -0.0 };

	(void)state;
	assert_true(atom_cmp(ATOM_INTEGER, &small, &big) < 0);
	assert_true(atom_cmp(ATOM_INTEGER, &big, &small) > 0);
	assert_true(atom_cmp(ATOM_STRING, &a, &b) < 0);
	assert_int_equal(atom_cmp(ATOM_REAL, &zero, &minus_zero), 0);
	/* Equal atoms have equal hashes. */
	assert_int_equal(atom_hash(ATOM_REAL, &zero, 1), atom_hash(ATOM_REAL, &minus_zero, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_integers), cmocka_unit_test(test_put_reals),
		cmocka_unit_test(test_put_strings),  cmocka_unit_test(test_put_others),
		cmocka_unit_test(test_read),	     cmocka_unit_test(test_named_uuids),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
