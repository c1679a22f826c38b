/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The OVSDB server: databases, remotes and the sessions of their clients, on one loop.
 * What main.c needs to start and end it, and what ovs-appctl can ask of it.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct buf;
struct coverage;
struct db;
struct host;
struct journal;
struct key_names;
struct loop;
struct server;

/* With the database "_Server" and nothing else. */
must_check int server_new(struct loop *l, struct server **ret, struct error *err);
/* Ends all sessions, waits for the disk.  NULL is fine. */
void server_free(struct server *s);

/* j: where db is kept; NULL: in memory only.  Both are lent, to be freed after the server,
 * until server_give_db() makes them the server's own. */
must_check int server_add_db(struct server *s, struct db *db, struct journal *j, struct error *err);
void server_give_db(struct server *s, const char *name);
/* "convert" of that database is refused: the daemon itself works with it. */
void server_fix_schema(struct server *s, const char *name);

/* By file: opens it, if it exists, owns it, and ends the sessions that are not change-aware;
 * removes one that is the server's own, after ending the sessions that may use it. */
must_check int server_open_db(struct server *s, const char *path, struct error *err);
must_check int server_remove_db(struct server *s, const char *name, struct error *err);
void server_put_db_names(const struct server *s, struct buf *to); /* sorted, one a line */

/* In the background.  name NULL: all that have a file.  done is called once, maybe at once;
 * -1: it will not be. */
must_check int server_compact(struct server *s, const char *name,
			      void (*done)(void *arg, const struct error *err), void *arg,
			      struct error *err);
void server_set_trimming(struct server *s, bool is_on); /* gives memory back afterwards */
must_check int server_has_db(const struct server *s, const char *name, struct error *err);

/* "punix:PATH", "ptcp:[PORT][:IP]", "pssl:...", "tcp:IP[:PORT]", "ssl:...", "unix:PATH", or
 * "db:DB,TABLE,COLUMN" for those that the column tells (remotes.h). */
must_check int server_add_remote(struct server *s, const char *remote, struct error *err);
must_check int server_remove_remote(struct server *s, const char *remote, struct error *err);
void server_put_remotes(const struct server *s, struct buf *to); /* sorted, one a line */
/* For pssl and ssl (key_files.h). */
must_check int server_set_keys(struct server *s, const struct key_names *names, struct error *err);
void server_reconnect(struct server *s); /* ends all sessions; those that we made come again */

struct host *server_host(struct server *s); /* for commands that are about the sessions */
struct coverage *server_coverage(const struct server *s);

/* The daemon itself takes this lock, so that clients which ask for it wait.  True: held. */
bool server_hold_lock(struct server *s, const char *name);
