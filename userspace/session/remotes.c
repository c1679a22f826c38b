/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "remotes"
#include "session/remotes.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "jsonrpc/tls.h"
#include "session/db_column.h"
#include "session/db_remote.h"
#include "session/host.h"
#include "session/key_files.h"
#include "session/remote.h"

enum { STATUS_MS = 2500 }; /* how often rows hear how their remotes fare */

/* What was asked for. */
struct entry {
	struct entry *next; /* in order of name */
	char *name;
	struct db_column column; /* text NULL: name is the remote itself */
};

/* What came of it; several entries may want the same. */
struct running {
	struct running *next;
	char *target;
	struct remote *remote; /* NULL: it could not be started, tried again and again */
	struct error *failure; /* why */
	struct remote_options options;
	bool is_wanted;
	bool is_of_db; /* a database asked for it and wants to hear how it fares */
	struct remote_status status; /* as the last look at it found it */
};

struct remotes {
	struct host *host;
	struct tls_keys *keys;
	struct key_files *key_files;
	struct entry *entries;
	struct running *running;
	struct loop_timer timer; /* only while a database has remotes */
	bool is_stale; /* reconfigure() is due */
	bool are_keys_stale;
	bool is_status_due;
	uint64_t n_session_changes; /* the host's, when it was last looked at */
};

struct remotes *remotes_new(struct host *h)
{
	struct remotes *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->host = h;
	r->keys = tls_keys_new();
	if (!r->keys) {
		free(r);
		return NULL;
	}
	return r;
}

static void running_free(struct running *u)
{
	remote_free(u->remote);
	free(u->failure);
	free(u->target);
	free(u);
}

static void entry_free(struct entry *e)
{
	db_column_destroy(&e->column);
	free(e->name);
	free(e);
}

void remotes_free(struct remotes *r)
{
	struct running *u;
	struct entry *e;

	if (!r)
		return;
	loop_timer_stop(&r->timer);
	while ((u = r->running)) {
		r->running = u->next;
		running_free(u);
	}
	while ((e = r->entries)) {
		r->entries = e->next;
		entry_free(e);
	}
	key_files_free(r->key_files);
	tls_keys_free(r->keys);
	free(r);
}

int remotes_set_keys(struct remotes *r, const struct key_names *names, struct error *err)
{
	struct key_files *files;

	if (key_files_new(r->host, names, &files, err) < 0)
		return -1;
	key_files_free(r->key_files);
	r->key_files = files;
	return key_files_apply(files, r->keys, err);
}

static struct running *find_running(const struct remotes *r, const char *target)
{
	struct running *u;

	for (u = r->running; u && strcmp(u->target, target); u = u->next)
		;
	return u;
}

static struct running *running_new(const char *target)
{
	struct running *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->target = strdup(target);
	u->failure = calloc(1, sizeof(*u->failure));
	if (u->target && u->failure)
		return u;
	running_free(u);
	return NULL;
}

/* Tries to start it; a failure is said when it is a new one. */
static int start(struct remotes *r, struct running *u)
{
	struct error err;

	if (!remote_new(r->host, r->keys, u->target, &u->options, &u->remote, &err))
		return 0;
	if (strcmp(u->failure->text, err.text))
		log_warn("event=remote-failed remote=%s text=\"%s\"", u->target, err.text);
	*u->failure = err;
	return -1;
}

/* Makes it or keeps it, with these options. */
static struct running *want(struct remotes *r, const char *target,
			    const struct remote_options *options)
{
	struct running *u = find_running(r, target);

	if (!u) {
		u = running_new(target);
		if (!u)
			return NULL; /* tried again at the next change */
		LL_APPEND(r->running, u);
		u->options = *options;
		start(r, u);
	} else if (!u->is_wanted) {
		u->options = *options;
		if (u->remote)
			remote_set_options(u->remote, options);
	}
	u->is_wanted = true;
	return u;
}

static void want_of_db(void *arg, const char *target, const struct remote_options *options)
{
	struct running *u;

	/* Numbers of descriptors mean nothing in a database, and nobody's own are to be had. */
	if (!strncmp(target, "pfd:", 4))
		return;
	u = want(arg, target, options);
	if (u)
		u->is_of_db = true;
}

static void on_timer(void *arg)
{
	struct remotes *r = arg;

	r->is_status_due = true; /* done at the end of this turn */
}

static void reconfigure(struct remotes *r)
{
	const struct remote_options defaults = REMOTE_OPTIONS_DEFAULT;
	struct running *u, *next;
	struct db_column_place place;
	bool has_db = false;
	struct entry *e;

	LL_FOREACH (r->running, u)
		u->is_wanted = u->is_of_db = false;
	LL_FOREACH (r->entries, e) {
		if (!e->column.text) {
			want(r, e->name, &defaults);
		} else if (!db_column_find(r->host, &e->column, &place, NULL)) {
			has_db = true;
			db_remote_each(&place, want_of_db, r);
		}
	}
	LL_FOREACH_SAFE (r->running, u, next) {
		if (u->is_wanted)
			continue;
		LL_DELETE(r->running, u);
		log_info("event=remote-removed remote=%s", u->target);
		running_free(u);
	}
	r->is_status_due = true;
	if (!has_db)
		loop_timer_stop(&r->timer);
	else if (!r->timer.loop)
		loop_timer_start(r->host->loop, &r->timer, STATUS_MS, STATUS_MS, on_timer, r);
}

