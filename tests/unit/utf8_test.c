/* SPDX-License-Identifier: Apache-2.0 */
/* What is UTF-8, and where what is not goes wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void test_valid(void **state)
{
	static const char *const valid[] = {
		"",
		"\x01\x7f",
		"eight by eight bytes, and some",
		"\xc2\x80\xdf\xbf",
		"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
		"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		"1234567\xc3\xa9zyxwvut\xe2\x82\xac",
	};
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		assert_null(utf8_find_invalid(valid[i], &n));
}

static void test_invalid(void **state)
{
	static const struct {
		const char *s;
		size_t at, n;
	} cases[] = {
		{ "\x80", 0, 1 },
		{ "abc\xff", 3, 1 },
		{ "12345678\xc0\x80", 8, 1 },
		{ "\xc1\xbf", 0, 1 },
		{ "\xf5\x80\x80\x80", 0, 1 },
		{ "ok\xc3", 2, 2 },
		{ "\xe2\x82\xac\xc3(", 3, 2 },
		{ "\xe0\x9f\xbf", 0, 2 },
		{ "\xed\xa0\x80", 0, 2 },
		{ "\xf0\x8f\xbf\xbf", 0, 2 },
		{ "\xf4\x90\x80\x80", 0, 2 },
		{ "\xe2\x82", 0, 3 },
		{ "\xf0\x9f\x98z", 0, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = 0;
		const char *at = utf8_find_invalid(cases[i].s, &n);

		assert_ptr_equal(at, cases[i].s + cases[i].at);
		assert_int_equal(n, cases[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
