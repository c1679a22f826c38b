/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A mirror keeps the ports that its columns named when their rows go away and come back
 * (a machine that restarts is unplugged and plugged in again), where stock loses them.
 * What it is bound to is recorded in external_ids:bvs-bound while the ports are there.
 * Called by desired_mirror, which gets the ports; what is to be written into the row
 * goes into the pass's one transaction.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/uuid.h"
#include "switch/binding.h"

struct arena;
struct cells;
struct columns;
struct db;
struct mirror_awaited;
struct model_bridge;
struct port_index;
struct row;
struct sticky_events;

#define STICKY_RECORD "bvs-bound" /* the key of Mirror.external_ids */

struct sticky_input {
	const struct db *db;
	const struct columns *c;
	struct arena *arena;
	struct port_index *index;
	const struct sticky_events *events;
	const struct model_bridge *bridge; /* the mirror's */
	bool is_on; /* false: bound to nothing */
	bool has_output; /* by something else than the column, so none is waited for */
};

struct sticky {
	const struct row *row; /* of the mirror */
	const char *record; /* NULL: none */
	/* By role: Port rows that came back, not in their columns yet. */
	const struct uuid **returned[N_ROLES];
	size_t n_returned[N_ROLES];
	struct mirror_awaited *awaited;
	size_t n_awaited;
	struct sticky *next; /* the caller's */
};

/* Fails where the record is not readable; then nothing must be written.  All that *ret
 * points to is the rows' or in the arena. */
must_check int sticky_resolve(const struct sticky_input *in, const struct row *mirror,
			      struct sticky *ret, struct error *err);

/* Of the whole list: record and columns, where they differ. */
void sticky_put(const struct sticky *first, struct cells *cells, const struct columns *c);
