/* SPDX-License-Identifier: Apache-2.0 */
#include "session/methods.h"

#include <stdio.h>
#include <string.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/text.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"
#include "ovsdb/db.h"
#include "ovsdb/dump.h"
#include "ovsdb/syntax.h"
#include "session/big_reply.h"
#include "session/convert.h"
#include "session/host.h"
#include "session/pending.h"
#include "session/probe.h"
#include "session/session.h"

struct method {
	const char *name;
	void (*run)(struct session *s, const struct message *m);
};

/* A syntax error that quotes json, as the answer. */
static void refuse(struct session *s, const struct message *m, const struct json *json,
		   const char *text)
{
	struct error err;

	syntax_error(&err, json, NULL, "%s", text);
	session_fail(s, m->id, &err);
}

/* Where the client has as many as it may; it has its answer then. */
static bool has_too_many(struct session *s, const struct message *m, size_t n, size_t max,
			 const char *what)
{
	struct error err;

	if (n < max)
		return false;
	error_set(&err, "resources exhausted", "this session has %zu %s already", n, what);
	session_fail(s, m->id, &err);
	return true;
}

/* The database that the first parameter names; NULL: the client has its answer. */
static struct hosted_db *find_db(struct session *s, const struct message *m)
{
	const char *name = json_string(json_at(m->params, 0));
	struct hosted_db *d = name ? host_find_db(s->host, name) : NULL;
	struct error err;

	if (d)
		return d;
	if (name)
		syntax_error(&err, m->params, "unknown database",
			     "%s request specifies unknown database %s", m->method, name);
	else
		syntax_error(&err, m->params, NULL, "%s request params must begin with <db-name>",
			     m->method);
	session_fail(s, m->id, &err);
	return NULL;
}

static void get_schema(struct session *s, const struct message *m)
{
	const struct hosted_db *d = find_db(s, m);

	if (d)
		session_reply(s, m->id, db_schema(d->db)->text->data);
}

static void list_dbs(struct session *s, const struct message *m)
{
	struct buf text = BUF_INIT;
	const struct hosted_db *d;

	for (d = s->host->dbs; d; d = d->next) {
		buf_putc(&text, d == s->host->dbs ? '[' : ',');
		text_put_string(&text, d->name);
	}
	buf_puts(&text, s->host->dbs ? "]" : "[]");
	session_reply_buf(s, m->id, &text);
}

static void get_server_id(struct session *s, const struct message *m)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "\"%s\"", UUID_STR(&s->host->server_id));
	session_reply_buf(s, m->id, &text);
}

static void echo(struct session *s, const struct message *m)
{
	struct buf text = BUF_INIT;

	text_put_json(&text, m->params);
	session_reply_buf(s, m->id, &text);
}

static void set_db_change_aware(struct session *s, const struct message *m)
{
	const struct json *is_aware = json_at(m->params, 0);

	if (json_n_elements(m->params) != 1 || !json_is_boolean(is_aware)) {
		refuse(s, m, m->params, "set_db_change_aware: true or false parameter expected");
		return;
	}
	s->is_change_aware = json_is_true(is_aware);
	session_reply(s, m->id, "{}");
}

static void transact(struct session *s, const struct message *m)
{
	const struct hosted_db *d = find_db(s, m);

	if (!d)
		return;
	if (session_find_work(s, m->id)) {
		refuse(s, m, m->params, "transact: duplicate request ID");
		return;
	}
	if (has_too_many(s, m, s->n_works, SESSION_MAX_WORKS, "requests without an answer"))
		return;
	pending_start(d->pendings, s, m, loop_now_ms(s->host->loop));
}

static void convert(struct session *s, const struct message *m)
{
	struct hosted_db *d = find_db(s, m);

	if (d)
		convert_run(s, d, m);
}

/* The name of a lock in params; NULL: the client has its answer. */
static const char *lock_name(struct session *s, const struct message *m)
{
	const char *name = json_string(json_at(m->params, 0));
	struct error err;

	if (json_n_elements(m->params) == 1 && name && syntax_is_id(name))
		return name;
	syntax_error(&err, m->params, NULL, "%s request params must be <id>", m->method);
	session_fail(s, m->id, &err);
	return NULL;
}

