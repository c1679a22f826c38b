/* SPDX-License-Identifier: Apache-2.0 */
/* Datums, small and big, against a plain array that does the same the simple way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ovsdb/datum.h"
#include "ovsdb/datum_node.h"
#include "unit/ovsdb_fixture.h"

enum { RANGE = 2000 };

/* A map integer:string (values "v<number>") or a set of integers, as an array. */
struct model {
	int value[RANGE]; /* -1: absent */
	size_t n;
};

struct both {
	struct type type;
	struct model model;
	struct datum *d;
	unsigned int seed;
};

static unsigned int draw(struct both *b, unsigned int below)
{
	b->seed = b->seed * 1103515245u + 12345u;
	return (b->seed >> 12) % below;
}

static void check_equal(const struct both *b)
{
	struct datum_cursor c;
	size_t n = 0;
	int64_t last = -1;

	assert_int_equal(datum_n(b->d), b->model.n);
	datum_foreach (b->d, &c) {
		char value[16];

		assert_true(c.key->integer > last);
		last = c.key->integer;
		assert_true(b->model.value[last] >= 0);
		snprintf(value, sizeof(value), "v%d", b->model.value[last]);
		if (type_is_map(&b->type))
			assert_string_equal(c.value->string, value);
		n++;
	}
	assert_int_equal(n, b->model.n);
}

/* Inner nodes are never wider or flatter than they may be. */
static void check_shape(const struct datum *d, bool is_root)
{
	if (!d->height) {
		assert_true(d->n <= DATUM_LEAF_MAX);
		return;
	}
	assert_true(d->n_children <= DATUM_CHILDREN_MAX);
	assert_true(d->n_children >= (is_root ? 2 : 1));
	for (unsigned int i = 0; i < d->n_children; i++) {
		assert_int_equal(datum_children(d)[i].node->height, d->height - 1);
		assert_ptr_equal(datum_children(d)[i].first,
				 datum_first_key(datum_children(d)[i].node));
		check_shape(datum_children(d)[i].node, false);
	}
}

static struct datum *random_part(struct both *b, size_t n)
{
	union atom *keys = calloc(2 * n + 1, sizeof(*keys));
	char(*texts)[16] = calloc(n + 1, sizeof(*texts));
	struct error err;
	struct datum *d;

	assert_non_null(keys);
	assert_non_null(texts);
	for (size_t i = 0; i < n; i++) {
		keys[i].integer = (int64_t)(i * RANGE / n + draw(b, (unsigned int)(RANGE / n)));
		snprintf(texts[i], sizeof(texts[i]), "v%u", draw(b, 3));
		keys[n + i].string = texts[i];
	}
	assert_int_equal(
		datum_new(&b->type, keys, type_is_map(&b->type) ? keys + n : NULL, n, &d, &err), 0);
	free(keys);
	free(texts);
	return d;
}

static int value_of(const struct datum_cursor *c)
{
	return c->value ? atoi(c->value->string + 1) : 0;
}

static void model_set(struct model *m, int64_t key, int value)
{
	m->n += (size_t)(value >= 0) - (size_t)(m->value[key] >= 0);
	m->value[key] = value;
}

static void step(struct both *b, struct datum **ret)
{
	static const unsigned int sizes[] = { 1, 1, 1, 1, 2, 5, 20, 70, 400 };
	struct datum *part = random_part(b, sizes[draw(b, 9)]);
	bool is_insert = draw(b, 2);
	struct datum_cursor c;
	struct error err;

	if (is_insert)
		assert_int_equal(datum_union(b->d, part, &b->type, ret, &err), 0);
	else
		assert_int_equal(datum_subtract(b->d, part, &b->type, ret, &err), 0);
	datum_foreach (part, &c) {
		int old = b->model.value[c.key->integer];

		if (is_insert && old < 0)
			model_set(&b->model, c.key->integer, value_of(&c));
		if (!is_insert && old >= 0 && (!c.value || old == value_of(&c)))
			model_set(&b->model, c.key->integer, -1);
	}
	datum_unref(part);
}

static void check_difference(const struct both *b, const struct datum *old, const struct datum *new)
{
	struct datum *diff, *again;
	struct error err;

	assert_int_equal(datum_diff(old, new, &b->type, &diff, &err), 0);
	assert_int_equal(datum_apply_diff(old, diff, &b->type, &again, &err), 0);
	assert_true(datum_equal(again, new, &b->type));
	assert_int_equal(datum_cmp(again, new, &b->type), 0);
	assert_int_equal(datum_hash(again, &b->type), datum_hash(new, &b->type));
	assert_int_equal(!datum_n(diff), datum_equal(old, new, &b->type));
	check_shape(again, true);
	datum_unref(again);
	datum_unref(diff);
	again = datum_rebase(old, new, &b->type);
	assert_true(datum_equal(again, new, &b->type));
	datum_unref(again);
}

