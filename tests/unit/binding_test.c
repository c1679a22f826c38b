/* SPDX-License-Identifier: Apache-2.0 */
/* switch/binding: the record of a mirror's ports, and what becomes of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "switch/binding.h"

static void text_and_back(void **state)
{
	static const char *const texts[] = {
		"tap1@16db4055 src",
		"tap1@00000000 src+dst, tap3@ffffffff output",
		"vnet3@e6a7d9b6 src+dst+output iface-id=a attached-mac=52:54:00:00:00:01 vm-id=c",
		"a%20b%2C%25%3D%40%7F@00000001 dst iface-id= vm-id=%2C%20x",
		"p\303\244@00000001 dst+output",
	};
	struct arena *arena = arena_new();
	struct binding b;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf text = BUF_INIT;

		assert_int_equal(binding_parse(texts[i], arena, &b, &err), 0);
		binding_put(&text, &b);
		assert_string_equal(text.data, texts[i]);
		buf_free(&text);
	}
	assert_int_equal(binding_parse(texts[3], arena, &b, &err), 0);
	assert_int_equal(b.n, 1);
	assert_string_equal(b.ports[0].identity.name, "a b,%=@\177");
	assert_string_equal(b.ports[0].identity.ids[PORT_ID_IFACE], "");
	assert_null(b.ports[0].identity.ids[PORT_ID_MAC]);
	assert_string_equal(b.ports[0].identity.ids[PORT_ID_VM], ", x");
	assert_int_equal(b.ports[0].row, 1);
	assert_int_equal(b.ports[0].roles, BINDING_DST);
	arena_free(arena);
}

static void many_and_those_without_a_role(void **state)
{
	struct arena *arena = arena_new();
	struct buf text = BUF_INIT;
	struct binding b = { .n = 0 };
	struct error err;

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		*binding_add(&b, arena) = (struct bound_port){
			i, i % 8, { arena_printf(arena, "p%u", i), { NULL } }
		};
	binding_put(&text, &b);
	assert_int_equal(binding_parse(text.data, arena, &b, &err), 0);
	assert_int_equal(b.n, 100 - 13);
	assert_string_equal(b.ports[0].identity.name, "p1");
	assert_int_equal(b.ports[86].roles, 3);
	buf_free(&text);
	arena_free(arena);
}

static void what_nobody_wrote_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"tap1",
		"tap1 src",
		"tap1@16db4055",
		"tap1@16db4055 ",
		"@16db4055 src",
		"tap1@16db405 src",
		"tap1@16db40555 src",
		"tap1@16DB4055 src",
		"tap1@-6db4055 src",
		"tap1@16db4055 none",
		"tap1@16db4055 dst+src",
		"tap1@16db4055 src,",
		"tap1@16db4055 src, ",
		"tap1@16db4055 src,tap2@16db4055 src",
		"tap1@16db4055 src iface-id",
		"tap1@16db4055 src iface-id=a iface-id=b",
		"tap1@16db4055 src other=a",
		"tap1@16db4055 src vm-id=a=b",
		"tap%@16db4055 src",
		"tap%2@16db4055 src",
		"tap%2c@16db4055 src",
		"tap%00@16db4055 src",
		"tap%41@16db4055 src", /* an A: there is one way to write a name */
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct binding b = { .n = 77 };
		struct error err;

		if (!binding_parse(texts[i], arena, &b, &err))
			fail_msg("%s", texts[i]);
		assert_int_equal(b.n, 77);
	}
	arena_free(arena);
}

static void fates(void **state)
{
	const struct bound_port p = { 5, BINDING_SRC, { "tap1", { "i" } } };
	struct port_now now = { 5, true, { "tap1", { "i" } } };

	(void)state;
	assert_int_equal(binding_fate(&p, NULL), BINDING_WAITS);
	assert_int_equal(binding_fate(&p, &now), BINDING_STAYS);
	now.identity.ids[0] = "j"; /* the row is the same, whatever is noted there now */
	now.is_here = false;
	assert_int_equal(binding_fate(&p, &now), BINDING_STAYS);
	now.row = 6;
	assert_int_equal(binding_fate(&p, &now), BINDING_NAME_TAKEN);
	now.identity.ids[0] = "i";
	assert_int_equal(binding_fate(&p, &now), BINDING_ELSEWHERE);
	now.is_here = true;
	assert_int_equal(binding_fate(&p, &now), BINDING_RETURNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(many_and_those_without_a_role),
		cmocka_unit_test(what_nobody_wrote_is_refused),
		cmocka_unit_test(fates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
