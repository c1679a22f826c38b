/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"
#include "jsonrpc/address.h"
#include "jsonrpc/resolve.h"
#include "jsonrpc/unix_address.h"

enum { MIN_BACKOFF_MS = 1000 };

struct dialer {
	struct loop *loop;
	const struct dialer_events *events;
	void *arg;
	char *path; /* NULL: on a network */
	struct peer_address address;
	struct resolve *resolve; /* while its name is looked up */
	unsigned int n_failures; /* in a row: of several addresses each has its turn */
	enum dialer_state state;
	int fd; /* while connecting */
	int64_t backoff_ms; /* the last pause; 0: there was none yet */
	int64_t max_backoff_ms;
	int64_t connected_ms;
	struct loop_io io;
	struct loop_timer timer; /* the end of the pause, or of the attempt */
};

static void attempt(void *arg);

static void pause_before_next(struct dialer *d)
{
	if (d->backoff_ms < MIN_BACKOFF_MS)
		d->backoff_ms = MIN_BACKOFF_MS;
	else if (d->backoff_ms >= d->max_backoff_ms / 2)
		d->backoff_ms = d->max_backoff_ms;
	else
		d->backoff_ms *= 2;
	d->state = DIALER_BACKOFF;
	loop_timer_start(d->loop, &d->timer, d->backoff_ms, 0, attempt, d);
}

static void fail(struct dialer *d, const struct error *err)
{
	loop_io_stop(&d->io);
	resolve_free(d->resolve);
	d->resolve = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	d->n_failures++;
	pause_before_next(d);
	d->events->on_failed(d->arg, err);
}

static void fail_errno(struct dialer *d, int errnum)
{
	struct error err;

	error_errno(&err, errnum, "connect");
	fail(d, &err);
}

static void succeed(struct dialer *d)
{
	int fd = d->fd;

	loop_io_stop(&d->io);
	loop_timer_stop(&d->timer);
	d->fd = -1;
	d->n_failures = 0;
	d->state = DIALER_ACTIVE;
	d->connected_ms = loop_now_ms(d->loop);
	d->events->on_connected(d->arg, fd);
}

static void on_writable(void *arg, int events)
{
	struct dialer *d = arg;
	socklen_t len = sizeof(int);
	int errnum = 0;

	(void)events;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) < 0)
		errnum = errno;
	if (errnum)
		fail_errno(d, errnum);
	else
		succeed(d);
}

static void on_timeout(void *arg)
{
	fail_errno(arg, ETIMEDOUT);
}

static int connect_unix(const struct dialer *d, struct error *err)
{
	struct sockaddr_un sun;
	int dir_fd, rc;

	if (unix_address(d->path, &sun, &dir_fd, err) < 0)
		return -1;
	rc = connect(d->fd, (struct sockaddr *)&sun, sizeof(sun));
	if (rc < 0)
		error_errno(err, errno, "connect");
	if (dir_fd >= 0)
		close(dir_fd);
	return rc;
}

static bool open_socket(struct dialer *d, int family)
{
	d->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		fail_errno(d, errno);
	return d->fd >= 0;
}

static void connect_network(struct dialer *d, const struct address *to)
{
	int on = 1;

	if (!open_socket(d, to->storage.ss_family))
		return;
	setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!connect(d->fd, (const struct sockaddr *)&to->storage, to->len))
		succeed(d);
	else if (errno == EINPROGRESS)
		loop_io_start(d->loop, &d->io, d->fd, LOOP_WRITE, on_writable, d);
	else
		fail_errno(d, errno);
}

static void on_resolved(void *arg, const struct address *address, const struct error *err)
{
	struct dialer *d = arg;

	resolve_free(d->resolve);
	d->resolve = NULL;
	if (err)
		fail(d, err);
	else
		connect_network(d, address);
}

static void attempt_network(struct dialer *d)
{
	int64_t limit = d->backoff_ms > MIN_BACKOFF_MS ? d->backoff_ms : MIN_BACKOFF_MS;
	struct error err;

	d->state = DIALER_CONNECTING;
	loop_timer_start(d->loop, &d->timer, limit, 0, on_timeout, d);
	if (!d->address.name[0])
		connect_network(d, &d->address.ip);
	else if (resolve_new(d->loop, d->address.name, d->address.port, d->n_failures, on_resolved,
			     d, &d->resolve, &err) < 0)
		fail(d, &err);
}

static void attempt(void *arg)
{
	struct dialer *d = arg;
	struct error err;

	loop_timer_stop(&d->timer);
	if (!d->path)
		attempt_network(d);
	else if (!open_socket(d, AF_UNIX))
		return;
	else if (connect_unix(d, &err) < 0)
		fail(d, &err);
	else
		succeed(d);
}

int dialer_new(struct loop *l, const char *remote, int64_t max_backoff_ms,
	       const struct dialer_events *events, void *arg, struct dialer **ret,
	       struct error *err)
{
	enum remote_kind kind;
	struct dialer *d;
	const char *rest;

	if (remote_kind_parse(remote, &kind, &rest, err) < 0)
		return -1;
	d = calloc(1, sizeof(*d));
	if (!d)
		return error_nomem(err);
	d->loop = l;
	d->events = events;
	d->arg = arg;
	d->fd = -1;
	dialer_set_max_backoff(d, max_backoff_ms);
	if (remote_kind_is_unix(kind)) {
		d->path = strdup(rest);
		if (!d->path) {
			free(d);
			return error_nomem(err);
		}
	} else if (address_parse_active(rest, &d->address, err) < 0) {
		free(d);
		return -1;
	}
	loop_timer_start(l, &d->timer, 0, 0, attempt, d);
	*ret = d;
	return 0;
}

void dialer_free(struct dialer *d)
{
	if (!d)
		return;
	loop_io_stop(&d->io);
	loop_timer_stop(&d->timer);
	resolve_free(d->resolve);
	if (d->fd >= 0)
		close(d->fd);
	free(d->path);
	free(d);
}

void dialer_lost(struct dialer *d)
{
	/* A connection that lived longer than the pause before it was a good one. */
	if (loop_now_ms(d->loop) - d->connected_ms >= d->backoff_ms)
		d->backoff_ms = 0;
	pause_before_next(d);
}

void dialer_set_max_backoff(struct dialer *d, int64_t ms)
{
	d->max_backoff_ms = ms < MIN_BACKOFF_MS ? MIN_BACKOFF_MS : ms;
}

enum dialer_state dialer_state(const struct dialer *d)
{
	return d->state;
}
