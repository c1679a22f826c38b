/* SPDX-License-Identifier: Apache-2.0 */
/* userspace/datapath/image.c: what is written to get from one configuration to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi.h"
#include "datapath/image.h"

static void put_port(struct image *image, uint32_t slot, uint32_t ifindex)
{
	struct port_config *port = image_put(image, IMAGE_PORTS, slot);

	port->ifindex = ifindex;
}

static void put_word(struct image *image, enum image_map map, uint32_t key, uint32_t word)
{
	memcpy(image_put(image, map, key), &word, sizeof(word));
}

static struct image *sealed(struct image *image)
{
	image_seal(image);
	return image;
}

static struct image *empty(void)
{
	return sealed(image_new());
}

/* An image with one port. */
static struct image *one_port(uint32_t slot, uint32_t ifindex)
{
	struct image *image = image_new();

	put_port(image, slot, ifindex);
	return sealed(image);
}

static void free_all(struct image *a, struct image *b, struct image *c, struct image_write *writes)
{
	image_free(a);
	image_free(b);
	image_free(c);
	free(writes);
}

static uint32_t ifindex_of(const void *value)
{
	return value ? ((const struct port_config *)value)->ifindex : 0;
}

static void test_sealed_is_sorted_and_without_zeros(void **state)
{
	struct image *image = image_new();

	(void)state;
	put_word(image, IMAGE_PORT_OF_IFINDEX, 7, 3);
	put_port(image, 9, 1);
	put_port(image, 2, 1);
	put_port(image, 5, 0);
	put_word(image, IMAGE_ACCESS_HEAD, 1u << 16 | 10, 2);
	image_seal(image);
	assert_int_equal(image->n, 4);
	assert_int_equal(image->entries[0].key, 2);
	assert_int_equal(image->entries[1].key, 9);
	assert_int_equal(image->entries[2].map, IMAGE_ACCESS_HEAD);
	assert_null(image_get(image, IMAGE_PORTS, 5));
	assert_null(image_get(image, IMAGE_BRIDGES, 2));
	assert_int_equal(ifindex_of(image_get(image, IMAGE_PORTS, 9)), 1);
	image_free(image);
	image_free(NULL);
}

static void test_equal(void **state)
{
	struct image *a = one_port(1, 5), *b = one_port(1, 5), *c = one_port(1, 6),
		     *d = one_port(2, 5), *none = empty();

	(void)state;
	assert_true(image_equal(a, b));
	assert_false(image_equal(a, c));
	assert_false(image_equal(a, d));
	assert_false(image_equal(a, none));
	assert_true(image_equal(none, none));
	free_all(a, b, c, NULL);
	free_all(d, none, NULL, NULL);
}

static void test_same_needs_nothing(void **state)
{
	struct image *wanted = one_port(1, 5), *active = one_port(1, 5), *standby = one_port(1, 5);
	struct image_write *writes;

	(void)state;
	assert_int_equal(image_diff(wanted, active, standby, &writes), 0);
	free_all(wanted, active, standby, writes);
}

static void test_change_keeps_the_active_version(void **state)
{
	struct image *wanted = one_port(1, 6), *active = one_port(1, 5), *standby = one_port(1, 5);
	struct image_write *writes;

	(void)state;
	assert_int_equal(image_diff(wanted, active, standby, &writes), 1);
	assert_int_equal(writes->op, IMAGE_SET);
	assert_false(writes->is_after_flip);
	assert_int_equal(ifindex_of(writes->active), 5);
	assert_int_equal(ifindex_of(writes->standby), 6);
	free_all(wanted, active, standby, writes);
}

/* A key that nobody changes now, but whose standby version is left from the time before. */
static void test_stale_standby_is_written(void **state)
{
	struct image *wanted = one_port(1, 5), *active = one_port(1, 5), *standby = one_port(1, 4);
	struct image_write *writes;

	(void)state;
	assert_int_equal(image_diff(wanted, active, standby, &writes), 1);
	assert_int_equal(ifindex_of(writes->active), 5);
	assert_int_equal(ifindex_of(writes->standby), 5);
	free_all(wanted, active, standby, writes);
}

static void test_removal_zeroes_the_standby(void **state)
{
	struct image *wanted = empty(), *active = one_port(1, 5), *standby = one_port(1, 5);
	struct image_write *writes;

	(void)state;
	assert_int_equal(image_diff(wanted, active, standby, &writes), 1);
	assert_int_equal(writes->op, IMAGE_SET);
	assert_int_equal(ifindex_of(writes->active), 5);
	assert_null(writes->standby);
	free_all(wanted, active, standby, writes);
}

