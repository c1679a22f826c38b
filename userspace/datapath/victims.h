/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which addresses a bridge gives up when it has too many.  Pure; called by evict.
 */
#include <stddef.h>
#include <stdint.h>

struct victim {
	uint32_t port;
	uint32_t age; /* since it was last seen */
	size_t index; /* the caller's */
};

/* Reorders `all` so that the first n_wanted are those to go: again and again the one that
 * was silent longest of the port that has most.  So who floods the table pushes out his own. */
void victims_first(struct victim *all, size_t n, size_t n_wanted);
