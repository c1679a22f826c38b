/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/cells.h"

#include <stdlib.h>
#include <string.h>

#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "ovsdb/txn.h"

void cells_begin(struct cells *c, struct db *db)
{
	*c = (struct cells){ .db = db };
}

int cells_commit(struct cells *c, struct error *err)
{
	int rc = 0;

	if (c->has_failed)
		rc = error_set(err, c->err.tag, "%s", c->err.text);
	else if (c->txn)
		rc = txn_commit(c->txn, NULL, err);
	txn_free(c->txn);
	c->txn = NULL;
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

/* Most cells are as they were: the forms below look before they make a value. */

bool cells_clear(struct cells *c, const struct row *row, const struct column *column)
{
	return datum_n(row_datum(row, column)) && cells_put(c, row, column, datum_empty());
}

bool cells_integer(struct cells *c, const struct row *row, const struct column *column,
		   int64_t value)
{
	const struct datum *old = row_datum(row, column);

	if (datum_n(old) == 1 && datum_one(old)->integer == value)
		return false;
	return cells_put(c, row, column, datum_of_integer(value));
}

bool cells_string(struct cells *c, const struct row *row, const struct column *column,
		  const char *value)
{
	const struct datum *old = row_datum(row, column);

	if (!value)
		return cells_clear(c, row, column);
	if (datum_n(old) == 1 && !strcmp(datum_one(old)->string, value))
		return false;
	return cells_put(c, row, column, datum_of_string(value));
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

static bool has_strings(const struct datum *d, const struct type *type, const char *const *keys,
			const char *const *values, size_t n)
{
	if (datum_n(d) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const union atom key = { .string = keys[i] };
		const union atom *value = values ? datum_get(d, type, &key) : NULL;

		if (values ? !value || strcmp(value->string, values[i]) : !datum_has(d, type, &key))
			return false;
	}
	return true;
}

bool cells_strings(struct cells *c, const struct row *row, const struct column *column,
		   const char *const *keys, const char *const *values, size_t n)
{
	union atom *k, *v;
	bool differs;

	if (has_strings(row_datum(row, column), &column->type, keys, values, n))
		return false;
	k = atoms_new(n);
	v = values ? atoms_new(n) : NULL;
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

static int64_t to_integer(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static bool has_integers(const struct datum *d, const struct type *type, const char *const *keys,
			 const uint64_t *values, size_t n)
{
	if (datum_n(d) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const union atom *value = datum_get(d, type, &(union atom){ .string = keys[i] });

		if (!value || value->integer != to_integer(values[i]))
			return false;
	}
	return true;
}

bool cells_integers(struct cells *c, const struct row *row, const struct column *column,
		    const char *const *keys, const uint64_t *values, size_t n)
{
	union atom *k, *v;
	bool differs;

	if (has_integers(row_datum(row, column), &column->type, keys, values, n))
		return false;
	k = atoms_new(n);
	v = atoms_new(n);
	for (size_t i = 0; i < n; i++) {
		k[i].string = keys[i];
		v[i].integer = to_integer(values[i]);
	}
	differs = put_pairs(c, row, column, k, v, n);
	free(k);
	free(v);
	return differs;
}

bool cells_map_string(struct cells *c, const struct row *row, const struct column *column,
		      const char *key, const char *value)
{
	const struct datum *old = row_datum(row, column);
	const char *had = row_map_string(row, column, key);
	union atom *k, *v;
	struct datum_cursor cursor;
	bool differs;
	size_t n = 0;

	if (!had && !value)
		return false;
	if (had && value && !strcmp(had, value))
		return false;
	k = atoms_new(datum_n(old) + 1);
	v = atoms_new(datum_n(old) + 1);
	datum_foreach (old, &cursor) {
		if (!strcmp(cursor.key->string, key))
			continue;
		k[n] = *cursor.key;
		v[n++] = *cursor.value;
	}
	if (value) {
		k[n].string = key;
		v[n++].string = value;
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