/* An element of a hash stays while a packet may be reading its active version. */
static void test_versioned_hash_is_deleted_one_change_later(void **state)
{
	struct image *none = empty(), *head = image_new(), *other = empty();
	struct image_write *writes;

	(void)state;
	put_word(head, IMAGE_ACCESS_HEAD, 1u << 16 | 10, 2);
	image_seal(head);
	assert_int_equal(image_diff(none, head, other, &writes), 0);
	free(writes);
	assert_int_equal(image_diff(none, head, head, &writes), 1);
	assert_int_equal(writes->op, IMAGE_SET);
	assert_null(writes->standby);
	free(writes);
	assert_int_equal(image_diff(none, other, head, &writes), 1);
	assert_int_equal(writes->op, IMAGE_DELETE);
	assert_false(writes->is_after_flip);
	free_all(none, head, other, writes);
}

static void test_ifindex_goes_after_the_flip_and_comes_before(void **state)
{
	struct image *wanted = image_new(), *active = image_new(), *standby = empty();
	struct image_write *writes;

	(void)state;
	put_word(active, IMAGE_PORT_OF_IFINDEX, 7, 1);
	put_word(active, IMAGE_PORT_OF_IFINDEX, 8, 2);
	put_word(wanted, IMAGE_PORT_OF_IFINDEX, 8, 2);
	put_word(wanted, IMAGE_PORT_OF_IFINDEX, 9, 1);
	image_seal(active);
	image_seal(wanted);
	assert_int_equal(image_diff(wanted, active, standby, &writes), 2);
	assert_int_equal(writes[0].key, 7);
	assert_int_equal(writes[0].op, IMAGE_DELETE);
	assert_true(writes[0].is_after_flip);
	assert_int_equal(writes[1].key, 9);
	assert_int_equal(writes[1].op, IMAGE_SET);
	assert_false(writes[1].is_after_flip);
	free_all(wanted, active, standby, writes);
}

/* The maps in miniature: two versions of each port, an epoch. */
struct maps_model {
	uint32_t ports[8][2];
	uint32_t epoch;
};

static struct image *version_of(const struct maps_model *maps, uint32_t version)
{
	struct image *image = image_new();

	for (uint32_t slot = 1; slot < 8; slot++)
		put_port(image, slot, maps->ports[slot][version & 1]);
	return sealed(image);
}

/* Whatever is wanted, and wherever a process was killed meanwhile: what packets see changes
 * at the flip only, and then it is what was wanted. */
static void test_any_sequence_of_changes(void **state)
{
	struct maps_model maps = { 0 };

	(void)state;
	srand(1);
	for (int round = 0; round < 2000; round++) {
		struct image *active = version_of(&maps, maps.epoch),
			     *standby = version_of(&maps, maps.epoch + 1), *wanted = image_new();
		struct image *seen;
		struct image_write *writes;
		size_t n, killed_at;

		for (uint32_t slot = 1; slot < 8; slot++)
			put_port(wanted, slot, (uint32_t)rand() % 3);
		image_seal(wanted);
		n = image_diff(wanted, active, standby, &writes);
		killed_at = rand() % 4 ? SIZE_MAX : (size_t)rand() % (n + 1);
		for (size_t i = 0; i < n && i < killed_at; i++) {
			assert_int_equal(writes[i].op, IMAGE_SET);
			maps.ports[writes[i].key][maps.epoch & 1] = ifindex_of(writes[i].active);
			maps.ports[writes[i].key][(maps.epoch + 1) & 1] =
				ifindex_of(writes[i].standby);
		}
		seen = version_of(&maps, maps.epoch);
		assert_true(image_equal(seen, active));
		image_free(seen);
		if (killed_at > n) {
			maps.epoch++;
			seen = version_of(&maps, maps.epoch);
			assert_true(image_equal(seen, wanted));
			image_free(seen);
		}
		free_all(wanted, active, standby, writes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_is_sorted_and_without_zeros),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_same_needs_nothing),
		cmocka_unit_test(test_change_keeps_the_active_version),
		cmocka_unit_test(test_stale_standby_is_written),
		cmocka_unit_test(test_removal_zeroes_the_standby),
		cmocka_unit_test(test_versioned_hash_is_deleted_one_change_later),
		cmocka_unit_test(test_ifindex_goes_after_the_flip_and_comes_before),
		cmocka_unit_test(test_any_sequence_of_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
