/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/op_select.h"

#include <stdlib.h>

#include "base/buf.h"
#include "ovsdb/condition.h"
#include "ovsdb/hash.h"
#include "ovsdb/op_context.h"
#include "ovsdb/op_table.h"
#include "ovsdb/query.h"
#include "ovsdb/row.h"
#include "ovsdb/selection.h"
#include "ovsdb/syntax.h"

struct columns {
	const struct column **list;
	size_t n;
};

struct found {
	const struct row **rows; /* not counted: nothing changes during a select */
	size_t n, room;
};

static int collect_row(void *arg, const struct row *row, struct error *err)
{
	struct found *f = arg;
	size_t room = f->room ? f->room * 2 : 16;

	if (f->n == f->room) {
		const struct row **rows = realloc(f->rows, room * sizeof(*rows));

		if (!rows)
			return error_nomem(err);
		f->rows = rows;
		f->room = room;
	}
	f->rows[f->n++] = row;
	return 0;
}

static int cmp_column(const struct row *a, const struct row *b, const struct column *c)
{
	if (c->number == COLUMN_UUID)
		return uuid_cmp(&a->uuid, &b->uuid);
	if (c->number == COLUMN_VERSION)
		return uuid_cmp(&a->version, &b->version);
	return datum_cmp(row_datum(a, c), row_datum(b, c), &c->type);
}

static int cmp_rows(const void *a, const void *b, void *arg)
{
	const struct columns *columns = arg;
	int cmp = 0;

	for (size_t i = 0; i < columns->n && !cmp; i++)
		cmp = cmp_column(*(const struct row *const *)a, *(const struct row *const *)b,
				 columns->list[i]);
	return cmp;
}

static uint32_t hash_row(const struct row *row, const struct columns *columns)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < columns->n; i++) {
		const struct column *c = columns->list[i];

		if (c->number == COLUMN_VERSION)
			hash = hash_uuid(&row->version, hash);
		else
			hash = hash_u64(datum_hash(row_datum(row, c), &c->type), hash);
	}
	return hash;
}

struct seen {
	struct hash_node node;
	const struct row *row;
};

static bool is_seen(const struct hash *h, uint32_t hash, const struct row *row,
		    struct columns *columns)
{
	for (const struct hash_node *n = hash_first(h, hash); n; n = hash_next(n))
		if (!cmp_rows(&((const struct seen *)n)->row, &row, columns))
			return true;
	return false;
}

/* Rows that look the same in the selected columns are one. */
static int drop_duplicates(struct found *f, struct columns *columns, struct error *err)
{
	struct seen *list;
	struct hash seen;
	size_t n = 0;

	if (f->n < 2)
		return 0;
	for (size_t i = 0; i < columns->n; i++)
		if (columns->list[i]->number == COLUMN_UUID)
			return 0;
	list = malloc(f->n * sizeof(*list));
	if (!list)
		return error_nomem(err);
	hash_init(&seen);
	for (size_t i = 0; i < f->n; i++) {
		uint32_t hash = hash_row(f->rows[i], columns);

		if (is_seen(&seen, hash, f->rows[i], columns))
			continue;
		list[n].row = f->rows[i];
		hash_insert(&seen, &list[n].node, hash);
		f->rows[n++] = f->rows[i];
	}
	f->n = n;
	hash_destroy(&seen);
	free(list);
	return 0;
}

enum { FEW_ROWS = 64 };

/* A few rows are written at once; many are left to the reply.  Takes what f and columns
 * hold. */
static int put_rows(struct op_context *c, struct found *f, struct columns *columns,
		    struct error *err)
{
	struct selection *s = selection_new(f->rows, f->n, columns->list, columns->n);
	struct selection **last = &c->selections;

	if (!s)
		return error_nomem(err);
	f->rows = NULL;
	columns->list = NULL;
	buf_puts(c->result, "{\"rows\":[");
	if (s->n <= FEW_ROWS) {
		selection_put(s, c->result, SIZE_MAX);
		selection_free(s);
	} else {
		while (*last)
			last = &(*last)->next;
		*last = s;
		s->at = c->result->len;
	}
	buf_puts(c->result, "]}");
	return 0;
}

static int run(struct op_context *c, const struct schema_table *table,
	       const struct condition *condition, struct columns *columns, struct columns *sort,
	       struct error *err)
{
	struct found f = { .n = 0 };
	int rc = query_rows(c->txn, table, condition, collect_row, &f, err);

	if (!rc)
		rc = drop_duplicates(&f, columns, err);
	if (!rc) {
		if (f.n > 1 && sort->n)
			qsort_r(f.rows, f.n, sizeof(*f.rows), cmp_rows, sort);
		rc = put_rows(c, &f, columns, err);
	}
	free((void *)f.rows);
	return rc;
}

int op_select(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct schema_table *table = op_table_member(c, o);
	const struct json *where = syntax_member(o, "where", SYNTAX_ARRAY);
	const struct json *names = syntax_member(o, "columns", SYNTAX_ARRAY | SYNTAX_OPTIONAL);
	const struct json *sort_names = syntax_member(o, "sort", SYNTAX_ARRAY | SYNTAX_OPTIONAL);
	struct columns columns = { NULL, 0 }, sort = { NULL, 0 };
	struct condition *condition = NULL;
	int rc;

	if (op_table_members_ok(o, err) < 0)
		return -1;
	rc = condition_from_json(where, table, c->symtab, false, &condition, err);
	if (!rc)
		rc = schema_columns_from_json(names, table, &columns.list, &columns.n, err);
	if (!rc && sort_names)
		rc = schema_columns_from_json(sort_names, table, &sort.list, &sort.n, err);
	if (!rc)
		rc = run(c, table, condition, &columns, &sort, err);
	condition_free(condition);
	free((void *)columns.list);
	free((void *)sort.list);
	return rc;
}