static void claim_lock(struct session *s, const struct message *m, bool is_theft)
{
	const char *name = lock_name(s, m);
	struct error err;
	bool is_held;

	if (!name || has_too_many(s, m, s->locks.n_claims, SESSION_MAX_LOCKS, "locks"))
		return;
	if (lock_claim(s->host->locks, &s->locks, name, is_theft, &is_held, &err) < 0)
		refuse(s, m, m->params, err.text);
	else
		session_reply(s, m->id, is_held ? "{\"locked\":true}" : "{\"locked\":false}");
}

static void lock(struct session *s, const struct message *m)
{
	claim_lock(s, m, false);
}

static void steal(struct session *s, const struct message *m)
{
	claim_lock(s, m, true);
}

static void unlock(struct session *s, const struct message *m)
{
	const char *name = lock_name(s, m);
	struct error err;

	if (!name)
		return;
	if (lock_release(s->host->locks, &s->locks, name, &err) < 0)
		refuse(s, m, m->params, err.text);
	else
		session_reply(s, m->id, "{}");
}

/* The parameters around the monitor requests.  False: the client has its answer. */
static bool check_monitor_params(struct session *s, const struct message *m, enum monitor_kind kind)
{
	size_t n = json_n_elements(m->params);
	const struct json *last_id = json_at(m->params, 3);
	struct uuid uuid;

	if (n < 3 || (kind == MONITOR_COND && n != 3) || (kind == MONITOR_COND_SINCE && n != 4))
		refuse(s, m, m->params, "invalid parameters");
	else if (watch_find(&s->watches, json_at(m->params, 1)))
		refuse(s, m, json_at(m->params, 1), "duplicate monitor ID");
	else if (kind == MONITOR_COND_SINCE && !json_is_string(last_id))
		refuse(s, m, last_id, "last-txn-id must be string");
	else if (kind == MONITOR_COND_SINCE && !uuid_parse(json_string(last_id), &uuid))
		refuse(s, m, last_id, "last-txn-id must be UUID format.");
	else
		return true;
	return false;
}

static void reply_initial(struct session *s, const struct message *m, enum monitor_kind kind,
			  struct monitor *monitor)
{
	struct dump_reader rows;
	char before[64] = "";
	struct error err;

	if (monitor_initial(monitor, &rows, &err) < 0) {
		conn_drop(s->conn, &err);
		return;
	}
	if (kind == MONITOR_COND_SINCE)
		snprintf(before, sizeof(before), "[false,\"%s\",",
			 UUID_STR(monitor_txn_id(monitor)));
	big_reply_dump(s, m->id, before, &rows, kind == MONITOR_COND_SINCE ? "]" : "");
}

static void reply_changes(struct session *s, const struct message *m, const struct monitor *monitor,
			  struct blob *changes_take)
{
	struct buf text = BUF_INIT;

	message_put_reply_begin(&text, m->id);
	buf_printf(&text, "[true,\"%s\",", UUID_STR(monitor_txn_id(monitor)));
	conn_send_buf(s->conn, &text);
	conn_send_take(s->conn, changes_take);
	buf_putc(&text, ']');
	message_put_reply_end(&text);
	conn_send_buf(s->conn, &text);
}

/* What changed since the client was here last; NULL: it has to start over. */
static struct blob *resume(const struct message *m, enum monitor_kind kind, struct monitor *monitor)
{
	struct blob *changes = NULL;
	struct uuid last_id;

	if (kind != MONITOR_COND_SINCE ||
	    !uuid_parse(json_string(json_at(m->params, 3)), &last_id) ||
	    monitor_since(monitor, &last_id, &changes, NULL) < 0)
		return NULL;
	return changes;
}

static void start_monitor(struct session *s, const struct message *m, enum monitor_kind kind)
{
	const struct hosted_db *d = find_db(s, m);
	struct monitor *monitor;
	struct blob *changes;
	struct watch *w;
	struct error err;

	if (!d || !check_monitor_params(s, m, kind) ||
	    has_too_many(s, m, s->watches.n, SESSION_MAX_MONITORS, "monitors"))
		return;
	if (monitor_new(d->monitors, kind, json_at(m->params, 2), &monitor, &err) < 0 ||
	    watch_add(&s->watches, kind, json_at(m->params, 1), monitor, &w, &err) < 0) {
		session_fail(s, m->id, &err);
		return;
	}
	changes = resume(m, kind, monitor);
	if (changes)
		reply_changes(s, m, monitor, changes);
	else
		reply_initial(s, m, kind, monitor);
}

