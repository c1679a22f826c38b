/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/loop.h"
#include "jsonrpc/frame.h"
#include "jsonrpc/message.h"
#include "jsonrpc/outbox.h"
#include "jsonrpc/source.h"
#include "jsonrpc/tls.h"

enum {
	READ_SIZE = 64 * 1024,
	KEEP_SIZE = 64 * 1024, /* an empty input buffer above this is given back */
	MESSAGES_PER_TURN = 32, /* then the other connections have theirs */
	IOV_MAX_USED = 64,
};

static const struct conn_limits default_limits = {
	.max_message = 256 << 20,
	.max_backlog = 4 << 20,
};

struct conn {
	struct loop *loop;
	int fd;
	struct tls *tls; /* NULL: in the clear */
	int64_t active_ms;
	struct conn_limits limits;
	const struct conn_events *events;
	void *arg;

	struct buf in;
	size_t in_start; /* of the message being received, within in */
	size_t in_scanned; /* how far the frame scanner has looked */
	struct frame frame;

	struct outbox out;
	uint64_t n_sent; /* bytes, ever */

	struct loop_io reader, writer;
	struct loop_timer again; /* something is to be done without news from the socket */
	bool is_reading, is_writing;
	bool is_blocked; /* the socket was full; on_drained is owed */
	bool is_dropped;
	struct error *drop_error; /* for on_close(): too large to lie in each connection */
	bool is_eof;
	unsigned int n_inside; /* callbacks on the stack */
	bool is_freed; /* in one of them */
};

static void on_writable(void *arg, int events);
static void on_readable(void *arg, int events);
static void on_again(void *arg);

/* The peer has to take what it was sent before it is read again. */
static bool is_full(const struct conn *c)
{
	return c->out.n_sources || c->out.n_bytes > c->limits.max_backlog;
}

static void set_reading(struct conn *c, bool is_reading)
{
	if (c->is_reading == is_reading)
		return;
	c->is_reading = is_reading;
	if (is_reading)
		loop_io_resume(c->loop, &c->reader);
	else
		loop_io_stop(&c->reader);
}

static void set_writing(struct conn *c, bool is_writing)
{
	if (c->is_writing == is_writing)
		return;
	c->is_writing = is_writing;
	if (is_writing)
		loop_io_resume(c->loop, &c->writer);
	else
		loop_io_stop(&c->writer);
}

struct conn *conn_new(struct loop *l, int fd_take, const struct conn_limits *limits,
		      const struct conn_events *events, void *arg)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd_take);
		return NULL;
	}
	c->loop = l;
	c->fd = fd_take;
	c->active_ms = loop_now_ms(l);
	c->limits = limits ? *limits : default_limits;
	c->events = events;
	c->arg = arg;
	outbox_init(&c->out);
	frame_init(&c->frame, c->limits.max_message);
	loop_io_start(l, &c->reader, fd_take, LOOP_READ, on_readable, c);
	c->is_reading = true;
	loop_io_start(l, &c->writer, fd_take, LOOP_WRITE, on_writable, c);
	loop_io_stop(&c->writer); /* until there is something to write */
	return c;
}

static bool wants_writing(const struct conn *c)
{
	if (c->tls && tls_receive_needs_writing(c->tls))
		return true;
	return c->out.first && !(c->tls && tls_send_needs_reading(c->tls));
}

void conn_start_tls(struct conn *c, struct tls *t_take)
{
	c->tls = t_take;
	set_writing(c, wants_writing(c));
}

static void destroy(struct conn *c)
{
	buf_free(&c->in);
	free(c->drop_error);
	free(c);
}

void conn_free(struct conn *c)
{
	if (!c || c->is_freed)
		return;
	set_reading(c, false);
	set_writing(c, false);
	loop_timer_stop(&c->again);
	outbox_clear(&c->out);
	tls_free(c->tls);
	c->tls = NULL;
	close(c->fd);
	c->fd = -1;
	c->is_freed = true;
	if (!c->n_inside)
		destroy(c);
}

/* Around everything that may call the owner.  leave() returns false when c is no more. */
static void enter(struct conn *c)
{
	c->n_inside++;
}

static bool leave(struct conn *c)
{
	c->n_inside--;
	if (!c->is_freed)
		return true;
	if (!c->n_inside)
		destroy(c);
	return false;
}

