/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A database in a file, in a folder of its own, for tests of what the disk holds.  Its
 * schema, T, has one table R (isRoot): i, eph (ephemeral) integers, name, opt 0..1 strings,
 * set 0.. integers, map 0.. string:string.
 */
#include <stddef.h>

#include "ovsdb/db.h"
#include "ovsdb/journal.h"

#define DB_FILE_SCHEMA(VERSION, MORE)                                                          \
	"{'name':'T','version':'" VERSION "','tables':{'R':{'isRoot':true,'columns':{"         \
	"'i':{'type':'integer'},'name':{'type':'string'},"                                     \
	"'set':{'type':{'key':'integer','min':0,'max':'unlimited'}},"                          \
	"'map':{'type':{'key':'string','value':'string','min':0,'max':'unlimited'}},"          \
	"'opt':{'type':{'key':'string','min':0,'max':1}},'eph':{'type':'integer','ephemeral':" \
	"true}" MORE "}}}}"

struct db_file {
	char dir[32];
	char path[64];
	struct journal *journal; /* NULL while closed */
	struct db *db;
};

/* A new folder with an open file; the latter, and all in the former, goes with db_file_free(). */
void db_file_new(struct db_file *f);
void db_file_free(struct db_file *f);
void db_file_open(struct db_file *f); /* by the schema of version 1.0.0 */
void db_file_close(struct db_file *f);
void db_file_reopen(struct db_file *f);

/* Operations that must succeed, as fixture_run() has them. */
void db_file_run(struct db_file *f, const char *ops);
void db_file_insert(struct db_file *f, int i); /* i, and the name "rI" */
size_t db_file_n_rows(const struct db *db);
size_t db_file_size(const char *path);

/* What session/durable.h has done by a thread. */
int db_file_sync(struct journal *j, struct error *err);
