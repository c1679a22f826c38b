/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/db_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/ovsdb_fixture.h"

void db_file_new(struct db_file *f)
{
	strcpy(f->dir, "/tmp/bvs-db-file.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/db", f->dir);
	db_file_open(f);
}

void db_file_free(struct db_file *f)
{
	char command[64];

	if (f->db)
		db_file_close(f);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(system(command), 0);
}

void db_file_open(struct db_file *f)
{
	struct schema *schema = fixture_schema(DB_FILE_SCHEMA("1.0.0", ""));
	struct error err;

	if (journal_open(f->path, schema, &f->journal, &f->db, &err) < 0)
		fail_msg("open: %s", err.text);
}

void db_file_close(struct db_file *f)
{
	journal_close(f->journal);
	db_free(f->db);
	f->journal = NULL;
	f->db = NULL;
}

void db_file_reopen(struct db_file *f)
{
	db_file_close(f);
	db_file_open(f);
}

void db_file_run(struct db_file *f, const char *ops)
{
	char *reply = fixture_run(f->db, ops);

	if (strstr(reply, "\"error\""))
		fail_msg("%s: %s", ops, reply);
	free(reply);
}

void db_file_insert(struct db_file *f, int i)
{
	char ops[128];

	snprintf(ops, sizeof(ops), "{'op':'insert','table':'R','row':{'i':%d,'name':'r%d'}}", i, i);
	db_file_run(f, ops);
}

size_t db_file_n_rows(const struct db *db)
{
	return db_n_rows(db, db_schema(db)->tables[0]);
}

size_t db_file_size(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (size_t)st.st_size;
}

int db_file_sync(struct journal *j, struct error *err)
{
	int errnum;

	do {
		unsigned int generation;
		int fd = journal_dup_fd(j, &generation, err);

		if (fd < 0)
			return -1;
		errnum = journal_synced(j, fdatasync(fd) < 0 ? errno : 0, generation);
		close(fd);
	} while (errnum == EAGAIN);
	return errnum ? error_errno(err, errnum, "sync %s", journal_path(j)) : 0;
}
