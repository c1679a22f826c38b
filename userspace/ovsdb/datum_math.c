/* SPDX-License-Identifier: Apache-2.0 */
/* Set and map arithmetic.  Each function finds the elements to put and to delete, in
 * order; apply_edits() then goes by single paths or by one merge, whichever costs less. */
#include "ovsdb/datum.h"

#include <stdlib.h>

#include "ovsdb/datum_node.h"
#include "ovsdb/datum_tree.h"
#include "ovsdb/type.h"

struct edit {
	struct datum_pair pair;
	bool is_put;
};

struct edits {
	struct edit *list;
	struct edit small[16];
	size_t n, room;
};

/* A merge costs about as much as copying paths for one element in eight. */
static bool is_few(const struct datum *d, size_t n_edits)
{
	return d->height && n_edits < d->n / 8;
}

static bool edits_init(struct edits *e, size_t room)
{
	e->n = 0;
	e->list = e->small;
	e->room = sizeof(e->small) / sizeof(e->small[0]);
	if (room > e->room) {
		e->list = malloc(room * sizeof(*e->list));
		e->room = room;
	}
	return e->list;
}

static void edits_destroy(struct edits *e)
{
	if (e->list != e->small)
		free(e->list);
}

static void edits_add(struct edits *e, const union atom *key, const union atom *value, bool is_put)
{
	e->list[e->n++] = (struct edit){ { key, value }, is_put };
}

static struct datum *apply_by_paths(const struct datum *d, const struct edits *e)
{
	struct datum *at = datum_ref(d);

	for (size_t i = 0; i < e->n && at; i++) {
		const struct edit *edit = &e->list[i];
		struct datum *next = edit->is_put ? datum_tree_put(at, &edit->pair)
						  : datum_tree_delete(at, edit->pair.key);

		datum_unref(at);
		at = next;
	}
	return at;
}

static struct datum *apply_by_merge(const struct datum *d, const struct type *type,
				    const struct edits *e)
{
	struct datum_pair small[64];
	size_t room = d->n + e->n, n = 0, i = 0;
	struct datum_pair *pairs = room > 64 ? malloc(room * sizeof(*pairs)) : small;
	struct datum_cursor c;
	struct datum *result;
	bool has;

	if (!pairs)
		return NULL;
	has = datum_first(d, &c);
	while (has || i < e->n) {
		int cmp = !has ? 1 : -1;

		if (has && i < e->n)
			cmp = atom_cmp(type->key.type, c.key, e->list[i].pair.key);
		if (cmp < 0) {
			pairs[n++] = (struct datum_pair){ c.key, c.value };
		} else {
			if (e->list[i].is_put)
				pairs[n++] = e->list[i].pair;
			i++;
		}
		if (cmp <= 0)
			has = datum_next(&c);
	}
	result = datum_build(type->key.type, type->value.type, pairs, n);
	if (pairs != small)
		free(pairs);
	return result;
}

/* Ends the edits. */
static int apply_edits(const struct datum *d, const struct type *type, struct edits *e,
		       struct datum **ret, struct error *err)
{
	struct datum *result;

	if (!e->n)
		result = datum_ref(d);
	else if (is_few(d, e->n))
		result = apply_by_paths(d, e);
	else
		result = apply_by_merge(d, type, e);
	edits_destroy(e);
	if (!result)
		return error_nomem(err);
	*ret = result;
	return 0;
}

int datum_union(const struct datum *d, const struct datum *more, const struct type *type,
		struct datum **ret, struct error *err)
{
	struct datum_cursor c;
	struct edits e;

	if (!edits_init(&e, more->n))
		return error_nomem(err);
	datum_foreach (more, &c)
		if (!d->n || !datum_find(d, c.key, NULL))
			edits_add(&e, c.key, c.value, true);
	return apply_edits(d, type, &e, ret, err);
}

int datum_subtract(const struct datum *d, const struct datum *less, const struct type *type,
		   struct datum **ret, struct error *err)
{
	const union atom *value = NULL;
	struct datum_cursor c;
	struct edits e;

	if (!edits_init(&e, less->n))
		return error_nomem(err);
	datum_foreach (less, &c)
		if (d->n && datum_find(d, c.key, &value) &&
		    (!c.value || !value || !atom_cmp(type->value.type, c.value, value)))
			edits_add(&e, c.key, NULL, false);
	return apply_edits(d, type, &e, ret, err);
}

int datum_diff(const struct datum *old, const struct datum *new, const struct type *type,
	       struct datum **ret, struct error *err)
{
	struct datum_delta delta;
	struct datum_pair *pairs = NULL;
	struct datum *result;
	size_t n = 0, room = 0;

	if (!type_is_composite(type)) {
		*ret = datum_ref(new);
		return 0;
	}
	datum_delta_begin(&delta, old, new);
	while (datum_delta_next(&delta)) {
		if (n == room) {
			struct datum_pair *bigger;

			room = room ? room * 2 : 8;
			bigger = realloc(pairs, room * sizeof(*pairs));
			if (!bigger) {
				free(pairs);
				return error_nomem(err);
			}
			pairs = bigger;
		}
		pairs[n++] = (struct datum_pair){ delta.key, delta.is_in_new ? delta.new_value
									     : delta.old_value };
	}
	result = datum_build(type->key.type, type->value.type, pairs, n);
	free(pairs);
	if (!result)
		return error_nomem(err);
	*ret = result;
	return 0;
}

int datum_apply_diff(const struct datum *old, const struct datum *diff, const struct type *type,
		     struct datum **ret, struct error *err)
{
	struct datum_cursor c;
	struct edits e;

	if (!type_is_composite(type)) {
		*ret = datum_ref(diff);
		return 0;
	}
	if (!edits_init(&e, diff->n))
		return error_nomem(err);
	datum_foreach (diff, &c) {
		const union atom *value = NULL;
		bool is_there = old->n && datum_find(old, c.key, &value);
		bool is_same = is_there &&
			       (!c.value || !value || !atom_cmp(type->value.type, c.value, value));

		edits_add(&e, c.key, c.value, !is_same);
	}
	return apply_edits(old, type, &e, ret, err);
}

struct datum *datum_rebase(const struct datum *old, const struct datum *new,
			   const struct type *type)
{
	struct datum_delta delta;
	struct datum *result = NULL;
	struct edits e;

	if (!old->height || !new->height || !edits_init(&e, old->n / 8))
		return datum_ref(new);
	datum_delta_begin(&delta, old, new);
	while (datum_delta_next(&delta)) {
		edits_add(&e, delta.key, delta.new_value, delta.is_in_new);
		if (!is_few(old, e.n)) {
			edits_destroy(&e);
			return datum_ref(new);
		}
	}
	if (apply_edits(old, type, &e, &result, NULL) < 0)
		return datum_ref(new);
	return result;
}
