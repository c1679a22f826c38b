/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/txn_check.h"

#include <stdlib.h>

#include "ovsdb/change.h"
#include "ovsdb/db.h"
#include "ovsdb/refs.h"
#include "ovsdb/txn_index.h"
#include "ovsdb/txn_rows.h"

static bool share_equal_values(const struct row *old, struct row *new)
{
	bool is_changed = false;

	for (size_t i = COLUMN_FIRST; i < old->table->n_columns; i++) {
		const struct column *c = old->table->columns[i];

		if (old->values[i] == new->values[i])
			continue;
		if (datum_equal(old->values[i], new->values[i], &c->type))
			row_set_take(new, c, datum_ref(old->values[i]));
		else
			is_changed = true;
	}
	return is_changed;
}

static bool find_change(struct txn_row *tr)
{
	if (tr->old == tr->new)
		return false;
	if (!tr->old || !tr->new || share_equal_values(tr->old, tr->new))
		return true;
	row_unref(tr->new);
	tr->new = (struct row *)(uintptr_t)row_ref(tr->old);
	return false;
}

bool txn_find_changes(struct txn *t)
{
	bool is_changed = false;

	for (struct txn_row *tr = txn_row_first(t); tr; tr = txn_row_next(t, tr))
		is_changed |= find_change(tr);
	return is_changed;
}

bool txn_is_persistent(const struct row_change *c)
{
	const struct schema_table *table = row_change_table(c);

	if (!c->old || !c->new)
		return true;
	for (size_t i = COLUMN_FIRST; i < table->n_columns; i++)
		if (table->columns[i]->is_persistent && row_change_has(c, table->columns[i]))
			return true;
	return false;
}

/* Brings the side table of references up to the row's present version. */
static int account(struct txn *t, struct txn_row *tr, struct error *err)
{
	const struct row *before = tr->counted;
	int rc;

	/* Where this fails half way the log is taken back as a whole. */
	tr->counted = tr->new ? row_ref(tr->new) : NULL;
	rc = refs_account(db_refs(t->db), before, tr->new, err);
	row_unref(before);
	return rc;
}

static int check_strong_targets(struct txn *t, size_t from, struct error *err)
{
	const struct refs *refs = db_refs(t->db);

	for (size_t i = from; i < refs->n_log; i++) {
		const struct ref_record *r = &refs->log[i];
		const struct txn_row *tr;

		if (r->edge || r->delta < 0)
			continue;
		tr = txn_row_find(t, r->target->table, &r->target->uuid);
		if (tr ? tr->old || tr->new
		       : db_find(t->db, r->target->table, &r->target->uuid) != NULL)
			continue;
		return error_set(
			err, "referential integrity violation",
			"Table %s column %s row %s references nonexistent row %s in table %s.",
			r->column->table->name, r->column->name, UUID_STR(&r->source),
			UUID_STR(&r->target->uuid), r->target->table->name);
	}
	return 0;
}

static int check_deleted(struct txn *t, struct error *err)
{
	for (struct txn_row *tr = txn_row_first(t); tr; tr = txn_row_next(t, tr)) {
		const struct ref_target *target;

		if (tr->new || !tr->old)
			continue;
		target = refs_find(db_refs(t->db), tr->table, &tr->uuid);
		if (target && target->n_strong)
			return error_set(err, "referential integrity violation",
					 "cannot delete %s row %s because of %zu remaining "
					 "reference(s)",
					 tr->table->name, UUID_STR(&tr->uuid), target->n_strong);
	}
	return 0;
}

static int count_references(struct txn *t, struct error *err)
{
	for (struct txn_row *tr = txn_row_first(t); tr; tr = txn_row_next(t, tr)) {
		size_t from = db_refs(t->db)->n_log;

		if (account(t, tr, err) < 0 || check_strong_targets(t, from, err) < 0)
			return -1;
	}
	return check_deleted(t, err);
}

static int collect_one(struct txn *t, const struct schema_table *table, const struct uuid *uuid,
		       struct error *err)
{
	const struct ref_target *target;
	struct txn_row *tr;

	if (table->is_root)
		return 0;
	target = refs_find(db_refs(t->db), table, uuid);
	if (target && target->n_strong)
		return 0;
	if (txn_row_touch(t, table, uuid, &tr, err) < 0)
		return -1;
	if (!tr || !tr->new)
		return 0;
	row_unref(tr->new);
	tr->new = NULL;
	return account(t, tr, err);
}

/* Deletes what no strong reference holds.  What a deleted row let go of is in the log,
 * behind *at, which moves on. */
static int collect_garbage(struct txn *t, size_t *at, struct error *err)
{
	const struct refs *refs = db_refs(t->db);

	for (; *at < refs->n_log; ++*at) {
		const struct ref_record *r = &refs->log[*at];

		if (!r->edge && r->delta < 0 &&
		    collect_one(t, r->target->table, &r->target->uuid, err) < 0)
			return -1;
	}
	return 0;
}

static int collect_orphans(struct txn *t, struct error *err)
{
	for (struct txn_row *tr = txn_row_first(t); tr; tr = txn_row_next(t, tr))
		if (tr->new &&collect_one(t, tr->table, &tr->uuid, err) < 0)
			return -1;
	return 0;
}

static int check_max_rows(struct txn *t, struct error *err)
{
	for (size_t i = 0; i < db_schema(t->db)->n_tables; i++) {
		const struct schema_table *table = t->tables[i].schema;
		size_t n = db_n_rows(t->db, table);

		for (const struct txn_row *tr = t->tables[i].first; tr; tr = tr->next)
			n += (size_t)(tr->new != NULL) - (size_t)(tr->old != NULL);
		if (t->tables[i].first && n > table->max_rows)
			return error_set(err, "constraint violation",
					 "transaction causes \"%s\" table to contain %zu rows, "
					 "greater than the schema-defined limit of %zu row(s)",
					 table->name, n, table->max_rows);
	}
	return 0;
}

