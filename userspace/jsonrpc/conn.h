/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One peer on a non-blocking stream socket: messages in, a queue of shared blobs out.
 * While the peer does not take what it is sent (backlog over a limit), nothing more is
 * read from it, so a peer that only asks cannot fill our memory.  Used by session and
 * bvsctl; knows no method.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct blob;
struct buf;
struct conn;
struct loop;
struct message;
struct source;
struct tls;

struct conn_limits {
	size_t max_message; /* bytes; a longer message closes the connection */
	size_t max_backlog; /* bytes not taken by the peer above which reading stops */
};

/* All are called from the loop, none from inside a conn_*() call.  Each of them may call
 * conn_free(). */
struct conn_events {
	/* m's parts are borrowed: json_doc_ref() what is kept. */
	void (*on_message)(void *arg, const struct message *m);
	/* The peer is gone, or err says why it was dropped (NULL: it closed in order, or there is no memory to say it).  The
	 * last call; the owner now frees the conn. */
	void (*on_close)(void *arg, const struct error *err);
	/* The backlog became empty.  May be NULL. */
	void (*on_drained)(void *arg);
};

/* Takes fd, on failure as well.  limits NULL: the default ones.  events must outlive the
 * conn.  NULL: out of memory. */
struct conn *conn_new(struct loop *l, int fd_take, const struct conn_limits *limits,
		      const struct conn_events *events, void *arg);
/* Everything goes through t from now on: call it before anything is sent. */
void conn_start_tls(struct conn *c, struct tls *t_take);
void conn_free(struct conn *c); /* closes at once; NULL is fine */

/* Queues; the bytes go out at conn_flush(), at the end of the reading that caused them or
 * when the socket is writable.  A NULL blob or a failed buffer (out of memory) closes the
 * connection: the peer must not miss a message. */
void conn_send_take(struct conn *c, struct blob *b);
void conn_send_buf(struct conn *c, struct buf *b); /* empties b */
/* Queues what source makes; a turn of the loop goes between two pieces.  Until it has made
 * the last one nothing more is read from the peer. */
void conn_send_source(struct conn *c, struct source *source_take);
/* All pieces now: what they are made of goes away. */
void conn_finish_sources(struct conn *c);
void conn_flush(struct conn *c);
size_t conn_backlog(const struct conn *c); /* bytes queued and not yet taken by the kernel */
/* The peer did not take all that it was sent: on_drained() will tell when it has. */
bool conn_is_blocked(const struct conn *c);
/* When the peer last gave a sign of life: sent something, or took what had to wait.  By
 * loop_now_ms(). */
int64_t conn_active_ms(const struct conn *c);

/* Sends what it can and then has on_close called with err, from the loop. */
void conn_drop(struct conn *c, const struct error *err);
