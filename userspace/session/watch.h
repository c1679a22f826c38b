/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The monitors of one session: the client's id for each, and the notifications that
 * carry their updates.
 */
#include <stdbool.h>

#include "base/error.h"
#include "ovsdb/monitor.h"

struct conn;
struct json;
struct watch;

struct watch_list {
	struct watch *first;
	size_t n;
};

/* Ids are any JSON value, compared by structure. */
struct watch *watch_find(const struct watch_list *l, const struct json *id);

/* Takes m also on failure (out of memory). */
must_check int watch_add(struct watch_list *l, enum monitor_kind kind, const struct json *id,
			 struct monitor *m_take, struct watch **ret, struct error *err);
void watch_remove(struct watch_list *l, struct watch *w);
/* Ends those of one database; c: where to say so with "monitor_canceled", or NULL. */
void watch_cancel(struct watch_list *l, const struct monitor_set *set, struct conn *c);
void watch_clear(struct watch_list *l);

struct monitor *watch_monitor(const struct watch *w);
must_check int watch_rename(struct watch *w, const struct json *id, struct error *err);

/* Queues what is pending on conn, one merged notification for each monitor.  -1: out of
 * memory, and the client would miss something: drop it. */
must_check int watch_push(struct watch *w, struct conn *c, struct error *err);
must_check int watch_push_all(struct watch_list *l, struct conn *c, struct error *err);
