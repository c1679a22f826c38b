/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/salvage.h"

#include <errno.h>
#include <fcntl.h>
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
#include "ovsdb/journal_file.h"
#include "ovsdb/journal_json.h"
#include "ovsdb/journal_record.h"
#include "ovsdb/lockfile.h"
#include "ovsdb/txn.h"
#include "ovsdb/txn_rows.h"

/* All records are applied to one transaction, so that nothing is checked, or collected
 * as garbage, before everything is there. */
struct salvage {
	const char *file;
	size_t size;
	size_t limit; /* records behind it are not looked at */
	size_t offset; /* of the record at hand */
	size_t first_loss; /* SIZE_MAX: none */
	struct db *db; /* NULL: no schema yet */
	struct txn *txn;
	struct buf *report;
};

static void on_lost(void *arg, const struct error *why)
{
	struct salvage *s = arg;

	if (s->offset < s->first_loss)
		s->first_loss = s->offset;
	buf_printf(s->report, "record at offset %zu: %s\n", s->offset, why->text);
}

static int start_db(struct salvage *s, const struct json *json, struct error *err)
{
	struct schema *schema;

	if (schema_from_json(json, &schema, err) < 0)
		return -1;
	txn_free(s->txn);
	db_free(s->db);
	s->txn = NULL;
	s->db = NULL;
	if (db_new(schema, &s->db, err) < 0)
		return -1;
	s->txn = txn_new(s->db);
	return s->txn ? 0 : error_nomem(err);
}

static int apply_record(struct salvage *s, const struct record *r, struct error *err)
{
	const struct json *json;
	struct json_doc *doc;
	int rc = 0;

	if (json_parse(r->body, r->len, &doc, err) < 0)
		return -1;
	json = json_doc_root(doc);
	if (json_is_string(json_get(json, "name")) && json_is_object(json_get(json, "tables")))
		rc = start_db(s, json, err);
	else if (!s->db)
		rc = error_set(err, "ovsdb error", "it comes before any schema");
	else
		journal_apply_loosely(s->txn, json, on_lost, s);
	json_doc_unref(doc);
	return rc;
}

/* Bytes that are no record, up to the next one. */
static size_t skip_damage(struct salvage *s, const struct error *why)
{
	size_t next = record_find(s->file, s->size, s->offset + 1);

	if (next == SIZE_MAX)
		next = s->size;
	if (s->offset < s->first_loss)
		s->first_loss = s->offset;
	buf_printf(s->report, "offsets %zu to %zu: %zu bytes are lost (%s)\n", s->offset, next,
		   next - s->offset, why->text);
	return next;
}

static int read_records(struct salvage *s, struct error *err)
{
	size_t next;

	for (s->offset = 0; s->offset < s->size && s->offset < s->limit; s->offset = next) {
		struct error why;
		struct record r;

		if (record_read(s->file, s->size, s->offset, &r, &why) < 0) {
			next = skip_damage(s, &why);
			continue;
		}
		next = r.end;
		if (apply_record(s, &r, &why) < 0)
			on_lost(s, &why);
	}
	if (!s->db)
		return error_set(err, "ovsdb error", "there is no usable schema in the file");
	return 0;
}

/* Strong references to rows that are lost go, so that the rest is accepted. */

static bool is_dangling(const struct salvage *s, const struct base_type *b, const union atom *a)
{
	return a && base_type_is_ref(b) && b->ref_kind == REF_STRONG &&
	       !txn_find(s->txn, b->ref_table, &a->uuid);
}

/* d without its dangling references: itself, counted, where it has none. */
static int without_dangling(const struct salvage *s, const struct datum *d, const struct type *type,
			    struct datum **ret, struct error *err)
{
	size_t n = 0, n_all = datum_n(d);
	union atom *keys = malloc((n_all + 1) * sizeof(*keys));
	union atom *values = malloc((n_all + 1) * sizeof(*values));
	struct datum_cursor c;
	int rc = 0;

	if (!keys || !values) {
		free(keys);
		free(values);
		return error_nomem(err);
	}
	datum_foreach (d, &c) {
		if (is_dangling(s, &type->key, c.key) || is_dangling(s, &type->value, c.value))
			continue;
		keys[n] = *c.key;
		if (c.value)
			values[n] = *c.value;
		n++;
	}
	if (n == n_all)
		*ret = datum_ref(d);
	else
		rc = datum_new(type, keys, type_is_map(type) ? values : NULL, n, ret, err);
	free(keys);
	free(values);
	return rc;
}

