/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Removes learned addresses that count no more: too old, or of a port or bridge that was
 * replaced.  The programs do not look at those; this gives their room back, a bounded number
 * at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct applier;
struct maps;

struct sweep {
	const struct maps *maps;
	const struct applier *applier; /* for the configuration in force */
	struct loop *loop;
	struct loop_timer timer;
	uint64_t *counts; /* the map fdb_count */
	int clock; /* a program that returns the kernel's jiffies */
	uint32_t hz;
	bool is_under_way; /* from `cursor` */
	uint32_t cursor;
	void *keys, *values;
};

must_check int sweep_open(struct sweep *s, struct loop *loop, const struct maps *maps,
			  const struct applier *applier, struct error *err);
void sweep_close(struct sweep *s); /* fine on a zeroed one */
uint32_t sweep_hz(void); /* jiffies in a second */
