/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The difference between two states of a database: for each row that differs, its first
 * and its last version.  Commits are added one by one; what lies between is forgotten,
 * so a delta is never bigger than the data.  Used by monitors.
 */
#include <stdbool.h>
#include <stddef.h>

#include "ovsdb/hash.h"
#include "ovsdb/row.h"

struct delta_row {
	struct hash_node node;
	const struct row *old; /* counted; NULL: was not there */
	const struct row *new; /* NULL: is no more */
	struct delta_row *prev, *next; /* of the same table */
};

struct delta {
	struct hash rows; /* by uuid */
	size_t n_tables;
	struct delta_row *tables[]; /* by number of the table */
};

struct delta *delta_new(size_t n_tables); /* NULL: out of memory */
void delta_free(struct delta *d); /* NULL is fine */
static inline bool delta_is_empty(const struct delta *d)
{
	return !d->rows.n;
}

/* One more change, after all that are in d.  -1: out of memory, d is as before. */
int delta_add(struct delta *d, const struct row *old, const struct row *new);
/* All of more, which comes after d.  -1: out of memory, with d in between. */
int delta_add_all(struct delta *d, const struct delta *more);

/* NULL: the row is the same in both states. */
const struct delta_row *delta_find(const struct delta *d, const struct row *row);
