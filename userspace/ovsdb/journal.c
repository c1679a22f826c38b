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
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "ovsdb/db.h"
#include "ovsdb/history.h"
#include "ovsdb/journal_compact.h"
#include "ovsdb/journal_file.h"
#include "ovsdb/journal_json.h"
#include "ovsdb/journal_record.h"
#include "ovsdb/journal_state.h"
#include "ovsdb/journal_tail.h"
#include "ovsdb/lockfile.h"
#include "ovsdb/schema.h"

enum { FILE_MODE = 0640 };

/* Writing */

static int check_writable(struct journal *j, struct error *err)
{
	if (j->is_sync_lost && journal_compact(j, j->db, err) < 0)
		return -1;
	if (journal_cut_tail(j, err) < 0)
		return -1;
	if (j->has_garbage && ftruncate(j->fd, (off_t)j->end) < 0)
		return error_errno(err, errno, "write to %s", j->path);
	j->has_garbage = false;
	return 0;
}

static int append(struct journal *j, const struct buf *record, struct error *err)
{
	int errnum = file_write_at(j->fd, record->data, record->len, j->end);

	if (errnum) {
		j->has_garbage = ftruncate(j->fd, (off_t)j->end) < 0;
		return error_errno(err, errnum, "write to %s", j->path);
	}
	j->end += record->len;
	j->n_records++;
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

int journal_dup_fd(const struct journal *j, unsigned int *ret_generation, struct error *err)
{
	int fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);

	*ret_generation = j->generation;
	return fd < 0 ? error_errno(err, errno, "sync %s", j->path) : fd;
}

/* After a failed sync the kernel may have dropped what it could not write, and a later
 * sync would not tell: only writing everything anew makes the file certain again. */
int journal_synced(struct journal *j, int errnum, unsigned int generation)
{
	struct error err;

	if (generation != j->generation)
		return EAGAIN;
	if (errnum) {
		j->is_sync_lost = true;
		return errnum == EAGAIN ? EIO : errnum;
	}
	if (!j->is_sync_lost || journal_compact(j, j->db, &err) == 0)
		return 0;
	return err.errnum && err.errnum != EAGAIN ? err.errnum : EIO;
}

/* Opening */

static int start_db(struct journal *j, struct schema *schema_take, struct error *err)
{
	history_free(j->history);
	db_free(j->db);
	j->history = NULL;
	j->db = NULL;
	if (db_new(schema_take, &j->db, err) < 0)
		return -1;
	db_set_journal(j->db, write_changes, j);
	j->history = history_new(j->db);
	return j->history ? 0 : error_nomem(err);
}

static bool is_schema(const struct json *json)
{
	return json_is_string(json_get(json, "name")) && json_is_object(json_get(json, "tables"));
}

/* The id of the state after record r; json is what it holds. */
static struct uuid id_after(const struct journal *j, const struct record *r,
			    const struct json *json)
{
	const char *comment = json_string(json_get(json, "_comment"));
	struct uuid id;

	if (comment && j->is_first && !json_get(json, "_is_diff") &&
	    journal_compacted_id(comment, &id))
		return id;
	return record_chain(&j->chain, r->sha);
}

static void count_record(struct journal *j, const struct record *r, bool is_new_schema)
{
	if (is_new_schema || j->is_first) {
		j->base_end = r->end;
		j->n_records = 0;
	} else {
		j->n_records++;
	}
	j->is_first = is_new_schema;
	history_note(j->history, &j->chain);
}

static int apply_record(struct journal *j, const struct record *r, struct error *err)
{
	bool is_new_schema;
	struct schema *schema;
	struct uuid before;
	const struct json *json;
	struct json_doc *doc;
	int rc;

	if (json_parse(r->body, r->len, &doc, err) < 0)
		return -1;
	json = json_doc_root(doc);
	before = j->chain;
	is_new_schema = is_schema(json);
	j->chain = id_after(j, r, json);
	if (is_new_schema) {
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
	else
		count_record(j, r, is_new_schema);
	json_doc_unref(doc);
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
				 "behind it, from offset %zu on; the file was left as it is "
				 "(bvsctl db salvage %s NEWFILE saves what can be saved)",
				 j->path, offset, why->text, next, j->path);
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
	if (j->history)
		history_end_replay(j->history);
	if (file)
		munmap(file, (size_t)st.st_size);
	return rc;
}

static int create_file(struct journal *j, struct schema *schema_take, struct error *err)
{
	struct buf file = BUF_INIT;
	uint8_t sha[RECORD_SHA_SIZE];

	record_put(&file, schema_take->text->data, schema_take->text->len, sha);
	if (start_db(j, schema_take, err) < 0) {
		buf_free(&file);
		return -1;
	}
	j->chain = record_chain(&j->chain, sha);
	history_note(j->history, &j->chain);
	history_end_replay(j->history);
	j->end = j->base_end = file.len;
	j->fd = buf_ok(&file) ? file_replace(j->path, FILE_MODE, &file, err) : error_nomem(err);
	buf_free(&file);
	return j->fd < 0 ? -1 : 0;
}

/* What a crash left of files that were being written. */
static void remove_temporaries(const struct journal *j)
{
	static const char *const suffixes[] = { ".tmp", ".compact" };
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		struct buf name = BUF_INIT;

		buf_printf(&name, "%s%s", j->path, suffixes[i]);
		if (buf_ok(&name))
			unlink(name.data);
		buf_free(&name);
	}
}

static int open_file(struct journal *j, struct schema *schema_take, struct error *err)
{
	remove_temporaries(j);
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
		struct db *db = j->db;

		journal_close(j);
		db_free(db);
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
	journal_compact_cancel(j);
	history_free(j->history);
	if (j->db)
		db_set_journal(j->db, NULL, NULL);
	if (j->fd >= 0)
		close(j->fd);
	lockfile_release(j->lock);
	free(j->path);
	free(j->warning);
	free(j);
}

struct history *journal_history(const struct journal *j)
{
	return j->history;
}

const char *journal_path(const struct journal *j)
{
	return j->path;
}

const char *journal_warning(const struct journal *j)
{
	return j->warning;
}
