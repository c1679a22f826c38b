/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Keeps each bridge's table of addresses at its size: the programs learn a few more than
 * that and say so, and here those are chosen that go.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct fdb;
struct ring_buffer;

struct evict {
	const struct fdb *fdb;
	struct loop *loop;
	struct ring_buffer *signals;
	struct loop_io io;
	struct loop_timer timer;
	bool is_due;
	int64_t not_before_ms; /* a pause that is as much longer as the last round took longer */
};

must_check int evict_open(struct evict *e, struct loop *loop, const struct fdb *fdb,
			  struct error *err);
void evict_close(struct evict *e); /* fine on a zeroed one */

/* Looks whether any bridge has too many: after a change that the programs do not know of. */
void evict_check(struct evict *e);