static void monitor(struct session *s, const struct message *m)
{
	start_monitor(s, m, MONITOR);
}

static void start_cond_monitor(struct session *s, const struct message *m, enum monitor_kind kind)
{
	if (s->host->is_monitor_cond_disabled)
		session_fail_text(s, m->id, "unknown method");
	else
		start_monitor(s, m, kind);
}

static void monitor_cond(struct session *s, const struct message *m)
{
	start_cond_monitor(s, m, MONITOR_COND);
}

static void monitor_cond_since(struct session *s, const struct message *m)
{
	start_cond_monitor(s, m, MONITOR_COND_SINCE);
}

/* The update with what the new conditions bring goes first, under the new id. */
static void monitor_cond_change(struct session *s, const struct message *m)
{
	const struct json *old_id = json_at(m->params, 0), *new_id = json_at(m->params, 1);
	struct watch *w, *other;
	struct error err;

	if (json_n_elements(m->params) != 3) {
		refuse(s, m, m->params, "invalid parameters");
		return;
	}
	w = watch_find(&s->watches, old_id);
	if (!w) {
		refuse(s, m, old_id, "unknown monitor session");
		return;
	}
	other = watch_find(&s->watches, new_id);
	if (other && other != w) {
		refuse(s, m, new_id, "duplicate monitor ID");
		return;
	}
	if (monitor_set_conditions(watch_monitor(w), json_at(m->params, 2), &err) < 0) {
		session_fail(s, m->id, &err);
		return;
	}
	if (watch_rename(w, new_id, &err) < 0 || watch_push(w, s->conn, &err) < 0)
		conn_drop(s->conn, &err);
	session_reply(s, m->id, "{}");
}

static void monitor_cancel(struct session *s, const struct message *m)
{
	struct watch *w;

	if (json_n_elements(m->params) != 1) {
		session_fail_text(s, m->id, "invalid parameters");
		return;
	}
	w = watch_find(&s->watches, json_at(m->params, 0));
	if (!w) {
		session_fail_text(s, m->id, "unknown monitor");
		return;
	}
	watch_remove(&s->watches, w);
	session_reply(s, m->id, "{}");
}

static const struct method methods[] = {
	{ "transact", transact },
	{ "echo", echo },
	{ "get_schema", get_schema },
	{ "list_dbs", list_dbs },
	{ "monitor", monitor },
	{ "monitor_cond", monitor_cond },
	{ "monitor_cond_since", monitor_cond_since },
	{ "monitor_cond_change", monitor_cond_change },
	{ "monitor_cancel", monitor_cancel },
	{ "lock", lock },
	{ "steal", steal },
	{ "unlock", unlock },
	{ "get_server_id", get_server_id },
	{ "set_db_change_aware", set_db_change_aware },
	{ "convert", convert },
};

static void run_request(struct session *s, const struct message *m)
{
	uint64_t start_ns = perf_now_ns();

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (!strcmp(methods[i].name, m->method)) {
			methods[i].run(s, m);
			perf_count(&s->host->perf, i, methods[i].name, start_ns);
			return;
		}
	}
	session_fail_text(s, m->id, "unknown method");
}

void methods_dispatch(struct session *s, const struct message *m)
{
	struct error err;

	switch (m->kind) {
	case MESSAGE_REQUEST:
		run_request(s, m);
		return;
	case MESSAGE_NOTIFICATION:
		if (!strcmp(m->method, "cancel") && json_n_elements(m->params) == 1)
			pending_cancel(s, json_at(m->params, 0));
		return;
	case MESSAGE_REPLY:
	case MESSAGE_ERROR:
		if (probe_is_answer(m))
			return;
		error_set(&err, "protocol error", "received a reply that nobody asked for");
		conn_drop(s->conn, &err);
		return;
	}
}
