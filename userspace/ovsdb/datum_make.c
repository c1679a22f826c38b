/* SPDX-License-Identifier: Apache-2.0 */
/* Making datums from values, and looking into them. */
#include "ovsdb/datum.h"

#include <stdlib.h>
#include <string.h>

#include "ovsdb/datum_node.h"
#include "ovsdb/type.h"

/* Merges the runs [start, middle) and [middle, end) of `from` into `to`. */
static void merge_runs(enum atom_type type, const struct datum_pair *from, struct datum_pair *to,
		       size_t start, size_t middle, size_t end)
{
	size_t i = start, k = middle;

	for (size_t at = start; at < end; at++) {
		if (k == end || (i < middle && atom_cmp(type, from[i].key, from[k].key) <= 0))
			to[at] = from[i++];
		else
			to[at] = from[k++];
	}
}

static size_t end_of_run(enum atom_type type, const struct datum_pair *pairs, size_t start,
			 size_t n)
{
	size_t end = start + 1;

	while (end < n && atom_cmp(type, pairs[end - 1].key, pairs[end].key) <= 0)
		end++;
	return end < n ? end : n;
}

/* A merge sort that starts from the runs that are in order already: sets mostly arrive
 * sorted but for the elements that the sender named himself.  Returns one of the two. */
static struct datum_pair *sort_pairs(enum atom_type type, struct datum_pair *from,
				     struct datum_pair *to, size_t n)
{
	while (n && end_of_run(type, from, 0, n) < n) {
		struct datum_pair *swap = from;

		for (size_t start = 0; start < n;) {
			size_t middle = end_of_run(type, from, start, n);
			size_t end = end_of_run(type, from, middle, n);

			merge_runs(type, from, to, start, middle, end);
			start = end;
		}
		from = to;
		to = swap;
	}
	return from;
}

int datum_new(const struct type *type, const union atom *keys, const union atom *values, size_t n,
	      struct datum **ret, struct error *err)
{
	enum { SMALL = 16 };
	enum atom_type key_type = type->key.type;
	struct datum_pair small[2 * SMALL];
	struct datum_pair *room = n > SMALL ? malloc(2 * n * sizeof(*room)) : small;
	struct datum_pair *pairs;
	struct datum *d = NULL;
	size_t n_kept = 0;

	if (!room)
		return error_nomem(err);
	for (size_t i = 0; i < n; i++)
		room[i] = (struct datum_pair){ &keys[i], values ? &values[i] : NULL };
	pairs = sort_pairs(key_type, room, room + n, n);
	for (size_t i = 0; i < n; i++) {
		if (i && !atom_cmp(key_type, pairs[i].key, pairs[n_kept - 1].key))
			continue;
		pairs[n_kept++] = pairs[i];
	}
	if (values && n_kept < n) {
		error_set(err, "ovsdb error", "map contains duplicate key");
	} else {
		d = datum_build(key_type, values ? type->value.type : ATOM_VOID, pairs, n_kept);
		if (!d)
			error_nomem(err);
	}
	if (room != small)
		free(room);
	if (!d)
		return -1;
	*ret = d;
	return 0;
}

static struct datum *of_one(enum atom_type type, const union atom *a)
{
	struct datum_pair pair = { a, NULL };

	return datum_leaf_new(type, ATOM_VOID, &pair, 1);
}

struct datum *datum_of_integer(int64_t v)
{
	return of_one(ATOM_INTEGER, &(union atom){ .integer = v });
}

struct datum *datum_of_boolean(bool v)
{
	return of_one(ATOM_BOOLEAN, &(union atom){ .boolean = v });
}

struct datum *datum_of_string(const char *v)
{
	return of_one(ATOM_STRING, &(union atom){ .string = v });
}

struct datum *datum_of_uuid(const struct uuid *v)
{
	return of_one(ATOM_UUID, &(union atom){ .uuid = *v });
}

struct datum *datum_empty(void)
{
	return datum_leaf_new(ATOM_VOID, ATOM_VOID, NULL, 0);
}

/* An enum's first word would be no better default than the empty string, but the
 * reference takes the zero of the base type, in or out of its range. */
struct datum *datum_default(const struct type *type)
{
	union atom key, value;
	struct datum_pair pair = { &key, type_is_map(type) ? &value : NULL };

	if (!type->n_min)
		return datum_leaf_new(type->key.type, type->value.type, NULL, 0);
	memset(&key, 0, sizeof(key));
	memset(&value, 0, sizeof(value));
	if (type->key.type == ATOM_STRING)
		key.string = "";
	if (type->value.type == ATOM_STRING)
		value.string = "";
	return datum_leaf_new(type->key.type, type->value.type, &pair, 1);
}

/* Looking into them */

size_t datum_n(const struct datum *d)
{
	return d->n;
}

const union atom *datum_one(const struct datum *d)
{
	return d->n ? datum_first_key(d) : NULL;
}

bool datum_has(const struct datum *d, const struct type *type, const union atom *key)
{
	(void)type;
	return datum_find(d, key, NULL);
}

const union atom *datum_get(const struct datum *d, const struct type *type, const union atom *key)
{
	const union atom *value = NULL;

	(void)type;
	return datum_find(d, key, &value) ? value : NULL;
}

static bool has_pair(const struct datum *d, const struct datum_cursor *c, const struct type *type)
{
	const union atom *value = NULL;

	return datum_find(d, c->key, &value) &&
	       (!c->value || !value || !atom_cmp(type->value.type, c->value, value));
}

bool datum_includes(const struct datum *d, const struct datum *part, const struct type *type)
{
	struct datum_cursor c;

	datum_foreach (part, &c)
		if (!has_pair(d, &c, type))
			return false;
	return true;
}

bool datum_excludes(const struct datum *d, const struct datum *part, const struct type *type)
{
	struct datum_cursor c;

	datum_foreach (part, &c)
		if (has_pair(d, &c, type))
			return false;
	return true;
}
