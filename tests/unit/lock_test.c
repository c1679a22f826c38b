/* SPDX-License-Identifier: Apache-2.0 */
/* Locks and their queues, as RFC 7047 4.1.8 to 4.1.10 and the reference have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/lock.h"

struct client {
	struct lock_owner owner; /* first */
	int n_granted, n_stolen;
	const char *last;
};

static void on_granted(struct lock_owner *o, const char *name)
{
	struct client *c = (struct client *)o;

	c->n_granted++;
	c->last = name;
}

static void on_stolen(struct lock_owner *o, const char *name)
{
	struct client *c = (struct client *)o;

	c->n_stolen++;
	c->last = name;
}

#define CLIENT                                                               \
	{                                                                    \
		.owner = {.on_granted = on_granted, .on_stolen = on_stolen } \
	}

static bool claim(struct lock_table *t, struct client *c, const char *name, bool is_theft)
{
	struct error err;
	bool is_held;

	assert_int_equal(lock_claim(t, &c->owner, name, is_theft, &is_held, &err), 0);
	assert_int_equal(is_held, lock_is_held(&c->owner, name));
	return is_held;
}

static void the_queue_is_served_in_order(void **state)
{
	struct client a = CLIENT, b = CLIENT, c = CLIENT;
	struct lock_table *t = lock_table_new();

	(void)state;
	assert_true(claim(t, &a, "x", false));
	assert_false(claim(t, &b, "x", false));
	assert_false(claim(t, &c, "x", false));
	assert_true(claim(t, &c, "y", false));
	assert_int_equal(lock_release(t, &a.owner, "x", NULL), 0);
	assert_int_equal(b.n_granted, 1);
	assert_int_equal(c.n_granted, 0);
	lock_release_all(t, &b.owner);
	assert_int_equal(c.n_granted, 1);
	assert_true(lock_is_held(&c.owner, "x") && lock_is_held(&c.owner, "y"));
	lock_release_all(t, &c.owner);
	assert_true(claim(t, &a, "x", false));
	lock_release_all(t, &a.owner);
	lock_table_free(t);
}

static void who_is_robbed_is_next(void **state)
{
	struct client a = CLIENT, b = CLIENT, c = CLIENT;
	struct lock_table *t = lock_table_new();

	(void)state;
	assert_true(claim(t, &a, "x", false));
	assert_false(claim(t, &b, "x", false));
	assert_true(claim(t, &c, "x", true));
	assert_int_equal(a.n_stolen, 1);
	assert_string_equal(a.last, "x");
	assert_false(lock_is_held(&a.owner, "x"));
	lock_release_all(t, &c.owner);
	assert_int_equal(a.n_granted, 1);
	assert_int_equal(b.n_granted, 0);
	/* One that waits leaves the queue without a sound. */
	lock_release_all(t, &b.owner);
	lock_release_all(t, &a.owner);
	assert_int_equal(b.n_granted, 0);
	lock_table_free(t);
}

static void a_thief_who_is_robbed_is_out(void **state)
{
	struct client a = CLIENT, b = CLIENT, c = CLIENT;
	struct lock_table *t = lock_table_new();
	struct error err;
	bool is_held;

	(void)state;
	assert_true(claim(t, &a, "x", false));
	assert_true(claim(t, &b, "x", true));
	assert_true(claim(t, &c, "x", true));
	assert_int_equal(b.n_stolen, 1);
	lock_release_all(t, &c.owner);
	assert_int_equal(a.n_granted, 1);
	/* It has to say "unlock" all the same. */
	assert_int_equal(lock_claim(t, &b.owner, "x", false, &is_held, &err), -1);
	lock_release_all(t, &a.owner);
	assert_int_equal(b.n_granted, 0);
	assert_int_equal(lock_release(t, &b.owner, "x", NULL), 0);
	assert_true(claim(t, &b, "x", false));
	lock_release_all(t, &b.owner);
	lock_table_free(t);
}

static void wrong_requests_have_the_reference_texts(void **state)
{
	struct lock_table *t = lock_table_new();
	struct client a = CLIENT;
	struct error err;
	bool is_held;

	(void)state;
	assert_int_equal(lock_release(t, &a.owner, "x", &err), -1);
	assert_string_equal(err.text, "unlock: \"unlock\" without \"lock\" or \"steal\"");
	assert_true(claim(t, &a, "x", true));
	assert_int_equal(lock_claim(t, &a.owner, "x", false, &is_held, &err), -1);
	assert_string_equal(err.text, "must issue \"unlock\" before new \"lock\"");
	assert_int_equal(lock_claim(t, &a.owner, "x", true, &is_held, &err), -1);
	assert_string_equal(err.text, "must issue \"unlock\" before new \"steal\"");
	assert_int_equal(a.n_stolen, 0);
	lock_release_all(t, &a.owner);
	lock_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_queue_is_served_in_order),
		cmocka_unit_test(who_is_robbed_is_next),
		cmocka_unit_test(a_thief_who_is_robbed_is_out),
		cmocka_unit_test(wrong_requests_have_the_reference_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
