/* SPDX-License-Identifier: Apache-2.0 */
/* The base layer: what every other layer takes for granted. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_MODULE "base_test"
#include "base/arena.h"
#include "base/blob.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/uuid.h"

static void error_keeps_tag_and_text(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, "constraint violation", "%d is too much", 7), -1);
	assert_string_equal(err.tag, "constraint violation");
	assert_string_equal(err.text, "7 is too much");
	assert_int_equal(error_wrap(&err, "row %s", "r0"), -1);
	assert_string_equal(err.text, "row r0: 7 is too much");
	assert_int_equal(error_errno(&err, 2, "open %s", "f"), -1);
	assert_int_equal(err.errnum, 2);
	assert_string_equal(err.text, "open f (No such file or directory)");
	assert_int_equal(error_set(NULL, "x", "y"), -1);
}

static void error_marks_a_cut_text(void **state)
{
	struct error err;
	char *big = malloc(sizeof(err.text) + 100);

	(void)state;
	memset(big, 'a', sizeof(err.text) + 99);
	big[sizeof(err.text) + 99] = '\0';
	error_set(&err, "t", "%s", big);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_string_equal(err.text + sizeof(err.text) - 4, "...");
	error_wrap(&err, "front");
	assert_memory_equal(err.text, "front: aaa", 10);
	assert_string_equal(err.text + sizeof(err.text) - 4, "...");
	free(big);
}

static void buf_grows_and_steals(void **state)
{
	struct buf b = BUF_INIT;
	char *s;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d", i);
	buf_putc(&b, '!');
	assert_true(buf_ok(&b));
	assert_int_equal(b.len, 3001);
	assert_memory_equal(b.data, "000001002", 9);
	assert_int_equal(b.data[b.len], '\0');
	s = buf_steal(&b);
	assert_int_equal(strlen(s), 3001);
	assert_null(b.data);
	free(s);
	s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
}

static void buf_failure_is_sticky(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_puts(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX / 2));
	assert_false(buf_ok(&b));
	buf_puts(&b, "more");
	assert_false(buf_ok(&b));
	assert_null(buf_steal(&b));
	assert_true(buf_ok(&b));
}

static void uuid_text_and_back(void **state)
{
	struct uuid a, b;

	(void)state;
	a = uuid_random();
	assert_true(uuid_parse(UUID_STR(&a), &b));
	assert_true(uuid_equal(&a, &b));
	assert_int_equal(a.b[6] >> 4, 4);
	assert_int_equal(a.b[8] >> 6, 2);
	assert_true(uuid_parse("00112233-4455-6677-8899-AAbbCCddEEff", &b));
	assert_string_equal(UUID_STR(&b), "00112233-4455-6677-8899-aabbccddeeff");
	assert_false(uuid_parse("00112233-4455-6677-8899-aabbccddeef", &b));
	assert_false(uuid_parse("00112233-4455-6677-8899-aabbccddeeff0", &b));
	assert_false(uuid_parse("00112233-4455-6677-8899-aabbccddeegf", &b));
	assert_false(uuid_parse("00112233+4455-6677-8899-aabbccddeeff", &b));
	assert_false(uuid_parse("", &b));
	for (size_t at = 0; at < UUID_TEXT_LEN; at++) {
		for (int c = 1; c < 256; c++) {
			char text[] = "00112233-4455-6677-8899-AAbbCCddEEff";
			bool is_dash = text[at] == '-';

			text[at] = (char)c;
			assert_int_equal(uuid_parse(text, &b),
					 is_dash ? c == '-' : isxdigit(c) > 0);
		}
	}
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	for (size_t size = 1; size < 20000; size = size * 3 + 1) {
		char *p = arena_alloc(a, size);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	assert_string_equal(arena_printf(a, "%s-%d", "x", 5), "x-5");
	assert_string_equal(arena_strdup(a, "copy"), "copy");
	arena_free(a);
	arena_free(NULL);
}

static void blob_is_shared(void **state)
{
	struct buf b = BUF_INIT;
	struct blob *blob;

	(void)state;
	buf_puts(&b, "text");
	blob = blob_from_buf(&b);
	assert_non_null(blob);
	assert_null(b.data);
	assert_int_equal(blob->len, 4);
	assert_ptr_equal(blob_ref(blob), blob);
	blob_unref(blob);
	assert_string_equal(blob->data, "text");
	blob_unref(blob);
	b.failed = true;
	assert_null(blob_from_buf(&b));
}

struct turn {
	struct loop *loop;
	struct loop_io io;
	struct loop_timer timer;
	struct loop_prepare prepare;
	int fd;
	int n_io, n_timer, n_prepare;
};

static void on_io(void *arg, int events)
{
	struct turn *t = arg;
	char c;

	assert_int_equal(events, LOOP_READ);
	assert_int_equal(read(t->fd, &c, 1), 1);
	t->n_io++;
}

static void on_timer(void *arg)
{
	struct turn *t = arg;

	t->n_timer++;
	loop_stop(t->loop);
}

static void on_prepare(void *arg)
{
	struct turn *t = arg;

	t->n_prepare++;
}

static void loop_calls_watchers(void **state)
{
	struct turn t = { .loop = loop_new() };
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	t.fd = fds[0];
	assert_int_equal(write(fds[1], "ab", 2), 2);
	loop_io_start(t.loop, &t.io, fds[0], LOOP_READ, on_io, &t);
	loop_prepare_start(t.loop, &t.prepare, on_prepare, &t);
	loop_timer_start(t.loop, &t.timer, 5, 0, on_timer, &t);
	loop_run(t.loop);
	assert_int_equal(t.n_timer, 1);
	assert_int_equal(t.n_io, 2);
	assert_true(t.n_prepare >= 2);
	loop_io_stop(&t.io);
	loop_io_stop(&t.io);
	loop_timer_stop(&t.timer);
	loop_prepare_stop(&t.prepare);
	loop_free(t.loop);
	close(fds[0]);
	close(fds[1]);
}

static void log_limit_counts(void **state)
{
	struct log_limit limit = { 0 };
	int n = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		n += !log_limited(&limit, 3);
	assert_int_equal(n, 3);
	assert_int_equal(limit.n_left_out, 47);
}

static void log_modules_have_levels(void **state)
{
	struct log_limit limit = { 0 };
	struct log_module *m = log_find_module("BASE_test");
	int n = 0;

	(void)state;
	log_dbg("this makes the module known");
	assert_non_null(m);
	assert_string_equal(m->name, "base_test");
	assert_null(log_find_module("base"));
	m->is_unlimited = true;
	for (int i = 0; i < 50; i++)
		n += !log_limited(&limit, 3);
	assert_int_equal(n, 50);
	log_set_level(LOG_WARN);
	assert_int_equal(m->level, LOG_WARN);
	log_set_level(LOG_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_keeps_tag_and_text),
		cmocka_unit_test(error_marks_a_cut_text),
		cmocka_unit_test(buf_grows_and_steals),
		cmocka_unit_test(buf_failure_is_sticky),
		cmocka_unit_test(uuid_text_and_back),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(blob_is_shared),
		cmocka_unit_test(loop_calls_watchers),
		cmocka_unit_test(log_limit_counts),
		cmocka_unit_test(log_modules_have_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
