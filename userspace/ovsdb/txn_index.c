/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/txn_index.h"

#include <stdlib.h>

#include "ovsdb/db.h"
#include "ovsdb/table.h"
#include "ovsdb/txn_rows.h"

/* The touched rows of a table by their values in one index. */
struct entry {
	struct hash_node node;
	const struct txn_row *tr;
};

static bool is_equal_in(const struct schema_index *index, const struct row *a, const struct row *b)
{
	for (size_t i = 0; i < index->n_columns; i++)
		if (!datum_equal(row_datum(a, index->columns[i]), row_datum(b, index->columns[i]),
				 &index->columns[i]->type))
			return false;
	return true;
}

/* "a", "a and b", "a, b, and c" */
static void put_separator(struct buf *to, size_t i, size_t n)
{
	if (i)
		buf_puts(to, n == 2 ? " and " : i == n - 1 ? ", and " : ", ");
}

static void put_values(struct buf *to, const struct schema_index *index, const struct row *row)
{
	for (size_t i = 0; i < index->n_columns; i++) {
		put_separator(to, i, index->n_columns);
		datum_put_plain(to, row_datum(row, index->columns[i]), &index->columns[i]->type);
	}
}

static void put_columns(struct buf *to, const struct schema_index *index)
{
	buf_puts(to, index->n_columns > 1 ? "columns " : "column ");
	for (size_t i = 0; i < index->n_columns; i++) {
		put_separator(to, i, index->n_columns);
		buf_printf(to, "\"%s\"", index->columns[i]->name);
	}
}

static void put_row(struct buf *to, const struct schema_index *index, const char *which,
		    const struct uuid *uuid, const struct txn_row *tr)
{
	buf_printf(to, "%s row, with UUID %s, ", which, UUID_STR(uuid));
	if (!tr || tr->old == tr->new) {
		buf_puts(to, "existed in the database before this transaction and was not modified "
			     "by the transaction.");
	} else if (!tr->old) {
		buf_puts(to, "was inserted by this transaction.");
	} else if (is_equal_in(index, tr->old, tr->new)) {
		buf_puts(to, "existed in the database before this transaction, which modified some "
			     "of the row's columns but not any columns in this index.");
	} else {
		buf_puts(to, "had the following index values before the transaction: ");
		put_values(to, index, tr->old);
		buf_putc(to, '.');
	}
}

static int fail_duplicate(const struct txn *t, const struct schema_index *index,
			  const struct row *first, const struct txn_row *second, struct error *err)
{
	const struct schema_table *table = second->table;
	struct buf b = BUF_INIT;

	buf_printf(&b,
		   "Transaction causes multiple rows in \"%s\" table to have identical values (",
		   table->name);
	put_values(&b, index, second->new);
	buf_puts(&b, ") for index on ");
	put_columns(&b, index);
	buf_puts(&b, ".  ");
	put_row(&b, index, "First", &first->uuid, txn_row_find(t, table, &first->uuid));
	buf_puts(&b, "  ");
	put_row(&b, index, "Second", &second->uuid, second);
	if (buf_ok(&b))
		error_set(err, "constraint violation", "%s", b.data);
	else
		error_nomem(err);
	buf_free(&b);
	return -1;
}

/* A row of this transaction that has the values already. */
static const struct row *find_entry(const struct hash *h, uint32_t hash,
				    const struct schema_index *index, const struct row *row)
{
	for (const struct hash_node *n = hash_first(h, hash); n; n = hash_next(n)) {
		const struct entry *e = (const struct entry *)n;

		if (is_equal_in(index, e->tr->new, row))
			return e->tr->new;
	}
	return NULL;
}

static int check_row(struct txn *t, const struct txn_row *tr, size_t number, struct hash *seen,
		     struct entry *entry, const struct datum **values, struct error *err)
{
	const struct schema_index *index = &tr->table->indexes[number];
	const struct table *table = db_table(t->db, tr->table);
	const struct row *other;
	uint32_t hash;

	table_index_values(table, number, tr->new, values);
	hash = table_index_hash(table, number, values);
	other = find_entry(seen, hash, index, tr->new);
	if (!other) {
		other = table_index_find(table, number, values);
		/* Touched ones are in `seen`, or come to it, with their new values. */
		if (other && txn_row_find(t, tr->table, &other->uuid))
			other = NULL;
	}
	if (other)
		return fail_duplicate(t, index, other, tr, err);
	entry->tr = tr;
	hash_insert(seen, &entry->node, hash);
	return 0;
}

static int check_index(struct txn *t, const struct txn_table *tt, size_t number, struct error *err)
{
	const struct datum **values =
		malloc(tt->schema->indexes[number].n_columns * sizeof(*values));
	struct entry *entries = malloc(tt->n * sizeof(*entries));
	struct hash seen;
	size_t n = 0;
	int rc = values && entries ? 0 : error_nomem(err);

	hash_init(&seen);
	for (const struct txn_row *tr = tt->first; tr && !rc; tr = tr->next)
		if (tr->new)
			rc = check_row(t, tr, number, &seen, &entries[n++], values, err);
	hash_destroy(&seen);
	free(entries);
	free((void *)values);
	return rc;
}

int txn_check_indexes(struct txn *t, struct error *err)
{
	for (size_t i = 0; i < db_schema(t->db)->n_tables; i++) {
		const struct txn_table *tt = &t->tables[i];

		for (size_t k = 0; tt->first && k < tt->schema->n_indexes; k++)
			if (check_index(t, tt, k, err) < 0)
				return -1;
	}
	return 0;
}
