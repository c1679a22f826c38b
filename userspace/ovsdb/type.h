/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Types of columns (RFC 7047 3.2 <type>, <base-type>): what a datum of a column may
 * hold.  Read from the schema, then constant.  Used by datum, schema and above.
 */
#include <stdbool.h>

#include "base/error.h"
#include "ovsdb/atom.h"

struct buf;
struct datum;
struct json;
struct schema_table;

enum ref_kind { REF_NONE, REF_STRONG, REF_WEAK };

struct base_type {
	enum atom_type type;
	struct datum *allowed; /* enum: a set of type; NULL where all are */
	int64_t min_integer, max_integer;
	double min_real, max_real;
	unsigned int min_length, max_length; /* of strings, in characters */
	char *ref_table_name; /* of uuids; NULL: no reference */
	const struct schema_table *ref_table;
	enum ref_kind ref_kind;
};

struct type {
	struct base_type key;
	struct base_type value; /* type ATOM_VOID unless a map */
	unsigned int n_min; /* 0 or 1, as RFC 7047 allows */
	unsigned int n_max; /* TYPE_UNLIMITED */
};
#define TYPE_UNLIMITED 0xffffffffu

static inline bool type_is_scalar(const struct type *t)
{
	return t->value.type == ATOM_VOID && t->n_min == 1 && t->n_max == 1;
}
static inline bool type_is_optional(const struct type *t)
{
	return t->value.type == ATOM_VOID && t->n_min == 0 && t->n_max == 1;
}
static inline bool type_is_map(const struct type *t)
{
	return t->value.type != ATOM_VOID;
}
static inline bool type_is_set(const struct type *t)
{
	return t->value.type == ATOM_VOID && !type_is_scalar(t);
}
/* More than one element is possible: differences list elements. */
static inline bool type_is_composite(const struct type *t)
{
	return t->n_max > 1;
}
static inline bool base_type_is_ref(const struct base_type *b)
{
	return b->type == ATOM_UUID && b->ref_table;
}

void base_type_init(struct base_type *b, enum atom_type type); /* no constraints */
void type_destroy(struct type *t);

/* "set of up to 3 integers" ..., for error texts. */
void type_put_english(struct buf *to, const struct type *t);

/* Reads a <type>.  ref_table stays NULL: schema.c resolves it. */
must_check int type_from_json(const struct json *json, struct type *ret, struct error *err);
