/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One client: its connection, monitors, locks and the requests that are not answered
 * yet.  What its messages mean is in methods.c, which server.c hands in as `dispatch`.
 */
#include <stdbool.h>

#include "session/lock.h"
#include "session/probe.h"
#include "session/watch.h"

struct buf;
struct conn;
struct error;
struct host;
struct json;
struct message;
struct session;

/* A request that waits; embedded by its owner (pending.c). */
struct session_work {
	struct session_work *prev, *next;
	const struct json *id; /* of the request; the owner frees it */
	char *id_text; /* the same, as text */
	void (*drop)(struct session_work *w); /* the client is gone: take it off and free it */
};

/* What one client may have at a time.  More is refused with an error: it would cost everybody's
 * memory, and there are lists to be searched. */
enum {
	SESSION_MAX_MONITORS = 1000,
	SESSION_MAX_LOCKS = 1000,
	SESSION_MAX_WORKS = 10000,
};

struct session {
	struct session *prev, *next; /* the host's list */
	struct host *host;
	struct conn *conn;
	struct watch_list watches;
	struct lock_owner locks;
	struct session_work *works;
	size_t n_works;
	struct probe probe;
	bool is_change_aware;
	void (*dispatch)(struct session *s, const struct message *m);
	/* The connection is closed, err says why where that is known: free it. */
	void (*on_end)(void *arg, struct session *s, const struct error *err);
	void *end_arg; /* the remote that made it */
};

/* Takes fd also on failure.  NULL: out of memory. */
struct session *session_new(struct host *host, int fd_take,
			    void (*dispatch)(struct session *s, const struct message *m),
			    void (*on_end)(void *arg, struct session *s, const struct error *err),
			    void *end_arg);
void session_free(struct session *s);

void session_set_probe(struct session *s, int64_t interval_ms); /* 0: none */

void session_add_work(struct session *s, struct session_work *w);
void session_remove_work(struct session *s, struct session_work *w);
struct session_work *session_find_work(const struct session *s, const struct json *id);

/* Answers.  result: JSON text; session_reply_buf() empties its buffer. */
void session_reply(struct session *s, const struct json *id, const char *result);
void session_reply_buf(struct session *s, const struct json *id, struct buf *result);
void session_fail(struct session *s, const struct json *id, const struct error *err);
void session_fail_text(struct session *s, const struct json *id, const char *text);

/* Monitor updates.  At the end of a turn they go only to peers that took all they were
 * sent; before a reply of the session's own they go in any case. */
void session_push(struct session *s, bool is_forced);
