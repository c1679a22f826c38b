/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "server"
#include "session/server.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/iothread.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/listen.h"
#include "ovsdb/db.h"
#include "ovsdb/monitor.h"
#include "ovsdb/server_db.h"
#include "session/durable.h"
#include "session/host.h"
#include "session/lock.h"
#include "session/methods.h"
#include "session/pending.h"
#include "session/session.h"

enum { MAX_SESSIONS = 10000 };

struct remote {
	struct remote *next;
	struct listener *listener;
};

struct server_entry { /* a database and how the server hears of its commits */
	struct hosted_db hosted; /* first: the host's list is of these */
	struct db_listener listener;
};

struct server {
	struct host host;
	struct db *server_db;
	struct iothread *io;
	struct remote *remotes;
	struct session *sessions;
	unsigned int n_sessions;
	struct lock_owner own_locks;
	struct loop_prepare turn_end;
	struct loop_timer deadline;
	int64_t deadline_ms; /* what the timer is set to; INT64_MAX: off */
	bool has_commits; /* in this turn: monitors may have something to say */
	struct log_limit refused;
};

static void on_commit(void *arg, const struct change_list *changes)
{
	struct server *s = arg;

	(void)changes;
	s->has_commits = true;
}

static void on_deadline(void *arg)
{
	struct server *s = arg;

	/* The work is done at the end of this turn. */
	loop_timer_stop(&s->deadline);
	s->deadline_ms = INT64_MAX;
}

static void set_deadline(struct server *s, int64_t now_ms)
{
	int64_t deadline = INT64_MAX;
	const struct hosted_db *d;

	for (d = s->host.dbs; d; d = d->next) {
		int64_t ms = pending_deadline_ms(d->pendings);

		if (ms < deadline)
			deadline = ms;
	}
	if (deadline == s->deadline_ms)
		return;
	s->deadline_ms = deadline;
	if (deadline == INT64_MAX)
		loop_timer_stop(&s->deadline);
	else
		loop_timer_start(s->host.loop, &s->deadline,
				 deadline > now_ms ? deadline - now_ms : 0, 0, on_deadline, s);
}

/* All that happens at most once a turn: transactions that waited, monitor updates for
 * everybody, the sync that all durable commits of the turn share. */
static void on_turn_end(void *arg)
{
	struct server *s = arg;
	int64_t now_ms = loop_now_ms(s->host.loop);
	struct session *session;
	struct hosted_db *d;

	for (d = s->host.dbs; d; d = d->next)
		pending_run_due(d->pendings, now_ms);
	if (s->has_commits) {
		s->has_commits = false;
		DL_FOREACH (s->sessions, session) {
			session_push(session, false);
			conn_flush(session->conn);
		}
	}
	for (d = s->host.dbs; d; d = d->next) {
		if (d->durable)
			durable_start(d->durable);
	}
	set_deadline(s, now_ms);
}

