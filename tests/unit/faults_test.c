/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that fails: the same story is told again and again, and each time another call
 * fails, once or from then on, as EIO or as a disk that is full.  Whatever fails: what was
 * answered well is there, what was not is absent, memory and file agree, and when the disk
 * is well again, so is the service.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ovsdb/journal.h"
#include "ovsdb/journal_compact.h"
#include "unit/db_file.h"
#include "unit/ovsdb_fixture.h"

/* The disk */

static struct {
	long n_left; /* calls until it fails; -1: it does not */
	bool is_lasting; /* all that follow fail as well */
	int errnum;
	bool was_hit;
} disk = { .n_left = -1 };

static bool is_failing(void)
{
	if (disk.n_left < 0)
		return false;
	if (disk.n_left > 0) {
		disk.n_left--;
		return false;
	}
	if (!disk.is_lasting)
		disk.n_left = -1;
	disk.was_hit = true;
	errno = disk.errnum;
	return true;
}

/* A full disk takes a part first. */
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (!is_failing())
		return syscall(SYS_pwrite64, fd, data, len, offset);
	if (disk.errnum == ENOSPC && len > 1)
		return syscall(SYS_pwrite64, fd, data, len / 2, offset);
	return -1;
}

int fsync(int fd)
{
	return is_failing() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return is_failing() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t len)
{
	return is_failing() ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int rename(const char *from, const char *to)
{
	return is_failing() ? -1 : (int)syscall(SYS_rename, from, to);
}

/* The story */

struct story {
	char dir[48], path[64];
	struct journal *journal;
	struct db *db;
	bool is_there[64]; /* the row with that n, by what its insert answered */
	int n_rows;
};

static int set_up(void **state)
{
	struct story *s = calloc(1, sizeof(*s));

	strcpy(s->dir, "/dev/shm/bvs-faults.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/db", s->dir);
	*state = s;
	return 0;
}

static void remove_files(const struct story *s)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -f %s/* %s/.[!.]*", s->dir, s->dir);
	assert_int_equal(system(command), 0);
}

static int tear_down(void **state)
{
	struct story *s = *state;

	disk.n_left = -1;
	remove_files(s);
	rmdir(s->dir);
	free(s);
	return 0;
}

static int open_files(struct story *s)
{
	struct error err;

	return journal_open(s->path,
			    fixture_schema("{'name':'T','version':'1.2.3','tables':{'R':{'isRoot':"
					   "true,'columns':{'n':{'type':'integer'},"
					   "'text':{'type':'string'}}}}}"),
			    &s->journal, &s->db, &err);
}

static void close_files(struct story *s)
{
	journal_close(s->journal);
	db_free(s->db);
	s->journal = NULL;
	s->db = NULL;
}

static void insert(struct story *s)
{
	char ops[128], *reply;

	snprintf(ops, sizeof(ops),
		 "{'op':'insert','table':'R','row':{'n':%d,'text':'some text of some length'}}",
		 s->n_rows);
	reply = fixture_run(s->db, ops);
	s->is_there[s->n_rows] = !strstr(reply, "error");
	if (!s->is_there[s->n_rows])
		assert_non_null(strstr(reply, "\"error\":\"I/O error\""));
	s->n_rows++;
	free(reply);
}

static void check_rows(const struct story *s)
{
	char *dump = fixture_dump(s->db);

	for (int n = 0; n < s->n_rows; n++) {
		char row[16];

		snprintf(row, sizeof(row), " n=%d ", n);
		if (!!strstr(dump, row) != s->is_there[n])
			fail_msg("row %d, answered %s:\n%s", n, s->is_there[n] ? "well" : "ill",
				 dump);
	}
	free(dump);
}

/* Everything that writes: appending, syncing, compacting; a torn tail is cut off by the first
 * write.  Nothing here demands that a step succeeds. */
static void tell(struct story *s)
{
	struct error err;

	insert(s);
	insert(s);
	if (db_file_sync(s->journal, &err) < 0)
		assert_string_equal(err.tag, "I/O error");
	check_rows(s);
	insert(s);
	if (journal_compact(s->journal, s->db, &err) < 0)
		assert_string_equal(err.tag, "I/O error");
	check_rows(s);
	insert(s);
	insert(s);
	if (db_file_sync(s->journal, &err) < 0)
		assert_string_equal(err.tag, "I/O error");
	check_rows(s);
}

static void append_garbage(const struct story *s)
{
	static const char garbage[] = "OVSDB JSON 99 torn";
	int fd = open(s->path, O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, garbage, sizeof(garbage) - 1), sizeof(garbage) - 1);
	close(fd);
}

static void start(struct story *s, bool is_torn)
{
	remove_files(s);
	s->n_rows = 0;
	assert_int_equal(open_files(s), 0);
	insert(s);
	if (!is_torn)
		return;
	close_files(s);
	append_garbage(s);
	assert_int_equal(open_files(s), 0);
	assert_non_null(journal_warning(s->journal));
}

/* A kill at this moment, and a start. */
static void restart(struct story *s)
{
	char *before = fixture_dump(s->db), *after;

	close_files(s);
	assert_int_equal(open_files(s), 0);
	after = fixture_dump(s->db);
	assert_string_equal(before, after);
	check_rows(s);
	free(before);
	free(after);
}

/* Returns whether there was a call to fail. */
static bool tell_with_fault(struct story *s, long at, int errnum, bool is_lasting, bool is_torn)
{
	struct error err;

	start(s, is_torn);
	disk.n_left = at;
	disk.errnum = errnum;
	disk.is_lasting = is_lasting;
	disk.was_hit = false;
	tell(s);
	disk.n_left = -1;
	if (at % 2)
		restart(s);
	/* The disk is well again. */
	insert(s);
	assert_true(s->is_there[s->n_rows - 1]);
	assert_int_equal(db_file_sync(s->journal, &err), 0);
	restart(s);
	assert_null(journal_warning(s->journal));
	close_files(s);
	return disk.was_hit;
}

static void fail_each_call(struct story *s, int errnum, bool is_lasting)
{
	for (int is_torn = 0; is_torn < 2; is_torn++) {
		long at = 0;

		while (tell_with_fault(s, at, errnum, is_lasting, is_torn))
			at++;
		/* Two compactions' worth at the least, or this is no test. */
		assert_true(at > 8);
	}
}

static void each_call_fails_once_with_eio(void **state)
{
	fail_each_call(*state, EIO, false);
}

static void from_each_call_on_all_fail_with_eio(void **state)
{
	fail_each_call(*state, EIO, true);
}

static void the_disk_is_full_for_one_call(void **state)
{
	fail_each_call(*state, ENOSPC, false);
}

static void the_disk_is_full_from_each_call_on(void **state)
{
	fail_each_call(*state, ENOSPC, true);
}

/* Where a new file cannot be made, nothing of it stays in the way. */
static void creation_fails_clean(void **state)
{
	struct story *s = *state;
	long at = 0;

	for (;; at++) {
		disk.n_left = at;
		disk.errnum = ENOSPC;
		disk.is_lasting = true;
		if (open_files(s) == 0)
			break;
		disk.n_left = -1;
		assert_int_equal(open_files(s), 0);
		close_files(s);
		remove_files(s);
	}
	disk.n_left = -1;
	assert_true(at > 2);
	close_files(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)
		T(each_call_fails_once_with_eio), T(from_each_call_on_all_fail_with_eio),
		T(the_disk_is_full_for_one_call), T(the_disk_is_full_from_each_call_on),
		T(creation_fails_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
