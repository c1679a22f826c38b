/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One "transact" request: runs its operations, keeps it while a "wait" blocks, makes
 * the reply.  Called by session; knows no connections.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct buf;
struct change_list;
struct db;
struct json;
struct json_doc;
struct transact;

/* Does the client hold this lock?  For "assert". */
typedef bool transact_lock_fn(void *arg, const char *lock);

/* params: of the request: the database's name, then the operations; in doc, which is counted.
 * now_ms: monotonic, start of the wait timeouts.  NULL: out of memory. */
struct transact *transact_new(struct db *db, struct json_doc *doc, const struct json *params,
			      int64_t now_ms, transact_lock_fn *lock_fn, void *lock_arg);
void transact_free(struct transact *t); /* NULL is fine: also cancels one that waits */

enum transact_state {
	TRANSACT_DONE, /* the reply is there; committed or failed */
	TRANSACT_WAITING, /* call again when transact_concerns() a commit, or at the deadline */
};
/* Runs from the first operation on. */
enum transact_state transact_run(struct transact *t, int64_t now_ms);

/* When a waiting one must be run again at the latest; INT64_MAX: no timeout. */
int64_t transact_deadline_ms(const struct transact *t);
/* Could this commit change the outcome of the wait that blocks it? */
bool transact_concerns(const struct transact *t, const struct change_list *changes);

/* After DONE.  The "result" array's JSON text, owned by the transact. */
struct buf *transact_reply(struct transact *t);
/* Where selects found many rows, the same comes in pieces, each made when it is asked for,
 * from the rows as they were: the caller asks when the peer has taken the one before, and
 * serves others in between.  Appends one; true: it was the last.  Either this or
 * transact_reply(), not both.  To be freed before the database is. */
bool transact_is_reply_big(const struct transact *t);
bool transact_next_piece(struct transact *t, struct buf *to);
/* After DONE: committed something that asked for durability: hold the reply until the
 * journal is synced. */
bool transact_is_durable(const struct transact *t);