static int mend_row(struct salvage *s, const struct txn_row *tr, bool *is_mended, struct error *err)
{
	size_t i;

	for (i = COLUMN_FIRST; tr->new &&i < tr->table->n_columns; i++) {
		const struct column *c = tr->table->columns[i];
		struct datum *d;

		if (!base_type_is_ref(&c->type.key) && !base_type_is_ref(&c->type.value))
			continue;
		if (without_dangling(s, row_datum(tr->new, c), &c->type, &d, err) < 0)
			return -1;
		if (d == row_datum(tr->new, c)) {
			datum_unref(d);
			continue;
		}
		*is_mended = true;
		buf_printf(s->report,
			   "row %s of table %s: column %s refers to rows that are lost\n",
			   UUID_STR(&tr->uuid), tr->table->name, c->name);
		if (datum_n(d) >= c->type.n_min) {
			if (txn_write(s->txn, tr->table, &tr->uuid, c, d, err) < 0)
				return -1;
			continue;
		}
		datum_unref(d);
		buf_printf(s->report, "row %s of table %s: lost, as it cannot be without %s\n",
			   UUID_STR(&tr->uuid), tr->table->name, c->name);
		return txn_delete(s->txn, tr->table, &tr->uuid, err);
	}
	return 0;
}

static int mend(struct salvage *s, struct error *err)
{
	struct txn_row *tr;
	bool is_mended;

	do {
		is_mended = false;
		for (tr = txn_row_first(s->txn); tr; tr = txn_row_next(s->txn, tr)) {
			if (mend_row(s, tr, &is_mended, err) < 0)
				return -1;
		}
	} while (is_mended);
	return 0;
}

/* Rows that only lost ones referred to. */
static void report_garbage(struct salvage *s, size_t n_read)
{
	const struct schema *schema = db_schema(s->db);
	size_t n_kept = 0, i;

	for (i = 0; i < schema->n_tables; i++)
		n_kept += db_n_rows(s->db, schema->tables[i]);
	if (n_read > n_kept)
		buf_printf(s->report, "%zu rows are lost, as nothing refers to them\n",
			   n_read - n_kept);
}

static size_t count_rows(const struct salvage *s)
{
	struct txn_row *tr;
	size_t n = 0;

	for (tr = txn_row_first(s->txn); tr; tr = txn_row_next(s->txn, tr))
		n += tr->new != NULL;
	return n;
}

static int run(struct salvage *s, struct error *err)
{
	size_t n_rows;

	if (read_records(s, err) < 0 || mend(s, err) < 0)
		return -1;
	n_rows = count_rows(s);
	if (txn_commit(s->txn, NULL, err) < 0)
		return -1;
	report_garbage(s, n_rows);
	return 0;
}

/* Where what is left contradicts the schema, what stands before the damage never does. */
static int run_with_fallback(struct salvage *s, struct error *err)
{
	size_t first_loss;

	s->limit = s->first_loss = SIZE_MAX;
	if (run(s, err) == 0)
		return 0;
	first_loss = s->first_loss;
	if (!s->db || first_loss == SIZE_MAX)
		return -1;
	buf_printf(s->report,
		   "all together does not fit the schema (%s): everything from offset %zu on is "
		   "left out\n",
		   err->text, first_loss);
	txn_free(s->txn);
	db_free(s->db);
	s->txn = NULL;
	s->db = NULL;
	s->limit = first_loss;
	return run(s, err);
}

static int write_out(const struct db *db, const char *out, mode_t mode, struct error *err)
{
	const struct blob *schema = db_schema(db)->text;
	struct buf file = BUF_INIT, rows = BUF_INIT;
	uint8_t sha[RECORD_SHA_SIZE];
	int fd = -1;

	record_put(&file, schema->data, schema->len, sha);
	if (journal_put_all(&rows, db, "salvaged from a damaged file", err) == 0) {
		record_put(&file, rows.data, rows.len, sha);
		fd = buf_ok(&file) ? file_replace(out, mode, &file, err) : error_nomem(err);
	}
	buf_free(&rows);
	buf_free(&file);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int salvage_fd(int fd, const char *path, const char *out, struct buf *report,
		      struct error *err)
{
	struct salvage s = { .report = report };
	struct stat st;
	void *file;
	int rc;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !st.st_size)
		return error_set(err, "I/O error", "%s is not a file with something in it", path);
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return error_errno(err, errno, "read %s", path);
	s.file = file;
	s.size = (size_t)st.st_size;
	rc = run_with_fallback(&s, err);
	if (!rc)
		rc = write_out(s.db, out, st.st_mode & 0777, err);
	txn_free(s.txn);
	db_free(s.db);
	munmap(file, (size_t)st.st_size);
	return rc;
}

int salvage(const char *path, const char *out, struct buf *report, struct error *err)
{
	struct lockfile *lock;
	int fd, rc;

	if (access(out, F_OK) == 0)
		return error_errno(err, EEXIST, "create %s", out);
	if (lockfile_take(path, &lock, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		rc = error_errno(err, errno, "open %s", path);
	else
		rc = salvage_fd(fd, path, out, report, err);
	if (fd >= 0)
		close(fd);
	lockfile_release(lock);
	return rc;
}
