/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A column's value: a scalar, an optional scalar, a set or a map (RFC 7047 5.1), all
 * held as sorted (key, value) pairs.  Immutable and counted, so versions of a row
 * share the values that did not change.  How big sets are kept (a flat array in one
 * allocation, or a persistent tree whose mutation costs O(log n)) is hidden here.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "ovsdb/atom.h"

struct type; /* schema.h: a column's type */
struct buf;
struct datum;
struct json;
struct symtab;

struct datum *datum_ref(const struct datum *d);
void datum_unref(const struct datum *d); /* NULL is fine */

size_t datum_n(const struct datum *d);
bool datum_equal(const struct datum *a, const struct datum *b, const struct type *type);
int datum_cmp(const struct datum *a, const struct datum *b, const struct type *type);
uint32_t datum_hash(const struct datum *d, const struct type *type);

/* Walks the pairs in order:
 *	struct datum_cursor c;
 *	datum_foreach(d, &c) use(c.key, c.value);
 * c.value is NULL unless d is a map.  Valid while d is. */
struct datum_cursor {
	const union atom *key;
	const union atom *value;
	/* The rest is datum.c's: a leaf, a place in it, and the way down to it. */
	const struct datum *leaf;
	unsigned int at;
	unsigned int depth;
	const struct datum *nodes[8];
	unsigned int index[8];
};
bool datum_first(const struct datum *d, struct datum_cursor *c);
bool datum_next(struct datum_cursor *c);
#define datum_foreach(D, C) for (bool more_ = datum_first(D, C); more_; more_ = datum_next(C))

/* The only (or first) element; NULL where empty. */
const union atom *datum_one(const struct datum *d);
bool datum_has(const struct datum *d, const struct type *type, const union atom *key);
/* A map's value for key; NULL where absent. */
const union atom *datum_get(const struct datum *d, const struct type *type, const union atom *key);

/* Are all elements (of a map: pairs) of `part` in d?  Is none? */
bool datum_includes(const struct datum *d, const struct datum *part, const struct type *type);
bool datum_excludes(const struct datum *d, const struct datum *part, const struct type *type);

/* The type's default value (of a column: column->default_value, shared). */
struct datum *datum_default(const struct type *type); /* NULL: out of memory */

/* Makes a datum of n pairs, copying the strings.  Sorts; with duplicates: a set loses
 * them, a map fails ("map contains duplicate key").  values is NULL for sets. */
must_check int datum_new(const struct type *type, const union atom *keys, const union atom *values,
			 size_t n, struct datum **ret, struct error *err);

/* Short forms for writers inside the daemon; NULL when out of memory. */
struct datum *datum_of_integer(int64_t v);
struct datum *datum_of_boolean(bool v);
struct datum *datum_of_string(const char *v);
struct datum *datum_of_uuid(const struct uuid *v);
struct datum *datum_empty(void);

/* A <value> of RFC 7047; sizes and ranges are checked against the type, with the
 * reference's texts.  is_sizes_checked false: literals of mutate and of conditions. */
must_check int datum_from_json(const struct json *json, const struct type *type,
			       struct symtab *symtab, bool is_sizes_checked, struct datum **ret,
			       struct error *err);
/* Checks the elements against the type's ranges, lengths and enums. */
must_check int datum_check(const struct datum *d, const struct type *type, struct error *err);
void datum_put_json(struct buf *to, const struct datum *d, const struct type *type);
/* As error texts show it: [a, b], {k=v}, a scalar bare. */
void datum_put_plain(struct buf *to, const struct datum *d, const struct type *type);

/* Set and map arithmetic.  Each makes a new datum (possibly d itself, counted). */
must_check int datum_union(const struct datum *d, const struct datum *more, const struct type *type,
			   struct datum **ret, struct error *err);
must_check int datum_subtract(const struct datum *d, const struct datum *less,
			      const struct type *type, struct datum **ret, struct error *err);
/* Walks what differs between two versions, in order of the keys; parts that they share
 * are not looked at.  NULL counts as empty.
 *	datum_delta_begin(&delta, old, new);
 *	while (datum_delta_next(&delta)) use(delta.key, delta.is_in_old, delta.is_in_new);
 * Both: a map's pair whose value changed. */
struct datum_delta {
	const union atom *key;
	const union atom *old_value;
	const union atom *new_value;
	bool is_in_old;
	bool is_in_new;
	/* The rest is datum.c's. */
	bool has_old, has_new;
	struct datum_cursor old, new;
};
void datum_delta_begin(struct datum_delta *delta, const struct datum *old, const struct datum *new);
bool datum_delta_next(struct datum_delta *delta);

/* `new`, sharing memory with `old` where that pays: for a whole big set that a client
 * sends again with small changes. */
struct datum *datum_rebase(const struct datum *old, const struct datum *new,
			   const struct type *type); /* never fails: counted */

/* The difference as update2 and journal records write it (scalars and optionals: the new
 * value; sets: symmetric difference; maps: added, changed with the new value, removed with
 * the old one), and its inverse. */
must_check int datum_diff(const struct datum *old, const struct datum *new, const struct type *type,
			  struct datum **ret, struct error *err);
must_check int datum_apply_diff(const struct datum *old, const struct datum *diff,
				const struct type *type, struct datum **ret, struct error *err);
