/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/journal_compact.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/iothread.h"
#include "ovsdb/db.h"
#include "ovsdb/journal_file.h"
#include "ovsdb/journal_json.h"
#include "ovsdb/journal_record.h"
#include "ovsdb/journal_state.h"
#include "ovsdb/journal_tail.h"

static const char comment_begin[] = "compacting database online (id ";

enum { COMMENT_LEN = sizeof(comment_begin) - 1 + UUID_TEXT_LEN + 1 };

static void put_comment(char to[COMMENT_LEN + 1], const struct uuid *id)
{
	snprintf(to, COMMENT_LEN + 1, "%s%s)", comment_begin, UUID_STR(id));
}

bool journal_compacted_id(const char *comment, struct uuid *ret)
{
	char text[UUID_TEXT_LEN + 1] = "";

	if (strlen(comment) != COMMENT_LEN || comment[COMMENT_LEN - 1] != ')' ||
	    memcmp(comment, comment_begin, sizeof(comment_begin) - 1) != 0)
		return false;
	memcpy(text, comment + sizeof(comment_begin) - 1, UUID_TEXT_LEN);
	return uuid_parse(text, ret);
}

/* At once */

/* ret_chain: the id of the last record. */
static int put_file(struct buf *to, const struct db *db, const char *comment,
		    struct uuid *ret_chain, struct error *err)
{
	const struct blob *schema = db_schema(db)->text;
	uint8_t sha[RECORD_SHA_SIZE];
	struct uuid none = { .b = { 0 } };
	struct buf rows = BUF_INIT;

	record_put(to, schema->data, schema->len, sha);
	*ret_chain = record_chain(&none, sha);
	if (journal_put_all(&rows, db, comment, err) < 0) {
		buf_free(&rows);
		return -1;
	}
	record_put(to, rows.data, rows.len, sha);
	*ret_chain = record_chain(ret_chain, sha);
	buf_free(&rows);
	return buf_ok(to) ? 0 : error_nomem(err);
}

/* On 0 with is_sync_lost, err says why that is. */
static int rewrite_file(struct journal *j, const struct buf *content, struct error *err)
{
	struct stat st;
	int fd;

	if (journal_cut_tail(j, err) < 0)
		return -1;
	if (fstat(j->fd, &st) < 0)
		return error_errno(err, errno, "stat %s", j->path);
	fd = file_exchange(j->path, st.st_mode & 0777, content, err);
	if (fd < 0)
		return -1;
	close(j->fd);
	j->fd = fd;
	j->end = j->base_end = content->len;
	j->n_records = 0;
	j->generation++;
	j->compact_min_ms = 0;
	j->has_garbage = false;
	/* Where this fails the new file is the file all the same, but not for certain: it is
	 * written once more before the next commit. */
	j->is_sync_lost = file_sync_directory(j->path, err) < 0;
	return 0;
}

int journal_compact(struct journal *j, struct db *db, struct error *err)
{
	struct buf file = BUF_INIT;
	char comment[COMMENT_LEN + 1];
	struct uuid chain;
	int rc;

	journal_compact_cancel(j);
	put_comment(comment, &j->chain);
	rc = put_file(&file, db, comment, &chain, err);
	if (!rc)
		rc = rewrite_file(j, &file, err);
	buf_free(&file);
	return !rc && j->is_sync_lost ? -1 : rc;
}

int journal_write_converted(struct journal *j, const struct db *converted, struct error *err)
{
	struct buf file = BUF_INIT;
	struct uuid chain;
	int rc;

	journal_compact_cancel(j);
	rc = put_file(&file, converted, "converted by ovsdb-server", &chain, err);
	if (!rc)
		rc = rewrite_file(j, &file, err);
	if (!rc)
		j->chain = chain;
	buf_free(&file);
	return rc;
}

bool journal_should_compact(struct journal *j, int64_t now_ms)
{
	enum { MINUTE = 60 * 1000, DAY = 24 * 60 * MINUTE, MIN_BYTES = 10 << 20 };

	if (j->compaction)
		return false;
	if (!j->compact_min_ms)
		j->compact_min_ms = now_ms + 10 * MINUTE;
	if (now_ms < j->compact_min_ms || !j->n_records)
		return false;
	if (now_ms >= j->compact_min_ms - 10 * MINUTE + DAY)
		return true;
	return j->n_records >= 100 && j->end > MIN_BYTES && j->end / 2 > j->base_end;
}

/*
 * In the background.  The work is cut into jobs of some milliseconds, so that syncs of
 * commits find their turn between them.  A job in the thread touches only this struct
 * and the row versions in it, which are held for it; the loop touches it between jobs.
 */

enum { ROWS_A_JOB = 1000, BYTES_A_JOB = 1 << 20, BYTES_AT_ONCE = 64 << 10 };

enum phase { PHASE_ENCODE, PHASE_WRITE, PHASE_CATCH_UP, PHASE_SYNC_DIRECTORY };

