/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_members.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Up to here comparing each with each is cheaper than a table. */
enum { FEW = 16 };

static bool same_name(const struct json_member *a, const struct json_member *b)
{
	return a->name.n == b->name.n && !memcmp(a->name.string, b->name.string, a->name.n);
}

static void unite_few(struct json_member *members, size_t *n)
{
	size_t n_kept = 0, k;

	for (size_t i = 0; i < *n; i++) {
		for (k = 0; k < n_kept && !same_name(&members[k], &members[i]); k++)
			;
		if (k < n_kept)
			members[k].value = members[i].value;
		else
			members[n_kept++] = members[i];
	}
	*n = n_kept;
}

/* The seed keeps clients from choosing names that collide. */
static uint64_t hash_name(const struct json *name, uint64_t seed)
{
	const char *at = name->string, *end = at + name->n;
	uint64_t hash = seed ^ name->n, word;

	for (; at < end; at += sizeof(word)) {
		size_t left = (size_t)(end - at);

		word = 0;
		memcpy(&word, at, left < sizeof(word) ? left : sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash ^ hash >> 32;
}

static void unite_many(struct json_member *members, size_t *n, uint32_t *table, size_t mask)
{
	const uint64_t seed = (uintptr_t)table * UINT64_C(0xd6e8feb86659fd93);
	size_t n_kept = 0;

	for (size_t i = 0; i < *n; i++) {
		size_t at = hash_name(&members[i].name, seed) & mask;

		/* A place holds the number of a member that is kept, from 1. */
		while (table[at] && !same_name(&members[table[at] - 1], &members[i]))
			at = (at + 1) & mask;
		if (table[at]) {
			members[table[at] - 1].value = members[i].value;
		} else {
			members[n_kept++] = members[i];
			table[at] = (uint32_t)n_kept;
		}
	}
	*n = n_kept;
}

int json_members_unite(struct json_member *members, size_t *n)
{
	size_t size = 4 * FEW;
	uint32_t *table;

	if (*n <= FEW) {
		unite_few(members, n);
		return 0;
	}
	while (size < 2 * *n)
		size *= 2;
	table = calloc(size, sizeof(*table));
	if (!table)
		return -1;
	unite_many(members, n, table, size - 1);
	free(table);
	return 0;
}