/* Weak references */

struct cleaning {
	size_t n; /* pairs removed */
	bool has_zero; /* one of them referred to all zeros */
};

static bool is_dangling(const struct txn *t, const struct base_type *b, const union atom *a)
{
	return base_type_is_ref(b) && b->ref_kind == REF_WEAK &&
	       !txn_row_visible(t, b->ref_table, &a->uuid);
}

/* The value without the pairs that refer weakly to rows that are not there. */
static int clean_value(const struct txn *t, const struct column *column, const struct datum *old,
		       struct datum **ret, struct cleaning *ret_cleaning, struct error *err)
{
	const struct base_type *key = &column->type.key, *value = &column->type.value;
	size_t n = 0, room = datum_n(old);
	union atom *keys = malloc((room + 1) * sizeof(*keys));
	struct datum *less = NULL;
	struct datum_cursor c;
	int rc;

	*ret_cleaning = (struct cleaning){ 0 };
	if (!keys)
		return error_nomem(err);
	datum_foreach (old, &c) {
		bool is_key_bad = is_dangling(t, key, c.key);

		if (!is_key_bad && !(c.value && is_dangling(t, value, c.value)))
			continue;
		keys[n++] = *c.key;
		ret_cleaning->has_zero |= uuid_is_zero(is_key_bad ? &c.key->uuid : &c.value->uuid);
	}
	ret_cleaning->n = n;
	rc = datum_new(&column->type, keys, NULL, n, &less, err);
	if (!rc)
		rc = datum_subtract(old, less, &column->type, ret, err);
	datum_unref(less);
	free(keys);
	return rc;
}

static int fail_emptied(const struct txn_row *tr, const struct column *column,
			const struct cleaning *cleaning, struct error *err)
{
	const char *by = !tr->old ? " (inserted within this transaction)" : "";

	if (cleaning->has_zero)
		return error_set(err, "constraint violation",
				 "Weak reference column \"%s\" in \"%s\" row %s%s contained "
				 "all-zeros UUID (probably as the default value for this column) "
				 "but deleting this value caused a constraint volation because "
				 "this column is not allowed to be empty.",
				 column->name, tr->table->name, UUID_STR(&tr->uuid), by);
	return error_set(err, "constraint violation",
			 "Deletion of %zu weak reference(s) to deleted (or never-existing) rows "
			 "from column \"%s\" in \"%s\" row %s%s caused this column to become "
			 "empty, but constraints on this column disallow an empty column.",
			 cleaning->n, column->name, tr->table->name, UUID_STR(&tr->uuid), by);
}

static int clean_column(struct txn *t, const struct column *column, const struct uuid *source,
			struct error *err)
{
	struct cleaning cleaning;
	struct txn_row *tr;
	struct datum *value;

	if (txn_row_touch(t, column->table, source, &tr, err) < 0)
		return -1;
	if (!tr || !tr->new)
		return 0;
	if (clean_value(t, column, row_datum(tr->new, column), &value, &cleaning, err) < 0)
		return -1;
	if (!cleaning.n || datum_n(value) < column->type.n_min) {
		int rc = cleaning.n ? fail_emptied(tr, column, &cleaning, err) : 0;

		datum_unref(value);
		return rc;
	}
	if (txn_row_own(tr, err) < 0) {
		datum_unref(value);
		return -1;
	}
	row_set_take(tr->new, column, value);
	return account(t, tr, err);
}

/* Columns that refer to a row that this transaction deleted. */
static int clean_referrers(struct txn *t, const struct txn_row *tr, struct error *err)
{
	const struct ref_target *target = refs_find(db_refs(t->db), tr->table, &tr->uuid);

	/* Edges stay in the list, counting nothing, until the log ends. */
	for (const struct ref_edge *e = target ? target->edges : NULL; e; e = e->next)
		if (e->n && clean_column(t, e->column, &e->source, err) < 0)
			return -1;
	return 0;
}

/* To a fixed point: a pair that goes may hold a strong reference at its other side. */
static int clean_weak(struct txn *t, size_t n_collected, struct error *err)
{
	const struct refs *refs = db_refs(t->db);
	size_t at = 0, n_log;

	do {
		n_log = refs->n_log;
		for (struct txn_row *tr = txn_row_first(t); tr; tr = txn_row_next(t, tr))
			if (!tr->new &&clean_referrers(t, tr, err) < 0)
				return -1;
		for (; at < refs->n_log; at++) {
			const struct ref_record r = refs->log[at];

			if (r.edge && r.edge->n && r.delta > 0 &&
			    !txn_row_visible(t, r.target->table, &r.target->uuid) &&
			    clean_column(t, r.column, &r.source, err) < 0)
				return -1;
		}
		if (collect_garbage(t, &n_collected, err) < 0)
			return -1;
	} while (refs->n_log > n_log);
	return 0;
}

int txn_check(struct txn *t, struct error *err)
{
	size_t n_collected = 0;

	if (count_references(t, err) < 0 || collect_orphans(t, err) < 0 ||
	    collect_garbage(t, &n_collected, err) < 0 || check_max_rows(t, err) < 0 ||
	    clean_weak(t, n_collected, err) < 0)
		return -1;
	/* What was cleaned away may have been all that changed. */
	txn_find_changes(t);
	return txn_check_indexes(t, err);
}
