/* SPDX-License-Identifier: Apache-2.0 */
/* switch/port_match: is it the same port, is it the one that was described. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "switch/port_match.h"

static bool same(struct port_identity old, struct port_identity now)
{
	return port_identity_is_same(&old, &now);
}

static void the_notes_of_the_old_one_decide(void **state)
{
	const struct port_identity plain = { "tap1", { NULL } };
	const struct port_identity a = { "tap1", { "i", "m", "v" } };
	struct port_identity b = a;

	(void)state;
	assert_true(same(plain, plain));
	assert_true(same(plain, a)); /* it had none: the name is all there is */
	assert_false(same(a, plain));
	assert_true(same(a, a));
	b.name = "tap2";
	assert_false(same(a, b));
	for (int i = 0; i < PORT_N_IDS; i++) {
		struct port_identity one = plain;

		b = a;
		b.ids[i] = "other";
		assert_false(same(a, b));
		b.ids[i] = NULL;
		assert_false(same(a, b));
		assert_true(same(b, a));
		one.ids[i] = a.ids[i];
		assert_true(same(one, a)); /* the others may be anything */
		one.ids[i] = "";
		assert_false(same(one, a));
		assert_false(same(one, plain));
	}
}

static const char *parse(struct arena *arena, const char *text, struct port_selector **list,
			 size_t *n)
{
	static struct error err;

	return port_selectors_parse(text, arena, list, n, &err) ? err.text : NULL;
}

static void names_patterns_and_notes(void **state)
{
	struct arena *arena = arena_new();
	struct port_selector *s;
	size_t n;

	(void)state;
	assert_null(parse(arena, "vnet*, tap1 ,vm-id = 12 34", &s, &n));
	assert_int_equal(n, 3);
	assert_true(port_selector_matches(&s[0], "vnet17", NULL));
	assert_true(port_selector_matches(&s[0], "vnet", NULL));
	assert_false(port_selector_matches(&s[0], "xvnet1", NULL));
	assert_false(port_selector_is_name(&s[0]));
	assert_true(port_selector_is_name(&s[1]));
	assert_true(port_selector_matches(&s[1], "tap1", NULL));
	assert_false(port_selector_matches(&s[1], "tap11", NULL));
	assert_false(port_selector_matches(&s[1], "ta", NULL));
	assert_string_equal(s[2].key, "vm-id");
	assert_string_equal(s[2].text, "vm-id = 12 34");
	assert_false(port_selector_is_name(&s[2]));
	assert_true(port_selector_matches(&s[2], "x", "12 34"));
	assert_false(port_selector_matches(&s[2], "12 34", "12 345"));
	assert_false(port_selector_matches(&s[2], "12 34", NULL));
	assert_null(parse(arena, "tap[1-3],e?h,\\*", &s, &n));
	assert_true(port_selector_matches(&s[0], "tap2", NULL));
	assert_false(port_selector_matches(&s[0], "tap4", NULL));
	assert_true(port_selector_matches(&s[1], "eth", NULL));
	assert_true(port_selector_matches(&s[2], "*", NULL));
	assert_false(port_selector_matches(&s[2], "x", NULL));
	arena_free(arena);
}

static void bad_lists(void **state)
{
	struct arena *arena = arena_new();
	struct port_selector *s = NULL;
	size_t n = 77;

	(void)state;
	assert_string_equal(parse(arena, "", &s, &n), "an item is empty");
	assert_string_equal(parse(arena, "tap1,", &s, &n), "an item is empty");
	assert_string_equal(parse(arena, "tap1, ,tap2", &s, &n), "an item is empty");
	assert_string_equal(parse(arena, "tap1,=x", &s, &n), "\"=x\" is not KEY=VALUE");
	assert_string_equal(parse(arena, "vm-id=", &s, &n), "\"vm-id=\" is not KEY=VALUE");
	assert_null(s);
	assert_int_equal(n, 77);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_notes_of_the_old_one_decide),
		cmocka_unit_test(names_patterns_and_notes),
		cmocka_unit_test(bad_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
