/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What all sessions of a server have in common: the databases with their monitors and
 * waiting transactions, the locks, the server's identity.  Filled by server.c; the
 * methods work on it.
 */
#include "base/uuid.h"

struct db;
struct durable;
struct journal;
struct lock_table;
struct loop;
struct monitor_set;
struct pending_set;

struct hosted_db {
	struct hosted_db *next; /* in order of name */
	const char *name; /* the schema's */
	struct db *db;
	struct monitor_set *monitors;
	struct pending_set *pendings;
	struct durable *durable; /* NULL: in memory only */
};

struct host {
	struct loop *loop;
	struct hosted_db *dbs;
	struct lock_table *locks;
	struct uuid server_id; /* of this run */
};

struct hosted_db *host_find_db(const struct host *h, const char *name); /* NULL: none */
