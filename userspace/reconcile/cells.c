/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/cells.h"

#include <stdlib.h>

#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "ovsdb/txn.h"

void cells_begin(struct cells *c, struct db *db)
{
	*c = (struct cells){ .db = db };
}

void cells_abort(struct cells *c)
{
	txn_free(c->txn);
	c->txn = NULL;
}

int cells_commit(struct cells *c, struct error *err)
{
	int rc = 0;

	if (c->has_failed)
		rc = error_set(err, c->err.tag, "%s", c->err.text);
	else if (c->txn)
		rc = txn_commit(c->txn, NULL, err);
	cells_abort(c);
	return rc;
}

static bool fail(struct cells *c, int rc)
{
	c->has_failed |= rc != 0;
	return rc == 0;
}

static bool begin(struct cells *c)
{
	if (!c->txn && !c->has_failed) {
		c->txn = txn_new(c->db);
		if (!c->txn)
			fail(c, error_nomem(&c->err));
	}
	return !c->has_failed;
}

bool cells_put(struct cells *c, const struct row *row, const struct column *column,
	       struct datum *value_take)
{
	if (value_take && datum_equal(row_datum(row, column), value_take, &column->type)) {
		datum_unref(value_take);
		return false;
	}
	if (!begin(c)) {
		datum_unref(value_take);
		return false;
	}
	if (!value_take)
		return fail(c, error_nomem(&c->err));
	c->n_written++;
	return fail(c, txn_write(c->txn, row->table, &row->uuid, column, value_take, &c->err));
}

bool cells_clear(struct cells *c, const struct row *row, const struct column *column)
{
	return cells_put(c, row, column, datum_empty());
}

bool cells_integer(struct cells *c, const struct row *row, const struct column *column,
		   int64_t value)
{
	return cells_put(c, row, column, datum_of_integer(value));
}

bool cells_string(struct cells *c, const struct row *row, const struct column *column,
		  const char *value)
{
	return cells_put(c, row, column, value ? datum_of_string(value) : datum_empty());
}

static bool put_pairs(struct cells *c, const struct row *row, const struct column *column,
		      const union atom *keys, const union atom *values, size_t n)
{
	struct datum *d;
	struct error err;

	if (datum_new(&column->type, keys, values, n, &d, &err)) {
		if (!c->has_failed)
			c->err = err;
		c->has_failed = true;
		return false;
	}
	return cells_put(c, row, column, d);
}

static union atom *atoms_new(size_t n)
{
	union atom *a = calloc(n ? n : 1, sizeof(*a));

	if (!a)
		abort();
	return a;
}

bool cells_strings(struct cells *c, const struct row *row, const struct column *column,
		   const char *const *keys, const char *const *values, size_t n)
{
	union atom *k = atoms_new(n), *v = values ? atoms_new(n) : NULL;
	bool differs;

	for (size_t i = 0; i < n; i++) {
		k[i].string = keys[i];
		if (values)
			v[i].string = values[i];
	}
	differs = put_pairs(c, row, column, k, v, n);
	free(k);
	free(v);
	return differs;
}

bool cells_integers(struct cells *c, const struct row *row, const struct column *column,
		    const char *const *keys, const uint64_t *values, size_t n)
{
	union atom *k = atoms_new(n), *v = atoms_new(n);
	bool differs;

	for (size_t i = 0; i < n; i++) {
		k[i].string = keys[i];
		v[i].integer = values[i] > INT64_MAX ? INT64_MAX : (int64_t)values[i];
	}
	differs = put_pairs(c, row, column, k, v, n);
	free(k);
	free(v);
	return differs;
}

void cells_insert(struct cells *c, const struct schema_table *table, const struct uuid *uuid)
{
	if (begin(c))
		fail(c, txn_insert(c->txn, table, uuid, &c->err));
}

const struct row *cells_row(const struct cells *c, const struct schema_table *table,
			    const struct uuid *uuid)
{
	return c->txn ? txn_find(c->txn, table, uuid) : db_find(c->db, table, uuid);
}
