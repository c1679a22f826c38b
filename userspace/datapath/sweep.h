/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Removes learned addresses that count no more: too old, or of a port or bridge that was
 * replaced.  The programs do not look at those; this gives their room back, a bounded number
 * at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct fdb;

struct sweep {
	const struct fdb *fdb;
	struct loop *loop;
	struct loop_timer timer;
	bool is_under_way; /* from `cursor` */
	uint32_t cursor;
	void *keys, *values;
};

void sweep_open(struct sweep *s, struct loop *loop, const struct fdb *fdb);
void sweep_close(struct sweep *s); /* fine on a zeroed one */
