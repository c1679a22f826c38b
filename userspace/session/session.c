/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "session"
#include "session/session.h"

#include <stddef.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"
#include "session/coverage.h"
#include "session/host.h"

/* Results up to this size are sent in one piece with their envelope. */
enum { COPY_MAX = 16384 };

static void on_message(void *arg, const struct message *m)
{
	struct session *s = arg;

	coverage_count(s->host->coverage, COVERAGE_jsonrpc_received);
	s->dispatch(s, m);
}

static void on_close(void *arg, const struct error *err)
{
	struct session *s = arg;

	if (err)
		log_info("event=session-closed reason=\"%s\"", err->text);
	s->on_end(s->end_arg, s, err);
}

static void on_drained(void *arg)
{
	session_push(arg, false);
}

static const struct conn_events conn_events = {
	.on_message = on_message,
	.on_close = on_close,
	.on_drained = on_drained,
};

static struct session *of_locks(struct lock_owner *owner)
{
	return (struct session *)((char *)owner - offsetof(struct session, locks));
}

static void notify_lock(struct session *s, const char *method, const char *name)
{
	struct buf text = BUF_INIT;

	message_put_notification_begin(&text, method);
	buf_putc(&text, '[');
	text_put_string(&text, name);
	buf_putc(&text, ']');
	message_put_notification_end(&text);
	conn_send_buf(s->conn, &text);
}

static void on_lock_granted(struct lock_owner *owner, const char *name)
{
	notify_lock(of_locks(owner), "locked", name);
}

static void on_lock_stolen(struct lock_owner *owner, const char *name)
{
	notify_lock(of_locks(owner), "stolen", name);
}

struct session *session_new(struct host *host, int fd_take,
			    void (*dispatch)(struct session *s, const struct message *m),
			    void (*on_end)(void *arg, struct session *s, const struct error *err),
			    void *end_arg)
{
	struct session *s = calloc(1, sizeof(*s));
	struct conn *c = conn_new(host->loop, fd_take, NULL, &conn_events, s);

	if (!s || !c) {
		free(s);
		conn_free(c);
		return NULL;
	}
	s->host = host;
	s->conn = c;
	s->probe.loop = host->loop;
	s->probe.conn = c;
	s->probe.coverage = host->coverage;
	s->dispatch = dispatch;
	s->on_end = on_end;
	s->end_arg = end_arg;
	s->locks.on_granted = on_lock_granted;
	s->locks.on_stolen = on_lock_stolen;
	DL_APPEND(host->sessions, s);
	host->n_sessions++;
	host->n_session_changes++;
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	DL_DELETE(s->host->sessions, s);
	s->host->n_sessions--;
	s->host->n_session_changes++;
	while (s->works)
		s->works->drop(s->works);
	probe_stop(&s->probe);
	watch_clear(&s->watches);
	lock_release_all(s->host->locks, &s->locks);
	conn_free(s->conn);
	free(s);
}

void session_set_probe(struct session *s, int64_t interval_ms)
{
	probe_start(&s->probe, interval_ms);
}

void session_add_work(struct session *s, struct session_work *w)
{
	DL_APPEND(s->works, w);
	s->n_works++;
}

void session_remove_work(struct session *s, struct session_work *w)
{
	DL_DELETE(s->works, w);
	s->n_works--;
}

struct session_work *session_find_work(const struct session *s, const struct json *id)
{
	char *text = s->works ? text_of_json(id) : NULL;
	struct session_work *w;

	DL_FOREACH (s->works, w) {
		if (text && !strcmp(w->id_text, text))
			break;
	}
	free(text);
	return w;
}

void session_reply(struct session *s, const struct json *id, const char *result)
{
	struct buf text = BUF_INIT;

	message_put_reply_begin(&text, id);
	buf_puts(&text, result);
	message_put_reply_end(&text);
	conn_send_buf(s->conn, &text);
}

void session_reply_buf(struct session *s, const struct json *id, struct buf *result)
{
	struct buf text = BUF_INIT;

	message_put_reply_begin(&text, id);
	if (result->failed || result->len > COPY_MAX) {
		conn_send_buf(s->conn, &text);
		conn_send_buf(s->conn, result);
	} else {
		buf_put(&text, result->data, result->len);
		buf_free(result);
	}
	message_put_reply_end(&text);
	conn_send_buf(s->conn, &text);
}

void session_fail(struct session *s, const struct json *id, const struct error *err)
{
	struct buf text = BUF_INIT;

	message_put_error(&text, id, err);
	conn_send_buf(s->conn, &text);
}

void session_fail_text(struct session *s, const struct json *id, const char *error)
{
	struct buf text = BUF_INIT;

	message_put_error_text(&text, id, error);
	conn_send_buf(s->conn, &text);
}

void session_push(struct session *s, bool is_forced)
{
	struct error err;

	if (!s->watches.first || (!is_forced && conn_is_blocked(s->conn)))
		return;
	if (watch_push_all(&s->watches, s->conn, &err) < 0)
		conn_drop(s->conn, &err);
}
