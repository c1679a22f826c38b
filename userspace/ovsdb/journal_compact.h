/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Makes the database file small again: the schema and one record with every row.  The
 * id of the present state goes into that record's comment, so that ids stay valid.  At
 * once, or in the background: rows are turned into text and written by the I/O thread
 * while commits go on, these are copied behind them, and then the new file takes the
 * place of the old one.  A crash at any moment leaves one of the two, whole.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct db;
struct iothread;
struct journal;
struct uuid;

/* At once.  Ends one that runs. */
must_check int journal_compact(struct journal *j, struct db *db, struct error *err);
/* The same with the contents of a converted database, before it is exchanged for j's. */
must_check int journal_write_converted(struct journal *j, const struct db *converted,
				       struct error *err);

/* In the background.  done (may be NULL) is called on the loop's thread, err NULL: all
 * is well.  Fails where one runs already. */
must_check int journal_compact_start(struct journal *j, struct iothread *io,
				     void (*done)(void *arg, const struct error *err), void *arg,
				     struct error *err);
bool journal_is_compacting(const struct journal *j);
/* Ends one that runs, leaving the file as it is.  Needed before the database, or its
 * schema, goes away. */
void journal_compact_cancel(struct journal *j);

/* By the reference's rule: 10 minutes after the last one at the soonest, then when the
 * file has 100 records, 10 MB and twice the size that it had, or any record after a day.
 * now_ms: monotonic. */
bool journal_should_compact(struct journal *j, int64_t now_ms);

/* Is it the first record of a compacted file?  Then *ret is the id in its comment. */
bool journal_compacted_id(const char *comment, struct uuid *ret);
