/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/journal_json.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ovsdb/change.h"
#include "ovsdb/row_text.h"
#include "ovsdb/txn.h"

/* Writing */

static void begin_record(struct buf *to, const char *comment, bool is_diff)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	buf_puts(to, "{\"_date\":");
	text_put_integer(to, (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	if (is_diff)
		buf_puts(to, ",\"_is_diff\":true");
	if (comment) {
		buf_puts(to, ",\"_comment\":");
		text_put_string(to, comment);
	}
}

static void put_row_key(struct buf *to, const struct row *row, bool *is_first)
{
	buf_puts(to, *is_first ? "\"" : ",\"");
	text_put_uuid(to, &row->uuid);
	buf_puts(to, "\":");
	*is_first = false;
}

static void put_whole_row(struct buf *to, const struct row *row)
{
	const struct schema_table *t = row->table;
	bool is_first = true;
	size_t i;

	buf_putc(to, '{');
	for (i = COLUMN_FIRST; i < t->n_columns; i++) {
		const struct column *c = t->columns[i];
		const struct datum *d = row_datum(row, c);

		if (!c->is_persistent || d == c->default_value ||
		    datum_equal(d, c->default_value, &c->type))
			continue;
		row_put_name(to, c, is_first);
		is_first = false;
		datum_put_json(to, d, &c->type);
	}
	buf_putc(to, '}');
}

/* How the columns of rows that changed are written. */
struct form {
	bool is_diff;
	bool is_unfit; /* the stock server would misread a difference */
};

/* It refuses those of more elements than the column may have, with all that follows in the
 * file, and takes a difference from a default that has elements for the value itself. */
static bool is_unfit(const struct column *c, const struct datum *old, const struct datum *diff)
{
	if (datum_n(diff) > c->type.n_max)
		return true;
	return c->type.n_min && c->type.n_max > 1 && datum_equal(old, c->default_value, &c->type);
}

static int put_column_change(struct buf *to, const struct column *c, const struct datum *old,
			     const struct datum *new, struct form *form, struct error *err)
{
	struct datum *diff;

	if (!form->is_diff) {
		datum_put_json(to, new, &c->type);
		return 0;
	}
	if (datum_diff(old, new, &c->type, &diff, err) < 0)
		return -1;
	form->is_unfit |= is_unfit(c, old, diff);
	datum_put_json(to, diff, &c->type);
	datum_unref(diff);
	return 0;
}

/* Writes nothing where no persistent column differs. */
static int put_changed_row(struct buf *to, const struct row *old, const struct row *new,
			   struct form *form, bool *is_first_row, struct error *err)
{
	const struct schema_table *t = new->table;
	bool is_first = true;
	size_t i;

	for (i = COLUMN_FIRST; i < t->n_columns; i++) {
		const struct column *c = t->columns[i];
		const struct datum *d0 = row_datum(old, c), *d1 = row_datum(new, c);

		if (!c->is_persistent || d0 == d1 || datum_equal(d0, d1, &c->type))
			continue;
		if (is_first) {
			put_row_key(to, new, is_first_row);
			buf_putc(to, '{');
		}
		row_put_name(to, c, is_first);
		is_first = false;
		if (put_column_change(to, c, d0, d1, form, err) < 0)
			return -1;
	}
	if (!is_first)
		buf_putc(to, '}');
	return 0;
}

static int put_change(struct buf *to, const struct row_change *c, struct form *form, bool *is_first,
		      struct error *err)
{
	if (c->old && c->new)
		return put_changed_row(to, c->old, c->new, form, is_first, err);
	put_row_key(to, c->new ? c->new : c->old, is_first);
	if (c->new)
		put_whole_row(to, c->new);
	else
		buf_puts(to, "null");
	return 0;
}

/* One table's rows; takes the brackets back where there turn out to be none. */
static int put_table(struct buf *to, const struct row_change *changes, size_t n, struct form *form,
		     struct error *err)
{
	size_t start = to->len, i;
	bool is_first = true;

	buf_puts(to, ",\"");
	buf_puts(to, row_change_table(changes)->name);
	buf_puts(to, "\":{");
	for (i = 0; i < n; i++) {
		if (put_change(to, &changes[i], form, &is_first, err) < 0)
			return -1;
	}
	if (is_first)
		to->len = start;
	else
		buf_putc(to, '}');
	return 0;
}

static int put_changes(struct buf *to, const struct change_list *changes, struct form *form,
		       struct error *err)
{
	const struct row_change *c = changes->changes, *end = c + changes->n;
	size_t n;

	begin_record(to, changes->comment, form->is_diff);
	for (; c < end; c += n) {
		for (n = 1; c + n < end && row_change_table(c + n) == row_change_table(c); n++)
			;
		if (put_table(to, c, n, form, err) < 0)
			return -1;
	}
	buf_putc(to, '}');
	return buf_ok(to) ? 0 : error_nomem(err);
}

/* Differences where they are safe, else whole values. */
int journal_put_changes(struct buf *to, const struct change_list *changes, struct error *err)
{
	struct form diff = { .is_diff = true }, whole = { .is_diff = false };
	size_t start = to->len;

	if (put_changes(to, changes, &diff, err) < 0)
		return -1;
	if (!diff.is_unfit)
		return 0;
	to->len = start;
	return put_changes(to, changes, &whole, err);
}

void journal_begin(struct journal_writer *w, struct buf *to, const char *comment)
{
	*w = (struct journal_writer){ .to = to };
	begin_record(to, comment, false);
}

void journal_put_row(struct journal_writer *w, const struct row *row)
{
	if (w->table != row->table) {
		buf_printf(w->to, "%s,\"%s\":{", w->table ? "}" : "", row->table->name);
		w->table = row->table;
		w->is_first = true;
	}
	put_row_key(w->to, row, &w->is_first);
	put_whole_row(w->to, row);
}

void journal_end(struct journal_writer *w)
{
	buf_puts(w->to, w->table ? "}}" : "}");
}

int journal_put_all(struct buf *to, const struct db *db, const char *comment, struct error *err)
{
	const struct schema *schema = db_schema(db);
	struct journal_writer w;
	struct db_cursor at;
	size_t i;

	journal_begin(&w, to, comment);
	for (i = 0; i < schema->n_tables; i++) {
		table_foreach (row, db, schema->tables[i], &at)
			journal_put_row(&w, row);
	}
	journal_end(&w);
	return buf_ok(to) ? 0 : error_nomem(err);
}

/* Reading */

static int apply_column(struct txn *txn, const struct row *old, const struct schema_table *t,
			const struct uuid *uuid, const char *name, const struct json *json,
			struct error *err)
{
	const struct column *c = schema_find_column(t, name);
	struct datum *value, *diff;

	if (!c || c->number < COLUMN_FIRST)
		return error_set(err, "ovsdb error", "no column %s in table %s", name, t->name);
	if (datum_from_json(json, &c->type, NULL, !old, &value, err) < 0)
		return error_wrap(err, "column %s of table %s", name, t->name);
	if (old) {
		diff = value;
		if (datum_apply_diff(row_datum(old, c), diff, &c->type, &value, err) < 0) {
			datum_unref(diff);
			return -1;
		}
		datum_unref(diff);
	}
	return txn_write(txn, t, uuid, c, value, err);
}

static int apply_row(struct txn *txn, const struct schema_table *t, const char *uuid_name,
		     const struct json *json, bool is_diff, struct error *err)
{
	const struct row *old;
	struct uuid uuid;
	const struct json_member *m;

	if (!uuid_parse(uuid_name, &uuid))
		return error_set(err, "ovsdb error", "\"%s\" is not a valid UUID", uuid_name);
	old = txn_find(txn, t, &uuid);
	if (json_is_null(json)) {
		if (!old)
			return error_set(err, "ovsdb error", "deletion of row %s that is not there",
					 uuid_name);
		return txn_delete(txn, t, &uuid, err);
	}
	if (!json_is_object(json))
		return error_set(err, "ovsdb error", "row %s is neither an object nor null",
				 uuid_name);
	if (!old && txn_insert(txn, t, &uuid, err) < 0)
		return -1;
	old = old && is_diff ? row_ref(old) : NULL;
	json_foreach_member (json, m) {
		if (apply_column(txn, old, t, &uuid, m->name.string, &m->value, err) < 0) {
			row_unref(old);
			return -1;
		}
	}
	row_unref(old);
	return 0;
}

static int apply_table(struct txn *txn, const struct db *db, const char *table_name,
		       const struct json *rows, bool is_diff, struct error *err)
{
	const struct schema_table *t = schema_find_table(db_schema(db), table_name);
	const struct json_member *m;

	if (!t)
		return error_set(err, "ovsdb error", "no table named %s", table_name);
	if (!json_is_object(rows))
		return error_set(err, "ovsdb error", "object expected for table %s", table_name);
	json_foreach_member (rows, m) {
		if (apply_row(txn, t, m->name.string, &m->value, is_diff, err) < 0)
			return -1;
	}
	return 0;
}

static bool is_about_record(const char *name)
{
	return !strcmp(name, "_date") || !strcmp(name, "_comment") || !strcmp(name, "_is_diff");
}

static int apply_tables(struct txn *txn, const struct db *db, const struct json *record,
			struct error *err)
{
	bool is_diff = json_is_true(json_get(record, "_is_diff"));
	const struct json_member *m;

	json_foreach_member (record, m) {
		if (is_about_record(m->name.string))
			continue;
		if (apply_table(txn, db, m->name.string, &m->value, is_diff, err) < 0)
			return -1;
	}
	return 0;
}

int journal_apply(struct db *db, const struct json *record, struct error *err)
{
	struct txn *txn = txn_new(db);
	int rc;

	if (!txn)
		return error_nomem(err);
	rc = apply_tables(txn, db, record, err);
	if (!rc)
		rc = txn_commit(txn, NULL, err);
	txn_free(txn);
	return rc;
}

void journal_apply_loosely(struct txn *txn, const struct json *record, journal_lost_fn *lost,
			   void *arg)
{
	bool is_diff = json_is_true(json_get(record, "_is_diff"));
	const struct schema *schema = db_schema(txn_db(txn));
	const struct json_member *table, *row;
	struct error err;

	json_foreach_member (record, table) {
		const char *table_name = table->name.string;
		const struct schema_table *t = schema_find_table(schema, table_name);

		if (is_about_record(table_name))
			continue;
		if (!t || !json_is_object(&table->value)) {
			error_set(&err, "ovsdb error", "there is no table %s", table_name);
			lost(arg, &err);
			continue;
		}
		json_foreach_member (&table->value, row) {
			if (apply_row(txn, t, row->name.string, &row->value, is_diff, &err) == 0)
				continue;
			error_wrap(&err, "row %s of table %s", row->name.string, table_name);
			lost(arg, &err);
		}
	}
}
