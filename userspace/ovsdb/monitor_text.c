/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/monitor_text.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "ovsdb/condition.h"
#include "ovsdb/db.h"
#include "ovsdb/delta.h"
#include "ovsdb/monitor_spec.h"
#include "ovsdb/row_text.h"

/* One <table-updates> on its way.  Brackets are opened by the first row that needs them. */
struct writer {
	struct buf *to;
	enum monitor_kind kind;
	const struct spec_table *table;
	bool is_open; /* the whole */
	bool is_table_open;
	bool is_row_open;
	bool has_member; /* in the innermost object */
	struct error *err;
	int rc;
};

static void put_value(struct buf *to, const struct row *row, const struct column *c)
{
	if (c->number >= COLUMN_FIRST) {
		datum_put_json(to, row_datum(row, c), &c->type);
		return;
	}
	buf_puts(to, "[\"uuid\",\"");
	text_put_uuid(to, c->number == COLUMN_UUID ? &row->uuid : &row->version);
	buf_puts(to, "\"]");
}

static bool is_default(const struct row *row, const struct column *c)
{
	const struct datum *d;

	if (c->number < COLUMN_FIRST)
		return false;
	d = row_datum(row, c);
	return d == c->default_value || datum_equal(d, c->default_value, &c->type);
}

static bool is_changed(const struct row *old, const struct row *new, const struct column *c)
{
	if (c->number == COLUMN_UUID)
		return false;
	if (c->number == COLUMN_VERSION)
		return !uuid_equal(&old->version, &new->version);
	return row_datum(old, c) != row_datum(new, c) &&
	       !datum_equal(row_datum(old, c), row_datum(new, c), &c->type);
}

static void open_row(struct writer *w, const struct uuid *uuid)
{
	if (w->is_row_open)
		return;
	if (!w->is_table_open) {
		buf_puts(w->to, w->is_open ? ",\"" : "{\"");
		buf_puts(w->to, w->table->table->name);
		buf_puts(w->to, "\":{\"");
	} else {
		buf_puts(w->to, ",\"");
	}
	w->is_open = w->is_table_open = w->is_row_open = true;
	text_put_uuid(w->to, uuid);
	buf_puts(w->to, "\":{");
}

static void open_object(struct writer *w, const char *name)
{
	buf_putc(w->to, '"');
	buf_puts(w->to, name);
	buf_puts(w->to, "\":{");
	w->has_member = false;
}

static void put_name(struct writer *w, const struct column *c)
{
	row_put_name(w->to, c, !w->has_member);
	w->has_member = true;
}

static void put_columns(struct writer *w, const struct row *row, unsigned int select,
			bool with_defaults)
{
	size_t i;

	for (i = 0; i < w->table->n_columns; i++) {
		const struct spec_column *c = &w->table->columns[i];

		if (!(c->select & select) || (!with_defaults && is_default(row, c->column)))
			continue;
		put_name(w, c->column);
		put_value(w->to, row, c->column);
	}
}

static void put_whole_row(struct writer *w, const char *name, const struct row *row,
			  unsigned int select)
{
	open_row(w, &row->uuid);
	open_object(w, name);
	put_columns(w, row, select, w->kind == MONITOR);
	buf_putc(w->to, '}');
}

static void put_deleted(struct writer *w, const struct row *old)
{
	if (w->kind == MONITOR) {
		put_whole_row(w, "old", old, SELECT_DELETE);
		return;
	}
	open_row(w, &old->uuid);
	buf_puts(w->to, "\"delete\":null");
}

static void put_difference(struct writer *w, const struct row *old, const struct row *new,
			   const struct column *c)
{
	struct datum *diff;

	if (c->number < COLUMN_FIRST) {
		put_value(w->to, new, c);
		return;
	}
	if (datum_diff(row_datum(old, c), row_datum(new, c), &c->type, &diff, w->err) < 0) {
		w->rc = -1;
		return;
	}
	datum_put_json(w->to, diff, &c->type);
	datum_unref(diff);
}

