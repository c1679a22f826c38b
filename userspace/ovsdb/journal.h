/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The database file in the OVSDB log format: records "OVSDB JSON <len> <sha1>\n" and
 * <len> bytes of JSON; record 0 is the schema, the others are transactions, as diffs
 * for rows that exist (member "_is_diff").  Stock tools read and write the same file.
 * A commit is written before it becomes visible; a write that fails leaves no trace and
 * fails the commit, and the next commit tries again.
 */
#include <stdbool.h>

#include "base/error.h"

struct db;
struct history;
struct journal;
struct schema;

/* Opens path, creating it with `schema` when absent, under the lock file
 * ".<name>.~lock~" beside it; where another process holds that, fails and names its pid.
 * Replays the file into a new database, whose commits are written to it from then on.  A
 * torn tail is cut off at the first write and its bytes are saved in PATH.torn-<offset>;
 * damage with good records behind it is an error that names the offset, and the file
 * stays as it is.
 * schema_take: what a new file gets; NULL: the file must exist. */
must_check int journal_open(const char *path, struct schema *schema_take, struct journal **ret,
			    struct db **ret_db, struct error *err);
/* Releases file and lock.  Before the database, which is not freed: old rows are held. */
void journal_close(struct journal *j);

const char *journal_path(const struct journal *j);
/* What the user should know about the file as it was found; NULL: nothing. */
const char *journal_warning(const struct journal *j);

/* Its commits, for monitors. */
struct history *journal_history(const struct journal *j);

/* For a sync, which another thread does: a descriptor of the file for fdatasync() and close(), -1
 * on failure.  The generation is the file's: another one may take its place meanwhile. */
must_check int journal_dup_fd(const struct journal *j, unsigned int *ret_generation,
			      struct error *err);
/* Then what came of it (0 or an errno).  Returns 0: what had been written is on the disk;
 * EAGAIN: not known, sync again; else an errno. */
must_check int journal_synced(struct journal *j, int errnum, unsigned int generation);
