/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/expressions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/arena.h"
#include "datapath/expression.h"
#include "switch/filter.h"

struct known {
	UT_hash_handle hh; /* by text */
	struct arena *arena; /* holds what follows */
	const char *text;
	const struct filter_op *ops;
	size_t n_ops;
	const char *tag, *refusal; /* NULL: it is fine */
	bool is_wanted;
};

struct expressions {
	struct known *all;
};

struct expressions *expressions_new(void)
{
	struct expressions *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	return e;
}

static struct known *learn(struct expressions *e, const char *text)
{
	struct known *k = calloc(1, sizeof(*k));
	struct error err;

	if (!k || !(k->arena = arena_new()))
		abort();
	k->text = arena_strdup(k->arena, text);
	if (expression_compile(text, k->arena, &k->ops, &k->n_ops, &err)) {
		k->tag = arena_strdup(k->arena, err.tag);
		k->refusal = arena_strdup(k->arena, err.text);
	}
	HASH_ADD_KEYPTR(hh, e->all, k->text, strlen(k->text), k);
	return k;
}

static void forget(struct expressions *e, struct known *k)
{
	HASH_DEL(e->all, k);
	arena_free(k->arena);
	free(k);
}

int expressions_get(struct expressions *e, const char *text, struct arena *arena,
		    const struct filter_op **ret, size_t *ret_n, struct error *err)
{
	struct filter_op *ops;
	struct known *k;

	HASH_FIND_STR(e->all, text, k);
	if (!k)
		k = learn(e, text);
	k->is_wanted = true;
	if (k->refusal)
		return error_set(err, k->tag, "%s", k->refusal);
	ops = arena_new_array(arena, struct filter_op, k->n_ops);
	memcpy(ops, k->ops, k->n_ops * sizeof(*ops));
	*ret = ops;
	*ret_n = k->n_ops;
	return 0;
}

void expressions_forget(struct expressions *e)
{
	struct known *next;

	for (struct known *k = e->all; k; k = next) {
		next = k->hh.next;
		if (!k->is_wanted)
			forget(e, k);
		else
			k->is_wanted = false;
	}
}

void expressions_free(struct expressions *e)
{
	if (!e)
		return;
	while (e->all)
		forget(e, e->all);
	free(e);
}
