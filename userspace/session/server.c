/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "server"
#include "session/server.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/iothread.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "jsonrpc/conn.h"
#include "ovsdb/db.h"
#include "ovsdb/journal.h"
#include "ovsdb/journal_compact.h"
#include "ovsdb/monitor.h"
#include "ovsdb/server_db.h"
#include "session/compaction.h"
#include "session/coverage.h"
#include "session/durable.h"
#include "session/host.h"
#include "session/lock.h"
#include "session/pending.h"
#include "session/remotes.h"
#include "session/session.h"
#include "session/tlog.h"

struct server_entry { /* a database and how the server hears of its commits */
	struct hosted_db hosted; /* first: the host's list is of these */
	struct db_listener listener;
	struct server *server;
	bool is_own; /* db and journal are freed with the entry */
};

struct server {
	struct host host;
	struct db *server_db;
	struct iothread *io;
	struct remotes *remotes;
	bool trims_on_compaction;
	struct hosted_db *retired; /* removed: freed when nothing of theirs is under way */
	struct lock_owner own_locks;
	struct loop_prepare turn_end;
	struct loop_timer deadline;
	int64_t deadline_ms; /* what the timer is set to; INT64_MAX: off */
	bool has_commits; /* in this turn: monitors may have something to say */
};

static void on_commit(void *arg, const struct change_list *changes)
{
	struct server *s = ((struct server_entry *)arg)->server;

	s->has_commits = true;
	coverage_count(s->host.coverage, COVERAGE_db_commit);
	tlog_changes(&s->host, &((struct server_entry *)arg)->hosted, changes);
	if (s->remotes)
		remotes_note(s->remotes, changes);
}

static void on_deadline(void *arg)
{
	struct server *s = arg;

	/* The work is done at the end of this turn. */
	loop_timer_stop(&s->deadline);
	s->deadline_ms = INT64_MAX;
}

static void entry_free(struct server_entry *e)
{
	if (e->listener.on_commit)
		db_unlisten(e->hosted.db, &e->listener);
	pending_set_free(e->hosted.pendings);
	monitor_set_free(e->hosted.monitors);
	durable_free(e->hosted.durable);
	if (e->is_own) {
		journal_close(e->hosted.journal);
		db_free(e->hosted.db);
	}
	free(e);
}

static void free_retired(struct server *s)
{
	struct hosted_db **at = &s->retired, *d;

	while ((d = *at)) {
		if (d->durable)
			durable_start(d->durable);
		if (d->durable && !durable_is_idle(d->durable)) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		entry_free((struct server_entry *)d);
	}
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
	remotes_run(s->remotes);
	free_retired(s);
	if (s->has_commits) {
		s->has_commits = false;
		/* Remotes that told how they fare may have made transactions due. */
		loop_again(s->host.loop);
		DL_FOREACH (s->host.sessions, session) {
			session_push(session, false);
			conn_flush(session->conn);
		}
	}
	for (d = s->host.dbs; d; d = d->next) {
		if (!d->journal)
			continue;
		durable_start(d->durable);
		compaction_run_due(d, s->io, now_ms);
	}
	set_deadline(s, now_ms);
}

/* Descriptors are kept for what the daemon itself has to open, with all clients there. */
static unsigned int max_sessions(void)
{
	enum { MAX_SESSIONS = 10000, MIN_SESSIONS = 16, RESERVE = 256 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= MAX_SESSIONS + RESERVE)
		return MAX_SESSIONS;
	if (limit.rlim_cur < MIN_SESSIONS + RESERVE)
		return MIN_SESSIONS;
	return (unsigned int)limit.rlim_cur - RESERVE;
}

