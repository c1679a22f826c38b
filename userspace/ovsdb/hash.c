/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/hash.h"

#include <stdlib.h>

uint32_t hash_bytes(const void *data, size_t n, uint32_t basis)
{
	const uint8_t *p = data;
	uint64_t h = basis ^ n * 0x9e3779b97f4a7c15u;
	uint64_t part;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&part, p, 8);
		h = (h ^ part) * 0xd6e8feb86659fd93u;
		h ^= h >> 29;
	}
	part = 0;
	memcpy(&part, p, n);
	return hash_u64(h ^ part, basis);
}

void hash_init(struct hash *h)
{
	h->one = (struct hash_bucket){ .first = NULL };
	h->buckets = &h->one;
	h->mask = 0;
	h->n = 0;
}

void hash_destroy(struct hash *h)
{
	if (h->buckets != &h->one)
		free(h->buckets);
	hash_init(h);
}

/* By bits that do not choose the bucket. */
static uint64_t seen_bit(uint32_t hash)
{
	return UINT64_C(1) << (hash >> 26);
}

static void put(struct hash_bucket *bucket, struct hash_node *node)
{
	node->next = bucket->first;
	bucket->first = node;
	bucket->seen |= seen_bit(node->hash);
}

/* Without memory the chains just get longer. */
static void grow(struct hash *h)
{
	size_t mask = h->mask ? h->mask * 2 + 1 : 15;
	struct hash_bucket *buckets = calloc(mask + 1, sizeof(*buckets));

	if (!buckets)
		return;
	for (size_t i = 0; i <= h->mask; i++) {
		struct hash_node *next;

		for (struct hash_node *node = h->buckets[i].first; node; node = next) {
			next = node->next;
			put(&buckets[node->hash & mask], node);
		}
	}
	if (h->buckets != &h->one)
		free(h->buckets);
	h->buckets = buckets;
	h->mask = mask;
}

void hash_insert(struct hash *h, struct hash_node *node, uint32_t hash)
{
	if (h->n > h->mask)
		grow(h);
	node->hash = hash;
	put(&h->buckets[hash & h->mask], node);
	h->n++;
}

void hash_remove(struct hash *h, struct hash_node *node)
{
	struct hash_bucket *bucket = &h->buckets[node->hash & h->mask];
	struct hash_node **at = &bucket->first;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	if (!bucket->first)
		bucket->seen = 0;
	h->n--;
}

static struct hash_node *with_hash(struct hash_node *node, uint32_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *hash_first(const struct hash *h, uint32_t hash)
{
	const struct hash_bucket *bucket = &h->buckets[hash & h->mask];

	return bucket->seen & seen_bit(hash) ? with_hash(bucket->first, hash) : NULL;
}

struct hash_node *hash_next(const struct hash_node *node)
{
	return with_hash(node->next, node->hash);
}

struct hash_node *hash_take_all(struct hash *h)
{
	struct hash_node *all = NULL;

	for (size_t i = 0; i <= h->mask; i++) {
		struct hash_node *next;

		for (struct hash_node *node = h->buckets[i].first; node; node = next) {
			next = node->next;
			node->next = all;
			all = node;
		}
		h->buckets[i] = (struct hash_bucket){ .first = NULL };
	}
	h->n = 0;
	return all;
}
