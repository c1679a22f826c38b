/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/dump.h"

#include <stdlib.h>

#include "base/blob.h"
#include "base/buf.h"
#include "ovsdb/condition.h"
#include "ovsdb/db.h"
#include "ovsdb/monitor_spec.h"
#include "ovsdb/monitor_text.h"

enum { PIECE_SIZE = 64 * 1024 };

struct piece {
	size_t end; /* the row behind it */
	struct blob *text; /* NULL: to be made again */
};

/* Texts are kept while others may want them.  Of a state that is past that is so while two
 * or more read it, and over as soon as one is through: those that are behind then are slow,
 * and cost the rows that they hold rather than text. */
struct dump {
	struct monitor_spec *spec;
	const struct row **rows; /* counted */
	size_t n_rows;
	struct piece *pieces;
	size_t n_pieces, room;
	unsigned int n_readers;
	bool is_retired;
};

static int hold_rows(struct dump *d, const struct db *db)
{
	const struct spec_table *t, *end = d->spec->tables + d->spec->n_tables;
	struct db_cursor at;
	size_t n = 0;

	for (t = d->spec->tables; t < end; t++)
		n += t->select & SELECT_INITIAL ? db_n_rows(db, t->table) : 0;
	d->rows = malloc((n + 1) * sizeof(d->rows[0]));
	if (!d->rows)
		return -1;
	for (t = d->spec->tables; t < end; t++) {
		if (!(t->select & SELECT_INITIAL))
			continue;
		table_foreach (row, db, t->table, &at) {
			if (!t->condition || condition_matches(t->condition, row))
				d->rows[d->n_rows++] = row_ref(row);
		}
	}
	return 0;
}

static void drop_texts(struct dump *d)
{
	for (size_t i = 0; i < d->n_pieces; i++) {
		blob_unref(d->pieces[i].text);
		d->pieces[i].text = NULL;
	}
}

static void dump_free(struct dump *d)
{
	drop_texts(d);
	for (size_t i = 0; i < d->n_rows; i++)
		row_unref(d->rows[i]);
	free(d->rows);
	free(d->pieces);
	monitor_spec_free(d->spec);
	free(d);
}

struct dump *dump_new(struct monitor_spec *spec, const struct db *db)
{
	struct dump *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->spec = monitor_spec_ref(spec);
	if (hold_rows(d, db) < 0) {
		dump_free(d);
		return NULL;
	}
	return d;
}

void dump_retire(struct dump *d)
{
	if (!d)
		return;
	d->is_retired = true;
	if (!d->n_readers)
		dump_free(d);
	else if (d->n_readers == 1)
		drop_texts(d);
}

void dump_reader_begin(struct dump_reader *r, struct dump *d)
{
	*r = (struct dump_reader){ .dump = d };
	d->n_readers++;
}

void dump_reader_end(struct dump_reader *r)
{
	struct dump *d = r->dump;

	d->n_readers--;
	if (!d->is_retired)
		return;
	if (d->n_readers)
		drop_texts(d);
	else
		dump_free(d);
}

/* Rows from `at` up to `end`, or about as many as a piece holds.  Returns the row behind. */
static size_t put_rows(const struct dump *d, struct buf *to, size_t at, size_t end)
{
	while (at < end && to->len < PIECE_SIZE)
		monitor_text_row(to, d->spec, d->rows, d->n_rows, at++);
	return at;
}

static int make_piece(struct dump *d, size_t number)
{
	size_t start = number ? d->pieces[number - 1].end : 0, end = d->n_rows;
	struct buf text = BUF_INIT;

	if (number < d->n_pieces)
		end = d->pieces[number].end;
	if (d->n_rows)
		end = put_rows(d, &text, start, end);
	else
		buf_puts(&text, "{}");
	d->pieces[number] = (struct piece){ end, blob_from_buf(&text) };
	return d->pieces[number].text ? 0 : -1;
}

static int reserve_piece(struct dump *d)
{
	size_t room = d->room ? d->room * 2 : 4;
	struct piece *more;

	if (d->n_pieces < d->room)
		return 0;
	more = realloc(d->pieces, room * sizeof(*more));
	if (!more)
		return -1;
	d->pieces = more;
	d->room = room;
	return 0;
}

bool dump_reader_next(struct dump_reader *r, struct blob **ret)
{
	struct dump *d = r->dump;
	struct piece *p;

	*ret = NULL;
	if (r->n_read == d->n_pieces && reserve_piece(d) < 0)
		return false;
	if ((r->n_read == d->n_pieces || !d->pieces[r->n_read].text) &&
	    make_piece(d, r->n_read) < 0)
		return false;
	if (r->n_read == d->n_pieces)
		d->n_pieces++;
	p = &d->pieces[r->n_read++];
	*ret = blob_ref(p->text);
	if (d->is_retired && d->n_readers == 1) {
		blob_unref(p->text);
		p->text = NULL;
	}
	return p->end == d->n_rows;
}