static void put_modified(struct writer *w, const struct row *old, const struct row *new)
{
	size_t i;

	for (i = 0; i < w->table->n_columns; i++) {
		const struct spec_column *c = &w->table->columns[i];

		if (!(c->select & SELECT_MODIFY) || !is_changed(old, new, c->column))
			continue;
		if (!w->is_row_open) {
			open_row(w, &new->uuid);
			open_object(w, w->kind == MONITOR ? "old" : "modify");
		}
		put_name(w, c->column);
		if (w->kind == MONITOR)
			put_value(w->to, old, c->column);
		else
			put_difference(w, old, new, c->column);
	}
	if (!w->is_row_open)
		return;
	buf_putc(w->to, '}');
	if (w->kind == MONITOR) {
		buf_putc(w->to, ',');
		put_whole_row(w, "new", new, SELECT_MODIFY);
	}
}

static void close_row(struct writer *w)
{
	if (w->is_row_open)
		buf_putc(w->to, '}');
	w->is_row_open = false;
}

/* old and new as the client sees them: NULL is what its conditions hide, or nothing. */
static void put_change(struct writer *w, const struct row *old, const struct row *new)
{
	unsigned int select = w->table->select;

	if (old && new &&select & SELECT_MODIFY)
		put_modified(w, old, new);
	else if (!old && new &&select & SELECT_INSERT)
		put_whole_row(w, w->kind == MONITOR ? "new" : "insert", new, SELECT_INSERT);
	else if (old && !new &&select & SELECT_DELETE)
		put_deleted(w, old);
	close_row(w);
}

static const struct row *visible(const struct row *row, const struct condition *c)
{
	return row && (!c || condition_matches(c, row)) ? row : NULL;
}

static void begin_table(struct writer *w, const struct spec_table *t)
{
	w->table = t;
}

static void end_table(struct writer *w)
{
	if (w->is_table_open)
		buf_putc(w->to, '}');
	w->is_table_open = false;
}

static int end_all(struct writer *w)
{
	if (w->is_open)
		buf_putc(w->to, '}');
	if (w->rc < 0)
		return -1;
	return buf_ok(w->to) ? 0 : error_nomem(w->err);
}

static const struct spec_table *find_table(const struct monitor_spec *spec,
					   const struct schema_table *table)
{
	const struct spec_table *t = spec->tables;

	while (t->table != table)
		t++;
	return t;
}

void monitor_text_row(struct buf *to, const struct monitor_spec *spec,
		      const struct row *const *rows, size_t n, size_t i)
{
	const struct row *row = rows[i];
	struct writer w = {
		.to = to,
		.kind = spec->kind,
		.table = find_table(spec, row->table),
		.is_open = i,
		.is_table_open = i && rows[i - 1]->table == row->table,
	};

	put_whole_row(&w, w.kind == MONITOR ? "new" : "initial", row, SELECT_INITIAL);
	close_row(&w);
	if (i + 1 == n || rows[i + 1]->table != row->table)
		end_table(&w);
	if (i + 1 == n)
		buf_putc(to, '}');
}

int monitor_text_changes(struct buf *to, const struct monitor_spec *spec, const struct delta *d,
			 struct error *err)
{
	struct writer w = { .to = to, .kind = spec->kind, .err = err };
	const struct spec_table *t;
	const struct delta_row *r;

	for (t = spec->tables; t < spec->tables + spec->n_tables; t++) {
		begin_table(&w, t);
		for (r = d->tables[t->table->number]; r; r = r->next)
			put_change(&w, visible(r->old, t->condition),
				   visible(r->new, t->condition));
		end_table(&w);
	}
	return end_all(&w);
}

static bool same_condition(const struct spec_table *a, const struct spec_table *b)
{
	return a->where == b->where || (a->where && b->where && !strcmp(a->where, b->where));
}

int monitor_text_conditions(struct buf *to, const struct monitor_spec *before,
			    const struct monitor_spec *after, const struct db *db,
			    const struct delta *d, struct error *err)
{
	struct writer w = { .to = to, .kind = after->kind, .err = err };
	const struct delta_row *r;
	struct db_cursor at;
	size_t i;

	for (i = 0; i < after->n_tables; i++) {
		const struct spec_table *t0 = &before->tables[i], *t1 = &after->tables[i];

		begin_table(&w, t1);
		for (r = d ? d->tables[t1->table->number] : NULL; r; r = r->next)
			put_change(&w, visible(r->old, t0->condition),
				   visible(r->new, t1->condition));
		if (!same_condition(t0, t1)) {
			table_foreach (row, db, t1->table, &at) {
				if (!d || !delta_find(d, row))
					put_change(&w, visible(row, t0->condition),
						   visible(row, t1->condition));
			}
		}
		end_table(&w);
	}
	return end_all(&w);
}
