/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/transact.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/text.h"
#include "ovsdb/change.h"
#include "ovsdb/db.h"
#include "ovsdb/op.h"
#include "ovsdb/op_context.h"
#include "ovsdb/selection.h"
#include "ovsdb/symtab.h"
#include "ovsdb/txn.h"

enum { PIECE_SIZE = 64 * 1024 };

struct transact {
	struct db *db;
	struct json_doc *doc; /* counted */
	const struct json *params; /* in doc */
	int64_t start_ms;
	transact_lock_fn *lock_fn;
	void *lock_arg;
	struct buf reply; /* without the rows of big selects: */
	struct selection *selections; /* in order of their places */
	size_t n_sent; /* bytes of reply that went into pieces */
	/* While a "wait" blocks. */
	const struct schema_table *blocked_on;
	int64_t deadline_ms;
	bool is_durable;
};

struct transact *transact_new(struct db *db, struct json_doc *doc, const struct json *params,
			      int64_t now_ms, transact_lock_fn *lock_fn, void *lock_arg)
{
	struct transact *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->db = db;
	t->doc = json_doc_ref(doc);
	t->params = params;
	t->start_ms = now_ms;
	t->lock_fn = lock_fn;
	t->lock_arg = lock_arg;
	t->deadline_ms = INT64_MAX;
	return t;
}

void transact_free(struct transact *t)
{
	if (!t)
		return;
	json_doc_unref(t->doc);
	selection_free_all(t->selections);
	buf_free(&t->reply);
	free(t);
}

static void begin_element(struct buf *to)
{
	if (to->len > 1)
		buf_putc(to, ',');
}

/* What an operation left that failed after all. */
static void drop_selections(struct op_context *c, size_t len)
{
	struct selection **at = &c->selections;

	while (*at && (*at)->at <= len)
		at = &(*at)->next;
	selection_free_all(*at);
	*at = NULL;
}

/* Runs the operations until one fails; *ret_n_run counts that one too. */
static int run_ops(struct transact *t, struct op_context *c, size_t *ret_n_run, struct error *err)
{
	size_t n = json_n_elements(t->params) - 1;

	for (size_t i = 1; i <= n; i++)
		if (op_announce(c, json_at(t->params, i), err) < 0)
			return -1;
	for (size_t i = 1; i <= n; i++) {
		size_t len;

		*ret_n_run = i;
		begin_element(&t->reply);
		len = t->reply.len;
		if (op_run(c, json_at(t->params, i), i, n, err) < 0) {
			if (buf_ok(&t->reply))
				t->reply.len = len;
			drop_selections(c, len);
			return -1;
		}
	}
	return 0;
}

/* Room for the end of the reply is got before, so that what is committed is told. */
static int commit(struct transact *t, struct txn *txn, struct error *err)
{
	bool is_changed;

	if (!buf_reserve(&t->reply, 1) || !buf_ok(&t->reply))
		return error_nomem(err);
	if (txn_commit(txn, &is_changed, err) < 0)
		return -1;
	t->is_durable = is_changed && txn_is_durable(txn);
	return 0;
}

static void finish_reply(struct transact *t, size_t n_run, bool is_op_failed, bool is_commit_failed,
			 const struct error *err)
{
	size_t n = json_n_elements(t->params) - 1;

	if (is_commit_failed)
		begin_element(&t->reply);
	if (is_op_failed || is_commit_failed)
		text_put_error(&t->reply, err);
	for (size_t i = n_run; i < n; i++) {
		begin_element(&t->reply);
		buf_puts(&t->reply, "null");
	}
	buf_putc(&t->reply, ']');
}

static enum transact_state block(struct transact *t, const struct op_context *c)
{
	t->blocked_on = c->blocked_on;
	t->deadline_ms =
		c->timeout_ms > INT64_MAX - t->start_ms ? INT64_MAX : t->start_ms + c->timeout_ms;
	return TRANSACT_WAITING;
}

enum transact_state transact_run(struct transact *t, int64_t now_ms)
{
	struct error err = { .errnum = 0 };
	struct op_context c = {
		.txn = txn_new(t->db),
		.symtab = symtab_new(),
		.result = &t->reply,
		.elapsed_ms = now_ms - t->start_ms,
		.has_lock = t->lock_fn,
		.has_lock_arg = t->lock_arg,
	};
	enum transact_state state = TRANSACT_DONE;
	size_t n_run = 0;
	int op_rc = -1, commit_rc = 0;

	buf_reset(&t->reply);
	buf_putc(&t->reply, '[');
	t->blocked_on = NULL;
	t->deadline_ms = INT64_MAX;
	if (c.txn && c.symtab)
		op_rc = run_ops(t, &c, &n_run, &err);
	else
		error_nomem(&err);
	if (!op_rc)
		commit_rc = commit(t, c.txn, &err);
	if (op_rc < 0 && c.blocked_on && !strcmp(err.tag, "not supported"))
		state = block(t, &c);
	else
		finish_reply(t, n_run, op_rc < 0, commit_rc < 0, &err);
	if (state == TRANSACT_DONE) {
		t->selections = c.selections;
		json_doc_unref(t->doc);
		t->doc = NULL;
		t->params = NULL;
	} else {
		selection_free_all(c.selections);
	}
	txn_free(c.txn);
	symtab_free(c.symtab);
	return state;
}

int64_t transact_deadline_ms(const struct transact *t)
{
	return t->deadline_ms;
}

bool transact_concerns(const struct transact *t, const struct change_list *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		if (row_change_table(&changes->changes[i]) == t->blocked_on)
			return true;
	return false;
}

bool transact_is_reply_big(const struct transact *t)
{
	return t->selections;
}

/* Appends about max bytes more; true: no more to come. */
static bool put_reply(struct transact *t, struct buf *to, size_t max)
{
	size_t start = to->len;
	struct selection *s;

	to->failed |= t->reply.failed;
	while ((s = t->selections) && buf_ok(to)) {
		buf_put(to, t->reply.data + t->n_sent, s->at - t->n_sent);
		t->n_sent = s->at;
		if (to->len - start >= max || !selection_put(s, to, max - (to->len - start)))
			return false;
		t->selections = s->next;
		selection_free(s);
	}
	if (buf_ok(to))
		buf_put(to, t->reply.data + t->n_sent, t->reply.len - t->n_sent);
	return true;
}

bool transact_next_piece(struct transact *t, struct buf *to)
{
	return put_reply(t, to, PIECE_SIZE);
}

struct buf *transact_reply(struct transact *t)
{
	struct buf whole = BUF_INIT;

	if (t->selections) {
		put_reply(t, &whole, SIZE_MAX);
		buf_free(&t->reply);
		t->reply = whole;
		t->n_sent = 0;
	}
	return &t->reply;
}

bool transact_is_durable(const struct transact *t)
{
	return t->is_durable;
}
