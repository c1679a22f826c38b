/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The current rows of one table, by uuid and by each index of the schema.  Part of db,
 * read by query and by the checks of a commit; only db_commit() changes it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ovsdb/row.h"

struct row_slot {
	uint32_t hash;
	const struct row *row; /* NULL: free */
};

/* Open addressing; rows with equal hashes may be several. */
struct row_map {
	struct row_slot *slots;
	size_t mask; /* number of slots - 1, or 0 for none */
	size_t n;
};

struct table {
	const struct schema_table *schema;
	uint32_t seed;
	struct row_map rows; /* holds the counts */
	struct row_map *indexes;
};

must_check bool table_init(struct table *t, const struct schema_table *schema, uint32_t seed);
void table_destroy(struct table *t);

const struct row *table_find(const struct table *t, const struct uuid *uuid);
/* The row in slot *at or the next one that has one, *at then pointing behind it. */
const struct row *table_next(const struct table *t, size_t *at);

uint32_t table_index_hash(const struct table *t, size_t index, const struct datum *const *values);
/* The row with these values, given in the order of the index's columns. */
const struct row *table_index_find(const struct table *t, size_t index,
				   const struct datum *const *values);
/* A row's values in that order; room for schema_index.n_columns. */
void table_index_values(const struct table *t, size_t index, const struct row *row,
			const struct datum **ret_values);

/* Makes room for n_new more rows, so that table_swap() cannot fail. */
must_check bool table_reserve(struct table *t, size_t n_new);
/* old NULL: inserts; new NULL: deletes.  Counts new, lets go of old. */
void table_swap(struct table *t, const struct row *old, const struct row *new);
