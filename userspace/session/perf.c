/* SPDX-License-Identifier: Apache-2.0 */
#include "session/perf.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"

uint64_t perf_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void perf_count(struct perf *p, size_t i, const char *name, uint64_t start_ns)
{
	uint64_t ns = perf_now_ns() - start_ns;
	struct perf_counter *c;

	assert(i < PERF_MAX_COUNTERS);
	c = &p->counters[i];
	c->name = name;
	c->n++;
	c->total_ns += ns;
	if (ns > c->longest_ns)
		c->longest_ns = ns;
}

void perf_clear(struct perf *p)
{
	memset(p, 0, sizeof(*p));
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

void perf_put(const struct perf *p, struct buf *to)
{
	buf_puts(to, "method                  requests    total ms   longest ms\n");
	for (size_t i = 0; i < PERF_MAX_COUNTERS; i++) {
		const struct perf_counter *c = &p->counters[i];

		if (c->name)
			buf_printf(to, "%-20s %11llu %11.3f %12.3f\n", c->name,
				   (unsigned long long)c->n, ms(c->total_ns), ms(c->longest_ns));
	}
}