static void run_random(const char *type, unsigned int seed)
{
	struct both b = { .seed = seed };
	char *before, *after;

	fixture_type(type, &b.type);
	for (int i = 0; i < RANGE; i++)
		b.model.value[i] = -1;
	b.d = datum_empty();
	for (int i = 0; i < 1000; i++) {
		struct datum *new;

		before = i % 50 ? NULL : fixture_datum_text(b.d, &b.type);
		step(&b, &new);
		check_difference(&b, b.d, new);
		if (before) { /* the old version is as it was */
			after = fixture_datum_text(b.d, &b.type);
			assert_string_equal(before, after);
			free(before);
			free(after);
		}
		datum_unref(b.d);
		b.d = new;
		check_equal(&b);
		check_shape(b.d, true);
	}
	datum_unref(b.d);
	type_destroy(&b.type);
}

static void test_random_sets(void **state)
{
	(void)state;
	run_random("{'key':'integer','min':0,'max':'unlimited'}", 1);
	run_random("{'key':'integer','min':0,'max':'unlimited'}", 2);
}

static void test_random_maps(void **state)
{
	(void)state;
	run_random("{'key':'integer','value':'string','min':0,'max':'unlimited'}", 3);
	run_random("{'key':'integer','value':'string','min':0,'max':'unlimited'}", 4);
}

/* How many nodes of `new` are not nodes of `old`? */
static size_t count_new_nodes(const struct datum *old, const struct datum *new)
{
	size_t n = 1;

	if (old == new)
		return 0;
	for (unsigned int i = 0; new->height &&i < new->n_children; i++) {
		const struct datum *child = datum_children(new)[i].node;
		bool is_old = false;

		for (unsigned int k = 0; old->height && k < old->n_children; k++)
			is_old |= datum_children(old)[k].node == child;
		if (is_old)
			continue;
		n += count_new_nodes(
			datum_children(old)[datum_child_search(old, datum_first_key(child))].node,
			child);
	}
	return n;
}

static void test_one_of_many_copies_a_path(void **state)
{
	enum { N = 10000 };
	union atom *keys = calloc(N, sizeof(*keys));
	struct datum *d, *one, *with, *without;
	struct datum_delta delta;
	struct type type;
	struct error err;

	(void)state;
	fixture_type("{'key':'integer','min':0,'max':'unlimited'}", &type);
	for (int i = 0; i < N; i++)
		keys[i].integer = 2 * i;
	assert_int_equal(datum_new(&type, keys, NULL, N, &d, &err), 0);
	one = datum_of_integer(7777);
	assert_int_equal(datum_union(d, one, &type, &with, &err), 0);
	assert_true(count_new_nodes(d, with) <= 4);
	datum_delta_begin(&delta, d, with);
	assert_true(datum_delta_next(&delta));
	assert_int_equal(delta.key->integer, 7777);
	assert_true(delta.is_in_new && !delta.is_in_old);
	assert_false(datum_delta_next(&delta));
	assert_int_equal(datum_subtract(with, one, &type, &without, &err), 0);
	assert_true(datum_equal(without, d, &type));
	free(keys);
	datum_unref(d);
	datum_unref(one);
	datum_unref(with);
	datum_unref(without);
	type_destroy(&type);
}

static void test_rebase_shares(void **state)
{
	enum { N = 5000 };
	union atom *keys = calloc(N, sizeof(*keys));
	struct datum *old, *again, *shared;
	struct type type;
	struct error err;

	(void)state;
	fixture_type("{'key':'integer','min':0,'max':'unlimited'}", &type);
	for (int i = 0; i < N; i++)
		keys[i].integer = i;
	assert_int_equal(datum_new(&type, keys, NULL, N - 1, &old, &err), 0);
	assert_int_equal(datum_new(&type, keys, NULL, N, &again, &err), 0);
	shared = datum_rebase(old, again, &type);
	assert_true(datum_equal(shared, again, &type));
	assert_true(count_new_nodes(old, shared) <= 4);
	free(keys);
	datum_unref(old);
	datum_unref(again);
	datum_unref(shared);
	type_destroy(&type);
}

static void expect_text(const struct type *type, const char *in, const char *out)
{
	struct datum *d = fixture_datum(type, in);
	char *text = fixture_datum_text(d, type);

	assert_string_equal(text, out);
	free(text);
	datum_unref(d);
}

