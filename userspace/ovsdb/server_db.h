/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The database "_Server" (ovsdb-server(5)): one row in its table Database for each
 * database that is served, so that clients learn of schema changes.  In memory;
 * clients cannot write it, as the name is reserved.
 */
#include "base/error.h"

struct db;

must_check int server_db_new(struct db **ret, struct error *err);

/* Adds the row of a standalone database, or brings it up to date with its schema. */
must_check int server_db_put(struct db *server_db, const struct db *db, struct error *err);
must_check int server_db_remove(struct db *server_db, const char *name, struct error *err);
