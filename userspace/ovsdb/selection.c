/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/selection.h"

#include <stdlib.h>

#include "base/buf.h"
#include "ovsdb/row.h"
#include "ovsdb/row_text.h"

struct selection *selection_new(const struct row **rows_take, size_t n,
				const struct column **columns_take, size_t n_columns)
{
	struct selection *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct selection){
		.rows = rows_take, .n = n, .columns = columns_take, .n_columns = n_columns
	};
	for (size_t i = 0; i < n; i++)
		row_ref(rows_take[i]);
	return s;
}

void selection_free(struct selection *s)
{
	if (!s)
		return;
	for (size_t i = s->n_put; i < s->n; i++)
		row_unref(s->rows[i]);
	free((void *)s->rows);
	free((void *)s->columns);
	free(s);
}

void selection_free_all(struct selection *first)
{
	while (first) {
		struct selection *next = first->next;

		selection_free(first);
		first = next;
	}
}

static void put_row(struct buf *to, const struct row *row, const struct selection *s)
{
	buf_putc(to, '{');
	for (size_t i = 0; i < s->n_columns; i++)
		row_put_member(to, row, s->columns[i], !i);
	buf_putc(to, '}');
}

bool selection_put(struct selection *s, struct buf *to, size_t max)
{
	size_t start = to->len;

	while (s->n_put < s->n && to->len - start < max && buf_ok(to)) {
		const struct row *row = s->rows[s->n_put];

		if (s->n_put++)
			buf_putc(to, ',');
		put_row(to, row, s);
		row_unref(row);
	}
	return s->n_put == s->n;
}
