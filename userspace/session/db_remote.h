/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Remotes that a database asks for: strings in a column, or rows that it refers to, such
 * as those of Manager, which also have options and columns for what became of them.
 */
#include "base/error.h"
#include "base/uuid.h"

struct db_column_place;
struct remote_options;
struct remote_status;

typedef void db_remote_fn(void *arg, const char *target, const struct remote_options *options);
void db_remote_each(const struct db_column_place *place, db_remote_fn *fn, void *arg);

/* Writes is_connected and status into the rows with this target, in one transaction,
 * where they differ from what is there. */
must_check int db_remote_write_status(const struct db_column_place *place,
				      const struct remote_status *(*status_of)(void *arg,
									       const char *target),
				      void *arg, struct error *err);
