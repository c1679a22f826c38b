/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/blob.h"
#include "base/buf.h"
#include "ovsdb/db.h"
#include "ovsdb/journal_json.h"
#include "ovsdb/journal_record.h"
#include "ovsdb/lockfile.h"
#include "ovsdb/schema.h"

enum { FILE_MODE = 0640 };

struct journal {
	char *path;
	struct lockfile *lock;
	int fd;
	struct db *db;
	size_t end; /* of the good records: where the next one goes */
	struct uuid chain; /* id of the last record */
	bool is_replaying;
	bool has_tail; /* bytes behind end, as found: to be saved before the first write */
	bool has_garbage; /* bytes behind end, of a failed write: to be cut off */
	bool is_sync_lost; /* a sync failed: what is on the disk is not known */
	char *warning;
};

/* Files */

static int write_at(int fd, const char *data, size_t len, size_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ENOSPC;
		data += n;
		len -= (size_t)n;
		offset += (size_t)n;
	}
	return 0;
}

static int sync_directory(const char *path, struct error *err)
{
	char *copy = strdup(path);
	int fd, rc = 0;

	if (!copy)
		return error_nomem(err);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = error_errno(err, errno, "sync directory of %s", path);
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

/* Makes path a file with these bytes, or leaves it as it was: written beside it, synced,
 * renamed.  Returns its descriptor. */
static int replace_file(const char *path, mode_t mode, const struct buf *content, struct error *err)
{
	struct buf temp = BUF_INIT;
	int fd, errnum;

	buf_printf(&temp, "%s.tmp", path);
	if (!buf_ok(&temp))
		return error_nomem(err);
	fd = open(temp.data, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0) {
		error_errno(err, errno, "create %s", temp.data);
		buf_free(&temp);
		return -1;
	}
	errnum = fchmod(fd, mode) < 0 ? errno : write_at(fd, content->data, content->len, 0);
	if (!errnum && (fsync(fd) < 0 || rename(temp.data, path) < 0))
		errnum = errno;
	if (errnum) {
		error_errno(err, errnum, "write %s", temp.data);
		unlink(temp.data);
	} else if (sync_directory(path, err) < 0) {
		errnum = EIO;
	}
	buf_free(&temp);
	if (!errnum)
		return fd;
	close(fd);
	return -1;
}

/* Saves the bytes from j->end on in PATH.torn-<offset> and cuts them off. */
static int cut_tail(struct journal *j, struct error *err)
{
	struct buf name = BUF_INIT, tail = BUF_INIT;
	struct stat st;
	size_t len;
	int fd = -1;

	if (fstat(j->fd, &st) < 0)
		return error_errno(err, errno, "stat %s", j->path);
	len = (size_t)st.st_size > j->end ? (size_t)st.st_size - j->end : 0;
	buf_printf(&name, "%s.torn-%zu", j->path, j->end);
	if (!buf_ok(&name) || !buf_reserve(&tail, len + 1))
		error_nomem(err);
	else if (pread(j->fd, tail.data, len, (off_t)j->end) != (ssize_t)len)
		error_errno(err, errno, "read the end of %s", j->path);
	else {
		tail.len = len;
		fd = replace_file(name.data, FILE_MODE, &tail, err);
	}
	buf_free(&name);
	buf_free(&tail);
	if (fd < 0)
		return -1;
	close(fd);
	if (ftruncate(j->fd, (off_t)j->end) < 0)
		return error_errno(err, errno, "cut the torn end off %s", j->path);
	return 0;
}

/* Writing */

static int check_writable(struct journal *j, struct error *err)
{
	if (j->is_sync_lost && journal_compact(j, j->db, err) < 0)
		return -1;
	if (j->has_tail && cut_tail(j, err) < 0)
		return -1;
	j->has_tail = false;
	if (j->has_garbage && ftruncate(j->fd, (off_t)j->end) < 0)
		return error_errno(err, errno, "write to %s", j->path);
	j->has_garbage = false;
	return 0;
}

static int append(struct journal *j, const struct buf *record, struct error *err)
{
	int errnum = write_at(j->fd, record->data, record->len, j->end);

	if (errnum) {
		j->has_garbage = ftruncate(j->fd, (off_t)j->end) < 0;
		return error_errno(err, errnum, "write to %s", j->path);
	}
	j->end += record->len;
	return 0;
}

/* The database's journal hook. */
static int write_changes(void *arg, struct change_list *changes, struct error *err)
{
	struct buf json = BUF_INIT, record = BUF_INIT;
	uint8_t sha[RECORD_SHA_SIZE];
	struct journal *j = arg;
	int rc;

	if (j->is_replaying) {
		changes->txn_id = j->chain;
		return 0;
	}
	if (!changes->has_persistent)
		return 0;
	if (check_writable(j, err) < 0)
		return -1;
	rc = journal_put_changes(&json, changes, err);
	if (!rc) {
		record_put(&record, json.data, json.len, sha);
		rc = buf_ok(&record) ? append(j, &record, err) : error_nomem(err);
	}
	buf_free(&json);
	buf_free(&record);
	if (rc < 0)
		return -1;
	j->chain = record_chain(&j->chain, sha);
	changes->txn_id = j->chain;
	return 0;
}

int journal_sync(struct journal *j, struct error *err)
{
	int errnum = fdatasync(j->fd) < 0 ? errno : 0;

	journal_synced(j, errnum);
	return errnum ? error_errno(err, errnum, "sync %s", j->path) : 0;
}

int journal_dup_fd(const struct journal *j, struct error *err)
{
	int fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? error_errno(err, errno, "sync %s", j->path) : fd;
}

/* After a failed sync the kernel may have dropped what it could not write, and a later
 * sync would not tell: only writing everything anew makes the file certain again. */
void journal_synced(struct journal *j, int errnum)
{
	if (errnum)
		j->is_sync_lost = true;
}

static void put_record(struct buf *to, const char *json, size_t len, struct uuid *chain)
{
	uint8_t sha[RECORD_SHA_SIZE];

	record_put(to, json, len, sha);
	*chain = record_chain(chain, sha);
}

static void put_schema_record(struct buf *to, const struct schema *schema, struct uuid *chain)
{
	memset(chain, 0, sizeof(*chain));
	put_record(to, schema->text->data, schema->text->len, chain);
}

int journal_compact(struct journal *j, struct db *db, struct error *err)
{
	struct buf file = BUF_INIT, rows = BUF_INIT;
	struct uuid chain;
	struct stat st;
	int fd = -1;

	if (fstat(j->fd, &st) < 0)
		return error_errno(err, errno, "stat %s", j->path);
	if (j->has_tail && cut_tail(j, err) < 0)
		return -1;
	put_schema_record(&file, db_schema(db), &chain);
	if (journal_put_all(&rows, db, "compacting database online", err) == 0) {
		put_record(&file, rows.data, rows.len, &chain);
		if (buf_ok(&file))
			fd = replace_file(j->path, st.st_mode & 0777, &file, err);
		else
			error_nomem(err);
	}
	buf_free(&rows);
	if (fd >= 0) {
		close(j->fd);
		j->fd = fd;
		j->end = file.len;
		j->chain = chain;
		j->has_tail = j->has_garbage = j->is_sync_lost = false;
	}
	buf_free(&file);
	return fd < 0 ? -1 : 0;
}

/* Opening */

static int start_db(struct journal *j, struct schema *schema_take, struct error *err)
{
	db_free(j->db);
	j->db = NULL;
	if (db_new(schema_take, &j->db, err) < 0)
		return -1;
	db_set_journal(j->db, write_changes, j);
	return 0;
}

static bool is_schema(const json_t *json)
{
	return json_is_string(json_object_get(json, "name")) &&
	       json_is_object(json_object_get(json, "tables"));
}

static int apply_record(struct journal *j, const struct record *r, struct error *err)
{
	struct schema *schema;
	struct uuid before;
	json_error_t why;
	json_t *json = json_loadb(r->body, r->len, 0, &why);
	int rc;

	if (!json)
		return error_set(err, "ovsdb error", "%s at byte %d of the record", why.text,
				 why.position);
	before = j->chain;
	j->chain = record_chain(&j->chain, r->sha);
	if (is_schema(json)) {
		rc = schema_from_json(json, &schema, err);
		if (!rc)
			rc = start_db(j, schema, err);
	} else if (!j->db) {
		rc = error_set(err, "ovsdb error", "the first record is not a schema");
	} else {
		rc = journal_apply(j->db, json, err);
	}
	if (rc < 0)
		j->chain = before;
	json_decref(json);
	return rc;
}

/* A record that cannot be used: fine at the end of the file, where writing it may have
 * been interrupted; anywhere else, going on would lose what follows. */
static int handle_damage(struct journal *j, const char *file, size_t size, size_t offset,
			 const struct error *why, struct error *err)
{
	size_t next = record_find(file, size, offset + 1);
	struct buf text = BUF_INIT;

	if (!j->db)
		return error_set(err, "ovsdb error", "%s is not a usable database file: %s",
				 j->path, why->text);
	if (next != SIZE_MAX)
		return error_set(err, "ovsdb error",
				 "%s is damaged at offset %zu (%s), and there are good records "
				 "behind it, from offset %zu on; the file was left as it is",
				 j->path, offset, why->text, next);
	buf_printf(&text,
		   "%s is torn at offset %zu (%s): its last %zu bytes will be moved to "
		   "%s.torn-%zu when something is written",
		   j->path, offset, why->text, size - offset, j->path, offset);
	j->warning = buf_steal(&text);
	j->has_tail = true;
	return 0;
}

static int replay(struct journal *j, const char *file, size_t size, struct error *err)
{
	struct error why;
	struct record r;
	size_t offset = 0;

	if (size >= 14 && !memcmp(file, "OVSDB CLUSTER ", 14))
		return error_set(err, "not supported", "%s is a clustered database", j->path);
	if (!size)
		return error_set(err, "ovsdb error", "%s is empty", j->path);
	while (offset < size) {
		if (record_read(file, size, offset, &r, &why) < 0 || apply_record(j, &r, &why) < 0)
			return handle_damage(j, file, size, offset, &why, err);
		offset = j->end = r.end;
	}
	return 0;
}

static int replay_file(struct journal *j, struct error *err)
{
	struct stat st;
	void *file;
	int rc;

	if (fstat(j->fd, &st) < 0)
		return error_errno(err, errno, "stat %s", j->path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, "I/O error", "%s is not a regular file", j->path);
	file = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, j->fd, 0) : NULL;
	if (file == MAP_FAILED)
		return error_errno(err, errno, "read %s", j->path);
	j->is_replaying = true;
	rc = replay(j, file, (size_t)st.st_size, err);
	j->is_replaying = false;
	if (file)
		munmap(file, (size_t)st.st_size);
	return rc;
}

