/* SPDX-License-Identifier: Apache-2.0 */
/* The file at every moment: cut after each byte, compacted while commits go on, with a disk
 * that fails; and the history that clients resume from, across all that. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/iothread.h"
#include "base/loop.h"
#include "ovsdb/convert.h"
#include "ovsdb/db.h"
#include "ovsdb/delta.h"
#include "ovsdb/history.h"
#include "ovsdb/journal.h"
#include "ovsdb/journal_compact.h"
#include "unit/db_file.h"
#include "unit/ovsdb_fixture.h"

/* The disk fails from the nth sync on, or in the nth write; 0: never.  Syncs of directories
 * fail where is_directory_lost says so. */
static int fail_at, n_syncs;
static int fail_write_at, n_writes;
static bool is_directory_lost;

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	if (++n_writes == fail_write_at) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, len, offset);
}

int fsync(int fd)
{
	struct stat st;

	if (is_directory_lost && !fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	n_syncs++;
	if (fail_at && n_syncs >= fail_at) {
		errno = EIO;
		return -1;
	}
	return fsync(fd);
}

struct fixture {
	struct db_file file;
	struct loop *loop;
	struct iothread *io;
	int n_done;
	bool has_failed;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fail_at = n_syncs = fail_write_at = n_writes = 0;
	is_directory_lost = false;
	f->loop = loop_new();
	assert_int_equal(iothread_new(f->loop, &f->io, NULL), 0);
	db_file_new(&f->file);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	db_file_close(&f->file);
	iothread_free(f->io);
	loop_free(f->loop);
	db_file_free(&f->file);
	free(f);
	return 0;
}

static void copy_file(const char *from, const char *to, size_t len)
{
	char *data = malloc(len + 1);
	FILE *file = fopen(from, "r");

	assert_int_equal(fread(data, 1, len, file), len);
	fclose(file);
	file = fopen(to, "w");
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
	free(data);
}

/* Rows in the file at path, as a crash now would leave it. */
static size_t rows_after_crash(struct fixture *f, const char *path, size_t len)
{
	struct journal *journal;
	struct error err;
	char copy[80];
	struct db *db;
	size_t n;

	snprintf(copy, sizeof(copy), "%s/copy", f->file.dir);
	copy_file(path, copy, len);
	if (journal_open(copy, NULL, &journal, &db, &err) < 0)
		fail_msg("%zu bytes: %s", len, err.text);
	n = db_file_n_rows(db);
	journal_close(journal);
	db_free(db);
	return n;
}

static void a_file_cut_after_any_byte_has_the_records_before(void **state)
{
	struct fixture *f = *state;
	size_t ends[6], i, n = 0;

	for (i = 0; i < 6; i++) {
		ends[i] = db_file_size(f->file.path);
		db_file_insert(&f->file, (int)i);
		if (i == 2)
			db_file_run(&f->file, "{'op':'insert','table':'R','row':{'i':100}},"
					      "{'op':'delete','table':'R','where':[['i','==',0]]}");
	}
	for (i = ends[0]; i <= db_file_size(f->file.path); i++) {
		size_t have = rows_after_crash(f, f->file.path, i);

		assert_true(have >= n && have <= n + 1);
		n = have;
	}
	assert_int_equal(n, 6);
}

static void on_done(void *arg, const struct error *err)
{
	struct fixture *f = arg;

	f->n_done++;
	f->has_failed = err;
}

static void start(struct fixture *f)
{
	struct error err;

	if (journal_compact_start(f->file.journal, f->io, on_done, f, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(journal_compact_start(f->file.journal, f->io, on_done, f, &err), -1);
}

static void is_compacted_while_commits_go_on(void **state)
{
	struct fixture *f = *state;
	int i, n = 0;
	char *before, *after;
	struct stat old, new;
	struct uuid id;

	for (i = 0; i < 3000; i++)
		db_file_insert(&f->file, n++);
	for (i = 0; i < 300; i++)
		db_file_run(&f->file,
			    "{'op':'update','table':'R','where':[['i','==',5]],'row':{'name':'a'}},"
			    "{'op':'update','table':'R','where':[['i','==',5]],'row':{'name':'b'}},"
			    "{'op':'mutate','table':'R','where':[['i','<',3]],'mutations':[['i','*="
			    "',1]]}");
	assert_int_equal(stat(f->file.path, &old), 0);
	start(f);
	while (!f->n_done) {
		db_file_insert(&f->file, n++);
		assert_int_equal(rows_after_crash(f, f->file.path, db_file_size(f->file.path)), n);
		loop_turn(f->loop, 1);
	}
	assert_false(f->has_failed);
	assert_int_equal(stat(f->file.path, &new), 0);
	assert_int_not_equal(old.st_ino, new.st_ino);
	for (i = 0; i < 10; i++)
		db_file_insert(&f->file, n++);
	before = fixture_dump(f->file.db);
	id = *history_id(journal_history(f->file.journal), false);
	db_file_reopen(&f->file);
	after = fixture_dump(f->file.db);
	assert_string_equal(before, after);
	assert_true(uuid_equal(&id, history_id(journal_history(f->file.journal), false)));
	free(before);
	free(after);
}

static void a_failing_disk_leaves_the_old_file(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	char temp[80];
	int i;

	snprintf(temp, sizeof(temp), "%s.compact", f->file.path);
	for (i = 0; i < 10; i++)
		db_file_insert(&f->file, i);
	assert_int_equal(stat(f->file.path, &before), 0);
	for (fail_at = 1; fail_at <= 2; fail_at++) {
		n_syncs = 0;
		f->n_done = 0;
		start(f);
		while (!f->n_done)
			loop_turn(f->loop, 1);
		assert_true(f->has_failed);
		assert_int_equal(stat(f->file.path, &after), 0);
		assert_true(before.st_ino == after.st_ino);
		assert_int_equal(access(temp, F_OK), -1);
		db_file_insert(&f->file, i++);
	}
	fail_at = 0;
	db_file_reopen(&f->file);
	assert_int_equal(db_file_n_rows(f->file.db), 12);
}

/* Each write of a compaction fails in turn, those on behalf of commits that came meanwhile
 * included; whatever the outcome, nothing is lost. */
static void each_write_that_fails_leaves_the_old_file(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;
	char temp[80];
	int n = 0, n_failed = 0, n_before;

	snprintf(temp, sizeof(temp), "%s.compact", f->file.path);
	for (int nth = 1; !n_failed || f->has_failed; nth++) {
		db_file_insert(&f->file, n++);
		assert_int_equal(stat(f->file.path, &before), 0);
		f->n_done = 0;
		start(f);
		db_file_insert(&f->file, n++); /* is to be copied behind the rows */
		fail_write_at = n_writes + nth;
		while (!f->n_done)
			loop_turn(f->loop, 1);
		fail_write_at = 0;
		assert_int_equal(access(temp, F_OK), -1);
		assert_int_equal(stat(f->file.path, &after), 0);
		assert_true((before.st_ino == after.st_ino) == f->has_failed);
		n_failed += f->has_failed;
		n_before = (int)rows_after_crash(f, f->file.path, db_file_size(f->file.path));
		assert_int_equal(n_before, n);
	}
	assert_in_range(n_failed, 2, 100);
	db_file_reopen(&f->file);
	assert_int_equal(db_file_n_rows(f->file.db), n);
}

/* Whether the new file would be found after a crash is not known: nothing is promised on it
 * until it was written anew. */
static void a_directory_that_is_not_synced(void **state)
{
	struct fixture *f = *state;
	char *reply;

	db_file_insert(&f->file, 1);
	is_directory_lost = true;
	start(f);
	while (!f->n_done)
		loop_turn(f->loop, 1);
	assert_true(f->has_failed);
	reply = fixture_run(f->file.db, "{'op':'insert','table':'R','row':{'i':2}}");
	assert_non_null(strstr(reply, "I/O error"));
	free(reply);
	assert_int_equal(db_file_n_rows(f->file.db), 1);
	is_directory_lost = false;
	db_file_insert(&f->file, 2);
	db_file_reopen(&f->file);
	assert_int_equal(db_file_n_rows(f->file.db), 2);
}

static void a_canceled_one_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;

	db_file_insert(&f->file, 1);
	assert_int_equal(stat(f->file.path, &before), 0);
	start(f);
	journal_compact_cancel(f->file.journal);
	assert_int_equal(f->n_done, 1);
	assert_true(f->has_failed);
	db_file_close(&f->file);
	iothread_free(f->io);
	assert_int_equal(iothread_new(f->loop, &f->io, NULL), 0);
	db_file_open(&f->file);
	assert_int_equal(stat(f->file.path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_int_equal(db_file_n_rows(f->file.db), 1);
}

/* A sync that began before the file was replaced says nothing about the new one. */
static void a_sync_of_the_old_file_is_repeated(void **state)
{
	struct fixture *f = *state;
	unsigned int generation;
	struct error err;
	int fd;

	db_file_insert(&f->file, 1);
	fd = journal_dup_fd(f->file.journal, &generation, &err);
	assert_true(fd >= 0);
	assert_int_equal(journal_compact(f->file.journal, f->file.db, &err), 0);
	assert_int_equal(journal_synced(f->file.journal, 0, generation), EAGAIN);
	assert_int_equal(journal_synced(f->file.journal, EIO, generation), EAGAIN);
	close(fd);
	fd = journal_dup_fd(f->file.journal, &generation, &err);
	assert_int_equal(journal_synced(f->file.journal, 0, generation), 0);
	close(fd);
}

static void compaction_is_due_by_the_rule(void **state)
{
	enum { MINUTE = 60 * 1000 };
	struct fixture *f = *state;
	struct error err;

	assert_false(journal_should_compact(f->file.journal, 1000));
	assert_false(journal_should_compact(f->file.journal, 25 * 60 * MINUTE)); /* no record */
	db_file_insert(&f->file, 1);
	assert_false(journal_should_compact(f->file.journal, 11 * MINUTE));
	assert_true(journal_should_compact(f->file.journal, 25 * 60 * MINUTE));
	assert_int_equal(journal_compact(f->file.journal, f->file.db, &err), 0);
	assert_false(journal_should_compact(f->file.journal, 25 * 60 * MINUTE));
	for (int i = 0; i < 110; i++) {
		struct {
			char text[110000];
		} *ops = calloc(1, sizeof(*ops));
		int n = sprintf(ops->text, "{'op':'update','table':'R','where':[],'row':{'name':'");

		memset(ops->text + n, 'a' + i % 26, 100000);
		strcpy(ops->text + n + 100000, "'}}");
		db_file_run(&f->file, ops->text);
		free(ops);
	}
	assert_false(journal_should_compact(f->file.journal, 25 * 60 * MINUTE + 9 * MINUTE));
	assert_true(journal_should_compact(f->file.journal, 25 * 60 * MINUTE + 10 * MINUTE));
}

/* History */

/* Rows that changed since id; -1: it is not known. */
static int n_changes(struct fixture *f, const struct uuid *id, bool is_volatile)
{
	struct delta *d;
	int n;

	assert_int_equal(history_since(journal_history(f->file.journal), id, is_volatile, &d, NULL),
			 0);
	n = d ? (int)d->rows.n : -1;
	delta_free(d);
	return n;
}

static struct uuid present(struct fixture *f, bool is_volatile)
{
	return *history_id(journal_history(f->file.journal), is_volatile);
}

static void history_survives_restart_and_compaction(void **state)
{
	struct fixture *f = *state;
	struct uuid start_id = present(f, true), none = uuid_random(), a, b, eph;
	struct error err;

	db_file_insert(&f->file, 1);
	a = present(f, false);
	db_file_insert(&f->file, 2);
	db_file_run(&f->file, "{'op':'update','table':'R','where':[],'row':{'eph':7}}");
	b = present(f, false);
	eph = present(f, true);
	assert_false(uuid_equal(&b, &eph));
	assert_int_equal(n_changes(f, &start_id, true), 2);
	assert_int_equal(n_changes(f, &a, true), 2);
	assert_int_equal(n_changes(f, &b, true), 2);
	assert_int_equal(n_changes(f, &eph, true), 0);
	assert_int_equal(n_changes(f, &none, false), -1);

	db_file_reopen(
		&f->file); /* ephemeral values are gone: only those who do not see them go on */
	assert_int_equal(n_changes(f, &a, false), 1);
	assert_int_equal(n_changes(f, &b, false), 0);
	assert_int_equal(n_changes(f, &b, true), -1);
	assert_int_equal(n_changes(f, &eph, false), -1);
	assert_int_equal(n_changes(f, &start_id, true), -1);
	eph = present(f, true);
	assert_int_equal(n_changes(f, &eph, true), 0);

	assert_int_equal(journal_compact(f->file.journal, f->file.db, &err), 0);
	assert_int_equal(n_changes(f, &a, false), 1);
	db_file_insert(&f->file, 3);
	db_file_reopen(&f->file);
	assert_int_equal(n_changes(f, &a, false), -1);
	assert_int_equal(n_changes(f, &b, false), 1);
}

static void history_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct uuid a, b;

	db_file_insert(&f->file, 1);
	a = present(f, false);
	for (int i = 0; i < 50000; i++)
		db_file_run(&f->file,
			    i % 2 ? "{'op':'update','table':'R','where':[],'row':{'i':1}}"
				  : "{'op':'update','table':'R','where':[],'row':{'i':2}}");
	b = present(f, false);
	db_file_insert(&f->file, 2);
	assert_int_equal(n_changes(f, &a, false), -1);
	assert_int_equal(n_changes(f, &b, false), 1);
}

/* Conversion */

static void a_file_is_converted_after_a_backup(void **state)
{
	struct fixture *f = *state;
	struct uuid id;
	struct error err;
	char *backup;

	db_file_insert(&f->file, 1);
	db_file_insert(&f->file, 2);
	id = present(f, false);
	assert_int_equal(convert_file(f->file.db, f->file.journal,
				      fixture_schema(DB_FILE_SCHEMA("1.0.0", "")), &backup, &err),
			 0);
	assert_null(backup);
	assert_int_equal(
		convert_file(f->file.db, f->file.journal,
			     fixture_schema(DB_FILE_SCHEMA("1.10.0", ",'new':{'type':'string'}")),
			     &backup, &err),
		0);
	assert_string_equal(strrchr(backup, '/'), "/db.backup-1.0.0");
	assert_int_equal(rows_after_crash(f, backup, db_file_size(backup)), 2);
	free(backup);
	assert_string_equal(db_schema(f->file.db)->version, "1.10.0");
	assert_int_equal(db_file_n_rows(f->file.db), 2);
	assert_int_equal(n_changes(f, &id, false), -1);
	db_file_run(&f->file, "{'op':'update','table':'R','where':[],'row':{'new':'x'}}");
	db_file_reopen(&f->file);
	assert_int_equal(db_file_n_rows(f->file.db), 2);
	assert_int_equal(convert_file(f->file.db, f->file.journal,
				      fixture_schema(DB_FILE_SCHEMA("1.9.9", "")), &backup, &err),
			 -1);
	assert_non_null(strstr(err.text, "newer"));
	assert_int_equal(convert_file(f->file.db, f->file.journal,
				      fixture_schema("{'name':'U','version':"
						     "'2.0.0','tables':{}}"),
				      &backup, &err),
			 -1);
	assert_non_null(strstr(err.text, "not U"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
		T(a_file_cut_after_any_byte_has_the_records_before),
		T(is_compacted_while_commits_go_on),
		T(a_failing_disk_leaves_the_old_file),
		T(each_write_that_fails_leaves_the_old_file),
		T(a_directory_that_is_not_synced),
		T(a_canceled_one_changes_nothing),
		T(a_sync_of_the_old_file_is_repeated),
		T(compaction_is_due_by_the_rule),
		T(history_survives_restart_and_compaction),
		T(history_is_bounded),
		T(a_file_is_converted_after_a_backup),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
