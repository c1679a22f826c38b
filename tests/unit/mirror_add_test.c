// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "cli/member.h"
#include "cli/mirror_add.h"

static bool is_vlans(const char *text, const char *wanted)
{
	struct mirror_add m = { .name = "m" };
	struct buf b = BUF_INIT;
	struct error err;
	bool same;

	if (mirror_add_vlans(text, &m, &err))
		return !wanted;
	for (int vid = 0; vid < 4096; vid++) {
		if (m.vlans[vid])
			buf_printf(&b, "%s%d", b.len ? " " : "", vid);
	}
	same = wanted && !strcmp(b.data, wanted);
	buf_free(&b);
	return same;
}

static void vlans(void **state)
{
	(void)state;
	assert_true(is_vlans("10", "10"));
	assert_true(is_vlans("0,4095", "0 4095"));
	assert_true(is_vlans("3-5,1", "1 3 4 5"));
	assert_true(is_vlans("7-7", "7"));
	assert_true(is_vlans("", NULL));
	assert_true(is_vlans("1,", NULL));
	assert_true(is_vlans("-3", NULL));
	assert_true(is_vlans("5-3", NULL));
	assert_true(is_vlans("4096", NULL));
	assert_true(is_vlans("1 2", NULL));
	assert_true(is_vlans("1-2-3", NULL));
}

static const struct json *row_of(const struct json_doc *operations)
{
	return json_get(json_at(json_doc_root(operations), 1), "row");
}

static struct json_doc *operations_of(const struct mirror_add *m)
{
	struct json_doc *v;
	struct buf b = BUF_INIT;
	struct error err;

	buf_putc(&b, '[');
	mirror_add_put(&b, m);
	buf_putc(&b, ']');
	assert_int_equal(json_parse(b.data, b.len, &v, &err), 0);
	buf_free(&b);
	return v;
}

/* Only what was asked for: a column that is set to its default would need a newer schema. */
static void a_row_has_what_was_asked_for(void **state)
{
	struct mirror_add m = {
		.bridge = "br0", .name = "a \"b\"", .src = "tap1", .output = "tap2"
	};
	struct json_doc *v = operations_of(&m);
	const struct json *row = row_of(v), *ids;

	(void)state;
	assert_string_equal(member_string(row, "name"), "a \"b\"");
	assert_null(json_get(row, "filter"));
	assert_null(json_get(row, "output_vlan"));
	assert_null(json_get(row, "snaplen"));
	ids = json_at(json_get(row, "external_ids"), 1);
	assert_int_equal(json_n_elements(ids), 2);
	assert_string_equal(json_string(json_at(json_at(ids, 0), 0)), "bvs-src-ports");
	assert_string_equal(json_string(json_at(json_at(ids, 0), 1)), "tap1");
	assert_string_equal(json_string(json_at(json_at(ids, 1), 0)), "bvs-output-port");
	json_doc_unref(v);
}

static void each_option_has_its_column(void **state)
{
	struct mirror_add m = { .bridge = "br0",
				.name = "m",
				.is_all = true,
				.output_vlan = 99,
				.snaplen = 100,
				.filter = "icmp",
				.expression = "tcp port 80" };
	struct json_doc *v;
	const struct json *row, *ids;

	(void)state;
	m.vlans[5] = m.vlans[4095] = true;
	v = operations_of(&m);
	row = row_of(v);
	assert_true(member_true(row, "select_all"));
	assert_int_equal(member_number(row, "output_vlan"), 99);
	assert_int_equal(member_number(row, "snaplen"), 100);
	assert_string_equal(member_string(row, "filter"), "icmp");
	assert_int_equal(json_n_elements(json_at(json_get(row, "select_vlan"), 1)), 2);
	assert_int_equal(number_of(json_at(json_at(json_get(row, "select_vlan"), 1), 1)), 4095);
	ids = json_at(json_get(row, "external_ids"), 1);
	assert_int_equal(json_n_elements(ids), 1);
	assert_string_equal(json_string(json_at(json_at(ids, 0), 0)), "bvs-filter");
	assert_string_equal(json_string(json_at(json_at(ids, 0), 1)), "tcp port 80");
	json_doc_unref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vlans),
		cmocka_unit_test(a_row_has_what_was_asked_for),
		cmocka_unit_test(each_option_has_its_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
