/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What all sessions of a server have in common: the databases with their monitors and
 * waiting transactions, the locks, the server's identity.  Filled by server.c; the
 * methods work on it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "session/perf.h"

struct compaction_part;
struct coverage;
struct db;
struct durable;
struct journal;
struct lock_table;
struct loop;
struct monitor_set;
struct pending_set;
struct session;
struct tlog;

struct hosted_db {
	struct hosted_db *next; /* in order of name */
	const char *name; /* the schema's */
	struct db *db;
	struct journal *journal; /* NULL: in memory only */
	struct monitor_set *monitors;
	struct pending_set *pendings;
	struct durable *durable; /* NULL: in memory only */
	struct compaction_part *compaction_parts; /* compaction.c's */
	bool is_schema_fixed; /* the daemon itself works with it: no conversion */
};

struct host {
	struct loop *loop;
	struct hosted_db *dbs;
	struct lock_table *locks;
	struct coverage *coverage;
	struct perf perf;
	struct tlog *tlogs; /* tables whose changes are logged */
	struct session *sessions; /* session.c keeps these two */
	unsigned int n_sessions;
	unsigned int max_sessions;
	uint64_t n_session_changes; /* sessions that began or ended, ever */
	struct uuid server_id; /* of this run */
	bool is_monitor_cond_disabled; /* an operator plays an old server */
};

struct hosted_db *host_find_db(const struct host *h, const char *name); /* NULL: none */
