/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions through txn.h: what commits, what is told to whom, what is taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ovsdb/datum.h"
#include "ovsdb/refs.h"
#include "ovsdb/txn.h"
#include "unit/ovsdb_fixture.h"

struct fixture {
	struct db *db;
	const struct schema_table *root, *kid;
	const struct column *name, *n, *eph, *kids, *weak, *kid_name, *kid_child, *kid_weak;
	struct db_listener listener;
	/* Of the last commit. */
	size_t n_commits, n_changes;
	bool has_persistent, is_durable, has_name_changed;
	bool is_journal_failing;
	size_t n_journaled;
};

static void on_commit(void *arg, const struct change_list *changes)
{
	struct fixture *f = arg;

	f->n_commits++;
	f->n_changes = changes->n;
	f->has_persistent = changes->has_persistent;
	f->is_durable = changes->is_durable;
	f->has_name_changed = false;
	for (size_t i = 0; i < changes->n; i++)
		if (row_change_table(&changes->changes[i]) == f->root)
			f->has_name_changed |= row_change_has(&changes->changes[i], f->name);
	assert_true(uuid_equal(&changes->txn_id, db_txn_id(f->db)));
}

static int journal(void *arg, struct change_list *changes, struct error *err)
{
	struct fixture *f = arg;

	assert_int_equal(f->n_journaled, f->n_commits); /* before the listeners */
	if (f->is_journal_failing)
		return error_set(err, "I/O error", "disk full");
	f->n_journaled++;
	assert_true(changes->n > 0);
	return 0;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->db = fixture_db();
	f->root = schema_find_table(db_schema(f->db), "Root");
	f->kid = schema_find_table(db_schema(f->db), "Kid");
	f->name = schema_find_column(f->root, "name");
	f->n = schema_find_column(f->root, "n");
	f->eph = schema_find_column(f->root, "eph");
	f->kids = schema_find_column(f->root, "kids");
	f->weak = schema_find_column(f->root, "weak");
	f->kid_name = schema_find_column(f->kid, "name");
	f->kid_child = schema_find_column(f->kid, "child");
	f->kid_weak = schema_find_column(f->kid, "weak");
	f->listener = (struct db_listener){ .on_commit = on_commit, .arg = f };
	db_listen(f->db, &f->listener);
	db_set_journal(f->db, journal, f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	db_unlisten(f->db, &f->listener);
	db_free(f->db);
	free(f);
	return 0;
}

static void write_value(struct txn *t, const struct column *c, const struct uuid *row,
			struct datum *value)
{
	struct error err;

	assert_int_equal(txn_write(t, c->table, row, c, value, &err), 0);
}

static bool commit(struct txn *t)
{
	struct error err;
	bool is_changed;

	if (txn_commit(t, &is_changed, &err) < 0)
		fail_msg("%s", err.text);
	txn_free(t);
	return is_changed;
}

static struct uuid insert(struct txn *t, const struct schema_table *table)
{
	struct uuid uuid = uuid_random();
	struct error err;

	assert_int_equal(txn_insert(t, table, &uuid, &err), 0);
	return uuid;
}

static struct uuid insert_root(struct fixture *f, const char *name)
{
	struct txn *t = txn_new(f->db);
	struct uuid uuid = insert(t, f->root);

	write_value(t, f->name, &uuid, datum_of_string(name));
	assert_true(commit(t));
	return uuid;
}

static void test_insert_and_read(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	const struct row *row = db_find(f->db, f->root, &uuid);

	assert_non_null(row);
	assert_string_equal(row_string(row, f->name), "a");
	assert_int_equal(row_integer(row, f->n, -1), 0);
	assert_int_equal(db_n_rows(f->db, f->root), 1);
	assert_int_equal(f->n_commits, 1);
	assert_int_equal(f->n_changes, 1);
	assert_true(f->has_persistent);
}

static void test_abort_is_dropping(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	struct txn *t = txn_new(f->db);
	struct error err;

	write_value(t, f->n, &uuid, datum_of_integer(5));
	assert_int_equal(row_integer(txn_find(t, f->root, &uuid), f->n, -1), 5);
	assert_int_equal(row_integer(db_find(f->db, f->root, &uuid), f->n, -1), 0);
	assert_int_equal(txn_delete(t, f->root, &uuid, &err), 0);
	assert_null(txn_find(t, f->root, &uuid));
	txn_free(t);
	assert_int_equal(row_integer(db_find(f->db, f->root, &uuid), f->n, -1), 0);
	assert_int_equal(f->n_commits, 1);
}

static void test_no_change_tells_nobody(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	const struct row *before = db_find(f->db, f->root, &uuid);
	struct uuid id = *db_txn_id(f->db);
	struct txn *t = txn_new(f->db);

	write_value(t, f->n, &uuid, datum_of_integer(5));
	write_value(t, f->n, &uuid, datum_of_integer(0));
	txn_set_durable(t);
	assert_false(commit(t));
	assert_int_equal(f->n_commits, 1);
	assert_ptr_equal(db_find(f->db, f->root, &uuid), before);
	assert_true(uuid_equal(&id, db_txn_id(f->db)));
}

static void test_versions_are_immutable(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	const struct row *old = row_ref(db_find(f->db, f->root, &uuid));
	struct txn *t = txn_new(f->db);
	const struct row *new;

	write_value(t, f->n, &uuid, datum_of_integer(5));
	assert_true(commit(t));
	new = db_find(f->db, f->root, &uuid);
	assert_int_equal(row_integer(old, f->n, -1), 0);
	assert_int_equal(row_integer(new, f->n, -1), 5);
	assert_false(uuid_equal(&old->version, &new->version));
	assert_ptr_equal(row_datum(old, f->name), row_datum(new, f->name));
	assert_false(f->has_name_changed);
	row_unref(old);
}

static void test_ephemeral_is_not_persistent(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	struct txn *t = txn_new(f->db);

	write_value(t, f->eph, &uuid, datum_of_integer(5));
	assert_true(commit(t));
	assert_int_equal(f->n_commits, 2);
	assert_false(f->has_persistent);
}

static void test_durable(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	struct txn *t = txn_new(f->db);

	assert_false(f->is_durable);
	write_value(t, f->n, &uuid, datum_of_integer(5));
	txn_set_durable(t);
	assert_true(commit(t));
	assert_true(f->is_durable);
}

/* The journal can refuse, and then nothing has happened, to the references neither. */
static void test_journal_refuses(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	char *before = fixture_dump(f->db), *after;
	struct txn *t = txn_new(f->db);
	struct uuid kid = insert(t, f->kid);
	struct error err;

	write_value(t, f->kids, &uuid, datum_of_uuid(&kid));
	write_value(t, f->weak, &uuid, datum_of_uuid(&kid));
	f->is_journal_failing = true;
	assert_int_equal(txn_commit(t, NULL, &err), -1);
	assert_string_equal(err.tag, "I/O error");
	assert_string_equal(err.text, "disk full");
	txn_free(t);
	f->is_journal_failing = false;
	after = fixture_dump(f->db);
	assert_string_equal(before, after);
	assert_int_equal(f->n_commits, 1);
	assert_null(refs_find(db_refs(f->db), f->kid, &kid));
	free(before);
	free(after);
}

static void test_uuids_are_unique(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	struct txn *t = txn_new(f->db);
	struct uuid fresh = uuid_random();
	struct error err;

	assert_int_equal(txn_insert(t, f->root, &uuid, &err), -1);
	assert_string_equal(err.tag, "duplicate uuid");
	assert_int_equal(txn_delete(t, f->root, &uuid, &err), 0);
	assert_false(txn_may_insert(t, f->root, &uuid)); /* deleted just now */
	assert_true(txn_may_insert(t, f->kid, &uuid)); /* another table */
	assert_int_equal(txn_insert(t, f->root, &fresh, &err), 0);
	assert_int_equal(txn_delete(t, f->root, &fresh, &err), 0);
	assert_true(txn_may_insert(t, f->root, &fresh)); /* was never there */
	assert_int_equal(txn_delete(t, f->root, &fresh, &err), -1);
	txn_free(t);
}

static void test_null_value_fails(void **state)
{
	struct fixture *f = *state;
	struct uuid uuid = insert_root(f, "a");
	struct txn *t = txn_new(f->db);
	struct error err;

	assert_int_equal(txn_write(t, f->root, &uuid, f->n, NULL, &err), -1);
	assert_string_equal(err.tag, "resources exhausted");
	txn_free(t);
}

/* A chain root -> kid -> kid, each weakly referred to by the root. */
static void test_collected_chain_is_cleaned(void **state)
{
	struct fixture *f = *state;
	struct uuid root = insert_root(f, "a");
	struct txn *t = txn_new(f->db);
	struct uuid first = insert(t, f->kid), second = insert(t, f->kid);
	union atom both[2] = { { .uuid = first }, { .uuid = second } };
	struct datum *weak;
	struct error err;

	assert_int_equal(datum_new(&f->weak->type, both, NULL, 2, &weak, &err), 0);
	write_value(t, f->kids, &root, datum_of_uuid(&first));
	write_value(t, f->kid_child, &first, datum_of_uuid(&second));
	write_value(t, f->kid_weak, &first, datum_of_uuid(&second));
	write_value(t, f->weak, &root, weak);
	assert_true(commit(t));
	assert_int_equal(f->n_changes, 3);
	assert_int_equal(refs_find(db_refs(f->db), f->kid, &second)->n_strong, 1);

	/* The root itself is changed: the case that the reference gets wrong. */
	t = txn_new(f->db);
	write_value(t, f->n, &root, datum_of_integer(1));
	write_value(t, f->kids, &root, datum_empty());
	assert_true(commit(t));
	assert_int_equal(db_n_rows(f->db, f->kid), 0);
	assert_int_equal(datum_n(row_datum(db_find(f->db, f->root, &root), f->weak)), 0);
	assert_int_equal(f->n_changes, 3);
	assert_null(refs_find(db_refs(f->db), f->kid, &first));
	assert_null(refs_find(db_refs(f->db), f->kid, &second));
}

/* Only a weak reference to nothing was written: it goes, and so nothing has changed. */
static void test_cleaning_undoes_the_change(void **state)
{
	struct fixture *f = *state;
	struct uuid root = insert_root(f, "a"), nothing = uuid_random();
	struct txn *t = txn_new(f->db);

	write_value(t, f->weak, &root, datum_of_uuid(&nothing));
	assert_false(commit(t));
	assert_int_equal(f->n_commits, 1);
	assert_null(refs_find(db_refs(f->db), f->kid, &nothing));
}

static void test_orphan_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct txn *t = txn_new(f->db);

	insert(t, f->kid);
	assert_false(commit(t));
	assert_int_equal(f->n_commits, 0);
	assert_int_equal(db_n_rows(f->db, f->kid), 0);
}

