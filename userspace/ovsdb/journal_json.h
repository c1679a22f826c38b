/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is in the records of a journal: commits as JSON, and back.
 */
#include <jansson.h>

#include "base/error.h"

struct buf;
struct change_list;
struct db;

/* The record of a commit: differences for rows that exist. */
must_check int journal_put_changes(struct buf *to, const struct change_list *changes,
				   struct error *err);
/* Every row, whole, in one record. */
must_check int journal_put_all(struct buf *to, const struct db *db, const char *comment,
			       struct error *err);

/* Commits what a record says. */
must_check int journal_apply(struct db *db, const json_t *record, struct error *err);
