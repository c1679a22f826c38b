/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/datum_node.h"

#include <stdlib.h>
#include <string.h>

struct datum *datum_ref(const struct datum *d)
{
	struct datum *mine = (struct datum *)(uintptr_t)d;

	mine->n_refs++;
	return mine;
}

void datum_unref(const struct datum *d)
{
	struct datum *mine = (struct datum *)(uintptr_t)d;

	if (!d || --mine->n_refs)
		return;
	if (d->height)
		for (unsigned int i = 0; i < d->n_children; i++)
			datum_unref(datum_children(d)[i].node);
	free(mine);
}

static size_t strings_size(enum atom_type type, const union atom *a)
{
	return type == ATOM_STRING ? strlen(a->string) + 1 : 0;
}

static void copy_atom(enum atom_type type, union atom *to, const union atom *from, char **strings)
{
	size_t size;

	memset(to, 0, sizeof(*to));
	switch (type) {
	case ATOM_VOID:
		break;
	case ATOM_INTEGER:
		to->integer = from->integer;
		break;
	case ATOM_REAL:
		to->real = from->real;
		break;
	case ATOM_BOOLEAN:
		to->boolean = from->boolean;
		break;
	case ATOM_STRING:
		size = strlen(from->string) + 1;
		to->string = memcpy(*strings, from->string, size);
		*strings += size;
		break;
	case ATOM_UUID:
		to->uuid = from->uuid;
		break;
	}
}

struct datum *datum_leaf_new(enum atom_type key_type, enum atom_type value_type,
			     const struct datum_pair *pairs, size_t n)
{
	size_t n_atoms = value_type == ATOM_VOID ? n : 2 * n;
	size_t size = sizeof(struct datum) + n_atoms * sizeof(union atom);
	struct datum *d;
	char *strings;

	for (size_t i = 0; i < n; i++) {
		size += strings_size(key_type, pairs[i].key);
		if (value_type == ATOM_STRING)
			size += strings_size(value_type, pairs[i].value);
	}
	d = malloc(size);
	if (!d)
		return NULL;
	*d = (struct datum){ .n_refs = 1,
			     .n = (uint32_t)n,
			     .key_type = (uint8_t)key_type,
			     .value_type = (uint8_t)value_type };
	strings = (char *)&d->atoms[n_atoms];
	for (size_t i = 0; i < n; i++) {
		copy_atom(key_type, &d->atoms[i], pairs[i].key, &strings);
		if (value_type != ATOM_VOID)
			copy_atom(value_type, &d->atoms[n + i], pairs[i].value, &strings);
	}
	return d;
}

struct datum *datum_inner_new(const struct datum_child *children_take, size_t n)
{
	struct datum *d = malloc(sizeof(*d) + n * sizeof(struct datum_child));
	const struct datum *first = children_take[0].node;

	if (!d) {
		for (size_t i = 0; i < n; i++)
			datum_unref(children_take[i].node);
		return NULL;
	}
	*d = (struct datum){ .n_refs = 1,
			     .height = (uint8_t)(first->height + 1),
			     .key_type = first->key_type,
			     .value_type = first->value_type,
			     .n_children = (uint8_t)n };
	for (size_t i = 0; i < n; i++) {
		datum_children(d)[i] = children_take[i];
		d->n += children_take[i].node->n;
	}
	return d;
}

static void unref_children(struct datum_child *children, size_t n)
{
	for (size_t i = 0; i < n; i++)
		datum_unref(children[i].node);
	free(children);
}

/* Packs a level of n nodes into the fewest nodes above them, in place.  Returns how
 * many, or 0, with all nodes let go, when out of memory. */
static size_t build_level(struct datum_child *nodes, size_t n)
{
	size_t n_above = (n + DATUM_CHILDREN_MAX - 1) / DATUM_CHILDREN_MAX;
	size_t from = 0;

	for (size_t i = 0; i < n_above; i++) {
		size_t to = n * (i + 1) / n_above;
		struct datum *d = datum_inner_new(nodes + from, to - from);

		if (!d) {
			for (size_t k = 0; k < i; k++)
				datum_unref(nodes[k].node);
			for (size_t k = to; k < n; k++)
				datum_unref(nodes[k].node);
			return 0;
		}
		nodes[i] = (struct datum_child){ d, datum_first_key(d) };
		from = to;
	}
	return n_above;
}

struct datum *datum_build(enum atom_type key_type, enum atom_type value_type,
			  const struct datum_pair *pairs, size_t n)
{
	/* Leaves three quarters full: most sets that are big now will grow. */
	size_t n_nodes = (n + DATUM_LEAF_MAX * 3 / 4 - 1) / (DATUM_LEAF_MAX * 3 / 4);
	struct datum_child *nodes;
	struct datum *root;
	size_t from = 0;

	if (n <= DATUM_LEAF_MAX)
		return datum_leaf_new(key_type, value_type, pairs, n);
	nodes = malloc(n_nodes * sizeof(*nodes));
	if (!nodes)
		return NULL;
	for (size_t i = 0; i < n_nodes; i++) {
		size_t to = n * (i + 1) / n_nodes;
		struct datum *d = datum_leaf_new(key_type, value_type, pairs + from, to - from);

		if (!d) {
			unref_children(nodes, i);
			return NULL;
		}
		nodes[i] = (struct datum_child){ d, datum_first_key(d) };
		from = to;
	}
	while (n_nodes > 1)
		n_nodes = build_level(nodes, n_nodes);
	root = n_nodes ? (struct datum *)(uintptr_t)nodes[0].node : NULL;
	free(nodes);
	return root;
}

unsigned int datum_leaf_search(const struct datum *leaf, const union atom *key, bool *ret_found)
{
	unsigned int low = 0, high = leaf->n;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		int cmp = atom_cmp((enum atom_type)leaf->key_type, &leaf->atoms[middle], key);

		if (!cmp) {
			*ret_found = true;
			return middle;
		}
		if (cmp < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

unsigned int datum_child_search(const struct datum *inner, const union atom *key)
{
	const struct datum_child *children = datum_children(inner);
	unsigned int low = 0, high = inner->n_children;

	while (high - low > 1) {
		unsigned int middle = (low + high) / 2;

		if (atom_cmp((enum atom_type)inner->key_type, children[middle].first, key) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool datum_find(const struct datum *d, const union atom *key, const union atom **ret_value)
{
	unsigned int i;
	bool is_found;

	while (d->height)
		d = datum_children(d)[datum_child_search(d, key)].node;
	i = datum_leaf_search(d, key, &is_found);
	if (is_found && ret_value)
		*ret_value = datum_leaf_pair(d, i).value;
	return is_found;
}
