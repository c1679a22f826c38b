/* SPDX-License-Identifier: Apache-2.0 */
/* The side table of references by itself: it follows rows, and takes back its log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ovsdb/refs.h"
#include "unit/ovsdb_fixture.h"

struct fixture {
	struct db *db;
	struct refs *refs;
	const struct schema_table *root, *kid;
	struct uuid source, a, b;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->db = fixture_db();
	f->refs = refs_new();
	f->root = schema_find_table(db_schema(f->db), "Root");
	f->kid = schema_find_table(db_schema(f->db), "Kid");
	f->source = uuid_random();
	f->a = uuid_random();
	f->b = uuid_random();
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->refs->n_log, 0);
	refs_free(f->refs);
	db_free(f->db);
	free(f);
	return 0;
}

/* A row of Root that refers to up to two rows by kids and by weak. */
static struct row *row_with(const struct fixture *f, const struct uuid *kid_1,
			    const struct uuid *kid_2, const struct uuid *weak)
{
	const struct column *kids = schema_find_column(f->root, "kids");
	struct row *row = row_new(f->root, &f->source);
	union atom atoms[2];
	struct error err;
	struct datum *d;
	size_t n = 0;

	if (kid_1)
		atoms[n++].uuid = *kid_1;
	if (kid_2)
		atoms[n++].uuid = *kid_2;
	assert_int_equal(datum_new(&kids->type, atoms, NULL, n, &d, &err), 0);
	row_set_take(row, kids, d);
	if (weak)
		row_set_take(row, schema_find_column(f->root, "weak"), datum_of_uuid(weak));
	return row;
}

static size_t n_strong(const struct fixture *f, const struct uuid *uuid)
{
	const struct ref_target *t = refs_find(f->refs, f->kid, uuid);

	return t ? t->n_strong : 0;
}

static size_t n_weak(const struct fixture *f, const struct uuid *uuid)
{
	const struct ref_target *t = refs_find(f->refs, f->kid, uuid);
	size_t n = 0;

	for (const struct ref_edge *e = t ? t->edges : NULL; e; e = e->next)
		n += e->n;
	return n;
}

static void account(struct fixture *f, const struct row *old, const struct row *new)
{
	struct error err;

	assert_int_equal(refs_account(f->refs, old, new, &err), 0);
}

static void test_follows_a_row(void **state)
{
	struct fixture *f = *state;
	struct row *one = row_with(f, &f->a, NULL, &f->a);
	struct row *two = row_with(f, &f->a, &f->b, NULL);

	account(f, NULL, one);
	assert_int_equal(n_strong(f, &f->a), 1);
	assert_int_equal(n_weak(f, &f->a), 1);
	assert_true(uuid_equal(&refs_find(f->refs, f->kid, &f->a)->edges->source, &f->source));
	account(f, one, two);
	assert_int_equal(n_strong(f, &f->a), 1);
	assert_int_equal(n_strong(f, &f->b), 1);
	assert_int_equal(n_weak(f, &f->a), 0);
	/* What did not change is not in the log: one kid came, one weak reference went. */
	assert_int_equal(f->refs->n_log, 4);
	refs_keep(f->refs);
	assert_null(refs_find(f->refs, f->kid, &f->a)->edges);
	account(f, two, NULL);
	refs_keep(f->refs);
	assert_int_equal(f->refs->targets.n, 0);
	assert_int_equal(f->refs->edges.n, 0);
	row_unref(one);
	row_unref(two);
}

static void test_undo(void **state)
{
	struct fixture *f = *state;
	struct row *one = row_with(f, &f->a, NULL, &f->b);
	struct row *two = row_with(f, &f->b, NULL, &f->a);

	account(f, NULL, one);
	refs_keep(f->refs);
	account(f, one, two);
	account(f, two, NULL);
	assert_int_equal(n_strong(f, &f->a), 0);
	assert_int_equal(n_weak(f, &f->b), 0);
	refs_undo(f->refs);
	assert_int_equal(n_strong(f, &f->a), 1);
	assert_int_equal(n_weak(f, &f->b), 1);
	assert_int_equal(n_strong(f, &f->b), 0);
	assert_int_equal(n_weak(f, &f->a), 0);
	assert_int_equal(f->refs->targets.n, 2);
	assert_int_equal(f->refs->edges.n, 1);
	row_unref(one);
	row_unref(two);
}

static void test_self_reference_holds_nothing(void **state)
{
	struct fixture *f = *state;
	struct row *row = row_new(f->kid, &f->source);

	row_set_take(row, schema_find_column(f->kid, "child"), datum_of_uuid(&f->source));
	account(f, NULL, row);
	assert_int_equal(n_strong(f, &f->source), 0);
	refs_keep(f->refs);
	row_unref(row);
}

static void test_same_uuid_in_another_table_is_not_self(void **state)
{
	struct fixture *f = *state;
	struct row *row = row_with(f, &f->source, &f->a, NULL);

	account(f, NULL, row);
	assert_int_equal(n_strong(f, &f->source), 1);
	assert_int_equal(n_strong(f, &f->a), 1);
	refs_keep(f->refs);
	row_unref(row);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_follows_a_row),
		TEST(test_undo),
		TEST(test_self_reference_holds_nothing),
		TEST(test_same_uuid_in_another_table_is_not_self),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