struct compaction {
	struct iothread_job job; /* first */
	struct iothread *io;
	struct journal *journal; /* not for the thread */
	void (*done)(void *arg, const struct error *err);
	void *arg;
	enum phase phase;

	const struct row **rows; /* counted from n_released on */
	size_t n_rows, n_encoded, n_released;
	struct buf head; /* the schema's record and the header of the rows' */
	struct buf text; /* the rows' record */
	struct journal_writer writer;

	char *path;
	char *temp; /* NULL: it has taken the other one's place */
	int fd, old_fd;
	size_t n_written;
	size_t old_start; /* where the records begin that come behind */
	size_t old_copied, old_end; /* how far they are copied, and are to be */
	size_t n_old_records; /* that the rows stand for */
	struct error err;
	bool has_failed;

	pthread_mutex_t running; /* held by a job that runs */
	bool is_canceled;
};

static void release_rows(struct compaction *c, size_t up_to)
{
	while (c->n_released < up_to)
		row_unref(c->rows[c->n_released++]);
}

static void compaction_free(struct compaction *c)
{
	release_rows(c, c->n_rows);
	free(c->rows);
	buf_free(&c->head);
	buf_free(&c->text);
	if (c->fd >= 0)
		close(c->fd);
	if (c->old_fd >= 0)
		close(c->old_fd);
	if (c->temp)
		unlink(c->temp);
	free(c->temp);
	free(c->path);
	pthread_mutex_destroy(&c->running);
	free(c);
}

static int encode_some(struct compaction *c, struct error *err)
{
	size_t end = c->n_encoded + ROWS_A_JOB;
	uint8_t sha[RECORD_SHA_SIZE];

	if (end > c->n_rows)
		end = c->n_rows;
	while (c->n_encoded < end)
		journal_put_row(&c->writer, c->rows[c->n_encoded++]);
	if (end == c->n_rows) {
		journal_end(&c->writer);
		buf_putc(&c->text, '\n');
		if (buf_ok(&c->text))
			record_put_header(&c->head, c->text.data, c->text.len, sha);
	}
	return buf_ok(&c->text) && buf_ok(&c->head) ? 0 : error_nomem(err);
}

static int write_some(struct compaction *c, struct error *err)
{
	const struct buf *from = c->n_written < c->head.len ? &c->head : &c->text;
	size_t skip = from == &c->head ? c->n_written : c->n_written - c->head.len;
	size_t n = from->len - skip < BYTES_A_JOB ? from->len - skip : BYTES_A_JOB;
	int errnum = file_write_at(c->fd, from->data + skip, n, c->n_written);

	if (!errnum && fdatasync(c->fd) < 0)
		errnum = errno;
	c->n_written += n;
	return errnum ? error_errno(err, errnum, "write %s", c->temp) : 0;
}

static int copy_some(struct compaction *c, struct error *err)
{
	size_t left = c->old_end - c->old_copied, n = left < BYTES_A_JOB ? left : BYTES_A_JOB;
	int errnum = file_copy(c->old_fd, c->old_copied, c->fd,
			       c->n_written + c->old_copied - c->old_start, n);

	if (!errnum && fdatasync(c->fd) < 0)
		errnum = errno;
	c->old_copied += n;
	return errnum ? error_errno(err, errnum, "write %s", c->temp) : 0;
}

static int run_phase(struct compaction *c, struct error *err)
{
	switch (c->phase) {
	case PHASE_ENCODE:
		return encode_some(c, err);
	case PHASE_WRITE:
		return write_some(c, err);
	case PHASE_CATCH_UP:
		return copy_some(c, err);
	case PHASE_SYNC_DIRECTORY:
		return file_sync_directory(c->path, err);
	}
	return 0;
}

static void run_job(struct iothread_job *job)
{
	struct compaction *c = (struct compaction *)job;

	pthread_mutex_lock(&c->running);
	if (!c->is_canceled)
		c->has_failed = run_phase(c, &c->err) < 0;
	pthread_mutex_unlock(&c->running);
}

/* The rest is little: copied here, so that nothing comes in between, and then the new
 * file is the file.  What is copied now was not promised to be on the disk: a promise is
 * made by a sync that began on this file or was repeated on it (journal_synced()). */
static int take_place(struct compaction *c, struct error *err)
{
	struct journal *j = c->journal;
	size_t to = c->n_written + c->old_copied - c->old_start, rest = j->end - c->old_copied;
	int errnum = file_copy(j->fd, c->old_copied, c->fd, to, rest);

	if (!errnum && rename(c->temp, c->path) < 0)
		errnum = errno;
	if (errnum)
		return error_errno(err, errnum, "write %s", c->temp);
	free(c->temp);
	c->temp = NULL;
	close(j->fd);
	j->fd = c->fd;
	c->fd = -1;
	j->end = to + rest;
	j->base_end = c->n_written;
	j->n_records -= c->n_old_records;
	j->generation++;
	j->has_garbage = false;
	return 0;
}

