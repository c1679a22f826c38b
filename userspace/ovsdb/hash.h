/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Hashing for the engine: mixing functions, and a chained table of nodes that live in
 * their owners, so that insertion cannot fail and removal frees nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/uuid.h"

static inline uint32_t hash_u64(uint64_t v, uint32_t basis)
{
	v = (v ^ basis) * 0x9e3779b97f4a7c15u;
	v ^= v >> 32;
	v *= 0xd6e8feb86659fd93u;
	return (uint32_t)(v >> 32);
}

static inline uint32_t hash_pointer(const void *p, uint32_t basis)
{
	return hash_u64((uintptr_t)p, basis);
}

static inline uint32_t hash_uuid(const struct uuid *u, uint32_t basis)
{
	uint64_t half[2];

	memcpy(half, u->b, sizeof(half));
	return hash_u64(half[0] ^ (half[1] << 7 | half[1] >> 57), basis);
}

uint32_t hash_bytes(const void *data, size_t n, uint32_t basis);

struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

/* What is not in a chain is seldom looked for in it: `seen` has a bit for each hash that is
 * there, of those that the chain can have. */
struct hash_bucket {
	struct hash_node *first;
	uint64_t seen;
};

struct hash {
	struct hash_bucket *buckets;
	struct hash_bucket one; /* the only bucket, until memory was got for more */
	size_t mask;
	size_t n;
};

void hash_init(struct hash *h);
void hash_destroy(struct hash *h); /* not the nodes */
void hash_insert(struct hash *h, struct hash_node *node, uint32_t hash);
void hash_remove(struct hash *h, struct hash_node *node);

/* The first node with that hash, and the next one. */
struct hash_node *hash_first(const struct hash *h, uint32_t hash);
struct hash_node *hash_next(const struct hash_node *node);

/* Empties the table; its nodes come back as a list linked by next. */
struct hash_node *hash_take_all(struct hash *h);
