/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "ovsdb/db.h"
#include "ovsdb/history.h"
#include "ovsdb/journal_compact.h"
#include "ovsdb/journal_file.h"
#include "ovsdb/journal_state.h"
#include "ovsdb/txn.h"

/* By way of JSON: what one type writes the other one reads, or says why not. */
static int convert_value(const struct datum *from, const struct column *c0, const struct column *c1,
			 struct datum **ret, struct error *err)
{
	struct buf text = BUF_INIT;
	struct json_doc *doc;
	int rc;

	datum_put_json(&text, from, &c0->type);
	rc = buf_ok(&text) ? json_parse(text.data, text.len, &doc, err) : error_nomem(err);
	buf_free(&text);
	if (rc < 0)
		return -1;
	rc = datum_from_json(json_doc_root(doc), &c1->type, NULL, true, ret, err);
	json_doc_unref(doc);
	return rc;
}

static int convert_row(struct txn *txn, const struct row *from, const struct schema_table *to,
		       struct error *err)
{
	size_t i;

	if (txn_insert(txn, to, &from->uuid, err) < 0)
		return -1;
	for (i = COLUMN_FIRST; i < from->table->n_columns; i++) {
		const struct column *c0 = from->table->columns[i];
		const struct column *c1 = schema_find_column(to, c0->name);
		struct datum *value;

		if (!c1)
			continue;
		if (convert_value(row_datum(from, c0), c0, c1, &value, err) < 0 ||
		    txn_write(txn, to, &from->uuid, c1, value, err) < 0)
			return -1;
	}
	return 0;
}

static int convert_rows(const struct db *from, struct db *to, struct error *err)
{
	const struct schema *schema = db_schema(from);
	struct txn *txn = txn_new(to);
	int rc = 0;
	size_t i;

	if (!txn)
		return error_nomem(err);
	for (i = 0; !rc && i < schema->n_tables; i++) {
		const struct schema_table *t0 = schema->tables[i];
		const struct schema_table *t1 = schema_find_table(db_schema(to), t0->name);
		struct db_cursor at;

		if (!t1)
			continue;
		table_foreach (row, from, t0, &at) {
			rc = convert_row(txn, row, t1, err);
			if (rc < 0)
				break;
		}
	}
	if (!rc)
		rc = txn_commit(txn, NULL, err);
	txn_free(txn);
	return rc;
}

int convert_begin(struct db *db, struct journal *j, struct schema *schema_take, struct db **ret,
		  struct error *err)
{
	struct db *converted;

	if (db_new(schema_take, &converted, err) < 0)
		return -1;
	if (convert_rows(db, converted, err) < 0 ||
	    (j && journal_write_converted(j, converted, err) < 0)) {
		db_free(converted);
		return -1;
	}
	*ret = converted;
	return 0;
}

void convert_end(struct db *db, struct journal *j, struct db *converted_take)
{
	if (j)
		history_reset(j->history, &j->chain);
	db_exchange(db, converted_take);
	db_free(converted_take);
}

/* At start */

/* Compares x.y.z: negative, 0 or positive. */
static int version_cmp(const char *a, const char *b)
{
	int i;

	for (i = 0; i < 3; i++) {
		char *end_a, *end_b;
		unsigned long na = strtoul(a, &end_a, 10), nb = strtoul(b, &end_b, 10);

		if (na != nb)
			return na < nb ? -1 : 1;
		a = end_a + (*end_a == '.');
		b = end_b + (*end_b == '.');
	}
	return 0;
}

/* Does have hold all tables and columns of want? */
static int check_covers(const struct journal *j, const struct schema *have,
			const struct schema *want, struct error *err)
{
	size_t i, k;

	for (i = 0; i < want->n_tables; i++) {
		const struct schema_table *t1 = want->tables[i];
		const struct schema_table *t0 = schema_find_table(have, t1->name);

		if (!t0)
			return error_set(err, "not supported",
					 "%s has version %s of the schema %s, but no table %s",
					 j->path, have->version, have->name, t1->name);
		for (k = COLUMN_FIRST; k < t1->n_columns; k++) {
			if (!schema_find_column(t0, t1->columns[k]->name))
				return error_set(err, "not supported",
						 "%s has version %s of the schema %s, but no "
						 "column %s in table %s",
						 j->path, have->version, have->name,
						 t1->columns[k]->name, t1->name);
		}
	}
	return 0;
}

/* Copies the records to PATH.backup-VERSION. */
static int back_up(const struct journal *j, const char *version, char **ret_name, struct error *err)
{
	struct buf name = BUF_INIT, content = BUF_INIT;
	struct stat st;
	int fd = -1;

	buf_printf(&name, "%s.backup-%s", j->path, version);
	if (fstat(j->fd, &st) < 0)
		error_errno(err, errno, "stat %s", j->path);
	else if (!buf_ok(&name) || !buf_reserve(&content, (size_t)st.st_size + 1))
		error_nomem(err);
	else if (pread(j->fd, content.data, (size_t)st.st_size, 0) != (ssize_t)st.st_size)
		error_errno(err, EIO, "read %s", j->path);
	else {
		content.len = (size_t)st.st_size;
		fd = file_replace(name.data, st.st_mode & 0777, &content, err);
	}
	buf_free(&content);
	if (fd < 0) {
		buf_free(&name);
		return -1;
	}
	close(fd);
	*ret_name = buf_steal(&name);
	return 0;
}

static int check_wanted(const struct journal *j, const struct schema *have,
			const struct schema *wanted, struct error *err)
{
	if (strcmp(have->name, wanted->name) != 0)
		return error_set(err, "not supported",
				 "%s holds a database %s, not %s; --db-only serves it as it is",
				 j->path, have->name, wanted->name);
	if (version_cmp(have->version, wanted->version) > 0)
		return error_set(err, "not supported",
				 "%s has version %s of the schema %s, newer than this program's "
				 "%s; --db-only serves it as it is",
				 j->path, have->version, have->name, wanted->version);
	return 0;
}

int convert_file(struct db *db, struct journal *j, struct schema *wanted_take, char **ret_backup,
		 struct error *err)
{
	const struct schema *have = db_schema(db);
	struct db *converted;
	char *backup;
	int rc;

	*ret_backup = NULL;
	rc = check_wanted(j, have, wanted_take, err);
	if (rc < 0 || version_cmp(have->version, wanted_take->version) == 0) {
		if (!rc)
			rc = check_covers(j, have, wanted_take, err);
		schema_free(wanted_take);
		return rc;
	}
	if (back_up(j, have->version, &backup, err) < 0) {
		schema_free(wanted_take);
		return -1;
	}
	if (convert_begin(db, j, wanted_take, &converted, err) < 0) {
		free(backup);
		return error_wrap(err, "convert %s to the schema of this version", j->path);
	}
	convert_end(db, j, converted);
	*ret_backup = backup;
	return 0;
}
