/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/text.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"

/* The pid file says which socket; that it is locked says that the daemon lives. */
int client_find_socket(const char *dir, char **ret_path, struct error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[4096], text[32] = "";
	long pid;
	int fd;

	snprintf(path, sizeof(path), "%s/bvsd.pid", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "no bvsd found: open %s", path);
	if (read(fd, text, sizeof(text) - 1) < 0 || fcntl(fd, F_GETLK, &lock) < 0) {
		error_errno(err, errno, "read %s", path);
		close(fd);
		return -1;
	}
	close(fd);
	pid = strtol(text, NULL, 10);
	if (lock.l_type == F_UNLCK || pid <= 0)
		return error_set(err, "not found", "no bvsd is running in %s", dir);
	if (asprintf(ret_path, "%s/bvsd.%ld.ctl", dir, pid) < 0)
		return error_nomem(err);
	return 0;
}

static int open_socket(const char *path, struct error *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path))
		return error_set(err, "I/O error", "%s: longer than a unix socket's name may be",
				 path);
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "socket");
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		error_errno(err, errno, "connect to %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

struct question {
	struct loop *loop;
	struct loop_timer timer;
	bool is_text;
	char *text; /* NULL until answered */
	struct error err; /* why there is no text */
};

/* An answer of the control socket is a string, and the question wants what is in it. */
static char *text_of(const struct question *q, const struct json *result)
{
	if (q->is_text)
		return json_is_string(result) ? strdup(json_string(result)) : NULL;
	return text_of_json(result);
}

static void on_message(void *arg, const struct message *m)
{
	struct question *q = arg;

	if (m->kind == MESSAGE_REPLY)
		q->text = text_of(q, m->result);
	else if (m->kind == MESSAGE_ERROR && json_is_string(m->error))
		error_set(&q->err, "refused", "%s", json_string(m->error));
	else if (m->kind == MESSAGE_ERROR)
		error_set(&q->err, "refused", "the daemon refused the request");
	else
		return;
	if (m->kind == MESSAGE_REPLY && !q->text)
		error_set(&q->err, "I/O error", "the answer is not understood");
	loop_stop(q->loop);
}

static void on_close(void *arg, const struct error *err)
{
	struct question *q = arg;

	if (err)
		q->err = *err;
	else
		error_set(&q->err, "I/O error", "the daemon closed the connection");
	loop_stop(q->loop);
}

static void on_timeout(void *arg)
{
	struct question *q = arg;

	error_set(&q->err, "timed out", "no answer in time");
	loop_stop(q->loop);
}

static void send_request(struct conn *c, const char *method, const char *params)
{
	struct buf b = BUF_INIT;
	static const struct json id = { .type = JSON_INTEGER };

	message_put_request_begin(&b, method, &id);
	buf_puts(&b, params);
	message_put_request_end(&b);
	conn_send_buf(c, &b);
	conn_flush(c);
}

static int call(const char *path, int timeout_ms, const char *method, const char *params,
		bool is_text, char **ret_text, struct error *err)
{
	static const struct conn_events events = { .on_message = on_message, .on_close = on_close };
	struct question q = { .loop = loop_new(), .is_text = is_text };
	int fd = open_socket(path, err);
	struct conn *c;

	if (fd < 0 || !q.loop) {
		if (fd >= 0) {
			close(fd);
			error_nomem(err);
		}
		loop_free(q.loop);
		return -1;
	}
	c = conn_new(q.loop, fd, NULL, &events, &q);
	if (!c) {
		loop_free(q.loop);
		return error_nomem(err);
	}
	loop_timer_start(q.loop, &q.timer, timeout_ms, 0, on_timeout, &q);
	send_request(c, method, params);
	loop_run(q.loop);
	loop_timer_stop(&q.timer);
	conn_free(c);
	loop_free(q.loop);
	if (!q.text)
		return error_set(err, q.err.tag, "%s", q.err.text);
	*ret_text = q.text;
	return 0;
}

int client_call(const char *path, int timeout_ms, const char *method, const char *params,
		char **ret_text, struct error *err)
{
	return call(path, timeout_ms, method, params, false, ret_text, err);
}

int client_ask(const char *path, int timeout_ms, const char *command, size_t n_args,
	       const char *const *args, char **ret_text, struct error *err)
{
	struct buf params = BUF_INIT;
	int failed;

	buf_putc(&params, '[');
	for (size_t i = 0; i < n_args; i++) {
		if (i)
			buf_putc(&params, ',');
		text_put_string(&params, args[i]);
	}
	buf_putc(&params, ']');
	failed = !buf_ok(&params)
			 ? error_nomem(err)
			 : call(path, timeout_ms, command, params.data, true, ret_text, err);
	buf_free(&params);
	return failed;
}
