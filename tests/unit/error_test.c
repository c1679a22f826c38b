/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that are longer than their room: cut, marked, and still UTF-8. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

enum { ROOM = sizeof(((struct error *)NULL)->text) };

/* n times the three bytes of a euro sign. */
static const char *euros(size_t n)
{
	static char text[3 * ROOM + 1];

	for (size_t i = 0; i < n; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 4);
	return text;
}

static void assert_cut(const char *text, size_t room, size_t n_before)
{
	size_t len = strlen(text);

	assert_in_range(len, room - 6, room - 1);
	assert_string_equal(text + len - 3, "...");
	assert_int_equal((len - 3 - n_before) % 3, 0); /* whole characters */
}

static void long_texts_are_cut_between_characters(void **state)
{
	const char *before[] = { "", "a", "ab" };
	struct error err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(error_set(&err, "x", "%s%s", before[i], euros(ROOM)), -1);
		assert_cut(err.text, sizeof(err.text), i);
		assert_int_equal(error_set_syntax(&err, euros(ROOM) + 3 * i), -1);
		assert_cut(err.syntax, sizeof(err.syntax), 0);
		assert_int_equal(error_wrap(&err, "%s", before[i]), -1);
		assert_cut(err.text, sizeof(err.text), 2 * i + 2);
	}
	error_set(&err, "x", "%s", euros((ROOM - 1) / 3));
	assert_string_equal(err.text, euros((ROOM - 1) / 3));
	assert_string_equal(err.syntax, "");
}

static void the_cause_follows_the_text(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_errno(&err, ENOENT, "open %s", "f"), -1);
	assert_string_equal(err.tag, "I/O error");
	assert_string_equal(err.text, "open f (No such file or directory)");
	assert_int_equal(err.errnum, ENOENT);
	assert_int_equal(error_wrap(&err, "start"), -1);
	assert_string_equal(err.text, "start: open f (No such file or directory)");
	assert_int_equal(error_set(NULL, "x", "y"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_texts_are_cut_between_characters),
		cmocka_unit_test(the_cause_follows_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