static const struct remote_status *status_of(void *arg, const char *target)
{
	const struct running *u = find_running(arg, target);

	return u ? &u->status : NULL;
}

/* Looks at all remotes, starts those again that could not be, and tells the rows. */
static void report(struct remotes *r)
{
	struct db_column_place place;
	struct running *u;
	struct entry *e;
	struct error err;

	LL_FOREACH (r->running, u) {
		if (!u->remote)
			start(r, u);
		if (u->remote)
			remote_get_status(u->remote, &u->status);
		else
			u->status = (struct remote_status){
				.state = "BACKOFF",
				.last_error = u->failure->text,
				.sec_since_connect = -1,
				.sec_since_disconnect = -1,
			};
	}
	LL_FOREACH (r->entries, e) {
		if (e->column.text && !db_column_find(r->host, &e->column, &place, NULL) &&
		    db_remote_write_status(&place, status_of, r, &err) < 0)
			log_warn("event=remote-status-not-written text=\"%s\"", err.text);
	}
}

static int by_name(const struct entry *a, const struct entry *b)
{
	return strcmp(a->name, b->name);
}

static struct entry *find_entry(const struct remotes *r, const char *name)
{
	struct entry *e;

	for (e = r->entries; e && strcmp(e->name, name); e = e->next)
		;
	return e;
}

static void drop_entry(struct remotes *r, struct entry *e)
{
	LL_DELETE(r->entries, e);
	entry_free(e);
	reconfigure(r);
}

int remotes_add(struct remotes *r, const char *name, struct error *err)
{
	const struct remote_options defaults = REMOTE_OPTIONS_DEFAULT;
	struct running *u;
	struct entry *e;

	if (find_entry(r, name))
		return 0;
	e = calloc(1, sizeof(*e));
	if (!e)
		return error_nomem(err);
	e->name = strdup(name);
	if (!e->name ||
	    (db_column_is_one(name) && db_column_parse(r->host, name, &e->column, err) < 0)) {
		if (!e->name)
			error_nomem(err);
		entry_free(e);
		return -1;
	}
	LL_INSERT_INORDER(r->entries, e, by_name);
	r->is_stale = true;
	if (e->column.text)
		return 0;
	u = want(r, name, &defaults);
	if (u && u->remote)
		return 0;
	if (u)
		*err = *u->failure;
	else
		error_nomem(err);
	drop_entry(r, e);
	return -1;
}

int remotes_remove(struct remotes *r, const char *name, struct error *err)
{
	struct entry *e = find_entry(r, name);

	if (!e)
		return error_set(err, "not found", "no such remote");
	drop_entry(r, e);
	return 0;
}

void remotes_put_names(const struct remotes *r, struct buf *to)
{
	const struct entry *e;

	LL_FOREACH (r->entries, e)
		buf_printf(to, "%s\n", e->name);
}

void remotes_note(struct remotes *r, const struct change_list *changes)
{
	struct db_column_place place;
	const struct entry *e;

	if (!changes)
		r->is_stale = r->are_keys_stale = true;
	LL_FOREACH (r->entries, e) {
		if (!r->is_stale && e->column.text &&
		    !db_column_find(r->host, &e->column, &place, NULL) &&
		    db_column_concerns(&place, changes))
			r->is_stale = true;
	}
	if (r->key_files && !r->are_keys_stale && key_files_concerned(r->key_files, changes))
		r->are_keys_stale = true;
}

static void refresh_keys(struct remotes *r)
{
	struct running *u;
	struct error err;

	if (r->key_files && key_files_apply(r->key_files, r->keys, &err) < 0)
		log_warn("event=tls-keys-failed text=\"%s\"", err.text);
	LL_FOREACH (r->running, u) {
		if (!u->remote)
			start(r, u);
	}
}

/* A remote that got its first client or lost its last one is told at once. */
static bool has_news(struct remotes *r)
{
	struct remote_status now;
	struct running *u;

	if (r->n_session_changes == r->host->n_session_changes)
		return false;
	r->n_session_changes = r->host->n_session_changes;
	LL_FOREACH (r->running, u) {
		if (!u->remote || !u->is_of_db)
			continue;
		remote_get_status(u->remote, &now);
		if (now.is_connected != u->status.is_connected)
			return true;
	}
	return false;
}

void remotes_run(struct remotes *r)
{
	if (r->are_keys_stale) {
		r->are_keys_stale = false;
		refresh_keys(r);
	}
	if (r->is_stale) {
		r->is_stale = false;
		reconfigure(r);
	}
	if (r->timer.loop && (r->is_status_due || has_news(r))) {
		/* Their own commits ask for no other look. */
		report(r);
		r->is_stale = false;
	}
	r->is_status_due = false;
}