/* After a job: what comes next.  1: nothing, it is done. */
static int next_phase(struct compaction *c, struct error *err)
{
	struct journal *j = c->journal;

	switch (c->phase) {
	case PHASE_ENCODE:
		release_rows(c, c->n_encoded);
		if (c->n_encoded == c->n_rows)
			c->phase = PHASE_WRITE;
		return 0;
	case PHASE_WRITE:
		if (c->n_written < c->head.len + c->text.len)
			return 0;
		buf_free(&c->text);
		c->phase = PHASE_CATCH_UP;
		c->old_end = j->end;
		return 0;
	case PHASE_CATCH_UP:
		if (c->old_copied < c->old_end)
			return 0;
		c->old_end = j->end;
		if (c->old_end - c->old_copied > BYTES_AT_ONCE)
			return 0;
		c->phase = PHASE_SYNC_DIRECTORY;
		return take_place(c, err);
	case PHASE_SYNC_DIRECTORY:
		return 1;
	}
	return 1;
}

static void end_compaction(struct compaction *c, const struct error *err)
{
	struct journal *j = c->journal;

	j->compaction = NULL;
	j->compact_min_ms = 0;
	/* Which of the two files a crash would leave is not known: written anew before
	 * the next commit. */
	if (err && !c->temp)
		j->is_sync_lost = true;
	if (c->done)
		c->done(c->arg, err);
}

static void on_job_done(struct iothread_job *job)
{
	struct compaction *c = (struct compaction *)job;
	int rc;

	if (c->is_canceled) {
		compaction_free(c);
		return;
	}
	rc = c->has_failed ? -1 : next_phase(c, &c->err);
	if (!rc) {
		iothread_submit(c->io, &c->job);
		return;
	}
	end_compaction(c, rc < 0 ? &c->err : NULL);
	compaction_free(c);
}

void journal_compact_cancel(struct journal *j)
{
	struct compaction *c = j->compaction;
	struct error err;

	if (!c)
		return;
	error_set(&err, "canceled", "the compaction of %s was canceled", j->path);
	pthread_mutex_lock(&c->running);
	c->is_canceled = true;
	release_rows(c, c->n_rows);
	end_compaction(c, &err);
	pthread_mutex_unlock(&c->running);
}

bool journal_is_compacting(const struct journal *j)
{
	return j->compaction;
}

static int hold_rows(struct compaction *c, const struct db *db, struct error *err)
{
	const struct schema *schema = db_schema(db);
	struct db_cursor at;
	size_t i, n = 0;

	for (i = 0; i < schema->n_tables; i++)
		n += db_n_rows(db, schema->tables[i]);
	c->rows = malloc((n + 1) * sizeof(c->rows[0]));
	if (!c->rows)
		return error_nomem(err);
	for (i = 0; i < schema->n_tables; i++) {
		table_foreach (row, db, schema->tables[i], &at)
			c->rows[c->n_rows++] = row_ref(row);
	}
	return 0;
}

static int prepare(struct compaction *c, struct journal *j, struct error *err)
{
	const struct blob *schema = db_schema(j->db)->text;
	char comment[COMMENT_LEN + 1];
	uint8_t sha[RECORD_SHA_SIZE];
	struct stat st;

	put_comment(comment, &j->chain);
	record_put(&c->head, schema->data, schema->len, sha);
	journal_begin(&c->writer, &c->text, comment);
	c->path = strdup(j->path);
	c->old_start = c->old_copied = j->end;
	c->n_old_records = j->n_records;
	c->old_fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);
	if (c->old_fd < 0 || fstat(j->fd, &st) < 0)
		return error_errno(err, errno, "open %s again", j->path);
	if (!c->path)
		return error_nomem(err);
	if (file_create_beside(j->path, ".compact", st.st_mode & 0777, &c->fd, &c->temp, err) < 0)
		return -1;
	return hold_rows(c, j->db, err);
}

int journal_compact_start(struct journal *j, struct iothread *io,
			  void (*done)(void *arg, const struct error *err), void *arg,
			  struct error *err)
{
	struct compaction *c;

	if (j->compaction)
		return error_set(err, "busy", "%s is being compacted already", j->path);
	if (journal_cut_tail(j, err) < 0)
		return -1;
	c = calloc(1, sizeof(*c));
	if (!c)
		return error_nomem(err);
	c->fd = c->old_fd = -1;
	pthread_mutex_init(&c->running, NULL);
	if (prepare(c, j, err) < 0) {
		compaction_free(c);
		return -1;
	}
	c->io = io;
	c->journal = j;
	c->done = done;
	c->arg = arg;
	c->job.run = run_job;
	c->job.done = on_job_done;
	j->compaction = c;
	iothread_submit(io, &c->job);
	return 0;
}
