/* SPDX-License-Identifier: Apache-2.0 */
/* datapath/expressions: each text is compiled once while it is asked for.  expression_compile()
 * is replaced by one that counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "datapath/expression.h"
#include "datapath/expressions.h"
#include "switch/filter.h"

struct fixture {
	struct expressions *e;
	struct arena *arena;
};

static unsigned int n_compiled;

/* A program whose one instruction tells the text's length; "bad" is refused. */
int expression_compile(const char *text, struct arena *arena, const struct filter_op **ret,
		       size_t *ret_n, struct error *err)
{
	struct filter_op *op = arena_alloc(arena, sizeof(*op));

	n_compiled++;
	if (!strcmp(text, "bad"))
		return error_set(err, "constraint violation", "it is %s", text);
	op->k = (uint32_t)strlen(text);
	*ret = op;
	*ret_n = 1;
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	n_compiled = 0;
	f->e = expressions_new();
	f->arena = arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	expressions_free(f->e);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* Asks for it; it must be its program. */
static void ask(struct fixture *f, const char *text)
{
	const struct filter_op *ops;
	struct error err;
	size_t n;

	assert_int_equal(expressions_get(f->e, text, f->arena, &ops, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(ops[0].k, strlen(text));
}

static void a_text_is_compiled_once(void **state)
{
	struct fixture *f = *state;

	for (int pass = 0; pass < 3; pass++) {
		ask(f, "tcp");
		ask(f, "icmp");
		ask(f, "tcp");
		expressions_forget(f->e);
	}
	assert_int_equal(n_compiled, 2);
}

static void a_refusal_is_remembered_too(void **state)
{
	struct fixture *f = *state;
	const struct filter_op *ops;
	struct error err;
	size_t n;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(expressions_get(f->e, "bad", f->arena, &ops, &n, &err), -1);
		assert_string_equal(err.tag, "constraint violation");
		assert_string_equal(err.text, "it is bad");
	}
	assert_int_equal(n_compiled, 1);
}

/* So that a client that tries a million expressions does not fill the memory. */
static void what_nobody_asks_for_is_forgotten(void **state)
{
	struct fixture *f = *state;

	ask(f, "tcp");
	ask(f, "icmp");
	expressions_forget(f->e);
	ask(f, "tcp");
	expressions_forget(f->e);
	assert_int_equal(n_compiled, 2);
	ask(f, "tcp");
	ask(f, "icmp");
	assert_int_equal(n_compiled, 3);
}

/* The model may be in force longer than the text is asked for. */
static void a_program_outlives_what_is_remembered(void **state)
{
	struct fixture *f = *state;
	const struct filter_op *ops;
	struct error err;
	size_t n;

	assert_int_equal(expressions_get(f->e, "tcp", f->arena, &ops, &n, &err), 0);
	expressions_forget(f->e);
	expressions_forget(f->e);
	assert_int_equal(ops[0].k, 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_text_is_compiled_once),
		TEST(a_refusal_is_remembered_too),
		TEST(what_nobody_asks_for_is_forgotten),
		TEST(a_program_outlives_what_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
