/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Counters of two moments as figures per second.
 */
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct json;

/* "--interval=SECONDS", 0 to 60. */
bool rate_parse_interval(const char *word, double *ret);
/* Sleeps, and returns for how long it did. */
double rate_wait(double seconds);

/* The object of the same name in another list; NULL: it was not there. */
const struct json *rate_same(const struct json *list, const struct json *object);

/* "1.2k/s 9.6 Mbit/s" */
void rate_put(struct buf *to, const struct json *now, const struct json *before,
	      const char *packets, const char *bytes, double seconds);
/* Of a mirror: "12/s copied, 3/s lost" */
void rate_put_copies(struct buf *to, const struct json *now, const struct json *before,
		     double seconds);
/* A mirror's copies that did not arrive, all together. */
uint64_t rate_lost(const struct json *mirror);