int server_new(struct loop *l, struct server **ret, struct error *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return error_nomem(err);
	s->host.loop = l;
	s->host.server_id = uuid_random();
	s->host.locks = lock_table_new();
	s->deadline_ms = INT64_MAX;
	loop_prepare_start(l, &s->turn_end, on_turn_end, s);
	if (!s->host.locks) {
		server_free(s);
		return error_nomem(err);
	}
	if (iothread_new(l, &s->io, err) < 0 || server_db_new(&s->server_db, err) < 0 ||
	    server_add_db(s, s->server_db, NULL, err) < 0) {
		server_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

static void entry_free(struct server_entry *e)
{
	if (e->listener.on_commit)
		db_unlisten(e->hosted.db, &e->listener);
	pending_set_free(e->hosted.pendings);
	monitor_set_free(e->hosted.monitors);
	durable_free(e->hosted.durable);
	free(e);
}

static void end_session(void *arg, struct session *session)
{
	struct server *s = arg;

	DL_DELETE(s->sessions, session);
	s->n_sessions--;
	session_free(session);
}

void server_free(struct server *s)
{
	struct hosted_db *d;
	struct remote *r;

	if (!s)
		return;
	while ((r = s->remotes)) {
		s->remotes = r->next;
		listener_free(r->listener);
		free(r);
	}
	iothread_free(s->io); /* the last durable replies */
	while (s->sessions)
		end_session(s, s->sessions);
	while ((d = s->host.dbs)) {
		s->host.dbs = d->next;
		entry_free((struct server_entry *)d);
	}
	if (s->host.locks)
		lock_release_all(s->host.locks, &s->own_locks);
	lock_table_free(s->host.locks);
	loop_prepare_stop(&s->turn_end);
	loop_timer_stop(&s->deadline);
	db_free(s->server_db);
	free(s);
}

static void insert_sorted(struct hosted_db **list, struct hosted_db *d)
{
	while (*list && strcmp((*list)->name, d->name) < 0)
		list = &(*list)->next;
	d->next = *list;
	*list = d;
}

static struct server_entry *entry_new(struct server *s, struct db *db, struct journal *j)
{
	struct server_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->hosted.db = db;
	e->hosted.name = db_schema(db)->name;
	if (j)
		e->hosted.durable = durable_new(s->io, j);
	e->hosted.pendings = pending_set_new(db, e->hosted.durable);
	e->hosted.monitors = monitor_set_new(db);
	if ((j && !e->hosted.durable) || !e->hosted.pendings || !e->hosted.monitors) {
		entry_free(e);
		return NULL;
	}
	e->listener.on_commit = on_commit;
	e->listener.arg = s;
	db_listen(db, &e->listener);
	return e;
}

int server_add_db(struct server *s, struct db *db, struct journal *j, struct error *err)
{
	struct server_entry *e;

	if (host_find_db(&s->host, db_schema(db)->name))
		return error_set(err, "duplicate database", "a database named %s is served already",
				 db_schema(db)->name);
	e = entry_new(s, db, j);
	if (!e)
		return error_nomem(err);
	if (server_db_put(s->server_db, db, err) < 0) {
		entry_free(e);
		return -1;
	}
	insert_sorted(&s->host.dbs, &e->hosted);
	return 0;
}

static void on_accept(void *arg, int fd)
{
	struct server *s = arg;
	struct session *session;

	if (s->n_sessions >= MAX_SESSIONS) {
		if (!log_limited(&s->refused, 1))
			log_warn("event=session-refused reason=\"%d sessions are open\"",
				 MAX_SESSIONS);
		close(fd);
		return;
	}
	session = session_new(&s->host, fd, methods_dispatch, end_session, s);
	if (!session)
		return;
	DL_APPEND(s->sessions, session);
	s->n_sessions++;
}

int server_add_remote(struct server *s, const char *remote, struct error *err)
{
	struct remote *r = calloc(1, sizeof(*r));

	if (!r)
		return error_nomem(err);
	if (listener_new(s->host.loop, remote, on_accept, s, &r->listener, err) < 0) {
		free(r);
		return -1;
	}
	r->next = s->remotes;
	s->remotes = r;
	log_info("event=listening remote=%s", remote);
	return 0;
}

int server_remove_remote(struct server *s, const char *remote, struct error *err)
{
	struct remote **at = &s->remotes, *r;

	while (*at && strcmp(listener_remote((*at)->listener), remote))
		at = &(*at)->next;
	if (!*at)
		return error_set(err, "not found", "%s is not a remote of this server", remote);
	r = *at;
	*at = r->next;
	listener_free(r->listener);
	free(r);
	return 0;
}

static void on_own_lock_stolen(struct lock_owner *owner, const char *name)
{
	(void)owner;
	log_warn("event=lock-stolen lock=%s effect=\"a client claims to be the switch\"", name);
}

bool server_hold_lock(struct server *s, const char *name)
{
	bool is_held;

	s->own_locks.on_stolen = on_own_lock_stolen;
	if (lock_is_held(&s->own_locks, name))
		return true;
	return lock_claim(s->host.locks, &s->own_locks, name, false, &is_held, NULL) == 0 &&
	       is_held;
}
