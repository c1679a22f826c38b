/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/image.h"

#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "base/arena.h"

static const struct {
	size_t size;
	bool has_versions;
	bool is_hash;
} maps[N_IMAGE_MAPS] = {
	[IMAGE_PORTS] = { sizeof(struct port_config), true, false },
	[IMAGE_BRIDGES] = { sizeof(struct bridge_config), true, false },
	[IMAGE_ACCESS_HEAD] = { sizeof(__u32), true, true },
	[IMAGE_MIRROR_OF_BIT] = { sizeof(__u32), true, false },
	[IMAGE_MIRRORS] = { sizeof(struct mirror_config), true, false },
	[IMAGE_TUNNELS] = { sizeof(struct tunnel_config), true, false },
	[IMAGE_TUNNEL_HEAD] = { sizeof(__u32), true, true },
	[IMAGE_PORT_OF_IFINDEX] = { sizeof(__u32), false, true },
};

size_t image_value_size(enum image_map map)
{
	return maps[map].size;
}

bool image_has_versions(enum image_map map)
{
	return maps[map].has_versions;
}

struct image *image_new(void)
{
	struct image *image = calloc(1, sizeof(*image));

	if (!image)
		abort();
	image->arena = arena_new();
	if (!image->arena)
		abort();
	return image;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	arena_free(image->arena);
	free(image->entries);
	free(image);
}

void *image_put(struct image *image, enum image_map map, uint32_t key)
{
	struct image_entry *e;

	if (image->n == image->cap) {
		image->cap = image->cap ? image->cap * 2 : 64;
		image->entries = reallocarray(image->entries, image->cap, sizeof(*image->entries));
		if (!image->entries)
			abort();
	}
	e = &image->entries[image->n++];
	e->map = map;
	e->key = key;
	e->value = arena_alloc(image->arena, maps[map].size);
	return e->value;
}

static int compare(const void *a, const void *b)
{
	const struct image_entry *x = a, *y = b;

	if (x->map != y->map)
		return x->map < y->map ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

static bool is_zero(const struct image_entry *e)
{
	const char *bytes = e->value;

	return !bytes[0] && !memcmp(bytes, bytes + 1, maps[e->map].size - 1);
}

void image_seal(struct image *image)
{
	size_t n = 0;

	for (size_t i = 0; i < image->n; i++) {
		if (!is_zero(&image->entries[i]))
			image->entries[n++] = image->entries[i];
	}
	image->n = n;
	if (n)
		qsort(image->entries, n, sizeof(*image->entries), compare);
}

void *image_get(const struct image *image, enum image_map map, uint32_t key)
{
	struct image_entry wanted = { .map = map, .key = key };
	const struct image_entry *e;

	if (!image->n)
		return NULL;
	e = bsearch(&wanted, image->entries, image->n, sizeof(wanted), compare);
	return e ? e->value : NULL;
}

static bool same(enum image_map map, const void *a, const void *b)
{
	if (!a || !b)
		return a == b;
	return !memcmp(a, b, maps[map].size);
}

bool image_equal(const struct image *a, const struct image *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (compare(&a->entries[i], &b->entries[i]) ||
		    !same(a->entries[i].map, a->entries[i].value, b->entries[i].value))
			return false;
	}
	return true;
}

/* The write for one key, if it needs one. */
static bool decide(struct image_write *w, const void *wanted, const void *active,
		   const void *standby)
{
	w->active = active;
	w->standby = wanted;
	w->op = IMAGE_SET;
	w->is_after_flip = false;
	if (!maps[w->map].has_versions) {
		/* Readers of either version may need what goes away until it is out of use. */
		w->is_after_flip = !wanted;
		w->op = wanted ? IMAGE_SET : IMAGE_DELETE;
		return !same(w->map, wanted, active);
	}
	if (same(w->map, wanted, standby))
		return false;
	if (maps[w->map].is_hash && !wanted && !active)
		w->op = IMAGE_DELETE;
	return true;
}

size_t image_diff(const struct image *wanted, const struct image *active,
		  const struct image *standby, struct image_write **ret_writes)
{
	const struct image *images[3] = { wanted, active, standby };
	size_t at[3] = { 0 }, n = 0;
	struct image_write *writes;

	writes = calloc(wanted->n + active->n + standby->n + 1, sizeof(*writes));
	if (!writes)
		abort();
	for (;;) {
		const struct image_entry *least = NULL;
		const void *values[3] = { NULL };

		for (int i = 0; i < 3; i++) {
			const struct image_entry *e = &images[i]->entries[at[i]];

			if (at[i] < images[i]->n && (!least || compare(e, least) < 0))
				least = e;
		}
		if (!least)
			break;
		for (int i = 0; i < 3; i++) {
			const struct image_entry *e = &images[i]->entries[at[i]];

			if (at[i] < images[i]->n && !compare(e, least)) {
				values[i] = e->value;
				at[i]++;
			}
		}
		writes[n].map = least->map;
		writes[n].key = least->key;
		if (decide(&writes[n], values[0], values[1], values[2]))
			n++;
	}
	*ret_writes = writes;
	return n;
}
