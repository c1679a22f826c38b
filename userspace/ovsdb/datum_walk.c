/* SPDX-License-Identifier: Apache-2.0 */
/* Walking datums in order: one (cursor) or two side by side (delta, compare). */
#include "ovsdb/datum.h"

#include "ovsdb/datum_node.h"
#include "ovsdb/type.h"

/* Points the cursor at the first element below d, d hanging at c->depth. */
static bool descend(struct datum_cursor *c, const struct datum *d)
{
	struct datum_pair pair;

	for (; d->height; d = datum_children(d)[0].node) {
		c->nodes[c->depth] = d;
		c->index[c->depth] = 0;
		c->depth++;
	}
	c->leaf = d;
	c->at = 0;
	if (!d->n)
		return false;
	pair = datum_leaf_pair(d, 0);
	c->key = pair.key;
	c->value = pair.value;
	return true;
}

bool datum_first(const struct datum *d, struct datum_cursor *c)
{
	c->depth = 0;
	return descend(c, d);
}

/* Goes on behind the node that hangs at `depth`. */
static bool skip(struct datum_cursor *c, unsigned int depth)
{
	for (c->depth = depth; c->depth; c->depth--) {
		const struct datum *above = c->nodes[c->depth - 1];
		unsigned int i = ++c->index[c->depth - 1];

		if (i < above->n_children)
			return descend(c, datum_children(above)[i].node);
	}
	return false;
}

bool datum_next(struct datum_cursor *c)
{
	struct datum_pair pair;

	if (++c->at >= c->leaf->n)
		return skip(c, c->depth);
	pair = datum_leaf_pair(c->leaf, c->at);
	c->key = pair.key;
	c->value = pair.value;
	return true;
}

void datum_delta_begin(struct datum_delta *delta, const struct datum *old, const struct datum *new)
{
	delta->has_old = old && old != new &&datum_first(old, &delta->old);
	delta->has_new = new &&old != new &&datum_first(new, &delta->new);
}

/* The node at the given height that begins where the cursor is; NULL: none. */
static const struct datum *node_here(const struct datum_cursor *c, unsigned int height)
{
	if (c->at || height > c->depth)
		return NULL;
	for (unsigned int i = 1; i <= height; i++)
		if (c->index[c->depth - i])
			return NULL;
	return height ? c->nodes[c->depth - height] : c->leaf;
}

/* From nodes of that height on, along the neighbours that are shared too, which are not
 * looked into: they may be anywhere in memory. */
static void pass_shared(struct datum_cursor *old, struct datum_cursor *new, unsigned int height)
{
	unsigned int at_old = old->depth - height, at_new = new->depth - height;
	const struct datum *a, *b;

	if (!at_old || !at_new)
		return;
	a = old->nodes[--at_old];
	b = new->nodes[--at_new];
	while (old->index[at_old] + 1u < a->n_children && new->index[at_new] + 1u < b->n_children &&
	       datum_children(a)[old->index[at_old] + 1].node ==
		       datum_children(b)[new->index[at_new] + 1].node) {
		old->index[at_old]++;
		new->index[at_new]++;
	}
}

/* Where both stand at the beginning of the same node, both go behind the highest such. */
static bool skip_shared(struct datum_delta *delta)
{
	struct datum_cursor *old = &delta->old, *new = &delta->new;
	unsigned int height = 0;

	if (old->at || new->at || old->leaf != new->leaf)
		return false;
	while (node_here(old, height + 1) &&
	       node_here(old, height + 1) == node_here(new, height + 1))
		height++;
	pass_shared(old, new, height);
	delta->has_old = skip(old, old->depth - height);
	delta->has_new = skip(new, new->depth - height);
	return true;
}

/* The same for a run of equal uuids in two leaves. */
static bool skip_equal_uuids(struct datum_delta *delta)
{
	struct datum_cursor *old = &delta->old, *new = &delta->new;
	unsigned int n, left_old = old->leaf->n - old->at, left_new = new->leaf->n - new->at;

	if (old->leaf->key_type != ATOM_UUID || old->leaf->value_type != ATOM_VOID)
		return false;
	for (n = 0; n < left_old && n < left_new; n++) {
		if (!uuid_equal(&old->key[n].uuid, &new->key[n].uuid))
			break;
	}
	if (!n)
		return false;
	old->at += n - 1;
	new->at += n - 1;
	delta->has_old = datum_next(old);
	delta->has_new = datum_next(new);
	return true;
}

bool datum_delta_next(struct datum_delta *delta)
{
	struct datum_cursor *old = &delta->old, *new = &delta->new;

	while (delta->has_old || delta->has_new) {
		enum atom_type value_type;
		int cmp = delta->has_old ? -1 : 1;

		if (delta->has_old && delta->has_new) {
			if (skip_shared(delta) || skip_equal_uuids(delta))
				continue;
			cmp = atom_cmp((enum atom_type)old->leaf->key_type, old->key, new->key);
		}
		delta->is_in_old = cmp <= 0;
		delta->is_in_new = cmp >= 0;
		delta->key = cmp <= 0 ? old->key : new->key;
		delta->old_value = cmp <= 0 ? old->value : NULL;
		delta->new_value = cmp >= 0 ? new->value : NULL;
		value_type = (enum atom_type)(cmp <= 0 ? old : new)->leaf->value_type;
		if (cmp <= 0)
			delta->has_old = datum_next(old);
		if (cmp >= 0)
			delta->has_new = datum_next(new);
		if (cmp || (delta->old_value && delta->new_value &&
			    atom_cmp(value_type, delta->old_value, delta->new_value)))
			return true;
	}
	return false;
}

bool datum_equal(const struct datum *a, const struct datum *b, const struct type *type)
{
	struct datum_delta delta;

	if (a == b)
		return true;
	if (a->n != b->n)
		return false;
	if (a->n == 1 && !a->height && !b->height)
		return !atom_cmp(type->key.type, a->atoms, b->atoms) &&
		       (!type_is_map(type) ||
			!atom_cmp(type->value.type, a->atoms + 1, b->atoms + 1));
	datum_delta_begin(&delta, a, b);
	return !datum_delta_next(&delta);
}

/* First by size, then by the keys, then by the values. */
int datum_cmp(const struct datum *a, const struct datum *b, const struct type *type)
{
	struct datum_cursor ca, cb;
	bool has_a, has_b;
	int cmp;

	if (a == b)
		return 0;
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (has_a = datum_first(a, &ca), has_b = datum_first(b, &cb); has_a && has_b;
	     has_a = datum_next(&ca), has_b = datum_next(&cb)) {
		cmp = atom_cmp(type->key.type, ca.key, cb.key);
		if (cmp)
			return cmp;
	}
	if (!type_is_map(type))
		return 0;
	for (has_a = datum_first(a, &ca), has_b = datum_first(b, &cb); has_a && has_b;
	     has_a = datum_next(&ca), has_b = datum_next(&cb)) {
		cmp = atom_cmp(type->value.type, ca.value, cb.value);
		if (cmp)
			return cmp;
	}
	return 0;
}

uint32_t datum_hash(const struct datum *d, const struct type *type)
{
	struct datum_cursor c;
	uint32_t hash = d->n;

	datum_foreach (d, &c) {
		hash = atom_hash(type->key.type, c.key, hash);
		if (c.value)
			hash = atom_hash(type->value.type, c.value, hash);
	}
	return hash;
}