static void test_index_over_final_state(void **state)
{
	struct fixture *f = *state;
	struct uuid a = insert_root(f, "a"), b = insert_root(f, "b");
	struct txn *t = txn_new(f->db);
	struct error err;

	write_value(t, f->name, &a, datum_of_string("b"));
	write_value(t, f->name, &b, datum_of_string("a"));
	assert_true(commit(t));
	t = txn_new(f->db);
	write_value(t, f->name, &a, datum_of_string("a"));
	assert_int_equal(txn_commit(t, NULL, &err), -1);
	assert_string_equal(err.tag, "constraint violation");
	txn_free(t);
	assert_string_equal(row_string(db_find(f->db, f->root, &a), f->name), "b");
}

static void test_many_rows(void **state)
{
	enum { N = 3000 };
	struct fixture *f = *state;
	struct txn *t = txn_new(f->db);
	struct db_cursor c;
	size_t n = 0;
	char name[16];

	for (int i = 0; i < N; i++) {
		struct uuid uuid = insert(t, f->root);

		snprintf(name, sizeof(name), "r%d", i);
		write_value(t, f->name, &uuid, datum_of_string(name));
		write_value(t, f->n, &uuid, datum_of_integer(i));
	}
	assert_true(commit(t));
	t = txn_new(f->db);
	table_foreach (row, f->db, f->root, &c) {
		struct error err;

		n++;
		if (row_integer(row, f->n, 0) % 3)
			assert_int_equal(txn_delete(t, f->root, &row->uuid, &err), 0);
	}
	assert_int_equal(n, N);
	assert_true(commit(t));
	assert_int_equal(db_n_rows(f->db, f->root), N / 3);
	n = 0;
	table_foreach (row, f->db, f->root, &c) {
		assert_ptr_equal(db_find(f->db, f->root, &row->uuid), row);
		n++;
	}
	assert_int_equal(n, N / 3);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_insert_and_read),
		TEST(test_abort_is_dropping),
		TEST(test_no_change_tells_nobody),
		TEST(test_versions_are_immutable),
		TEST(test_ephemeral_is_not_persistent),
		TEST(test_durable),
		TEST(test_journal_refuses),
		TEST(test_uuids_are_unique),
		TEST(test_null_value_fails),
		TEST(test_collected_chain_is_cleaned),
		TEST(test_cleaning_undoes_the_change),
		TEST(test_orphan_leaves_nothing),
		TEST(test_index_over_final_state),
		TEST(test_many_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
