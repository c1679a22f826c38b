/* SPDX-License-Identifier: Apache-2.0 */
/* The database file: what is written, what is read back, and what becomes of damage. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ovsdb/journal_compact.h"
#include "ovsdb/journal_record.h"
#include "unit/db_file.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

/* The disk fails when the test says so. */
static int sync_errno;

int fdatasync(int fd)
{
	if (sync_errno) {
		errno = sync_errno;
		return -1;
	}
	return fsync(fd);
}

static int setup(void **state)
{
	struct db_file *f = calloc(1, sizeof(*f));

	sync_errno = 0;
	db_file_new(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	db_file_free(*state);
	free(*state);
	return 0;
}

/* All rows, members in order. */
static char *contents(struct db_file *f)
{
	char *reply = fixture_run(f->db, "{'op':'select','table':'R','where':[],'columns':"
					 "['i','name','set','map','opt','eph']}");
	char *text = fixture_json_text(reply);

	free(reply);
	return text;
}

static void assert_contents(struct db_file *f, const char *expected)
{
	char *have = contents(f);

	if (!strstr(have, expected))
		fail_msg("%s is not in %s", expected, have);
	free(have);
}

static char *file_text(const char *path)
{
	size_t size = db_file_size(path);
	char *text = calloc(1, size + 1);
	FILE *file = fopen(path, "r");

	assert_int_equal(fread(text, 1, size, file), size);
	fclose(file);
	return text;
}

static void append(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "a");

	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

static void append_record(const char *path, const char *json)
{
	struct buf b = BUF_INIT;
	uint8_t sha[RECORD_SHA_SIZE];

	record_put(&b, json, strlen(json), sha);
	append(path, b.data, b.len);
	buf_free(&b);
}

#define UUID1 "11111111-1111-1111-1111-111111111111"
#define UUID2 "22222222-2222-2222-2222-222222222222"

/* What is written */

static void a_new_file_has_the_schema(void **state)
{
	struct db_file *f = *state;
	char *text = file_text(f->path);
	struct stat st;

	assert_memory_equal(text, "OVSDB JSON ", 11);
	assert_non_null(strstr(text, "\"version\":\"1.0.0\""));
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	db_file_reopen(f);
	assert_string_equal(db_schema(f->db)->name, "T");
	assert_null(journal_warning(f->journal));
}

static void records_hold_differences(void **state)
{
	struct db_file *f = *state;
	char *text, *last;

	db_file_run(f, "{'op':'insert','table':'R','uuid':'" UUID1
		       "','row':{'i':1,'eph':5,'set':['set',[1,2]],"
		       "'map':['map',[['a','1'],['b','2']]]}},{'op':'comment','comment':'hello'}");
	text = file_text(f->path);
	last = strrchr(text, '{') - 60; /* within the last record */
	assert_non_null(strstr(text,
			       "\"R\":{\"" UUID1 "\":{\"i\":1,\"map\":[\"map\",[[\"a\",\"1\"],"
			       "[\"b\",\"2\"]]],\"set\":[\"set\",[1,2]]}}"));
	assert_non_null(strstr(text, "\"_comment\":\"hello\""));
	assert_non_null(strstr(text, "\"_is_diff\":true"));
	assert_non_null(strstr(text, "\"_date\":"));
	assert_null(strstr(last, "eph"));
	free(text);

	db_file_run(f, "{'op':'update','table':'R','where':[],'row':{'set':['set',[2,3]],'opt':'x',"
		       "'map':['map',[['a','9'],['c','3']]]}}");
	text = file_text(f->path);
	assert_non_null(strstr(text, "\"" UUID1 "\":{\"map\":[\"map\",[[\"a\",\"9\"],[\"b\",\"2\"],"
				     "[\"c\",\"3\"]]],\"opt\":\"x\",\"set\":[\"set\",[1,3]]}"));
	free(text);
	db_file_reopen(f);
	assert_contents(f, "{\"eph\":0,\"i\":1,\"map\":[\"map\",[[\"a\",\"9\"],[\"c\",\"3\"]]],"
			   "\"name\":\"\",\"opt\":\"x\",\"set\":[\"set\",[2,3]]}");
	db_file_run(f, "{'op':'update','table':'R','where':[],'row':{'opt':['set',[]]}}");
	db_file_reopen(f);
	assert_contents(f, "\"opt\":[\"set\",[]]");
	db_file_run(f, "{'op':'delete','table':'R','where':[]}");
	text = file_text(f->path);
	assert_non_null(strstr(text, "\"" UUID1 "\":null"));
	free(text);
	db_file_reopen(f);
	assert_int_equal(db_file_n_rows(f->db), 0);
}

static void what_is_not_kept_is_not_written(void **state)
{
	struct db_file *f = *state;
	size_t size;

	db_file_insert(f, 1);
	size = db_file_size(f->path);
	db_file_run(f, "{'op':'update','table':'R','where':[],'row':{'eph':5}}");
	db_file_run(f, "{'op':'update','table':'R','where':[],'row':{'i':1}}");
	db_file_run(f, "{'op':'comment','comment':'nothing'}");
	assert_int_equal(db_file_size(f->path), size);
	assert_contents(f, "\"eph\":5");
}

static void ids_of_transactions_survive(void **state)
{
	struct db_file *f = *state;
	struct uuid id1, id2;

	db_file_insert(f, 1);
	id1 = *db_txn_id(f->db);
	db_file_insert(f, 2);
	id2 = *db_txn_id(f->db);
	assert_false(uuid_equal(&id1, &id2));
	db_file_reopen(f);
	assert_true(uuid_equal(db_txn_id(f->db), &id2));
	/* Ephemeral changes have ids of their own, outside the chain. */
	db_file_run(f, "{'op':'update','table':'R','where':[],'row':{'eph':5}}");
	assert_false(uuid_equal(db_txn_id(f->db), &id2));
	db_file_reopen(f);
	assert_true(uuid_equal(db_txn_id(f->db), &id2));
}

/* What is read */

static void whole_value_records_are_read(void **state)
{
	struct db_file *f = *state;

	db_file_run(f, "{'op':'insert','table':'R','uuid':'" UUID1
		       "','row':{'i':1,'set':['set',[1,2]]}}");
	db_file_close(f);
	append_record(f->path, "{\"R\":{\"" UUID1 "\":{\"set\":[\"set\",[2,3]]},\"" UUID2
			       "\":{\"i\":7}},\"_date\":1,\"_comment\":\"old style\"}");
	db_file_open(f);
	assert_contents(f, "\"i\":1,\"map\":[\"map\",[]],\"name\":\"\",\"opt\":[\"set\",[]],"
			   "\"set\":[\"set\",[2,3]]");
	assert_contents(f, "\"i\":7");
}

static void a_later_schema_replaces_the_first(void **state)
{
	struct db_file *f = *state;

	db_file_insert(f, 1);
	db_file_close(f);
	append_record(f->path,
		      "{\"name\":\"T\",\"version\":\"2.0.0\",\"tables\":{\"R\":{\"isRoot\":true,"
		      "\"columns\":{\"i\":{\"type\":\"integer\"}}}}}");
	append_record(f->path, "{\"R\":{\"" UUID1 "\":{\"i\":7}},\"_comment\":\"converted\"}");
	db_file_open(f);
	assert_string_equal(db_schema(f->db)->version, "2.0.0");
	assert_int_equal(db_file_n_rows(f->db), 1);
	db_file_close(f);
	db_file_open(f);
}

static void assert_refused(struct db_file *f, const char *reason)
{
	struct error err;

	assert_int_equal(journal_open(f->path, fixture_schema(DB_FILE_SCHEMA("1.0.0", "")),
				      &f->journal, &f->db, &err),
			 -1);
	if (!strstr(err.text, reason))
		fail_msg("%s is not in %s", reason, err.text);
}

static void files_of_other_kinds_are_refused(void **state)
{
	struct db_file *f = *state;
	struct error err;

	db_file_close(f);
	assert_int_equal(truncate(f->path, 0), 0);
	assert_refused(f, "is empty");
	append(f->path, "some text\n", 10);
	assert_refused(f, "not a usable database file");
	assert_int_equal(truncate(f->path, 0), 0);
	append(f->path, "OVSDB CLUSTER 10 ", 17);
	assert_refused(f, "clustered");
	assert_int_equal(truncate(f->path, 0), 0);
	append_record(f->path, "{\"R\":{}}");
	assert_refused(f, "first record is not a schema");
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(journal_open(f->path, NULL, &f->journal, &f->db, &err), -1);
	assert_string_equal(err.tag, "I/O error");
	db_file_open(f);
}

/* Damage: five variants at the end of a file with three rows, one in the middle. */

struct damage {
	const char *name;
	void (*inflict)(struct db_file *f, size_t last_record);
	size_t n_left; /* rows */
};

static void cut_ten_bytes(struct db_file *f, size_t last_record)
{
	(void)last_record;
	assert_int_equal(truncate(f->path, (off_t)db_file_size(f->path) - 10), 0);
}

static void half_a_header(struct db_file *f, size_t last_record)
{
	(void)last_record;
	append(f->path, "OVSDB JSON 123 0123456789ab", 27);
}

static void zero_bytes(struct db_file *f, size_t last_record)
{
	static const char zeros[4096];

	(void)last_record;
	append(f->path, zeros, sizeof(zeros));
}

static void flip_in_last(struct db_file *f, size_t last_record)
{
	int fd = open(f->path, O_WRONLY);

	assert_int_equal(pwrite(fd, "\x01", 1, (off_t)last_record + 80), 1);
	close(fd);
}

static void unknown_table(struct db_file *f, size_t last_record)
{
	(void)last_record;
	append_record(f->path, "{\"Nope\":{\"" UUID1 "\":{}}}");
}

static void not_json(struct db_file *f, size_t last_record)
{
	(void)last_record;
	append_record(f->path, "{\"R\":{");
}

static void suffer(struct db_file *f, const struct damage *d)
{
	size_t last_record, size, offset;
	char name[128], *before, *saved;

	db_file_insert(f, 1);
	db_file_insert(f, 2);
	last_record = db_file_size(f->path);
	db_file_insert(f, 3);
	db_file_close(f);
	d->inflict(f, last_record);
	size = db_file_size(f->path);
	before = file_text(f->path);

	db_file_open(f);
	assert_int_equal(db_file_n_rows(f->db), d->n_left);
	assert_non_null(journal_warning(f->journal));
	assert_int_equal(db_file_size(f->path), size); /* untouched until something is written */
	offset = d->n_left == 3
			 ? strtoul(strstr(journal_warning(f->journal), "offset") + 7, NULL, 10)
			 : last_record;
	db_file_insert(f, 4);
	snprintf(name, sizeof(name), "%s.torn-%zu", f->path, offset);
	assert_int_equal(db_file_size(name), size - offset);
	saved = file_text(name);
	assert_memory_equal(saved, before + offset, size - offset);
	free(saved);
	free(before);

	db_file_reopen(f);
	assert_int_equal(db_file_n_rows(f->db), d->n_left + 1);
	assert_null(journal_warning(f->journal));
}

static void a_torn_tail_is_cut_and_saved(void **state)
{
	static const struct damage damages[] = {
		{ "cut", cut_ten_bytes, 2 },
		{ "half header", half_a_header, 3 },
		{ "zeros", zero_bytes, 3 },
		{ "flip", flip_in_last, 2 },
		{ "unknown table", unknown_table, 3 },
		{ "no JSON", not_json, 3 },
	};
	struct db_file *f = *state;
	size_t i;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		db_file_close(f);
		assert_int_equal(unlink(f->path), 0);
		db_file_open(f);
		suffer(f, &damages[i]);
	}
}

