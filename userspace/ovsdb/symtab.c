/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/symtab.h"

#include <stdlib.h>
#include <string.h>

#include "ovsdb/hash.h"

struct entry {
	struct hash_node node; /* first: a node is its entry */
	struct symbol symbol;
	char name[];
};

struct symtab {
	struct hash entries;
};

struct symtab *symtab_new(void)
{
	struct symtab *s = malloc(sizeof(*s));

	if (s)
		hash_init(&s->entries);
	return s;
}

void symtab_free(struct symtab *s)
{
	struct hash_node *next;

	if (!s)
		return;
	for (struct hash_node *n = hash_take_all(&s->entries); n; n = next) {
		next = n->next;
		free(n);
	}
	hash_destroy(&s->entries);
	free(s);
}

struct symbol *symtab_get(struct symtab *s, const char *name)
{
	size_t len = strlen(name);
	uint32_t hash = hash_bytes(name, len, 0);
	struct entry *e;

	for (struct hash_node *n = hash_first(&s->entries, hash); n; n = hash_next(n)) {
		e = (struct entry *)n;
		if (!strcmp(e->name, name))
			return &e->symbol;
	}
	e = malloc(sizeof(*e) + len + 1);
	if (!e)
		return NULL;
	memcpy(e->name, name, len + 1);
	e->symbol = (struct symbol){ .uuid = uuid_random() };
	hash_insert(&s->entries, &e->node, hash);
	return &e->symbol;
}
