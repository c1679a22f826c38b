/* SPDX-License-Identifier: Apache-2.0 */
/* Group commit and the I/O thread: one sync for all that wait, the loop goes on meanwhile,
 * a failure reaches those whose commits it covers. */
#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/iothread.h"
#include "base/loop.h"
#include "session/durable.h"
#include "unit/db_file.h"

/* The disk: each sync waits until the test lets it end. */
static sem_t disk;
static int disk_errno;
static int n_syncs;

int fdatasync(int fd)
{
	(void)fd;
	while (sem_wait(&disk) < 0)
		;
	n_syncs++;
	errno = disk_errno;
	return disk_errno ? -1 : 0;
}

struct waiter {
	struct durable_waiter w; /* first */
	int n_done;
	bool has_failed;
};

static void done(struct durable_waiter *w, const struct error *err)
{
	struct waiter *waiter = (struct waiter *)w;

	waiter->n_done++;
	waiter->has_failed = err;
	if (err)
		assert_string_equal(err->tag, "I/O error");
}

struct fixture {
	struct db_file file;
	struct loop *loop;
	struct iothread *io;
	struct durable *durable;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	sem_init(&disk, 0, 0);
	disk_errno = 0;
	n_syncs = 0;
	db_file_new(&f->file);
	f->loop = loop_new();
	assert_int_equal(iothread_new(f->loop, &f->io, NULL), 0);
	f->durable = durable_new(f->io, f->file.journal);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	iothread_free(f->io);
	durable_free(f->durable);
	loop_free(f->loop);
	db_file_free(&f->file);
	free(f);
	sem_destroy(&disk);
	return 0;
}

static void wait_for(struct fixture *f, const struct waiter *w)
{
	while (!w->n_done)
		loop_turn(f->loop, 1);
}

static void one_sync_covers_all_that_wait(void **state)
{
	struct waiter w[4] = { { .w = { .done = done } },
			       { .w = { .done = done } },
			       { .w = { .done = done } },
			       { .w = { .done = done } } };
	struct fixture *f = *state;

	durable_wait(f->durable, &w[0].w);
	durable_wait(f->durable, &w[1].w);
	durable_start(f->durable);
	/* While it runs the loop turns, and those that come share the next one. */
	durable_wait(f->durable, &w[2].w);
	durable_wait(f->durable, &w[3].w);
	durable_start(f->durable);
	loop_turn(f->loop, 0);
	assert_int_equal(w[0].n_done, 0);
	sem_post(&disk);
	wait_for(f, &w[0]);
	assert_int_equal(w[1].n_done, 1);
	assert_int_equal(w[2].n_done, 0);
	sem_post(&disk);
	wait_for(f, &w[2]);
	assert_int_equal(w[3].n_done, 1);
	assert_int_equal(n_syncs, 2);
	assert_false(w[0].has_failed || w[3].has_failed);
}

static void a_failed_sync_fails_those_it_covers(void **state)
{
	struct waiter a = { .w = { .done = done } }, b = a;
	struct fixture *f = *state;

	disk_errno = EIO;
	durable_wait(f->durable, &a.w);
	durable_start(f->durable);
	sem_post(&disk);
	wait_for(f, &a);
	assert_true(a.has_failed);
	disk_errno = 0;
	durable_wait(f->durable, &b.w);
	durable_start(f->durable);
	sem_post(&disk);
	wait_for(f, &b);
	assert_false(b.has_failed);
}

static void who_is_gone_is_not_called(void **state)
{
	struct waiter a = { .w = { .done = done } }, b = a, c = a;
	struct fixture *f = *state;

	durable_wait(f->durable, &a.w);
	durable_wait(f->durable, &b.w);
	durable_start(f->durable);
	durable_wait(f->durable, &c.w);
	durable_forget(&a.w);
	durable_forget(&c.w);
	durable_forget(&c.w);
	sem_post(&disk);
	wait_for(f, &b);
	assert_int_equal(a.n_done, 0);
	assert_int_equal(c.n_done, 0);
}

/* Ending the thread waits for the disk and still tells everybody. */
static void the_end_waits_for_the_disk(void **state)
{
	struct waiter a = { .w = { .done = done } }, b = a;
	struct fixture *f = *state;

	durable_wait(f->durable, &a.w);
	durable_start(f->durable);
	durable_wait(f->durable, &b.w); /* begins when the first one ends */
	sem_post(&disk);
	sem_post(&disk);
	iothread_free(f->io);
	f->io = NULL;
	assert_int_equal(a.n_done, 1);
	assert_int_equal(b.n_done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
		T(one_sync_covers_all_that_wait),
		T(a_failed_sync_fails_those_it_covers),
		T(who_is_gone_is_not_called),
		T(the_end_waits_for_the_disk),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