static void damage_in_the_middle_is_refused(void **state)
{
	struct db_file *f = *state;
	size_t offset, size;
	char text[64], *before, *after;

	db_file_insert(f, 1);
	offset = db_file_size(f->path);
	db_file_insert(f, 2);
	size = db_file_size(f->path);
	db_file_insert(f, 3);
	db_file_close(f);
	flip_in_last(f, offset);
	before = file_text(f->path);
	snprintf(text, sizeof(text), "damaged at offset %zu", offset);
	assert_refused(f, text);
	snprintf(text, sizeof(text), "from offset %zu on", size);
	assert_refused(f, text);
	after = file_text(f->path);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* Faults while writing */

static void set_file_limit(rlim_t limit)
{
	struct rlimit r;

	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_failed_write_fails_the_transaction_and_nothing_else(void **state)
{
	struct db_file *f = *state;
	size_t size;
	char *reply;

	signal(SIGXFSZ, SIG_IGN);
	db_file_insert(f, 1);
	size = db_file_size(f->path);
	set_file_limit(size + 50); /* part of the record fits */
	reply = fixture_run(f->db,
			    "{'op':'insert','table':'R','row':{'i':2,'name':'a long long name'}}");
	set_file_limit(RLIM_INFINITY);
	assert_non_null(strstr(reply, "\"error\":\"I/O error\""));
	free(reply);
	assert_int_equal(db_file_n_rows(f->db), 1);
	assert_int_equal(db_file_size(f->path), size);
	db_file_insert(f, 3); /* space is back */
	db_file_reopen(f);
	assert_int_equal(db_file_n_rows(f->db), 2);
	assert_null(journal_warning(f->journal));
}

static void after_a_failed_sync_the_file_is_written_anew(void **state)
{
	struct db_file *f = *state;
	struct error err;
	struct stat before, after;

	db_file_insert(f, 1);
	assert_int_equal(db_file_sync(f->journal, &err), 0);
	sync_errno = EIO;
	assert_int_equal(db_file_sync(f->journal, &err), -1);
	assert_string_equal(err.tag, "I/O error");
	sync_errno = 0;
	assert_int_equal(stat(f->path, &before), 0);
	db_file_insert(f, 2);
	assert_int_equal(stat(f->path, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	db_file_reopen(f);
	assert_int_equal(db_file_n_rows(f->db), 2);
}

static void compaction_keeps_contents_and_mode(void **state)
{
	struct db_file *f = *state;
	struct error err;
	char *before, *after;
	struct stat st;
	size_t size;
	int i;

	db_file_insert(f, 1);
	for (i = 0; i < 100; i++)
		db_file_run(f, "{'op':'mutate','table':'R','where':[],'mutations':[['i','+=',1]]}");
	assert_int_equal(chmod(f->path, 0600), 0);
	size = db_file_size(f->path);
	before = contents(f);
	assert_int_equal(journal_compact(f->journal, f->db, &err), 0);
	assert_true(db_file_size(f->path) < size / 4);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	db_file_insert(f, 2);
	db_file_reopen(f);
	assert_int_equal(db_file_n_rows(f->db), 2);
	db_file_run(f, "{'op':'delete','table':'R','where':[['name','==','r2']]}");
	after = contents(f);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* One process at a time */

static void a_file_in_use_is_refused_with_the_pid(void **state)
{
	struct db_file *f = *state;
	char expected[64], linked[80];
	struct db_file other;
	struct error err;
	int status;
	pid_t pid;

	snprintf(linked, sizeof(linked), "%s/link.db", f->dir);
	assert_int_equal(symlink(f->path, linked), 0);
	snprintf(expected, sizeof(expected), "pid %d", (int)getpid());
	pid = fork();
	if (!pid) {
		bool is_fine = journal_open(f->path, NULL, &other.journal, &other.db, &err) < 0 &&
			       strstr(err.text, expected) &&
			       journal_open(linked, NULL, &other.journal, &other.db, &err) < 0 &&
			       strstr(err.text, expected);

		_exit(is_fine ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
		T(a_new_file_has_the_schema),
		T(records_hold_differences),
		T(what_is_not_kept_is_not_written),
		T(ids_of_transactions_survive),
		T(whole_value_records_are_read),
		T(a_later_schema_replaces_the_first),
		T(files_of_other_kinds_are_refused),
		T(a_torn_tail_is_cut_and_saved),
		T(damage_in_the_middle_is_refused),
		T(a_failed_write_fails_the_transaction_and_nothing_else),
		T(after_a_failed_sync_the_file_is_written_anew),
		T(compaction_keeps_contents_and_mode),
		T(a_file_in_use_is_refused_with_the_pid),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
