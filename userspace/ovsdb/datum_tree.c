/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/datum_tree.h"

#include <string.h>

#include "ovsdb/datum_node.h"

/* What takes the place of a node: none, one, or two where it had to be split. */
struct parts {
	struct datum_child nodes[2];
	unsigned int n;
};

static bool parts_add(struct parts *p, const struct datum *d)
{
	if (!d) {
		for (unsigned int i = 0; i < p->n; i++)
			datum_unref(p->nodes[i].node);
		p->n = 0;
		return false;
	}
	p->nodes[p->n++] = (struct datum_child){ d, datum_first_key(d) };
	return true;
}

static bool split_leaf(const struct datum *like, const struct datum_pair *pairs, unsigned int n,
		       struct parts *ret)
{
	enum atom_type key_type = (enum atom_type)like->key_type;
	enum atom_type value_type = (enum atom_type)like->value_type;
	unsigned int first = n > DATUM_LEAF_MAX ? n / 2 : n;

	ret->n = 0;
	if (!n)
		return true;
	if (!parts_add(ret, datum_leaf_new(key_type, value_type, pairs, first)))
		return false;
	return first == n ||
	       parts_add(ret, datum_leaf_new(key_type, value_type, pairs + first, n - first));
}

static bool split_inner(const struct datum_child *children_take, unsigned int n, struct parts *ret)
{
	unsigned int first = n > DATUM_CHILDREN_MAX ? n / 2 : n;

	ret->n = 0;
	if (!n)
		return true;
	if (!parts_add(ret, datum_inner_new(children_take, first))) {
		for (unsigned int i = first; i < n; i++)
			datum_unref(children_take[i].node);
		return false;
	}
	return first == n || parts_add(ret, datum_inner_new(children_take + first, n - first));
}

/* The inner node with n_out children from `at` on replaced by the parts, which it takes. */
static bool replace(const struct datum *inner, unsigned int at, unsigned int n_out,
		    const struct parts *in_take, struct parts *ret)
{
	const struct datum_child *old = datum_children(inner);
	struct datum_child children[DATUM_CHILDREN_MAX + 1];
	unsigned int n = 0;

	for (unsigned int i = 0; i < at; i++)
		children[n++] = (struct datum_child){ datum_ref(old[i].node), old[i].first };
	for (unsigned int i = 0; i < in_take->n; i++)
		children[n++] = in_take->nodes[i];
	for (unsigned int i = at + n_out; i < inner->n_children; i++)
		children[n++] = (struct datum_child){ datum_ref(old[i].node), old[i].first };
	return split_inner(children, n, ret);
}

static bool put(const struct datum *d, const struct datum_pair *pair, struct parts *ret)
{
	struct datum_pair pairs[DATUM_LEAF_MAX + 1];
	struct parts below;
	unsigned int at, n = 0;
	bool is_found;

	if (d->height) {
		at = datum_child_search(d, pair->key);
		return put(datum_children(d)[at].node, pair, &below) &&
		       replace(d, at, 1, &below, ret);
	}
	at = datum_leaf_search(d, pair->key, &is_found);
	for (unsigned int i = 0; i < at; i++)
		pairs[n++] = datum_leaf_pair(d, i);
	pairs[n++] = *pair;
	for (unsigned int i = at + is_found; i < d->n; i++)
		pairs[n++] = datum_leaf_pair(d, i);
	return split_leaf(d, pairs, n, ret);
}

/* Two neighbours of one height made into one node, or two of even size. */
static bool join(const struct datum *a, const struct datum *b, struct parts *ret)
{
	struct datum_child children[2 * DATUM_CHILDREN_MAX];
	struct datum_pair pairs[2 * DATUM_LEAF_MAX];
	unsigned int n = 0;

	if (!a->height) {
		for (unsigned int i = 0; i < a->n; i++)
			pairs[n++] = datum_leaf_pair(a, i);
		for (unsigned int i = 0; i < b->n; i++)
			pairs[n++] = datum_leaf_pair(b, i);
		return split_leaf(a, pairs, n, ret);
	}
	for (unsigned int i = 0; i < a->n_children; i++)
		children[n++] = datum_children(a)[i];
	for (unsigned int i = 0; i < b->n_children; i++)
		children[n++] = datum_children(b)[i];
	for (unsigned int i = 0; i < n; i++)
		datum_ref(children[i].node);
	return split_inner(children, n, ret);
}

static bool is_small(const struct datum *d)
{
	return d->height ? d->n_children < DATUM_CHILDREN_MIN : d->n < DATUM_LEAF_MIN;
}

static bool delete (const struct datum *d, const union atom *key, struct parts *ret)
{
	const struct datum_child *children = datum_children(d);
	struct datum_pair pairs[DATUM_LEAF_MAX];
	struct parts below, joined;
	unsigned int at, left, n = 0;
	bool is_found, is_ok;

	if (!d->height) {
		at = datum_leaf_search(d, key, &is_found);
		for (unsigned int i = 0; i < d->n; i++)
			if (!is_found || i != at)
				pairs[n++] = datum_leaf_pair(d, i);
		return split_leaf(d, pairs, n, ret);
	}
	at = datum_child_search(d, key);
	if (!delete (children[at].node, key, &below))
		return false;
	if (!below.n || d->n_children == 1 || !is_small(below.nodes[0].node))
		return replace(d, at, 1, &below, ret);
	left = at ? at - 1 : 0;
	is_ok = join(at ? children[left].node : below.nodes[0].node,
		     at ? below.nodes[0].node : children[1].node, &joined);
	datum_unref(below.nodes[0].node);
	return is_ok && replace(d, left, 2, &joined, ret);
}

static struct datum *to_root(const struct datum *like, struct parts *p)
{
	const struct datum *d;

	if (p->n == 2)
		return datum_inner_new(p->nodes, 2);
	if (!p->n)
		return datum_leaf_new((enum atom_type)like->key_type,
				      (enum atom_type)like->value_type, NULL, 0);
	d = p->nodes[0].node;
	while (d->height && d->n_children == 1) {
		const struct datum *child = datum_ref(datum_children(d)[0].node);

		datum_unref(d);
		d = child;
	}
	return (struct datum *)(uintptr_t)d;
}

struct datum *datum_tree_put(const struct datum *d, const struct datum_pair *pair)
{
	struct parts p;

	return put(d, pair, &p) ? to_root(d, &p) : NULL;
}

struct datum *datum_tree_delete(const struct datum *d, const union atom *key)
{
	struct parts p;

	return delete (d, key, &p) ? to_root(d, &p) : NULL;
}
