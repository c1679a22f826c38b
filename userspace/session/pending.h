/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * "transact" requests on their way: run at once, and kept where a "wait" blocks them or
 * their durable commit is not on the disk yet.  A waiting one runs again when a commit
 * could have changed its outcome, and at its deadline; it ends with its session.
 */
#include <stdint.h>

struct db;
struct durable;
struct json;
struct message;
struct pending_set;
struct session;

/* The waiting transactions of one database.  Listens to its commits.  durable NULL: a
 * database in memory.  NULL: out of memory. */
struct pending_set *pending_set_new(struct db *db, struct durable *durable);
void pending_set_free(struct pending_set *set); /* when no session is left; NULL is fine */

/* Runs the request and answers it now or later. */
void pending_start(struct pending_set *set, struct session *s, const struct message *m,
		   int64_t now_ms);

/* "cancel": answers the session's request with that id as canceled, if it waits. */
void pending_cancel(struct session *s, const struct json *id);

/* All that wait are answered as canceled: the database goes. */
void pending_cancel_all(struct pending_set *set);
/* Before the database changes its schema or goes away: the answers of s that wait for the
 * disk, or are being sent, let go of its rows. */
void pending_settle(struct pending_set *set, struct session *s);

/* At the end of each turn: runs those that are due again. */
void pending_run_due(struct pending_set *set, int64_t now_ms);
int64_t pending_deadline_ms(const struct pending_set *set); /* INT64_MAX: none */
