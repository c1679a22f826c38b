/* SPDX-License-Identifier: Apache-2.0 */
/* Where JSON messages end in a stream of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "jsonrpc/frame.h"

/* Feeds text in pieces of `step` bytes; fills ends[] with where objects ended.  Returns
 * their number, -1 where the scanner gave up. */
static int scan(const char *text, size_t step, size_t *ends, size_t max_size)
{
	size_t len = strlen(text), at = 0, used;
	struct frame f;
	struct error err;
	int n = 0;

	frame_init(&f, max_size);
	while (at < len) {
		size_t piece = len - at < step ? len - at : step;
		enum frame_state state;

		if (frame_scan(&f, text + at, piece, &state, &used, &err) < 0)
			return -1;
		assert_true(used <= piece && used > 0);
		at += used;
		if (state == FRAME_DONE)
			ends[n++] = at;
		else
			assert_int_equal(used, piece);
	}
	return n;
}

static void objects_are_told_apart(void **state)
{
	static const char text[] = "{}{\"a\":[1,{\"b\":\"}]\\\"{\"}]} \n\t{\"c\":\"\\\\\"}{";
	size_t step, ends[8];

	(void)state;
	for (step = 1; step <= sizeof(text); step++) {
		assert_int_equal(scan(text, step, ends, 1000), 3);
		assert_int_equal(ends[0], 2);
		assert_int_equal(ends[1], strstr(text, " \n") - text);
		assert_int_equal(ends[2], sizeof(text) - 2);
	}
}

static void what_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = { "[1]",  "1",	    "\"x\"", "null",  "}",	 "{]",
					   "{[}]", "{'a'}", "{\x01", "{\"\n", "{\"\x1f", "<x>" };
	size_t i, ends[8];

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(scan(bad[i], 1, ends, 1000), -1);
}

static void depth_is_limited(void **state)
{
	char text[2 * FRAME_MAX_DEPTH + 3];
	size_t ends[1];
	int depth;

	(void)state;
	for (depth = FRAME_MAX_DEPTH; depth <= FRAME_MAX_DEPTH + 1; depth++) {
		text[0] = '{';
		memset(text + 1, '[', (size_t)depth - 1);
		memset(text + depth, ']', (size_t)depth - 1);
		strcpy(text + 2 * depth - 1, "}");
		assert_int_equal(scan(text, 7, ends, 10000), depth > FRAME_MAX_DEPTH ? -1 : 1);
	}
}

static void size_is_limited(void **state)
{
	size_t ends[8];

	(void)state;
	assert_int_equal(scan("{\"a\":1}{\"a\":1}", 3, ends, 7), 2);
	assert_int_equal(scan("{\"a\":12}", 3, ends, 7), -1);
	assert_int_equal(scan("{\"aaaaaaaaaaaa", 1, ends, 7), -1);
}

/* A long message that comes byte by byte costs no more than one that comes whole. */
static void time_is_linear(void **state)
{
	size_t len = 8 << 20, at, used;
	char *text = malloc(len);
	enum frame_state fs;
	clock_t start = clock();
	struct frame f;

	(void)state;
	memset(text, 'x', len);
	memcpy(text, "{\"", 2);
	memcpy(text + len - 2, "\"}", 2);
	frame_init(&f, len);
	for (at = 0; at < len; at += used) {
		assert_int_equal(frame_scan(&f, text + at, 1, &fs, &used, NULL), 0);
		assert_int_equal(fs, at + 1 == len ? FRAME_DONE : FRAME_MORE);
	}
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC); /* quadratic: hours */
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_told_apart),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(time_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
