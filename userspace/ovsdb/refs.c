/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/refs.h"

#include <stdlib.h>

struct refs *refs_new(void)
{
	struct refs *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	hash_init(&r->targets);
	hash_init(&r->edges);
	return r;
}

static void free_nodes(struct hash *h)
{
	struct hash_node *next;

	for (struct hash_node *n = hash_take_all(h); n; n = next) {
		next = n->next;
		free(n); /* the first member of its owner */
	}
	hash_destroy(h);
}

void refs_free(struct refs *r)
{
	if (!r)
		return;
	free_nodes(&r->edges);
	free_nodes(&r->targets);
	free(r->log);
	free(r);
}

static uint32_t target_hash(const struct schema_table *table, const struct uuid *uuid)
{
	return hash_uuid(uuid, table->number);
}

struct ref_target *refs_find(const struct refs *r, const struct schema_table *table,
			     const struct uuid *uuid)
{
	uint32_t hash = target_hash(table, uuid);

	for (struct hash_node *n = hash_first(&r->targets, hash); n; n = hash_next(n)) {
		struct ref_target *t = (struct ref_target *)n;

		if (t->table == table && uuid_equal(&t->uuid, uuid))
			return t;
	}
	return NULL;
}

static struct ref_target *get_target(struct refs *r, const struct schema_table *table,
				     const struct uuid *uuid)
{
	struct ref_target *t = refs_find(r, table, uuid);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->table = table;
	t->uuid = *uuid;
	hash_insert(&r->targets, &t->node, target_hash(table, uuid));
	return t;
}

static struct ref_edge *get_edge(struct refs *r, struct ref_target *target,
				 const struct column *column, const struct uuid *source)
{
	uint32_t hash = hash_uuid(source, hash_pointer(target, hash_pointer(column, 0)));
	struct ref_edge *e;

	for (struct hash_node *n = hash_first(&r->edges, hash); n; n = hash_next(n)) {
		e = (struct ref_edge *)n;
		if (e->target == target && e->column == column && uuid_equal(&e->source, source))
			return e;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->target = target;
	e->column = column;
	e->source = *source;
	e->next = target->edges;
	if (e->next)
		e->next->previous = e;
	target->edges = e;
	hash_insert(&r->edges, &e->node, hash);
	return e;
}

static void drop_unused(struct refs *r, struct ref_target *t, struct ref_edge *e)
{
	if (e && !e->n && !e->n_records) {
		if (e->next)
			e->next->previous = e->previous;
		if (e->previous)
			e->previous->next = e->next;
		else
			t->edges = e->next;
		hash_remove(&r->edges, &e->node);
		free(e);
	}
	if (!t->n_strong && !t->edges && !t->n_records) {
		hash_remove(&r->targets, &t->node);
		free(t);
	}
}

static bool make_room(struct refs *r)
{
	size_t room = r->log_room ? r->log_room * 2 : 64;
	struct ref_record *log;

	if (r->n_log < r->log_room)
		return true;
	log = realloc(r->log, room * sizeof(*log));
	if (!log)
		return false;
	r->log = log;
	r->log_room = room;
	return true;
}

static int account_one(struct refs *r, const struct base_type *b, const struct column *column,
		       const struct uuid *source, const union atom *a, int delta, struct error *err)
{
	struct ref_edge *e = NULL;
	struct ref_target *t;

	/* No row holds itself; one of another table may have the same uuid. */
	if (b->ref_kind == REF_STRONG && b->ref_table == column->table &&
	    uuid_equal(&a->uuid, source))
		return 0;
	if (!make_room(r))
		return error_nomem(err);
	t = get_target(r, b->ref_table, &a->uuid);
	if (!t)
		return error_nomem(err);
	if (b->ref_kind == REF_WEAK) {
		e = get_edge(r, t, column, source);
		if (!e) {
			drop_unused(r, t, NULL);
			return error_nomem(err);
		}
		e->n += (size_t)delta;
		e->n_records++;
	} else {
		t->n_strong += (size_t)delta;
	}
	t->n_records++;
	r->log[r->n_log++] = (struct ref_record){ t, e, column, *source, delta };
	return 0;
}

static int account_pair(struct refs *r, const struct column *column, const struct uuid *source,
			const union atom *key, const union atom *value, int delta,
			struct error *err)
{
	if (base_type_is_ref(&column->type.key) &&
	    account_one(r, &column->type.key, column, source, key, delta, err) < 0)
		return -1;
	if (base_type_is_ref(&column->type.value) &&
	    account_one(r, &column->type.value, column, source, value, delta, err) < 0)
		return -1;
	return 0;
}

static int account_column(struct refs *r, const struct column *column, const struct uuid *source,
			  const struct datum *old, const struct datum *new, struct error *err)
{
	struct datum_delta delta;

	datum_delta_begin(&delta, old, new);
	while (datum_delta_next(&delta)) {
		if (delta.is_in_old &&
		    account_pair(r, column, source, delta.key, delta.old_value, -1, err) < 0)
			return -1;
		if (delta.is_in_new &&
		    account_pair(r, column, source, delta.key, delta.new_value, 1, err) < 0)
			return -1;
	}
	return 0;
}

int refs_account(struct refs *r, const struct row *old, const struct row *new, struct error *err)
{
	const struct row *row = new ? new : old;

	if (old == new)
		return 0;
	for (size_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
		const struct column *column = row->table->columns[i];

		if (!base_type_is_ref(&column->type.key) && !base_type_is_ref(&column->type.value))
			continue;
		if (account_column(r, column, &row->uuid, old ? old->values[i] : NULL,
				   new ? new->values[i] : NULL, err) < 0)
			return -1;
	}
	return 0;
}

static void end_log(struct refs *r, bool is_undone)
{
	while (r->n_log) {
		struct ref_record *record = &r->log[--r->n_log];
		struct ref_edge *e = record->edge;

		if (is_undone && e)
			e->n -= (size_t)record->delta;
		else if (is_undone)
			record->target->n_strong -= (size_t)record->delta;
		if (e)
			e->n_records--;
		record->target->n_records--;
		drop_unused(r, record->target, e);
	}
	if (r->log_room > 4096) {
		free(r->log);
		r->log = NULL;
		r->log_room = 0;
	}
}

void refs_keep(struct refs *r)
{
	end_log(r, false);
}

void refs_undo(struct refs *r)
{
	end_log(r, true);
}
