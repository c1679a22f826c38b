/* SPDX-License-Identifier: Apache-2.0 */
#include "session/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/text.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"

/* Up to here a copy into one piece is cheaper than three pieces. */
enum { COPY_MAX = 4096 };

struct watch {
	struct watch *next;
	enum monitor_kind kind;
	char *id; /* as text */
	struct buf head; /* of its notifications, up to the id; empty: not made yet */
	struct monitor *monitor;
};

struct watch *watch_find(const struct watch_list *l, const struct json *id)
{
	char *text = l->first ? text_of_json(id) : NULL;
	struct watch *w = text ? l->first : NULL;

	while (w && strcmp(w->id, text))
		w = w->next;
	free(text);
	return w;
}

int watch_add(struct watch_list *l, enum monitor_kind kind, const struct json *id,
	      struct monitor *m_take, struct watch **ret, struct error *err)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w)
		w->id = text_of_json(id);
	if (!w || !w->id) {
		free(w);
		monitor_free(m_take);
		return error_nomem(err);
	}
	w->kind = kind;
	w->monitor = m_take;
	w->next = l->first;
	l->first = w;
	l->n++;
	*ret = w;
	return 0;
}

static void watch_free(struct watch *w)
{
	monitor_free(w->monitor);
	buf_free(&w->head);
	free(w->id);
	free(w);
}

void watch_remove(struct watch_list *l, struct watch *w)
{
	struct watch **at;

	for (at = &l->first; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	l->n--;
	watch_free(w);
}

static void send_canceled(const struct watch *w, struct conn *c)
{
	struct buf text = BUF_INIT;

	message_put_notification_begin(&text, "monitor_canceled");
	buf_putc(&text, '[');
	buf_puts(&text, w->id);
	buf_putc(&text, ']');
	message_put_notification_end(&text);
	conn_send_buf(c, &text);
}

void watch_cancel(struct watch_list *l, const struct monitor_set *set, struct conn *c)
{
	struct watch *w, *next;

	for (w = l->first; w; w = next) {
		next = w->next;
		if (monitor_owner(w->monitor) != set)
			continue;
		if (c)
			send_canceled(w, c);
		watch_remove(l, w);
	}
}

void watch_clear(struct watch_list *l)
{
	while (l->first)
		watch_remove(l, l->first);
}

struct monitor *watch_monitor(const struct watch *w)
{
	return w->monitor;
}

int watch_rename(struct watch *w, const struct json *id, struct error *err)
{
	char *text = text_of_json(id);

	if (!text)
		return error_nomem(err);
	free(w->id);
	w->id = text;
	buf_free(&w->head);
	return 0;
}

static const char *notification_name(enum monitor_kind kind)
{
	switch (kind) {
	case MONITOR:
		return "update";
	case MONITOR_COND:
		return "update2";
	case MONITOR_COND_SINCE:
		return "update3";
	}
	return NULL;
}

static void make_head(struct watch *w)
{
	message_put_notification_begin(&w->head, notification_name(w->kind));
	buf_putc(&w->head, '[');
	buf_puts(&w->head, w->id);
	buf_putc(&w->head, ',');
}

static void put_txn_id(struct buf *to, const struct uuid *id)
{
	char text[UUID_TEXT_LEN + 3];

	text[0] = text[UUID_TEXT_LEN + 1] = '"';
	uuid_put(id, text + 1);
	text[UUID_TEXT_LEN + 2] = ',';
	buf_put(to, text, sizeof(text));
}

static void send_update(struct watch *w, struct conn *c, struct blob *updates_take,
			const struct uuid *txn_id)
{
	bool is_short = updates_take->len <= COPY_MAX;
	struct buf text = BUF_INIT;

	if (!w->head.len)
		make_head(w);
	text.failed = w->head.failed;
	buf_reserve(&text, w->head.len + (is_short ? updates_take->len : 0) + 64);
	if (buf_ok(&text))
		buf_put(&text, w->head.data, w->head.len);
	if (w->kind == MONITOR_COND_SINCE)
		put_txn_id(&text, txn_id);
	if (is_short) {
		buf_put(&text, updates_take->data, updates_take->len);
		blob_unref(updates_take);
	} else {
		conn_send_buf(c, &text);
		conn_send_take(c, updates_take);
	}
	buf_putc(&text, ']');
	message_put_notification_end(&text);
	conn_send_buf(c, &text);
}

int watch_push(struct watch *w, struct conn *c, struct error *err)
{
	while (monitor_has_pending(w->monitor)) {
		struct blob *updates = NULL;
		struct uuid txn_id;

		if (monitor_fetch(w->monitor, &updates, &txn_id, err) < 0)
			return -1;
		if (updates)
			send_update(w, c, updates, &txn_id);
	}
	return 0;
}

int watch_push_all(struct watch_list *l, struct conn *c, struct error *err)
{
	struct watch *w;

	for (w = l->first; w; w = w->next) {
		if (watch_push(w, c, err) < 0)
			return -1;
	}
	return 0;
}
