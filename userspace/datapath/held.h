/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What was changed on devices that are not ours, or that leaves no pin of its own, by
 * ifindex: noted in the pinned map `held` before it is done and struck out after it is
 * undone, so that it is undone once, whoever crashes.
 */
#include <stdint.h>
#include <uthash.h>

#include "base/error.h"
#include "datapath/maps.h"

struct held_device {
	uint32_t ifindex;
	struct held held;
	UT_hash_handle hh;
};

struct held_table {
	const struct maps *maps;
	struct held_device *devices;
};

must_check int held_open(struct held_table *t, const struct maps *maps, struct error *err);
void held_close(struct held_table *t);

uint32_t held_flags(const struct held_table *t, uint32_t ifindex); /* enum held_flag */
/* Adds and strikes out flags; 0 writes if that changes nothing.  name: for people. */
must_check int held_change(struct held_table *t, uint32_t ifindex, const char *name, uint32_t add,
			   uint32_t strike, struct error *err);
