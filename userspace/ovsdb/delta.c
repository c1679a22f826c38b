/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/delta.h"

#include <stdlib.h>
#include <utlist.h>

struct delta *delta_new(size_t n_tables)
{
	struct delta *d = calloc(1, sizeof(*d) + n_tables * sizeof(d->tables[0]));

	if (!d)
		return NULL;
	hash_init(&d->rows);
	d->n_tables = n_tables;
	return d;
}

static void row_free(struct delta_row *r)
{
	row_unref(r->old);
	row_unref(r->new);
	free(r);
}

void delta_free(struct delta *d)
{
	struct hash_node *node, *next;

	if (!d)
		return;
	for (node = hash_take_all(&d->rows); node; node = next) {
		next = node->next;
		row_free((struct delta_row *)node);
	}
	hash_destroy(&d->rows);
	free(d);
}

static const struct row *any_version(const struct delta_row *r)
{
	return r->new ? r->new : r->old;
}

static struct delta_row *find(const struct delta *d, const struct row *row)
{
	struct hash_node *node = hash_first(&d->rows, hash_uuid(&row->uuid, 0));

	for (; node; node = hash_next(node)) {
		const struct row *have = any_version((struct delta_row *)node);

		if (have->table == row->table && uuid_equal(&have->uuid, &row->uuid))
			return (struct delta_row *)node;
	}
	return NULL;
}

const struct delta_row *delta_find(const struct delta *d, const struct row *row)
{
	return find(d, row);
}

int delta_add(struct delta *d, const struct row *old, const struct row *new)
{
	const struct row *row = new ? new : old;
	struct delta_row **list = &d->tables[row->table->number];
	struct delta_row *r = find(d, row);

	if (!r) {
		r = calloc(1, sizeof(*r));
		if (!r)
			return -1;
		r->old = old ? row_ref(old) : NULL;
		r->new = new ? row_ref(new) : NULL;
		hash_insert(&d->rows, &r->node, hash_uuid(&row->uuid, 0));
		DL_APPEND(*list, r);
		return 0;
	}
	if (r->old == new) { /* came and went, or is back at the same version */
		DL_DELETE(*list, r);
		hash_remove(&d->rows, &r->node);
		row_free(r);
		return 0;
	}
	row_unref(r->new);
	r->new = new ? row_ref(new) : NULL;
	return 0;
}

int delta_add_all(struct delta *d, const struct delta *more)
{
	const struct delta_row *r;
	size_t i;

	for (i = 0; i < more->n_tables; i++) {
		DL_FOREACH (more->tables[i], r) {
			if (delta_add(d, r->old, r->new) < 0)
				return -1;
		}
	}
	return 0;
}
