/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"
#include "jsonrpc/address.h"
#include "jsonrpc/unix_address.h"

enum { RETRY_MS = 100, SOCKET_MODE = 0750, BACKLOG = 1024, ACCEPTS_PER_TURN = 64 };

struct listener {
	struct loop *loop;
	char *remote;
	const char *path; /* within remote; NULL: on a network */
	uint16_t port; /* 0: none */
	int fd;
	dev_t dev; /* of the socket file, to know it again */
	ino_t ino;
	listener_accept_fn *on_accept;
	void *arg;
	struct loop_io io;
	struct loop_timer retry; /* when out of descriptors */
};

/* Clears the way for bind(): an existing socket that refuses connections is stale. */
static int remove_stale(const char *path, const struct sockaddr_un *sun, struct error *err)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	struct stat st;
	int fd, rc;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "stat %s", path);
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, "I/O error", "%s exists and is not a socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "create a socket");
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ? errno : 0;
	if (!rc)
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	close(fd);
	if (!rc || rc == EAGAIN)
		return error_set(err, "I/O error",
				 "%s is in use: another server (pid %d) answers there", path,
				 (int)peer.pid);
	if (rc != ECONNREFUSED)
		return error_errno(err, rc, "connect to existing socket %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, errno, "remove stale socket %s", path);
	return 0;
}

static int bind_unix(struct listener *l, struct error *err)
{
	struct sockaddr_un sun;
	struct stat st;
	int dir_fd, rc = -1;

	if (unix_address(l->path, &sun, &dir_fd, err) < 0)
		return -1;
	if (remove_stale(l->path, &sun, err) < 0)
		goto out;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0) {
		error_errno(err, errno, "create a socket");
		goto out;
	}
	/* Set before bind(), so that the file never has another mode. */
	if (fchmod(l->fd, SOCKET_MODE) < 0 ||
	    bind(l->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		error_errno(err, errno, "bind to %s", l->path);
		goto out;
	}
	if (listen(l->fd, BACKLOG) < 0 || stat(l->path, &st) < 0) {
		error_errno(err, errno, "listen on %s", l->path);
		unlink(l->path);
		goto out;
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	rc = 0;
out:
	if (dir_fd >= 0)
		close(dir_fd);
	return rc;
}

static int bind_network(struct listener *l, const char *rest, struct error *err)
{
	struct address a;
	int on = 1;

	if (address_parse_passive(rest, &a, err) < 0)
		return -1;
	l->fd = socket(a.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return error_errno(err, errno, "create a socket");
	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    bind(l->fd, (struct sockaddr *)&a.storage, a.len) < 0)
		return error_errno(err, errno, "bind to %s", l->remote);
	a.len = sizeof(a.storage);
	if (listen(l->fd, BACKLOG) < 0 ||
	    getsockname(l->fd, (struct sockaddr *)&a.storage, &a.len) < 0)
		return error_errno(err, errno, "listen on %s", l->remote);
	l->port = address_port(&a);
	return 0;
}

static void on_connect(void *arg, int events);

static void on_retry(void *arg)
{
	struct listener *l = arg;

	loop_timer_stop(&l->retry);
	loop_io_start(l->loop, &l->io, l->fd, LOOP_READ, on_connect, l);
}

static void on_connect(void *arg, int events)
{
	struct listener *l = arg;
	int n, fd;

	(void)events;
	for (n = 0; n < ACCEPTS_PER_TURN; n++) {
		fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		l->on_accept(l->arg, fd);
	}
	if (n < ACCEPTS_PER_TURN &&
	    (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		/* The connection stays queued: without a pause this would spin. */
		loop_io_stop(&l->io);
		loop_timer_start(l->loop, &l->retry, RETRY_MS, 0, on_retry, l);
	}
}

/* A copy of it, so that it is still there when the remote is removed and added again. */
static int adopt(struct listener *l, const char *number, struct error *err)
{
	struct address a = { .len = sizeof(a.storage) };
	socklen_t len = sizeof(int);
	int is_listening = 0, fd;
	char *end;

	errno = 0;
	fd = (int)strtol(number, &end, 10);
	if (*end || end == number || errno || fd <= STDERR_FILENO ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) < 0 || !is_listening ||
	    getsockname(fd, (struct sockaddr *)&a.storage, &a.len) < 0)
		return error_set(err, "syntax error", "remote %s: no listening socket", l->remote);
	l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (l->fd < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) < 0)
		return error_errno(err, errno, "listen on %s", l->remote);
	l->port = address_port(&a);
	return 0;
}

static int bind_listener(struct listener *l, enum remote_kind kind, const char *rest,
			 struct error *err)
{
	if (kind == REMOTE_PFD)
		return adopt(l, rest, err);
	if (kind != REMOTE_PUNIX)
		return bind_network(l, rest, err);
	l->path = rest;
	return bind_unix(l, err);
}

int listener_new(struct loop *loop, const char *remote, listener_accept_fn *on_accept, void *arg,
		 struct listener **ret, struct error *err)
{
	enum remote_kind kind;
	struct listener *l;
	const char *rest;

	if (remote_kind_parse(remote, &kind, &rest, err) < 0)
		return -1;
	if (!remote_kind_is_passive(kind))
		return error_set(err, "syntax error", "remote %s: nothing to listen on", remote);
	l = calloc(1, sizeof(*l));
	if (!l)
		return error_nomem(err);
	l->fd = -1;
	l->loop = loop;
	l->on_accept = on_accept;
	l->arg = arg;
	l->remote = strdup(remote);
	if (!l->remote) {
		free(l);
		return error_nomem(err);
	}
	if (bind_listener(l, kind, l->remote + (rest - remote), err) < 0) {
		listener_free(l);
		return -1;
	}
	loop_io_start(loop, &l->io, l->fd, LOOP_READ, on_connect, l);
	*ret = l;
	return 0;
}

void listener_free(struct listener *l)
{
	struct stat st;

	if (!l)
		return;
	loop_io_stop(&l->io);
	loop_timer_stop(&l->retry);
	if (l->ino && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	free(l->remote);
	free(l);
}

uint16_t listener_port(const struct listener *l)
{
	return l->port;
}
