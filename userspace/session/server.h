/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The OVSDB server: databases, listening sockets and the sessions of their clients, on
 * one loop.  What main.c needs to start and end it.
 */
#include <stdbool.h>

#include "base/error.h"

struct db;
struct journal;
struct loop;
struct server;

/* With the database "_Server" and nothing else. */
must_check int server_new(struct loop *l, struct server **ret, struct error *err);
/* Ends all sessions, waits for the disk.  Databases and journals stay the caller's, to be
 * freed after this.  NULL is fine. */
void server_free(struct server *s);

/* j: where db is kept; NULL: in memory only.  Both are lent. */
must_check int server_add_db(struct server *s, struct db *db, struct journal *j, struct error *err);

/* Listens on "punix:PATH" (listen.h). */
must_check int server_add_remote(struct server *s, const char *remote, struct error *err);
must_check int server_remove_remote(struct server *s, const char *remote, struct error *err);

/* The daemon itself takes this lock, so that clients which ask for it wait.  True: held. */
bool server_hold_lock(struct server *s, const char *name);
