/* SPDX-License-Identifier: Apache-2.0 */
#include "session/appctl.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/json.h"
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
	appctl_fn *fn;
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

static void peer_free(struct peer *p)
{
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

int appctl_add(struct appctl *a, const char *name, const char *usage, size_t n_min, size_t n_max,
	       appctl_fn *fn, void *arg, struct error *err)
{
	struct command *c = calloc(1, sizeof(*c));

	if (!c)
		return error_nomem(err);
	c->name = name;
	c->usage = usage;
	c->n_min = n_min;
	c->n_max = n_max;
	c->fn = fn;
	c->arg = arg;
	LL_INSERT_INORDER(a->commands, c, by_name);
	return 0;
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

static int run(struct appctl *a, const struct message *m, struct buf *reply, struct error *err)
{
	const char *args[MAX_ARGS];
	struct command *c;
	size_t n = 0;

	LL_FOREACH (a->commands, c)
		if (!strcmp(c->name, m->method))
			break;
	if (!c)
		return error_set(err, "unknown command",
				 "\"%s\" is not a valid command (use \"list-commands\" to see a "
				 "list of valid commands)",
				 m->method);
	if (read_args(m->params, args, &n, err) < 0)
		return -1;
	if (n < c->n_min)
		return error_set(err, "syntax error",
				 "\"%s\" command requires at least %zu arguments", c->name,
				 c->n_min);
	if (n > c->n_max)
		return error_set(err, "syntax error", "\"%s\" command takes at most %zu arguments",
				 c->name, c->n_max);
	return c->fn(c->arg, n, args, reply, err);
}

static void on_message(void *arg, const struct message *m)
{
	struct peer *p = arg;
	struct buf reply = BUF_INIT, out = BUF_INIT;
	struct error err;

	if (m->kind != MESSAGE_REQUEST)
		return;
	coverage_count(p->appctl->coverage, COVERAGE_unixctl_received);
	if (run(p->appctl, m, &reply, &err) < 0) {
		size_t len = strlen(err.text);

		if (len < sizeof(err.text) - 1)
			err.text[len++] = '\n';
		err.text[len] = '\0';
		message_put_error_text(&out, m->id, err.text);
	} else if (!buf_ok(&reply)) {
		message_put_error_text(&out, m->id, "out of memory\n");
	} else {
		message_put_reply_begin(&out, m->id);
		text_put_string(&out, reply.data ? reply.data : "");
		message_put_reply_end(&out);
	}
	buf_free(&reply);
	coverage_count(p->appctl->coverage, COVERAGE_unixctl_replied);
	conn_send_buf(p->conn, &out);
	/* "exit" stops the loop: its answer must have left by then. */
	conn_flush(p->conn);
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
