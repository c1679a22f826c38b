/* SPDX-License-Identifier: Apache-2.0 */
/* switch/ofport: the sequence of OpenFlow port numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "switch/ofport.h"

/* One assignment, after which each holds what it was given. */
static void assign(struct ofport_claim *c, size_t n, uint32_t *cursor)
{
	ofport_assign(c, n, cursor);
	for (size_t i = 0; i < n; i++)
		c[i].held = c[i].given;
}

static void freed_numbers_are_not_given_again_at_once(void **state)
{
	struct ofport_claim c[8] = {
		{ .is_local = true, .is_working = true },
		{ .is_working = true },
		{ .is_working = true },
		{ .is_working = true, .request = 20 },
		{ .is_working = true },
	};
	uint32_t cursor = 0;

	(void)state;
	for (size_t n = 1; n <= 5; n++)
		assign(c, n, &cursor);
	assert_int_equal(c[0].given, OFPORT_LOCAL);
	assert_int_equal(c[1].given, 1);
	assert_int_equal(c[2].given, 2);
	assert_int_equal(c[3].given, 20);
	assert_int_equal(c[4].given, 3);
	c[2] = (struct ofport_claim){ .is_working = true }; /* 2 is gone, a new port is here */
	assign(c, 5, &cursor);
	assert_int_equal(c[2].given, 4);
	c[5] = (struct ofport_claim){ .is_working = true };
	assign(c, 6, &cursor);
	assert_int_equal(c[5].given, 5);
}

static void a_request_moves_who_did_not_ask(void **state)
{
	struct ofport_claim c[3] = {
		{ .is_working = true },
		{ .is_working = true },
		{ .is_working = true },
	};
	uint32_t cursor = 0;

	(void)state;
	assign(c, 2, &cursor);
	c[1].request = 1; /* while c[0] has it */
	assign(c, 2, &cursor);
	assert_int_equal(c[1].given, 1);
	assert_int_equal(c[0].given, 3);
	c[0].request = 1; /* two that ask for the same: who has it keeps it */
	assign(c, 2, &cursor);
	assert_int_equal(c[1].given, 1);
	assert_int_equal(c[0].given, 3);
	c[1].request = 0; /* asked no more, keeps it no more: the other still asks */
	assign(c, 2, &cursor);
	assert_int_equal(c[0].given, 1);
	assert_int_equal(c[1].given, 4);
	c[0].request = 0; /* nobody asks: all stay */
	assign(c, 2, &cursor);
	assert_int_equal(c[0].given, 1);
	c[2].request = 65279;
	assign(c, 3, &cursor);
	assert_int_equal(c[2].given, 65279);
}

static void a_port_that_does_not_work_keeps_what_it_had(void **state)
{
	struct ofport_claim c[2] = { { .is_working = false }, { .is_working = true } };
	uint32_t cursor = 0;

	(void)state;
	assign(c, 2, &cursor);
	assert_int_equal(c[0].given, 0);
	assert_int_equal(c[1].given, 1);
	c[1].is_working = false;
	c[0].is_working = true;
	assign(c, 2, &cursor);
	assert_int_equal(c[0].given, 2);
	assert_int_equal(c[1].given, 1);
}

static void recorded_numbers_come_before_new_ones(void **state)
{
	struct ofport_claim c[4] = {
		{ .is_working = true },
		{ .is_working = true, .recorded = 1 },
		{ .is_working = true, .recorded = 1 }, /* a copy of the row: the first wins */
		{ .is_working = true, .recorded = 2, .request = 3 },
	};
	uint32_t cursor = 0;

	(void)state;
	assign(c, 4, &cursor);
	assert_int_equal(c[1].given, 1);
	assert_int_equal(c[3].given, 3);
	assert_int_equal(c[0].given, 2);
	assert_int_equal(c[2].given, 4);
}

static void all_numbers_taken(void **state)
{
	size_t n = OFPORT_AUTO_MAX + 1;
	struct ofport_claim *c = calloc(n, sizeof(*c));
	uint32_t cursor = 12345;

	(void)state;
	for (size_t i = 0; i < n; i++)
		c[i].is_working = true;
	assign(c, n, &cursor);
	assert_int_equal(c[0].given, 12346);
	assert_int_equal(c[n - 2].given, 12345);
	assert_int_equal(c[n - 1].given, 0);
	c[100] = (struct ofport_claim){ 0 };
	assign(c, n, &cursor);
	assert_int_equal(c[n - 1].given, 12446);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_numbers_are_not_given_again_at_once),
		cmocka_unit_test(a_request_moves_who_did_not_ask),
		cmocka_unit_test(a_port_that_does_not_work_keeps_what_it_had),
		cmocka_unit_test(recorded_numbers_come_before_new_ones),
		cmocka_unit_test(all_numbers_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
