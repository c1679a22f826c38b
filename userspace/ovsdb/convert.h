/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Conversion of a database to another schema of the same name: rows and columns that the
 * new schema knows are carried over, their values checked against its types; the file is
 * replaced in one step.  Online by session (convert), at start by main.c.
 */
#include "base/error.h"

struct db;
struct journal;
struct schema;

/* Makes the converted database, in *ret, and writes it to j's file (NULL: in memory
 * only).  Clients still see the old one. */
must_check int convert_begin(struct db *db, struct journal *j, struct schema *schema_take,
			     struct db **ret, struct error *err);
/* db becomes the converted one; nobody may hold rows or columns of the old one any more,
 * or be monitoring. */
void convert_end(struct db *db, struct journal *j, struct db *converted_take);

/* At start: brings a file to the schema that the program needs, after a copy of it was
 * saved as PATH.backup-VERSION, whose name is the caller's to free.  NULL there: the file
 * has that version already.  Refuses what is newer, or another database. */
must_check int convert_file(struct db *db, struct journal *j, struct schema *wanted_take,
			    char **ret_backup, struct error *err);
