/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rate.h"

#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "cli/member.h"

static const char *const losses[] = { "dropped_backlog", "dropped_budget", "dropped_clone",
				      "dropped_no_target", "dropped_mtu" };
enum { N_LOSSES = sizeof(losses) / sizeof(losses[0]) };

bool rate_parse_interval(const char *word, double *ret)
{
	static const char name[] = "--interval=";
	const char *text = word + sizeof(name) - 1;
	double seconds;
	char *end;

	if (strncmp(word, name, sizeof(name) - 1))
		return false;
	seconds = strtod(text, &end);
	if (!*text || *end || !(seconds >= 0 && seconds <= 60))
		return false;
	*ret = seconds;
	return true;
}

static double clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double rate_wait(double seconds)
{
	double start = clock_s();

	poll(NULL, 0, (int)(seconds * 1000));
	return clock_s() - start;
}

const struct json *rate_same(const struct json *list, const struct json *object)
{
	const char *name = member_string(object, "name");

	for (size_t i = 0; i < json_n_elements(list); i++) {
		if (!strcmp(member_string(json_at(list, i), "name"), name))
			return json_at(list, i);
	}
	return NULL;
}

/* One that was started again counts from 0. */
static uint64_t growth(const struct json *now, const struct json *before, const char *counter)
{
	uint64_t a = member_number(before, counter), b = member_number(now, counter);

	return b >= a ? b - a : b;
}

/* Three digits or so. */
static void put_figure(struct buf *to, double figure)
{
	static const char *const units[] = { "", "k", "M", "G" };
	size_t i = 0;

	for (; figure >= 9999.5 && i < 3; i++)
		figure /= 1000;
	buf_printf(to, i && figure < 99.95 ? "%.1f%s" : "%.0f%s", figure, units[i]);
}

void rate_put(struct buf *to, const struct json *now, const struct json *before,
	      const char *packets, const char *bytes, double seconds)
{
	put_figure(to, (double)growth(now, before, packets) / seconds);
	buf_puts(to, "/s ");
	put_figure(to, (double)growth(now, before, bytes) * 8 / seconds);
	buf_puts(to, "bit/s");
}

void rate_put_copies(struct buf *to, const struct json *now, const struct json *before,
		     double seconds)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < N_LOSSES; i++)
		lost += growth(now, before, losses[i]);
	put_figure(to, (double)growth(now, before, "sent") / seconds);
	buf_puts(to, "/s copied");
	if (!lost)
		return;
	buf_puts(to, ", ");
	put_figure(to, (double)lost / seconds);
	buf_puts(to, "/s lost");
}

uint64_t rate_lost(const struct json *mirror)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < N_LOSSES; i++)
		lost += member_number(mirror, losses[i]);
	return lost;
}
