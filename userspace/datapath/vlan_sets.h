/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The immutable VLAN sets that port and bridge records refer to by number: found by their
 * contents, so that equal sets share one and a restart finds the numbers again.  A number is
 * given to other contents only when neither the configuration in force nor the one being
 * compiled speaks of it.  Pure; apply.c writes the dirty ones before they are referred to.
 */
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "base/error.h"

struct image;
struct vlan_bits;

struct vlan_sets {
	struct vlan_set sets[VLAN_SETS];
	uint64_t hashes[VLAN_SETS];
	bool is_used[VLAN_SETS]; /* by the configuration in force or being compiled */
	bool is_dirty[VLAN_SETS]; /* not yet in the map */
};

struct vlan_sets *vlan_sets_new(void);
void vlan_sets_free(struct vlan_sets *v); /* NULL is fine */

/* The contents of one set as the map holds it. */
void vlan_sets_load(struct vlan_sets *v, uint32_t index, const struct vlan_set *set);

/* Before a compilation: frees the numbers that `active`, the image in force, does not use. */
void vlan_sets_begin(struct vlan_sets *v, const struct image *active);

/* The number of a set with these contents; bits NULL: VLAN_SET_ALL. */
must_check int vlan_sets_index(struct vlan_sets *v, const struct vlan_bits *bits, uint16_t *ret,
			       struct error *err);
