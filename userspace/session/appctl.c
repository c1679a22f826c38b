/* SPDX-License-Identifier: Apache-2.0 */
#include "session/appctl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/loop.h"
#include "base/text.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/listen.h"
#include "jsonrpc/message.h"
#include "session/coverage.h"

enum { MAX_ARGS = 64 };

struct command {
	struct command *next;
	const char *name;
	const char *usage;
	size_t n_min, n_max;
	appctl_fn *fn; /* NULL: slow_fn */
	appctl_slow_fn *slow_fn;
	void *arg;
};

struct socket {
	struct socket *next;
	struct listener *listener;
};

struct peer {
	struct peer *prev, *next;
	struct appctl *appctl;
	struct conn *conn;
	struct appctl_call *calls; /* that are not answered yet */
};

struct appctl_call {
	struct appctl_call *prev, *next;
	struct peer *peer; /* NULL: gone */
	struct message m; /* with a reference of its own to doc */
	bool is_again; /* for appctl_retry(); otherwise somebody will answer */
};

struct appctl {
	struct loop *loop;
	struct coverage *coverage;
	struct command *commands; /* in order of name */
	struct socket *sockets;
	struct peer *peers;
};

static int by_name(const struct command *a, const struct command *b)
{
	return strcmp(a->name, b->name);
}

static int list_commands(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			 struct error *err)
{
	struct appctl *a = arg;

	(void)n_args, (void)args, (void)err;
	buf_puts(reply, "The available commands are:\n");
	for (struct command *c = a->commands; c; c = c->next)
		buf_printf(reply, *c->usage ? "  %-23s %s\n" : "  %s\n", c->name, c->usage);
	return 0;
}

struct appctl *appctl_new(struct loop *l, struct coverage *c)
{
	struct appctl *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->loop = l;
	a->coverage = c;
	if (appctl_add(a, "list-commands", "", 0, 0, list_commands, a, NULL) < 0) {
		appctl_free(a);
		return NULL;
	}
	return a;
}

static void free_call(struct appctl_call *call)
{
	message_clear(&call->m);
	free(call);
}

static void peer_free(struct peer *p)
{
	struct appctl_call *call, *next;

	DL_FOREACH_SAFE (p->calls, call, next) {
		call->peer = NULL;
		if (call->is_again)
			free_call(call);
	}
	DL_DELETE(p->appctl->peers, p);
	conn_free(p->conn);
	free(p);
}

void appctl_free(struct appctl *a)
{
	if (!a)
		return;
	while (a->peers)
		peer_free(a->peers);
	while (a->sockets) {
		struct socket *s = a->sockets;

		LL_DELETE(a->sockets, s);
		listener_free(s->listener);
		free(s);
	}
	while (a->commands) {
		struct command *c = a->commands;

		LL_DELETE(a->commands, c);
		free(c);
	}
	free(a);
}

static int add(struct appctl *a, const struct command *command, struct error *err)
{
	struct command *c = malloc(sizeof(*c));

	if (!c)
		return error_nomem(err);
	*c = *command;
	LL_INSERT_INORDER(a->commands, c, by_name);
	return 0;
}

int appctl_add(struct appctl *a, const char *name, const char *usage, size_t n_min, size_t n_max,
	       appctl_fn *fn, void *arg, struct error *err)
{
	struct command c = { NULL, name, usage, n_min, n_max, fn, NULL, arg };

	return add(a, &c, err);
}

int appctl_add_slow(struct appctl *a, const char *name, const char *usage, size_t n_min,
		    size_t n_max, appctl_slow_fn *fn, void *arg, struct error *err)
{
	struct command c = { NULL, name, usage, n_min, n_max, NULL, fn, arg };

	return add(a, &c, err);
}

/* The words of a request.  Null is what some exporters send for "no words". */
static int read_args(const struct json *params, const char **args, size_t *ret_n, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < json_n_elements(params); i++) {
		const struct json *word = json_at(params, i);

		if (json_is_null(word))
			continue;
		if (!json_is_string(word))
			return error_set(err, "syntax error", "arguments must be strings");
		if (n == MAX_ARGS)
			return error_set(err, "syntax error", "more than %d arguments", MAX_ARGS);
		args[n++] = json_string(word);
	}
	*ret_n = n;
	return 0;
}

/* The command that m asks for and its words; NULL: what is wrong is in *err. */
static const struct command *read_command(const struct appctl *a, const struct message *m,
					  const char **args, size_t *ret_n, struct error *err)
{
	const struct command *c;

	LL_FOREACH (a->commands, c)
		if (!strcmp(c->name, m->method))
			break;
	if (!c) {
		error_set(err, "unknown command",
			  "\"%s\" is not a valid command (use \"list-commands\" to see a "
			  "list of valid commands)",
			  m->method);
		return NULL;
	}
	if (read_args(m->params, args, ret_n, err) < 0)
		return NULL;
	if (*ret_n < c->n_min)
		error_set(err, "syntax error", "\"%s\" command requires at least %zu arguments",
			  c->name, c->n_min);
	else if (*ret_n > c->n_max)
		error_set(err, "syntax error", "\"%s\" command takes at most %zu arguments",
			  c->name, c->n_max);
	else
		return c;
	return NULL;
}