static void test_text(void **state)
{
	struct type set, map, one;

	(void)state;
	fixture_type("{'key':'string','min':0,'max':'unlimited'}", &set);
	fixture_type("{'key':'integer','value':'boolean','min':0,'max':'unlimited'}", &map);
	fixture_type("'real'", &one);
	expect_text(&set, "['set',['b','a']]", "[\"set\",[\"a\",\"b\"]]");
	expect_text(&set, "'b'", "\"b\"");
	expect_text(&set, "['set',['b']]", "\"b\"");
	expect_text(&set, "['set',[]]", "[\"set\",[]]");
	expect_text(&map, "['map',[[2,true],[1,false]]]", "[\"map\",[[1,false],[2,true]]]");
	expect_text(&map, "['map',[]]", "[\"map\",[]]");
	expect_text(&one, "['set',[2.5]]", "2.5");
	type_destroy(&set);
	type_destroy(&map);
	type_destroy(&one);
}

/* Scalars and optionals differ by their new value. */
static void test_diff_of_one(void **state)
{
	struct datum *old, *new, *diff;
	struct type type;
	struct error err;

	(void)state;
	fixture_type("{'key':'integer','min':0,'max':1}", &type);
	old = fixture_datum(&type, "1");
	new = fixture_datum(&type, "['set',[]]");
	assert_int_equal(datum_diff(old, new, &type, &diff, &err), 0);
	assert_int_equal(datum_n(diff), 0);
	datum_unref(old);
	datum_unref(new);
	datum_unref(diff);
	type_destroy(&type);
}

/* A set of uuids that only differ in their last bytes, and of some that are far apart. */
static union atom uuid_key(unsigned int i)
{
	union atom a = { .uuid = { { (uint8_t)(i % 5) } } };

	a.uuid.b[14] = (uint8_t)(i >> 8);
	a.uuid.b[15] = (uint8_t)i;
	return a;
}

static struct datum *uuid_set(const struct type *type, const bool *is_in, unsigned int n)
{
	union atom *keys = calloc(n + 1, sizeof(*keys));
	struct datum *d;
	size_t n_keys = 0;

	for (unsigned int i = 0; i < n; i++)
		if (is_in[i])
			keys[n_keys++] = uuid_key(i);
	assert_int_equal(datum_new(type, keys, NULL, n_keys, &d, NULL), 0);
	free(keys);
	return d;
}

/* What the walk says of each element is so, and it says it once. */
static void check_delta(const struct datum *old, const struct datum *new, const bool *was_in,
			const bool *is_in, unsigned int n)
{
	size_t n_changed = 0, n_seen = 0;
	struct uuid last = { { 0 } };
	struct datum_delta delta;

	for (unsigned int i = 0; i < n; i++)
		n_changed += was_in[i] != is_in[i];
	datum_delta_begin(&delta, old, new);
	while (datum_delta_next(&delta)) {
		unsigned int i = delta.key->uuid.b[14] * 256u + delta.key->uuid.b[15];

		assert_true(delta.is_in_old == was_in[i] && delta.is_in_new == is_in[i]);
		assert_true(was_in[i] != is_in[i]);
		assert_true(!n_seen || uuid_cmp(&last, &delta.key->uuid) < 0);
		last = delta.key->uuid;
		n_seen++;
	}
	assert_int_equal(n_seen, n_changed);
}

/* Versions of a set that are one to fifty changes apart. */
static void test_differences_of_uuids(void **state)
{
	enum { N = 3000, ROUNDS = 500 };
	static bool was_in[N], is_in[N];
	struct both b = { .seed = 7 };
	struct datum *old, *d;

	(void)state;
	fixture_type("{'key':'uuid','min':0,'max':'unlimited'}", &b.type);
	for (int i = 0; i < N; i++)
		is_in[i] = i % 3;
	d = uuid_set(&b.type, is_in, N);
	for (int round = 0; round < ROUNDS; round++) {
		/* Now and then down to a few and up again. */
		unsigned int n_changes = 1 + draw(&b, draw(&b, 20) ? 50 : 2000);

		old = datum_ref(d);
		memcpy(was_in, is_in, sizeof(is_in));
		while (n_changes--) {
			unsigned int i = draw(&b, N);
			union atom key = uuid_key(i);
			struct datum *one = datum_of_uuid(&key.uuid), *next;

			if (is_in[i])
				assert_int_equal(datum_subtract(d, one, &b.type, &next, NULL), 0);
			else
				assert_int_equal(datum_union(d, one, &b.type, &next, NULL), 0);
			is_in[i] = !is_in[i];
			datum_unref(one);
			datum_unref(d);
			d = next;
		}
		check_delta(old, d, was_in, is_in, N);
		check_delta(d, old, is_in, was_in, N);
		datum_unref(old);
	}
	datum_unref(d);
	type_destroy(&b.type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_sets),
		cmocka_unit_test(test_random_maps),
		cmocka_unit_test(test_one_of_many_copies_a_path),
		cmocka_unit_test(test_rebase_shares),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_diff_of_one),
		cmocka_unit_test(test_differences_of_uuids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
