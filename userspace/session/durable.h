/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Group commit: replies to durable transactions wait here until the journal is on the
 * disk.  One fdatasync, in the I/O thread, covers all that wait when it begins; those
 * that come meanwhile share the next one.  Nobody else waits.
 */
#include <stdbool.h>

#include "base/error.h"

struct durable;
struct iothread;
struct journal;

/* Embedded by whoever waits. */
struct durable_waiter {
	/* err NULL: what was written before the wait began is on the disk. */
	void (*done)(struct durable_waiter *w, const struct error *err);
	struct durable_waiter *prev, *next; /* durable.c's */
	struct durable_waiter **list;
};

struct durable *durable_new(struct iothread *io, struct journal *j); /* NULL: out of memory */
/* After the last waiter and with the I/O thread at an end.  NULL is fine. */
void durable_free(struct durable *d);

void durable_wait(struct durable *d, struct durable_waiter *w);
void durable_forget(struct durable_waiter *w); /* fine on one that does not wait */
/* Nobody waits and no sync is running: may be freed without the I/O thread at an end. */
bool durable_is_idle(const struct durable *d);
/* Begins a sync if somebody waits for one: at the end of each turn of the loop. */
void durable_start(struct durable *d);
