/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/victims.h"

#include <stdlib.h>

/* By port, and of a port the oldest last. */
static int by_port(const void *a_, const void *b_)
{
	const struct victim *a = a_, *b = b_;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return (a->age > b->age) - (a->age < b->age);
}

/* Where the run of the port at `from` ends. */
static size_t end_of(const struct victim *all, size_t n, size_t from)
{
	size_t i = from + 1;

	while (i < n && all[i].port == all[from].port)
		i++;
	return i;
}

/* How many go if no port may keep more than `most`. */
static size_t surplus(const struct victim *all, size_t n, size_t most)
{
	size_t sum = 0, end;

	for (size_t i = 0; i < n; i = end) {
		end = end_of(all, n, i);
		if (end - i > most)
			sum += end - i - most;
	}
	return sum;
}

/* The least limit for all ports that takes no more than n_wanted away. */
static size_t find_level(const struct victim *all, size_t n, size_t n_wanted)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (surplus(all, n, middle) <= n_wanted)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void swap(struct victim *a, struct victim *b)
{
	struct victim t = *a;

	*a = *b;
	*b = t;
}

void victims_first(struct victim *all, size_t n, size_t n_wanted)
{
	size_t level, rest, n_taken = 0, end;

	if (n_wanted >= n)
		return;
	qsort(all, n, sizeof(*all), by_port);
	level = find_level(all, n, n_wanted);
	/* One more each of the first ports that are at the limit then. */
	rest = n_wanted - surplus(all, n, level);
	for (size_t i = 0; i < n; i = end) {
		size_t keep = level;

		end = end_of(all, n, i);
		if (rest && end - i >= level && level) {
			keep--;
			rest--;
		}
		for (size_t k = i + keep; k < end; k++)
			swap(&all[n_taken++], &all[k]);
	}
}
