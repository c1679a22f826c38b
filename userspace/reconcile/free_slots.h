/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The unused slots of one kind, in the order in which they are given out: the one that
 * was freed the longest ago first.
 */
#include <stdbool.h>
#include <stdint.h>

struct free_slots {
	uint32_t *ring;
	bool *is_used; /* by slot */
	uint32_t max; /* slots are 1 .. max - 1 */
	uint32_t head, n;
};

/* All are used until free_slots_fill(). */
void free_slots_init(struct free_slots *f, uint32_t max);
void free_slots_destroy(struct free_slots *f);
/* At start: false where the slot does not exist or is taken already. */
bool free_slots_claim(struct free_slots *f, uint32_t slot);
void free_slots_fill(struct free_slots *f); /* with those not claimed */

uint32_t free_slots_take(struct free_slots *f); /* 0: none left */
void free_slots_give(struct free_slots *f, uint32_t slot);