static void answer(struct peer *p, const struct json *id, const char *reply,
		   const struct error *err)
{
	struct buf out = BUF_INIT, text = BUF_INIT;

	if (err) {
		buf_puts(&text, err->text);
		buf_putc(&text, '\n');
		message_put_error_text(&out, id, buf_ok(&text) ? text.data : "out of memory\n");
	} else {
		message_put_reply_begin(&out, id);
		text_put_string(&out, reply);
		message_put_reply_end(&out);
	}
	buf_free(&text);
	coverage_count(p->appctl->coverage, COVERAGE_unixctl_replied);
	conn_send_buf(p->conn, &out);
	/* "exit" stops the loop: its answer must have left by then. */
	conn_flush(p->conn);
}

void appctl_answer(struct appctl_call *call_take, const struct error *err)
{
	struct peer *p = call_take->peer;

	if (p) {
		answer(p, call_take->m.id, "", err);
		DL_DELETE(p->calls, call_take);
	}
	free_call(call_take);
}

/* NULL: no memory; the peer was told. */
static struct appctl_call *add_call(struct peer *p, const struct message *m, bool is_again)
{
	struct appctl_call *call = malloc(sizeof(*call));
	struct error err;

	if (!call) {
		error_nomem(&err);
		answer(p, m->id, NULL, &err);
		return NULL;
	}
	*call = (struct appctl_call){ .peer = p, .m = *m, .is_again = is_again };
	json_doc_ref(m->doc);
	DL_APPEND(p->calls, call);
	return call;
}

static void start_call(struct peer *p, const struct command *c, const struct message *m,
		       const char *const *args, size_t n)
{
	struct appctl_call *call = add_call(p, m, false);
	struct error err;

	if (call && c->slow_fn(c->arg, n, args, call, &err) < 0)
		appctl_answer(call, &err);
}

static void run(struct peer *p, const struct message *m)
{
	const char *args[MAX_ARGS];
	struct buf reply = BUF_INIT;
	const struct command *c;
	struct error err;
	size_t n = 0;
	int rc = -1;

	c = read_command(p->appctl, m, args, &n, &err);
	if (c && c->slow_fn) {
		start_call(p, c, m, args, n);
		return;
	}
	if (c)
		rc = c->fn(c->arg, n, args, &reply, &err);
	if (!rc && !buf_ok(&reply))
		rc = error_nomem(&err);
	if (rc > 0)
		(void)add_call(p, m, true);
	else
		answer(p, m->id, reply.data ? reply.data : "", rc < 0 ? &err : NULL);
	buf_free(&reply);
}

static void on_message(void *arg, const struct message *m)
{
	struct peer *p = arg;

	if (m->kind != MESSAGE_REQUEST)
		return;
	coverage_count(p->appctl->coverage, COVERAGE_unixctl_received);
	run(p, m);
}

static void retry_calls(struct peer *p)
{
	struct appctl_call *calls = p->calls, *call, *next;

	/* Those that say so again are put into the new list. */
	p->calls = NULL;
	DL_FOREACH_SAFE (calls, call, next) {
		DL_DELETE(calls, call);
		if (!call->is_again) {
			DL_APPEND(p->calls, call);
			continue;
		}
		run(p, &call->m);
		free_call(call);
	}
}

void appctl_retry(struct appctl *a)
{
	struct peer *p;

	/* Nobody leaves meanwhile: connections end in a turn of their own. */
	DL_FOREACH (a->peers, p)
		retry_calls(p);
}

static void on_close(void *arg, const struct error *err)
{
	(void)err;
	peer_free(arg);
}

static const struct conn_events peer_events = { .on_message = on_message, .on_close = on_close };
static const struct conn_limits peer_limits = { .max_message = 1 << 20, .max_backlog = 16 << 20 };

static void on_accept(void *arg, int fd_take)
{
	struct appctl *a = arg;
	struct peer *p = calloc(1, sizeof(*p));

	if (!p) {
		close(fd_take);
		return;
	}
	p->appctl = a;
	p->conn = conn_new(a->loop, fd_take, &peer_limits, &peer_events, p);
	if (!p->conn) {
		free(p);
		return;
	}
	DL_APPEND(a->peers, p);
}

int appctl_listen(struct appctl *a, const char *path, struct error *err)
{
	struct socket *s = calloc(1, sizeof(*s));
	struct buf remote = BUF_INIT;
	int rc;

	buf_printf(&remote, "punix:%s", path);
	if (!s || !buf_ok(&remote))
		rc = error_nomem(err);
	else
		rc = listener_new(a->loop, remote.data, on_accept, a, &s->listener, err);
	buf_free(&remote);
	if (rc < 0) {
		free(s);
		return -1;
	}
	LL_PREPEND(a->sockets, s);
	return 0;
}
