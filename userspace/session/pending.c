/* SPDX-License-Identifier: Apache-2.0 */
#include "session/pending.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "base/text.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"
#include "ovsdb/db.h"
#include "ovsdb/transact.h"
#include "session/big_reply.h"
#include "session/durable.h"
#include "session/session.h"

struct pending {
	struct session_work work;
	struct durable_waiter sync;
	struct pending_set *set;
	struct session *session;
	struct transact *transact;
	struct json_doc *id; /* of the request; the rest of it goes earlier */
	struct pending *prev, *next; /* in set->waiting */
	bool is_waiting;
	bool is_due;
};

struct pending_set {
	struct db *db;
	struct durable *durable;
	struct db_listener listener;
	struct pending *waiting;
	bool has_due;
};

static void on_commit(void *arg, const struct change_list *changes)
{
	struct pending_set *set = arg;
	struct pending *p;

	DL_FOREACH (set->waiting, p) {
		if (!p->is_due && transact_concerns(p->transact, changes)) {
			p->is_due = true;
			set->has_due = true;
		}
	}
}

struct pending_set *pending_set_new(struct db *db, struct durable *durable)
{
	struct pending_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->db = db;
	set->durable = durable;
	set->listener.on_commit = on_commit;
	set->listener.arg = set;
	db_listen(db, &set->listener);
	return set;
}

void pending_set_free(struct pending_set *set)
{
	if (!set)
		return;
	db_unlisten(set->db, &set->listener);
	free(set);
}

static void set_waiting(struct pending *p, bool is_waiting)
{
	if (p->is_waiting == is_waiting)
		return;
	p->is_waiting = is_waiting;
	if (is_waiting)
		DL_APPEND(p->set->waiting, p);
	else
		DL_DELETE(p->set->waiting, p);
}

static void pending_free(struct pending *p)
{
	set_waiting(p, false);
	durable_forget(&p->sync);
	session_remove_work(p->session, &p->work);
	transact_free(p->transact);
	json_doc_unref(p->id);
	free(p->work.id_text);
	free(p);
}

static void drop_work(struct session_work *w)
{
	pending_free((struct pending *)((char *)w - offsetof(struct pending, work)));
}

/* The client sees what it changed before it hears that it did. */
static void answer(struct pending *p, const struct error *err)
{
	session_push(p->session, true);
	if (err) {
		session_fail(p->session, p->work.id, err);
	} else if (transact_is_reply_big(p->transact)) {
		big_reply_transact(p->session, p->work.id, p->transact);
		p->transact = NULL;
	} else {
		session_reply_buf(p->session, p->work.id, transact_reply(p->transact));
	}
	pending_free(p);
}

static void on_synced(struct durable_waiter *w, const struct error *err)
{
	answer((struct pending *)((char *)w - offsetof(struct pending, sync)), err);
}

static void run(struct pending *p, int64_t now_ms)
{
	struct pending_set *set = p->set;

	p->is_due = false;
	if (transact_run(p->transact, now_ms) == TRANSACT_WAITING) {
		set_waiting(p, true);
		return;
	}
	set_waiting(p, false);
	if (!set->durable || !transact_is_durable(p->transact)) {
		answer(p, NULL);
		return;
	}
	p->sync.done = on_synced;
	durable_wait(set->durable, &p->sync);
}

static bool holds_lock(void *arg, const char *name)
{
	const struct session *s = arg;

	return lock_is_held(&s->locks, name);
}

static int keep_id(struct pending *p, const struct json *id, struct error *err)
{
	char *text = p->work.id_text = text_of_json(id);

	if (!text)
		return error_nomem(err);
	if (json_parse(text, strlen(text), &p->id, err) < 0)
		return -1;
	p->work.id = json_doc_root(p->id);
	return 0;
}

void pending_start(struct pending_set *set, struct session *s, const struct message *m,
		   int64_t now_ms)
{
	struct pending *p = calloc(1, sizeof(*p));
	struct error err;
	int rc = p ? keep_id(p, m->id, &err) : error_nomem(&err);

	if (!rc) {
		p->transact = transact_new(set->db, m->doc, m->params, now_ms, holds_lock, s);
		rc = p->transact ? 0 : error_nomem(&err);
	}
	if (rc < 0) {
		if (p) {
			json_doc_unref(p->id);
			free(p->work.id_text);
		}
		free(p);
		session_fail(s, m->id, &err);
		return;
	}
	p->set = set;
	p->session = s;
	p->work.drop = drop_work;
	session_add_work(s, &p->work);
	run(p, now_ms);
}

void pending_cancel(struct session *s, const struct json *id)
{
	struct session_work *w = session_find_work(s, id);
	struct pending *p;

	if (!w)
		return;
	p = (struct pending *)((char *)w - offsetof(struct pending, work));
	if (!p->is_waiting)
		return; /* committed: only its sync is awaited */
	session_fail_text(s, w->id, "canceled");
	pending_free(p);
}

void pending_cancel_all(struct pending_set *set)
{
	struct pending *p, *next;

	DL_FOREACH_SAFE (set->waiting, p, next) {
		session_fail_text(p->session, p->work.id, "canceled");
		pending_free(p);
	}
}

void pending_settle(struct pending_set *set, struct session *s)
{
	struct session_work *w;

	DL_FOREACH (s->works, w) {
		struct pending *p = NULL;

		if (w->drop == drop_work)
			p = (struct pending *)((char *)w - offsetof(struct pending, work));
		if (p && p->set == set && !p->is_waiting)
			transact_reply(p->transact); /* makes it text */
	}
	conn_finish_sources(s->conn);
}

/* A run may commit and make others due, those that were passed over included. */
void pending_run_due(struct pending_set *set, int64_t now_ms)
{
	struct pending *p, *next;

	DL_FOREACH (set->waiting, p) {
		if (transact_deadline_ms(p->transact) <= now_ms)
			p->is_due = set->has_due = true;
	}
	while (set->has_due) {
		set->has_due = false;
		DL_FOREACH_SAFE (set->waiting, p, next) {
			if (p->is_due)
				run(p, now_ms);
		}
	}
}

int64_t pending_deadline_ms(const struct pending_set *set)
{
	int64_t deadline = INT64_MAX;
	const struct pending *p;

	DL_FOREACH (set->waiting, p) {
		int64_t d = transact_deadline_ms(p->transact);

		if (d < deadline)
			deadline = d;
	}
	return deadline;
}
