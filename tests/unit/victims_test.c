// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "datapath/victims.h"

enum { PORTS = 7, MOST = 60 };

static void the_oldest_of_the_fullest_port_go(void **state)
{
	struct victim all[] = {
		{ 1, 50, 0 }, { 2, 10, 1 }, { 2, 30, 2 }, { 2, 20, 3 }, { 2, 40, 4 }, { 3, 99, 5 },
	};

	(void)state;
	victims_first(all, 6, 2);
	assert_true((all[0].index == 4 && all[1].index == 2) ||
		    (all[0].index == 2 && all[1].index == 4));
}

/* From a port with one address as well, when no other has more. */
static void all_alike_lose_one_each(void **state)
{
	struct victim all[] = { { 1, 1, 0 }, { 2, 2, 1 }, { 3, 3, 2 }, { 1, 4, 3 }, { 2, 5, 4 } };

	size_t n_elder = 0;

	(void)state;
	victims_first(all, 5, 3);
	for (size_t i = 0; i < 3; i++)
		n_elder += all[i].index >= 3;
	assert_int_equal(n_elder, 2); /* of ports 1 and 2; and one more */
	victims_first(all, 5, 5);
}

/* One at a time, as the words in victims.h say it: what each port has in the end. */
static void take_one(const struct victim *all, size_t n, char *is_gone)
{
	size_t count[PORTS] = { 0 }, fullest = 0, oldest = n;

	for (size_t i = 0; i < n; i++)
		count[all[i].port] += !is_gone[i];
	for (size_t p = 1; p < PORTS; p++) {
		if (count[p] > count[fullest])
			fullest = p;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_gone[i] && all[i].port == fullest &&
		    (oldest == n || all[i].age > all[oldest].age))
			oldest = i;
	}
	is_gone[oldest] = 1;
}

static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void compare_with_plain(const struct victim *all, size_t n, size_t n_wanted)
{
	int left[PORTS] = { 0 }, plain_left[PORTS] = { 0 };
	uint32_t youngest_gone[PORTS], oldest_left[PORTS] = { 0 };
	struct victim chosen[MOST];
	char is_gone[MOST] = { 0 };

	memset(youngest_gone, 0xff, sizeof(youngest_gone));
	memcpy(chosen, all, n * sizeof(*all));
	victims_first(chosen, n, n_wanted);
	for (size_t i = 0; i < n_wanted; i++)
		take_one(all, n, is_gone);
	for (size_t i = 0; i < n; i++) {
		uint32_t port = chosen[i].port;

		plain_left[all[i].port] += !is_gone[i];
		left[port] += i >= n_wanted;
		if (i < n_wanted && chosen[i].age < youngest_gone[port])
			youngest_gone[port] = chosen[i].age;
		if (i >= n_wanted && chosen[i].age > oldest_left[port])
			oldest_left[port] = chosen[i].age;
	}
	for (size_t p = 0; p < PORTS; p++)
		assert_true(youngest_gone[p] >= oldest_left[p]);
	/* Which of several equal ports loses one is nobody's business. */
	qsort(left, PORTS, sizeof(*left), by_size);
	qsort(plain_left, PORTS, sizeof(*left), by_size);
	assert_memory_equal(left, plain_left, sizeof(left));
}

static void as_taking_one_at_a_time(void **state)
{
	struct victim all[MOST];

	(void)state;
	srand(7);
	for (int round = 0; round < 3000; round++) {
		size_t n = 1 + (size_t)rand() % MOST, n_wanted = (size_t)rand() % (n + 1);

		for (size_t i = 0; i < n; i++)
			all[i] = (struct victim){ .port = (uint32_t)(rand() % PORTS) *
							  (uint32_t)(rand() % 2),
						  .age = (uint32_t)(rand() % 40),
						  .index = i };
		compare_with_plain(all, n, n_wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_of_the_fullest_port_go),
		cmocka_unit_test(all_alike_lose_one_each),
		cmocka_unit_test(as_taking_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
