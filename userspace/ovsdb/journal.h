/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The database file in the OVSDB log format: records "OVSDB JSON <len> <sha1>\n" and
 * <len> bytes of JSON; record 0 is the schema, the others are transactions, as diffs
 * for rows that exist (member "_is_diff").  Stock tools read and write the same file.
 */
#include <stdbool.h>

#include "base/error.h"

struct db;
struct journal;
struct schema;

/* Opens path, creating it with `schema` when absent, under the lock file
 * ".<name>.~lock~" beside it; where another process holds that, fails and names its pid.
 * Replays the file into a new database.  A torn tail is cut off at the first write and
 * its bytes are saved in PATH.torn-<offset>; damage with good records behind it is an
 * error that names the offset, and the file stays as it is.
 * schema_take: what a new file gets; NULL: the file must exist. */
must_check int journal_open(const char *path, struct schema *schema_take, struct journal **ret,
			    struct db **ret_db, struct error *err);
/* Releases file and lock.  Not the database. */
void journal_close(struct journal *j);

/* fdatasync of all that was written.  (The I/O thread of a later step calls it.) */
must_check int journal_sync(struct journal *j, struct error *err);
const char *journal_path(const struct journal *j);
/* Rewrites the file as the schema and one record with every row, then renames. */
must_check int journal_compact(struct journal *j, struct db *db, struct error *err);
