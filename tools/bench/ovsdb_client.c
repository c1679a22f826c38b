/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb_client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 20, PATIENCE_MS = 120000 };

void die(const char *fmt, ...)
{
	va_list args;

	fputs("ovsdb bench: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void *grow(void *data, size_t need, size_t *room)
{
	if (need <= *room)
		return data;
	*room = need + need / 2 + 64;
	data = realloc(data, *room);
	if (!data)
		die("out of memory");
	return data;
}

void text_put(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	t->data = grow(t->data, t->len + (size_t)n + 1, &t->room);
	va_start(args, fmt);
	vsnprintf(t->data + t->len, (size_t)n + 1, fmt, args);
	va_end(args);
	t->len += (size_t)n;
}

void text_free(struct text *t)
{
	free(t->data);
	*t = (struct text){ .len = 0 };
}

bool client_try_open(struct client *c, const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	*c = (struct client){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (c->fd < 0)
		die("socket: %s", strerror(errno));
	if (!connect(c->fd, (struct sockaddr *)&to, sizeof(to)))
		return true;
	close(c->fd);
	return false;
}

void client_open(struct client *c, const char *path)
{
	if (!client_try_open(c, path))
		die("%s: %s", path, strerror(errno));
}

void client_close(struct client *c)
{
	close(c->fd);
	free(c->in);
	*c = (struct client){ .fd = -1 };
}

static void wait_for(const struct client *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	int n;

	do
		n = poll(&p, 1, PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		die("no answer within %d s", PATIENCE_MS / 1000);
}

void client_send(struct client *c, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			wait_for(c, POLLOUT);
		else if (n < 0 && errno != EINTR)
			die("send: %s", strerror(errno));
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

void client_fill(struct client *c)
{
	ssize_t n;

	if (c->start) {
		memmove(c->in, c->in + c->start, c->len - c->start);
		c->at -= c->start;
		c->string -= c->start;
		c->len -= c->start;
		c->start = 0;
	}
	c->in = grow(c->in, c->len + READ_SIZE, &c->room);
	wait_for(c, POLLIN);
	n = recv(c->fd, c->in + c->len, READ_SIZE, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		die("the server closed the connection");
	c->len += (size_t)n;
}

/* Goes on inside a string; true when its end was there. */
static bool end_string(struct client *c)
{
	static const char method[] = "\"method\"";
	const size_t size = sizeof(method) - 1;

	for (; c->at < c->len; c->at++) {
		if (c->is_escaped)
			c->is_escaped = false;
		else if (c->in[c->at] == '\\')
			c->is_escaped = true;
		else if (c->in[c->at] == '"')
			break;
	}
	if (c->at == c->len)
		return false;
	c->at++;
	c->is_in_string = false;
	if (c->depth == 1 && c->at - c->string == size && !memcmp(c->in + c->string, method, size))
		c->is_call = true;
	return true;
}

bool client_next(struct client *c, struct message *ret)
{
	while (c->at < c->len) {
		if (c->is_in_string) {
			end_string(c);
			continue;
		}
		switch (c->in[c->at++]) {
		case '"':
			c->is_in_string = true;
			c->string = c->at - 1;
			break;
		case '{':
		case '[':
			c->depth++;
			break;
		case '}':
		case ']':
			if (--c->depth)
				break;
			*ret = (struct message){ c->in + c->start, c->at - c->start, c->is_call };
			c->n_calls += c->is_call;
			c->start = c->at;
			c->is_call = false;
			return true;
		}
	}
	return false;
}

/* In big replies that were asked for, nothing goes wrong but the size. */
static void refuse_errors(const struct message *m)
{
	static const char sign[] = "\"error\":\"";

	if (m->len < 65536 && memmem(m->text, m->len, sign, sizeof(sign) - 1))
		die("the server answered %.*s", (int)(m->len < 2000 ? m->len : 2000), m->text);
}

struct message client_reply(struct client *c)
{
	struct message m;

	for (;;) {
		while (!client_next(c, &m))
			client_fill(c);
		if (!m.is_call) {
			refuse_errors(&m);
			return m;
		}
	}
}

struct message client_call(struct client *c, const struct text *request)
{
	client_send(c, request->data, request->len);
	return client_reply(c);
}
