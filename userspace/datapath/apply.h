/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Brings the configuration maps to an image, all at once for the packets: the version that
 * is not in use is written, then `epoch` is stored.  abi.h says why each write is safe.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct filters;
struct image;
struct maps;
struct vlan_sets;

struct applier {
	const struct maps *maps;
	struct vlan_sets *sets;
	struct filters *filters;
	struct image *active; /* what the version in use holds */
	struct image *standby; /* what the other one holds */
	uint32_t epoch;
	bool needs_grace; /* somebody may still be reading the standby */
	bool is_uncertain; /* a write failed: the maps are read again first */
};

/* Reads what the maps hold. */
must_check int apply_open(struct applier *a, const struct maps *maps, struct error *err);
void apply_close(struct applier *a);

/* Before a compilation for apply_image_take(): sets and filters know what is in force. */
must_check int apply_begin(struct applier *a, struct error *err);

/* wanted becomes the applier's, also on failure; then what was in force is in force. */
must_check int apply_image_take(struct applier *a, struct image *wanted, struct error *err);

/* *ret: the version in use is what was written. */
must_check int apply_check(const struct applier *a, bool *ret, struct error *err);

/* A link went up or down: that one bit of a port's record is written where it is, in both
 * versions, so that the first frame after it is not lost to the wait for a flip. */
void apply_port_up(struct applier *a, uint32_t slot, uint32_t ifindex, bool is_up);