int server_new(struct loop *l, struct server **ret, struct error *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return error_nomem(err);
	s->host.loop = l;
	s->host.max_sessions = max_sessions();
	s->host.server_id = uuid_random();
	s->host.locks = lock_table_new();
	s->host.coverage = coverage_new(l);
	s->remotes = remotes_new(&s->host);
	s->deadline_ms = INT64_MAX;
	loop_prepare_start(l, &s->turn_end, on_turn_end, s);
	if (!s->host.locks || !s->host.coverage || !s->remotes) {
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

void server_free(struct server *s)
{
	struct hosted_db *d;

	if (!s)
		return;
	loop_prepare_stop(&s->turn_end);
	loop_timer_stop(&s->deadline);
	for (d = s->host.dbs; d; d = d->next) {
		if (d->journal)
			journal_compact_cancel(d->journal);
	}
	iothread_free(s->io); /* the last durable replies */
	remotes_free(s->remotes);
	while ((d = s->host.dbs)) {
		s->host.dbs = d->next;
		entry_free((struct server_entry *)d);
	}
	while ((d = s->retired)) {
		s->retired = d->next;
		entry_free((struct server_entry *)d);
	}
	if (s->host.locks)
		lock_release_all(s->host.locks, &s->own_locks);
	lock_table_free(s->host.locks);
	coverage_free(s->host.coverage);
	tlog_clear(&s->host);
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
	e->hosted.journal = j;
	e->server = s;
	if (j)
		e->hosted.durable = durable_new(s->io, j);
	e->hosted.pendings = pending_set_new(db, e->hosted.durable);
	e->hosted.monitors = monitor_set_new(db, j ? journal_history(j) : NULL);
	if ((j && !e->hosted.durable) || !e->hosted.pendings || !e->hosted.monitors) {
		entry_free(e);
		return NULL;
	}
	e->listener.on_commit = on_commit;
	e->listener.arg = e;
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
	remotes_note(s->remotes, NULL);
	return 0;
}

void server_give_db(struct server *s, const char *name)
{
	((struct server_entry *)host_find_db(&s->host, name))->is_own = true;
}

void server_fix_schema(struct server *s, const char *name)
{
	host_find_db(&s->host, name)->is_schema_fixed = true;
}

/* By whatever name: to open and close the lock file of a file once more would give up the
 * lock of the first. */
static bool is_open(const struct server *s, const char *path)
{
	struct stat wanted, st;

	if (stat(path, &wanted) < 0)
		return false;
	for (const struct hosted_db *d = s->host.dbs; d; d = d->next) {
		if (d->journal && !stat(journal_path(d->journal), &st) &&
		    st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino)
			return true;
	}
	return false;
}

/* They would not learn of it; those that ask again find it. */
static void disconnect_unaware(struct server *s)
{
	struct session *session, *next;

	DL_FOREACH_SAFE (s->host.sessions, session, next)
		if (!session->is_change_aware)
			conn_drop(session->conn, NULL);
}

int server_open_db(struct server *s, const char *path, struct error *err)
{
	struct journal *j;
	const char *name;
	struct db *db;

	if (is_open(s, path))
		return error_set(err, "ovsdb error", "ovsdb error: %s: already open", path);
	if (journal_open(path, NULL, &j, &db, err) < 0)
		return -1;
	if (journal_warning(j))
		log_warn("event=file-torn text=\"%s\"", journal_warning(j));
	if (server_add_db(s, db, j, err) < 0) {
		journal_close(j);
		db_free(db);
		return -1;
	}
	name = db_schema(db)->name;
	server_give_db(s, name);
	disconnect_unaware(s);
	log_info("event=database-added name=%s file=%s", name, path);
	return 0;
}

/* Clients let go of it: those that are not change-aware only by being disconnected. */
static void end_users(struct server *s, struct hosted_db *d)
{
	struct session *session, *next;

	pending_cancel_all(d->pendings);
	DL_FOREACH_SAFE (s->host.sessions, session, next) {
		bool is_aware = session->is_change_aware;

		pending_settle(d->pendings, session);
		watch_cancel(&session->watches, d->monitors, is_aware ? session->conn : NULL);
		if (!is_aware)
			conn_drop(session->conn, NULL);
	}
}

int server_remove_db(struct server *s, const char *name, struct error *err)
{
	struct hosted_db *d = host_find_db(&s->host, name), **at;

	if (!d)
		return error_set(err, "not found", "Failed to find the database.");
	if (name[0] == '_')
		return error_set(err, "not allowed", "Cannot remove reserved database.");
	if (!((struct server_entry *)d)->is_own)
		return error_set(err, "not allowed",
				 "Cannot remove the database that configures the switch.");
	if (server_db_remove(s->server_db, name, err) < 0)
		return -1;
	log_info("event=database-removed name=%s", name);
	end_users(s, d);
	if (d->journal)
		journal_compact_cancel(d->journal);
	for (at = &s->host.dbs; *at != d; at = &(*at)->next)
		;
	*at = d->next;
	d->next = s->retired;
	s->retired = d; /* freed at the end of this turn, or after the last sync */
	remotes_note(s->remotes, NULL);
	return 0;
}

int server_set_keys(struct server *s, const struct key_names *names, struct error *err)
{
	return remotes_set_keys(s->remotes, names, err);
}

int server_add_remote(struct server *s, const char *remote, struct error *err)
{
	return remotes_add(s->remotes, remote, err);
}

int server_remove_remote(struct server *s, const char *remote, struct error *err)
{
	return remotes_remove(s->remotes, remote, err);
}

void server_put_remotes(const struct server *s, struct buf *to)
{
	remotes_put_names(s->remotes, to);
}

void server_reconnect(struct server *s)
{
	struct session *session;

	DL_FOREACH (s->host.sessions, session)
		conn_drop(session->conn, NULL);
}

void server_put_db_names(const struct server *s, struct buf *to)
{
	for (const struct hosted_db *d = s->host.dbs; d; d = d->next)
		buf_printf(to, "%s\n", d->name);
}

int server_has_db(const struct server *s, const char *name, struct error *err)
{
	if (host_find_db(&s->host, name))
		return 0;
	return error_set(err, "not found", "no database by that name");
}

void server_set_trimming(struct server *s, bool is_on)
{
	s->trims_on_compaction = is_on;
}

struct compaction_order {
	struct server *server;
	void (*done)(void *arg, const struct error *err);
	void *arg;
};

static void on_compacted(void *arg, const struct error *err)
{
	struct compaction_order *o = arg;

	if (!err && o->server->trims_on_compaction)
		malloc_trim(0);
	o->done(o->arg, err);
	free(o);
}

int server_compact(struct server *s, const char *name,
		   void (*done)(void *arg, const struct error *err), void *arg, struct error *err)
{
	struct compaction_order *o = malloc(sizeof(*o));

	if (!o)
		return error_nomem(err);
	*o = (struct compaction_order){ s, done, arg };
	if (compaction_request(&s->host, s->io, name, on_compacted, o, err) == 0)
		return 0;
	free(o);
	return -1;
}

struct host *server_host(struct server *s)
{
	return &s->host;
}

struct coverage *server_coverage(const struct server *s)
{
	return s->host.coverage;
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
