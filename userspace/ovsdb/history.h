/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The last commits of a database, as row versions, so that a client which comes back
 * with the id of the last commit it saw is told only what it missed.  Bounded by the
 * memory that old versions hold.  A journal replays into one, so ids of an earlier
 * process are known too; with these, ephemeral values may have changed unseen.
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/uuid.h"

struct db;
struct delta;
struct history;

/* Listens to db from now on.  NULL: out of memory. */
struct history *history_new(struct db *db);
void history_free(struct history *h); /* before db; NULL is fine */

/* Forgets everything; the present state has this id. */
void history_reset(struct history *h, const struct uuid *id);
/* A record changed nothing, but the state has this id as well from now on. */
void history_note(struct history *h, const struct uuid *id);
/* What came before was another process. */
void history_end_replay(struct history *h);

/* The id of the present state: for clients that see ephemeral columns, or for others,
 * whose ids also mean something to the next process. */
const struct uuid *history_id(const struct history *h, bool is_volatile);

/* All that changed since the state with that id, in *ret; NULL there: the id is unknown,
 * or of an earlier process, where is_volatile. */
must_check int history_since(const struct history *h, const struct uuid *id, bool is_volatile,
			     struct delta **ret, struct error *err);
