/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the requests cost, by method, for "ovsdb-server/perf-counters-show": the time that
 * the one thread was kept from everything else.  Filled by methods.c.
 */
#include <stddef.h>
#include <stdint.h>

struct buf;

struct perf_counter {
	const char *name; /* NULL: not used yet */
	uint64_t n;
	uint64_t total_ns, longest_ns;
};

enum { PERF_MAX_COUNTERS = 32 };

struct perf {
	struct perf_counter counters[PERF_MAX_COUNTERS];
};

uint64_t perf_now_ns(void);
/* Counts one more, which began at start_ns; i is the same for the same name. */
void perf_count(struct perf *p, size_t i, const char *name, uint64_t start_ns);
void perf_clear(struct perf *p);
void perf_put(const struct perf *p, struct buf *to); /* those that were used */