void conn_drop(struct conn *c, const struct error *err)
{
	if (c->is_dropped || c->is_freed)
		return;
	c->is_dropped = true;
	c->drop_error = err ? malloc(sizeof(*err)) : NULL;
	if (c->drop_error)
		*c->drop_error = *err;
	set_reading(c, false);
	loop_timer_start(c->loop, &c->again, 0, 0, on_again, c);
}

static int transmit_error(const struct conn *c, struct error *err, const char *what)
{
	int errnum = errno;

	if (c->tls && errnum == EPROTO)
		return error_set(err, "protocol error", "%s: TLS: %s", what, tls_failure(c->tls));
	return error_errno(err, errnum, "%s", what);
}

/* Writes until the socket is full or nothing is left, at most one piece of a source: the
 * others have their turn before the next one.  -1: the peer is gone, or no memory left. */
static int write_out(struct conn *c)
{
	struct iovec iov[IOV_MAX_USED];
	struct msghdr msg = { .msg_iov = iov };
	bool has_made = false;

	while (c->out.first) {
		ssize_t sent;

		if (outbox_needs_piece(&c->out)) {
			if (has_made)
				return 0;
			has_made = true;
			if (outbox_make_piece(&c->out) < 0) {
				errno = ENOMEM;
				return -1;
			}
		}
		msg.msg_iovlen = outbox_gather(&c->out, iov, IOV_MAX_USED);
		if (c->tls)
			sent = tls_send(c->tls, iov[0].iov_base, iov[0].iov_len);
		else if (msg.msg_iovlen == 1) /* cheaper */
			sent = send(c->fd, iov[0].iov_base, iov[0].iov_len,
				    MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			sent = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		c->n_sent += (size_t)sent;
		outbox_consume(&c->out, (size_t)sent);
	}
	return 0;
}

void conn_flush(struct conn *c)
{
	struct error err;

	if (c->is_freed || c->fd < 0)
		return;
	if (write_out(c) < 0) {
		transmit_error(c, &err, "write to peer");
		set_writing(c, false);
		conn_drop(c, &err);
		return;
	}
	set_writing(c, wants_writing(c));
	if (c->out.first)
		c->is_blocked = true;
	else if (c->is_blocked)
		loop_timer_start(c->loop, &c->again, 0, 0, on_again, c);
	if (!c->is_dropped && !c->is_eof)
		set_reading(c, !is_full(c));
}

static void drop_nomem(struct conn *c)
{
	struct error err;

	error_nomem(&err);
	conn_drop(c, &err);
}

void conn_send_take(struct conn *c, struct blob *b)
{
	if (c->is_freed || c->is_dropped) {
		blob_unref(b);
	} else if (!b || outbox_put(&c->out, b) < 0) {
		blob_unref(b);
		drop_nomem(c);
	} else if (!c->n_inside) {
		set_writing(c, true);
	}
}

void conn_send_source(struct conn *c, struct source *source_take)
{
	if (c->is_freed || c->is_dropped) {
		source_take->end(source_take);
	} else if (outbox_put_source(&c->out, source_take) < 0) {
		source_take->end(source_take);
		drop_nomem(c);
	} else if (!c->n_inside) {
		set_writing(c, true);
	}
}

void conn_finish_sources(struct conn *c)
{
	if (outbox_finish_sources(&c->out) < 0) {
		outbox_clear(&c->out);
		drop_nomem(c);
	}
}

void conn_send_buf(struct conn *c, struct buf *b)
{
	conn_send_take(c, blob_from_buf(b));
}

size_t conn_backlog(const struct conn *c)
{
	return c->out.n_bytes;
}

bool conn_is_blocked(const struct conn *c)
{
	return c->is_blocked;
}

int64_t conn_active_ms(const struct conn *c)
{
	return c->active_ms;
}

static int deliver(struct conn *c, size_t end, struct error *err)
{
	struct message m;
	int rc;

	rc = message_parse(c->in.data + c->in_start, end - c->in_start, &m, err);
	c->in_start = end;
	if (rc < 0)
		return -1;
	c->events->on_message(c->arg, &m);
	message_clear(&m);
	return 0;
}

/* Forgets what was delivered; the rest moves to the front, but only when it is smaller
 * than what goes: so moving costs no more than receiving did. */
static void compact_input(struct conn *c)
{
	size_t rest = c->in.len - c->in_start;

	if (c->in_start <= rest)
		return;
	if (!rest && c->in.cap > KEEP_SIZE) {
		buf_free(&c->in);
	} else {
		memmove(c->in.data, c->in.data + c->in_start, rest);
		c->in.len = rest;
		c->in.data[rest] = '\0';
	}
	c->in_scanned -= c->in_start;
	c->in_start = 0;
}

/* Delivers the messages that are complete in the buffer.  -1: protocol error. */
static int process_input(struct conn *c, struct error *err)
{
	unsigned int n = 0;

	while (c->in_scanned < c->in.len) {
		enum frame_state state;
		size_t used;

		if (n == MESSAGES_PER_TURN || is_full(c))
			break;
		if (frame_scan(&c->frame, c->in.data + c->in_scanned, c->in.len - c->in_scanned,
			       &state, &used, err) < 0)
			return -1;
		c->in_scanned += used;
		if (state == FRAME_MORE)
			break;
		if (deliver(c, c->in_scanned, err) < 0)
			return -1;
		if (c->is_freed || c->is_dropped)
			return 0;
		n++;
	}
	compact_input(c);
	return 0;
}

/* What conn_drop() announced.  Called from the loop only, with nothing of the owner's on
 * the stack. */
static void finish_drop(struct conn *c)
{
	uint64_t n_sent;

	loop_timer_stop(&c->again);
	do
		n_sent = c->n_sent;
	while (write_out(c) == 0 && c->out.n_sources && c->n_sent > n_sent);
	set_writing(c, false);
	c->events->on_close(c->arg, c->drop_error);
}

/* One step of the input: deliver, send the answers, and then find out what is next. */
static void run_input(struct conn *c)
{
	struct error err;

	enter(c);
	if (process_input(c, &err) < 0)
		conn_drop(c, &err);
	if (!c->is_freed)
		conn_flush(c);
	if (!c->is_freed && c->is_eof && c->in_scanned == c->in.len)
		conn_drop(c, NULL);
	if (!c->is_freed && c->is_dropped)
		finish_drop(c);
	else if (!c->is_freed && c->in_scanned < c->in.len && !is_full(c))
		loop_timer_start(c->loop, &c->again, 0, 0, on_again, c);
	leave(c);
}

static ssize_t receive(struct conn *c, char *to, size_t n)
{
	return c->tls ? tls_receive(c->tls, to, n) : recv(c->fd, to, n, MSG_DONTWAIT);
}

static void on_readable(void *arg, int events)
{
	struct conn *c = arg;
	struct error err;
	ssize_t n;

	(void)events;
	if (c->in_scanned < c->in.len) { /* not through with what is here */
		run_input(c);
		return;
	}
	if (!buf_reserve(&c->in, READ_SIZE)) {
		error_nomem(&err);
		conn_drop(c, &err);
		return;
	}
	n = receive(c, c->in.data + c->in.len, READ_SIZE);
	if (n < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
			if (c->tls)
				conn_flush(c); /* the handshake may have come further */
			return;
		}
		transmit_error(c, &err, "read from peer");
		conn_drop(c, &err);
		return;
	}
	c->active_ms = loop_now_ms(c->loop);
	if (!n) {
		c->is_eof = true;
		set_reading(c, false);
	}
	c->in.len += (size_t)n;
	run_input(c);
}

static void on_writable(void *arg, int events)
{
	struct conn *c = arg;
	uint64_t n_sent = c->n_sent;

	(void)events;
	if (c->tls && tls_receive_needs_writing(c->tls)) {
		on_readable(c, LOOP_READ);
		return;
	}
	conn_flush(c);
	if (c->n_sent > n_sent)
		c->active_ms = loop_now_ms(c->loop);
	if (!c->is_dropped && c->in_scanned < c->in.len && !is_full(c))
		loop_timer_start(c->loop, &c->again, 0, 0, on_again, c);
}

static void on_again(void *arg)
{
	struct conn *c = arg;

	loop_timer_stop(&c->again);
	enter(c);
	if (c->is_dropped) {
		finish_drop(c);
	} else if (c->is_blocked && !c->out.first) {
		c->is_blocked = false;
		if (c->events->on_drained)
			c->events->on_drained(c->arg);
		if (!c->is_freed)
			conn_flush(c);
	}
	if (leave(c) && !c->is_dropped && (c->is_eof || c->in_scanned < c->in.len))
		run_input(c);
}
