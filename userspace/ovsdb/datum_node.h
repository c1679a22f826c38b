/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How datums are laid out; for the files datum*.c only.  A datum of few elements is one
 * allocation: keys, values, the bytes of the strings.  More than DATUM_LEAF_MAX become a
 * persistent tree whose leaves are such datums: to change one element copies one leaf and
 * the nodes above it, all else is shared between the versions.
 */
#include <stddef.h>
#include <stdint.h>

#include "ovsdb/datum.h"

/* A leaf of uuids is less than 1 kB, where malloc() begins to take its time.  Copying an inner
 * node counts each of its children, which are all over the memory. */
enum { DATUM_LEAF_MAX = 60, DATUM_LEAF_MIN = 16, DATUM_CHILDREN_MAX = 16, DATUM_CHILDREN_MIN = 4 };

struct datum {
	unsigned int n_refs;
	uint32_t n; /* elements, of all leaves below */
	uint8_t height; /* 0: leaf */
	uint8_t key_type;
	uint8_t value_type;
	uint8_t n_children;
	/* Leaf: n keys, for maps n values, strings.  Else struct datum_child. */
	union atom atoms[];
};

struct datum_child {
	const struct datum *node;
	const union atom *first; /* its least key */
};

struct datum_pair {
	const union atom *key;
	const union atom *value; /* NULL: a set */
};

static inline struct datum_child *datum_children(const struct datum *d)
{
	return (struct datum_child *)(uintptr_t)d->atoms;
}

static inline struct datum_pair datum_leaf_pair(const struct datum *leaf, unsigned int i)
{
	return (struct datum_pair){ &leaf->atoms[i], leaf->value_type == ATOM_VOID
							     ? NULL
							     : &leaf->atoms[leaf->n + i] };
}

static inline const union atom *datum_first_key(const struct datum *d)
{
	return d->height ? datum_children(d)[0].first : &d->atoms[0];
}

/* All NULL when out of memory.  Pairs are in order, without duplicates. */
struct datum *datum_leaf_new(enum atom_type key_type, enum atom_type value_type,
			     const struct datum_pair *pairs, size_t n);
struct datum *datum_inner_new(const struct datum_child *children_take, size_t n);
struct datum *datum_build(enum atom_type key_type, enum atom_type value_type,
			  const struct datum_pair *pairs, size_t n);

/* Where key is in a leaf, or belongs; which child of an inner node it is below. */
unsigned int datum_leaf_search(const struct datum *leaf, const union atom *key, bool *ret_found);
unsigned int datum_child_search(const struct datum *inner, const union atom *key);
/* True if key is there; its value, if it has one. */
bool datum_find(const struct datum *d, const union atom *key, const union atom **ret_value);
