/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Tables whose changes go to the log, row by row, for "ovsdb-server/tlog-set".  By name: a
 * table that a conversion makes anew is meant as well.  One list for each server.
 */
#include <stdbool.h>

#include "base/error.h"

struct buf;
struct change_list;
struct host;
struct hosted_db;
struct tlog;

/* db_table: "DB:TABLE", which must exist to be switched on. */
must_check int tlog_set(struct host *h, const char *db_table, bool is_on, struct error *err);
void tlog_put(const struct host *h, struct buf *to); /* every table, and whether it is on */
void tlog_changes(const struct host *h, const struct hosted_db *d,
		  const struct change_list *changes);
void tlog_clear(struct host *h);
