/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/free_slots.h"

#include <assert.h>
#include <stdlib.h>

void free_slots_init(struct free_slots *f, uint32_t max)
{
	*f = (struct free_slots){ .max = max };
	f->ring = calloc(max + 1, sizeof(*f->ring));
	f->is_used = calloc(max + 1, sizeof(*f->is_used));
	if (!f->ring || !f->is_used)
		abort();
}

void free_slots_destroy(struct free_slots *f)
{
	free(f->ring);
	free(f->is_used);
	*f = (struct free_slots){ 0 };
}

bool free_slots_claim(struct free_slots *f, uint32_t slot)
{
	if (!slot || slot >= f->max || f->is_used[slot])
		return false;
	f->is_used[slot] = true;
	return true;
}

void free_slots_fill(struct free_slots *f)
{
	for (uint32_t slot = 1; slot < f->max; slot++) {
		if (!f->is_used[slot])
			f->ring[f->n++] = slot;
	}
}

uint32_t free_slots_take(struct free_slots *f)
{
	uint32_t slot;

	if (!f->n)
		return 0;
	slot = f->ring[f->head];
	f->head = (f->head + 1) % f->max;
	f->n--;
	f->is_used[slot] = true;
	return slot;
}

void free_slots_give(struct free_slots *f, uint32_t slot)
{
	assert(slot && slot < f->max && f->is_used[slot]);
	f->is_used[slot] = false;
	f->ring[(f->head + f->n++) % f->max] = slot;
}
