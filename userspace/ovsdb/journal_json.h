/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is in the records of a journal: commits as JSON, and back.
 */
#include <stdbool.h>

#include "base/error.h"

struct buf;
struct change_list;
struct db;
struct json;
struct row;
struct schema_table;
struct txn;

/* The record of a commit: differences for rows that exist. */
must_check int journal_put_changes(struct buf *to, const struct change_list *changes,
				   struct error *err);
/* Every row, whole, in one record. */
must_check int journal_put_all(struct buf *to, const struct db *db, const char *comment,
			       struct error *err);

/* The same piece by piece, where rows come table by table.  Only reads the rows: another
 * thread may do it with versions that somebody holds for it. */
struct journal_writer {
	struct buf *to;
	const struct schema_table *table; /* that is open */
	bool is_first;
};
void journal_begin(struct journal_writer *w, struct buf *to, const char *comment);
void journal_put_row(struct journal_writer *w, const struct row *row);
void journal_end(struct journal_writer *w);

/* Commits what a record says. */
must_check int journal_apply(struct db *db, const struct json *record, struct error *err);

/* For salvage: does with txn what a record says, as far as that can be done, and tells
 * of each row or table with which it cannot. */
typedef void journal_lost_fn(void *arg, const struct error *why);
void journal_apply_loosely(struct txn *txn, const struct json *record, journal_lost_fn *lost,
			   void *arg);
