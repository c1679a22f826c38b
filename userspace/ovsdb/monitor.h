/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Monitors: "monitor" (RFC 7047 4.1.5), "monitor_cond" and "monitor_cond_since"
 * (ovsdb-server(7) 4.1.12 and later).  Monitors with the same kind, columns and
 * conditions share one encoding of each change.  Knows no connections: the owner is
 * told that there is something to fetch and fetches when its peer can take it, so a
 * slow reader gets merged updates, bounded by the data that changed.
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/uuid.h"
#include "ovsdb/monitor_kind.h"

struct blob;
struct buf;
struct change_list;
struct db;
struct dump_reader;
struct history;
struct json;
struct monitor;
struct monitor_set;

/* All monitors of one database; registers as its listener.  history: of its commits, lent
 * (NULL: the set keeps one itself).  NULL: out of memory. */
struct monitor_set *monitor_set_new(struct db *db, struct history *history);
void monitor_set_free(struct monitor_set *s); /* when no monitor is left */
/* For a conversion: room for that many tables (-1: out of memory), before anything is
 * done; then, when no monitor is left, before the database gets its new schema. */
must_check int monitor_set_reserve(struct monitor_set *s, size_t n_tables);
void monitor_set_restart(struct monitor_set *s, size_t n_tables);

/* requests: the <monitor-requests> object. */
must_check int monitor_new(struct monitor_set *s, enum monitor_kind kind,
			   const struct json *requests, struct monitor **ret, struct error *err);
void monitor_free(struct monitor *m); /* NULL is fine */
const struct monitor_set *monitor_owner(const struct monitor *m);

/* The table-updates JSON of the reply, to be read by the caller.  Marks everything up to now
 * as delivered. */
must_check int monitor_initial(struct monitor *m, struct dump_reader *ret, struct error *err);
/* For a client that knows the state with that id: the changes since, which may be "{}",
 * and marks as monitor_initial() does.  NULL in *ret: that state is not known any more. */
must_check int monitor_since(struct monitor *m, const struct uuid *last_id, struct blob **ret,
			     struct error *err);
/* The id of the present state, as this monitor's client is to remember it. */
const struct uuid *monitor_txn_id(const struct monitor *m);

/* Changes since the last fetch as table-updates JSON, merged, or NULL when none concern
 * this monitor.  ret_txn_id: of the last commit covered.  -1: out of memory. */
must_check int monitor_fetch(struct monitor *m, struct blob **ret, struct uuid *ret_txn_id,
			     struct error *err);
bool monitor_has_pending(const struct monitor *m);

/* monitor_cond_change: new conditions for some tables.  What they add and remove is part
 * of the next fetch. */
must_check int monitor_set_conditions(struct monitor *m, const struct json *requests,
				      struct error *err);
