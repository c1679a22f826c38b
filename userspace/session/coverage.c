/* SPDX-License-Identifier: Apache-2.0 */
#include "session/coverage.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"

enum { STEP_S = 5, N_STEPS = 60 / STEP_S, N_MINUTES = 60 };

struct counter {
	uint64_t total;
	uint64_t at_step; /* the total when this step began */
	uint64_t steps[N_STEPS]; /* rings: how many in each of the last ones */
	uint64_t minutes[N_MINUTES];
};

struct coverage {
	struct loop_timer timer;
	unsigned int n_steps; /* so far */
	struct counter counters[N_COVERAGE_COUNTERS];
};

static const char *const names[] = {
#define COVERAGE_NAME(NAME) #NAME,
	COVERAGE_COUNTERS(COVERAGE_NAME)
#undef COVERAGE_NAME
};

static uint64_t sum(const uint64_t *ring, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += ring[i];
	return total;
}

static void on_step(void *arg)
{
	struct coverage *c = arg;
	unsigned int step = c->n_steps++;

	for (size_t i = 0; i < N_COVERAGE_COUNTERS; i++) {
		struct counter *n = &c->counters[i];

		n->steps[step % N_STEPS] = n->total - n->at_step;
		n->at_step = n->total;
		if (c->n_steps % N_STEPS == 0)
			n->minutes[step / N_STEPS % N_MINUTES] = sum(n->steps, N_STEPS);
	}
}

struct coverage *coverage_new(struct loop *l)
{
	struct coverage *c = calloc(1, sizeof(*c));

	if (c)
		loop_timer_start(l, &c->timer, STEP_S * 1000, STEP_S * 1000, on_step, c);
	return c;
}

void coverage_free(struct coverage *c)
{
	if (!c)
		return;
	loop_timer_stop(&c->timer);
	free(c);
}

void coverage_count(struct coverage *c, enum coverage_counter counter)
{
	c->counters[counter].total++;
}

/* Tells one set of events that happened from another. */
static uint32_t hash_of_hits(const struct coverage *c)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < N_COVERAGE_COUNTERS; i++) {
		for (const char *s = names[i]; c->counters[i].total && *s; s++)
			hash = (hash ^ (unsigned char)*s) * 16777619u;
	}
	return hash;
}

void coverage_put(const struct coverage *c, struct buf *to)
{
	unsigned int n_unseen = 0;

	buf_printf(to,
		   "Event coverage, avg rate over last: %d seconds, last minute, last hour,  "
		   "hash=%08x:\n",
		   STEP_S, hash_of_hits(c));
	for (size_t i = 0; i < N_COVERAGE_COUNTERS; i++) {
		const struct counter *n = &c->counters[i];
		uint64_t last = c->n_steps ? n->steps[(c->n_steps - 1) % N_STEPS] : 0;

		if (!n->total) {
			n_unseen++;
			continue;
		}
		buf_printf(to, "%-24s %5.1f/sec %9.3f/sec %13.4f/sec   total: %llu\n", names[i],
			   (double)last / STEP_S, (double)sum(n->steps, N_STEPS) / 60,
			   (double)sum(n->minutes, N_MINUTES) / 3600, (unsigned long long)n->total);
	}
	buf_printf(to, "%u events never hit\n", n_unseen);
}

int coverage_read(const struct coverage *c, const char *name, uint64_t *ret, struct error *err)
{
	for (size_t i = 0; i < N_COVERAGE_COUNTERS; i++) {
		if (!strcmp(names[i], name)) {
			*ret = c->counters[i].total;
			return 0;
		}
	}
	return error_set(err, "not found", "No such counter");
}