static int create_file(struct journal *j, struct schema *schema_take, struct error *err)
{
	struct buf file = BUF_INIT;

	put_schema_record(&file, schema_take, &j->chain);
	if (start_db(j, schema_take, err) < 0) {
		buf_free(&file);
		return -1;
	}
	j->end = file.len;
	j->fd = buf_ok(&file) ? replace_file(j->path, FILE_MODE, &file, err) : error_nomem(err);
	buf_free(&file);
	return j->fd < 0 ? -1 : 0;
}

static int open_file(struct journal *j, struct schema *schema_take, struct error *err)
{
	j->fd = open(j->path, O_RDWR | O_CLOEXEC);
	if (j->fd < 0 && errno == ENOENT && schema_take)
		return create_file(j, schema_take, err);
	schema_free(schema_take);
	if (j->fd < 0)
		return error_errno(err, errno, "open %s", j->path);
	return replay_file(j, err);
}

int journal_open(const char *path, struct schema *schema_take, struct journal **ret,
		 struct db **ret_db, struct error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	int rc;

	if (j) {
		j->fd = -1;
		/* The file itself, not a link to it: compaction renames. */
		j->path = realpath(path, NULL);
		if (!j->path)
			j->path = strdup(path);
	}
	if (!j || !j->path) {
		schema_free(schema_take);
		free(j);
		return error_nomem(err);
	}
	rc = lockfile_take(j->path, &j->lock, err);
	if (rc < 0)
		schema_free(schema_take);
	else
		rc = open_file(j, schema_take, err);
	if (rc < 0) {
		db_free(j->db);
		journal_close(j);
		return -1;
	}
	*ret = j;
	*ret_db = j->db;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	lockfile_release(j->lock);
	free(j->path);
	free(j->warning);
	free(j);
}

const char *journal_path(const struct journal *j)
{
	return j->path;
}

const char *journal_warning(const struct journal *j)
{
	return j->warning;
}
