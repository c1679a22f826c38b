/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The mirrors' filters as the map `filters` holds them: runs of instructions that mirror
 * records refer to, immutable while they do.  As with vlan_sets.h, a run is found by its contents, so
 * that a restart finds it again and equal filters share one; and its place is given to
 * others only when neither the configuration in force nor the one being compiled speaks of
 * it.  Pure; apply.c writes the dirty ones before they are referred to.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi.h"
#include "base/error.h"

struct image;

struct filter_run {
	uint32_t first, n;
	bool is_dirty; /* not yet in the map */
};

struct filters {
	struct filter_insn insns[FILTER_INSNS];
	const struct image *active; /* since filters_begin() */
	struct filter_run runs[2 * MIRROR_SLOTS]; /* in use, by their place */
	size_t n_runs;
};

struct filters *filters_new(void);
void filters_free(struct filters *f); /* NULL is fine */

/* One instruction as the map holds it. */
void filters_load(struct filters *f, uint32_t index, const struct filter_insn *insn);

/* Before a compilation: frees what `active`, the image in force, does not use. */
void filters_begin(struct filters *f, const struct image *active);

/* Where the map holds these instructions, or shall. */
must_check int filters_place(struct filters *f, const struct filter_insn *insns, uint32_t n,
			     uint32_t *ret_first, struct error *err);

/* The filter in force of the mirror in this slot.  False: there is none. */
bool filters_in_force(const struct filters *f, uint32_t slot, uint32_t generation,
		      uint32_t *ret_first, uint32_t *ret_n);
