/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * "db:DB,TABLE,COLUMN": options of the server that are kept in a database it serves
 * (its remotes, the files of its TLS keys).  Names only are kept here, looked up at each
 * use: databases come and go.
 */
#include <stdbool.h>

#include "base/error.h"

struct change_list;
struct column;
struct db;
struct host;
struct schema_table;

struct db_column {
	char *text; /* as it was given */
	char *db, *table, *column; /* within one copy of it */
};

bool db_column_is_one(const char *text); /* begins with "db:" */

/* Fails where there is no such database, table or column now. */
must_check int db_column_parse(const struct host *h, const char *text, struct db_column *ret,
			       struct error *err);
void db_column_destroy(struct db_column *c);

struct db_column_place {
	struct db *db;
	const struct schema_table *table;
	const struct column *column;
};
must_check int db_column_find(const struct host *h, const struct db_column *c,
			      struct db_column_place *ret, struct error *err);
/* May what the column says have changed?  Rows that it refers to count. */
bool db_column_concerns(const struct db_column_place *place, const struct change_list *changes);
