// SPDX-License-Identifier: Apache-2.0
/* The chained table: all that was put in is found, however it grew, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ovsdb/hash.h"

enum { N = 1000 };

/* In few chains, and with different upper bits, which tell what a chain holds. */
static uint32_t hash_of(uint32_t i)
{
	return i % 7 | i << 22;
}

static bool has(const struct hash *h, const struct hash_node *node)
{
	for (struct hash_node *n = hash_first(h, node->hash); n; n = hash_next(n)) {
		if (n == node)
			return true;
	}
	return false;
}

static void what_is_in_is_found_and_nothing_else(void **state)
{
	static struct hash_node nodes[N];
	struct hash h;

	(void)state;
	hash_init(&h);
	for (uint32_t i = 0; i < N; i++) {
		hash_insert(&h, &nodes[i], hash_of(i));
		for (uint32_t k = i & 15; k <= i; k += 16)
			assert_true(has(&h, &nodes[k]));
	}
	for (uint32_t i = 0; i < N; i += 2)
		hash_remove(&h, &nodes[i]);
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(has(&h, &nodes[i]), i % 2);
	assert_null(hash_first(&h, 8));
	hash_destroy(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_is_found_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
