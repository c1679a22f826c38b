/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the configuration maps hold in one of their versions, or shall hold: a sorted list
 * of (map, key, value).  And the difference of such lists as a list of writes.  Pure: no
 * system calls; apply.c carries the writes out.  An entry that is all zeros says the same
 * as none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum image_map {
	IMAGE_PORTS,
	IMAGE_BRIDGES,
	IMAGE_ACCESS_HEAD,
	IMAGE_MIRROR_OF_BIT,
	IMAGE_MIRRORS,
	IMAGE_TUNNELS,
	IMAGE_TUNNEL_HEAD,
	IMAGE_PORT_OF_IFINDEX, /* the only one whose values have no versions */
	N_IMAGE_MAPS
};

struct image_entry {
	enum image_map map;
	uint32_t key; /* of access_head: bridge << 16 | vlan */
	void *value; /* image_value_size() bytes: one version */
};

struct image {
	struct arena *arena; /* of the values */
	struct image_entry *entries;
	size_t n;
	size_t cap;
};

struct image *image_new(void);
void image_free(struct image *image); /* NULL is fine */

size_t image_value_size(enum image_map map); /* of one version */
bool image_has_versions(enum image_map map);

/* A zeroed value to fill in.  At most once for a key. */
void *image_put(struct image *image, enum image_map map, uint32_t key);
/* Sorts, drops what is all zeros.  Nothing is put afterwards. */
void image_seal(struct image *image);
void *image_get(const struct image *image, enum image_map map, uint32_t key); /* or NULL */
bool image_equal(const struct image *a, const struct image *b);

/* One write.  IMAGE_SET: both versions, `active` as it is and `standby` as wanted (NULL:
 * zeros); for port_of_ifindex `standby` alone is the value. */
enum image_op { IMAGE_SET, IMAGE_DELETE };
struct image_write {
	enum image_op op;
	bool is_after_flip;
	enum image_map map;
	uint32_t key;
	const void *active;
	const void *standby;
};

/* What takes maps that hold `active` and `standby` to `wanted`: in one walk over the three,
 * sorted by map.  Values point into the images.  Returns the number of writes; *ret_writes
 * is the caller's to free. */
size_t image_diff(const struct image *wanted, const struct image *active,
		  const struct image *standby, struct image_write **ret_writes);
