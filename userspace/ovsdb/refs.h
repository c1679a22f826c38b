/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The side table of references between rows: for each row that is referred to, how
 * many strong references hold it and which columns refer to it weakly.  It follows the
 * rows' columns by their differences, inside a commit only, and logs what it does, so
 * that a commit that fails takes it all back without needing memory.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/uuid.h"
#include "ovsdb/hash.h"
#include "ovsdb/row.h"

struct ref_edge;

struct ref_target {
	struct hash_node node;
	const struct schema_table *table;
	struct uuid uuid;
	size_t n_strong; /* not counting a row's references to itself */
	struct ref_edge *edges; /* weak ones */
	size_t n_records; /* of the log */
};

/* A column of a row that refers weakly to the target, once or more. */
struct ref_edge {
	struct hash_node node;
	struct ref_edge *next, *previous;
	struct ref_target *target;
	const struct column *column;
	struct uuid source;
	size_t n;
	size_t n_records;
};

struct ref_record {
	struct ref_target *target;
	struct ref_edge *edge; /* NULL: strong */
	const struct column *column;
	struct uuid source;
	int delta; /* 1 or -1 */
};

struct refs {
	struct hash targets;
	struct hash edges;
	struct ref_record *log;
	size_t n_log, log_room;
};

struct refs *refs_new(void); /* NULL: out of memory */
void refs_free(struct refs *r); /* NULL is fine */

/* NULL: nothing refers to it. */
struct ref_target *refs_find(const struct refs *r, const struct schema_table *table,
			     const struct uuid *uuid);

/* A row goes from one version to another (NULL: is not there). */
must_check int refs_account(struct refs *r, const struct row *old, const struct row *new,
			    struct error *err);
/* Ends the log, which is kept or taken back. */
void refs_keep(struct refs *r);
void refs_undo(struct refs *r);
