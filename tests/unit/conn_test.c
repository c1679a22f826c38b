/* SPDX-License-Identifier: Apache-2.0 */
/* One connection: messages in whatever pieces, partial writes, back-pressure, endings;
 * and the listening socket in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/loop.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/listen.h"
#include "jsonrpc/message.h"
#include "jsonrpc/source.h"

struct peer {
	struct loop *loop;
	struct conn *conn;
	int fd; /* the other end */
	int n_messages, n_closed, n_drained;
	bool frees_in_message;
	bool answers; /* with 64 kB each */
	char reason[256];
};

static void on_message(void *arg, const struct message *m)
{
	struct peer *p = arg;

	assert_non_null(m->doc);
	p->n_messages++;
	if (p->answers) {
		char *big = calloc(1, 65536);

		memset(big, 'x', 65536);
		conn_send_take(p->conn, blob_new(big, 65536));
		free(big);
	}
	if (p->frees_in_message) {
		conn_free(p->conn);
		p->conn = NULL;
	}
}

static void on_close(void *arg, const struct error *err)
{
	struct peer *p = arg;

	p->n_closed++;
	snprintf(p->reason, sizeof(p->reason), "%.200s", err ? err->text : "");
	conn_free(p->conn);
	p->conn = NULL;
}

static void on_drained(void *arg)
{
	((struct peer *)arg)->n_drained++;
}

static const struct conn_events events = { on_message, on_close, on_drained };

static struct peer *peer_new(const struct conn_limits *limits)
{
	struct peer *p = calloc(1, sizeof(*p));
	int fds[2];

	p->loop = loop_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	p->fd = fds[1];
	p->conn = conn_new(p->loop, fds[0], limits, &events, p);
	assert_non_null(p->conn);
	return p;
}

static void peer_free(struct peer *p)
{
	conn_free(p->conn);
	loop_free(p->loop);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static void turns(struct peer *p, int n)
{
	while (n--)
		loop_turn(p->loop, 0);
}

static void put(struct peer *p, const char *text)
{
	assert_int_equal(write(p->fd, text, strlen(text)), strlen(text));
}

#define ECHO "{\"method\":\"echo\",\"params\":[],\"id\":1}"

static void messages_come_in_pieces_and_in_crowds(void **state)
{
	struct peer *p = peer_new(NULL);
	size_t i;

	(void)state;
	for (i = 0; i < strlen(ECHO); i++) {
		char c[2] = { ECHO[i], 0 };

		put(p, c);
		turns(p, 1);
	}
	assert_int_equal(p->n_messages, 1);
	for (i = 0; i < 200; i++)
		put(p, ECHO " ");
	turns(p, 30);
	assert_int_equal(p->n_messages, 201);
	peer_free(p);
}

static void bad_input_closes(void **state)
{
	static const char *const bad[] = { "[1]", "{\"foo\":1}", "{]" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct peer *p = peer_new(NULL);

		put(p, ECHO);
		put(p, bad[i]);
		turns(p, 5);
		assert_int_equal(p->n_messages, 1);
		assert_int_equal(p->n_closed, 1);
		assert_true(*p->reason);
		peer_free(p);
	}
}

static void a_long_message_closes(void **state)
{
	struct conn_limits limits = { .max_message = 20, .max_backlog = 1000 };
	struct peer *p = peer_new(&limits);

	(void)state;
	put(p, ECHO);
	turns(p, 5);
	assert_int_equal(p->n_messages, 0);
	assert_int_equal(p->n_closed, 1);
	assert_non_null(strstr(p->reason, "longer than 20 bytes"));
	peer_free(p);
}

static void the_end_of_the_peer_is_told_after_its_messages(void **state)
{
	struct peer *p = peer_new(NULL);
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		put(p, ECHO);
	close(p->fd);
	p->fd = -1;
	turns(p, 30);
	assert_int_equal(p->n_messages, 100);
	assert_int_equal(p->n_closed, 1);
	peer_free(p);
}

static void a_conn_may_be_freed_by_its_own_message(void **state)
{
	struct peer *p = peer_new(NULL);

	(void)state;
	p->frees_in_message = true;
	put(p, ECHO ECHO);
	turns(p, 5);
	assert_int_equal(p->n_messages, 1);
	assert_null(p->conn);
	peer_free(p);
}

/* Reads all there is from the other end. */
static size_t drain(struct peer *p)
{
	static char bytes[1 << 16];
	size_t total = 0;
	ssize_t n;

	while ((n = read(p->fd, bytes, sizeof(bytes))) > 0)
		total += (size_t)n;
	return total;
}

static void a_peer_that_does_not_read_is_not_read(void **state)
{
	struct conn_limits limits = { .max_message = 1000, .max_backlog = 300000 };
	struct peer *p = peer_new(&limits);
	size_t got = 0;
	int i, n;

	(void)state;
	p->answers = true;
	for (i = 0; i < 100; i++)
		put(p, ECHO);
	turns(p, 50);
	n = p->n_messages;
	assert_in_range(n, 4, 20);
	assert_in_range(conn_backlog(p->conn), limits.max_backlog, limits.max_backlog + 65536);
	turns(p, 50);
	assert_int_equal(p->n_messages, n); /* neither read nor run */
	for (i = 0; i < 1000 && got < 100 * 65536; i++) {
		got += drain(p);
		turns(p, 3);
	}
	assert_int_equal(p->n_messages, 100);
	assert_int_equal(got, 100 * 65536);
	turns(p, 3);
	assert_int_equal(conn_backlog(p->conn), 0);
	assert_true(p->n_drained >= 1);
	peer_free(p);
}

static void blobs_leave_in_order(void **state)
{
	struct peer *p = peer_new(NULL);
	struct blob *shared = blob_new("two", 3);
	struct buf b = BUF_INIT;
	char got[16] = "";

	(void)state;
	buf_puts(&b, "one");
	conn_send_buf(p->conn, &b);
	conn_send_take(p->conn, blob_ref(shared));
	conn_send_take(p->conn, blob_new("", 0));
	conn_send_take(p->conn, blob_ref(shared));
	assert_int_equal(conn_backlog(p->conn), 9);
	conn_flush(p->conn);
	assert_int_equal(conn_backlog(p->conn), 0);
	assert_int_equal(read(p->fd, got, sizeof(got)), 9);
	assert_string_equal(got, "onetwotwo");
	assert_int_equal(shared->n_refs, 1);
	blob_unref(shared);
	/* Without a flush the loop does it. */
	conn_send_take(p->conn, blob_new("x", 1));
	turns(p, 2);
	assert_int_equal(read(p->fd, got, sizeof(got)), 1);
	/* Out of memory must not lose a message silently. */
	conn_send_take(p->conn, NULL);
	turns(p, 2);
	assert_int_equal(p->n_closed, 1);
	peer_free(p);
}

/* N_PIECES of PIECE bytes each, 'a', 'b' ... */
enum { N_PIECES = 20, PIECE = 50000 };

struct letters {
	struct source source; /* first */
	int n_made, n_ended;
	int fail_at; /* 0: never */
};

static bool next_letters(struct source *s, struct blob **ret)
{
	struct letters *l = (struct letters *)s;
	static char bytes[PIECE];

	*ret = NULL;
	if (l->fail_at && l->n_made == l->fail_at)
		return false;
	memset(bytes, 'a' + l->n_made, sizeof(bytes));
	*ret = blob_new(bytes, sizeof(bytes));
	return ++l->n_made == N_PIECES;
}

static void end_letters(struct source *s)
{
	((struct letters *)s)->n_ended++;
}

static struct letters *send_letters(struct peer *p)
{
	static struct letters l;

	l = (struct letters){ .source = { next_letters, end_letters } };
	conn_send_take(p->conn, blob_new("<", 1));
	conn_send_source(p->conn, &l.source);
	conn_send_take(p->conn, blob_new(">", 1));
	return &l;
}

/* Reads "<", all pieces, ">" from the other end, the loop turning meanwhile. */
static void assert_letters(struct peer *p)
{
	enum { TOTAL = N_PIECES * PIECE + 2 };
	static char got[TOTAL];
	size_t n = 0;

	for (int i = 0; i < 10000 && n < TOTAL; i++) {
		ssize_t more = read(p->fd, got + n, TOTAL - n);

		n += more > 0 ? (size_t)more : 0;
		turns(p, 1);
	}
	assert_int_equal(n, TOTAL);
	assert_int_equal(got[0], '<');
	assert_int_equal(got[TOTAL - 1], '>');
	for (n = 0; n < N_PIECES * PIECE; n++)
		assert_int_equal(got[n + 1], 'a' + n / PIECE);
}

static void pieces_are_made_as_they_are_taken(void **state)
{
	struct peer *p = peer_new(NULL);
	struct letters *l = send_letters(p);
	int n;

	(void)state;
	turns(p, 1);
	assert_int_equal(l->n_made, 1); /* one a turn */
	turns(p, 100);
	n = l->n_made;
	assert_in_range(n, 2, N_PIECES - 1); /* the socket is full */
	assert_in_range(conn_backlog(p->conn), 1, PIECE + 1);
	assert_true(conn_is_blocked(p->conn));
	put(p, ECHO);
	turns(p, 10);
	assert_int_equal(p->n_messages, 0); /* it has to take its answer first */
	assert_letters(p);
	assert_int_equal(l->n_made, N_PIECES);
	assert_int_equal(l->n_ended, 1);
	turns(p, 5);
	assert_int_equal(p->n_messages, 1);
	assert_int_equal(p->n_drained, 1);
	peer_free(p);
}

static void all_pieces_at_once(void **state)
{
	struct peer *p = peer_new(NULL);
	struct letters *l = send_letters(p);

	(void)state;
	turns(p, 100);
	assert_in_range(l->n_made, 2, N_PIECES - 1);
	conn_finish_sources(p->conn);
	assert_int_equal(l->n_made, N_PIECES);
	assert_int_equal(l->n_ended, 1);
	assert_letters(p);
	assert_int_equal(conn_backlog(p->conn), 0);
	l = send_letters(p);
	conn_finish_sources(p->conn); /* before the first piece as well */
	assert_int_equal(l->n_ended, 1);
	assert_letters(p);
	assert_int_equal(p->n_closed, 0);
	peer_free(p);
}

static void a_peer_that_goes_ends_the_source(void **state)
{
	struct peer *p = peer_new(NULL);
	struct letters *l = send_letters(p);

	(void)state;
	turns(p, 100);
	close(p->fd);
	p->fd = -1;
	turns(p, 10);
	assert_int_equal(p->n_closed, 1);
	assert_int_equal(l->n_ended, 1);
	assert_in_range(l->n_made, 2, N_PIECES - 1);
	peer_free(p);
}

/* Out of memory in the middle: the peer must not take what it has for the whole. */
static void a_source_that_fails_closes(void **state)
{
	struct peer *p = peer_new(NULL);
	struct letters *l = send_letters(p);

	(void)state;
	l->fail_at = 1;
	turns(p, 10);
	assert_int_equal(p->n_closed, 1);
	assert_int_equal(l->n_ended, 1);
	peer_free(p);
	p = peer_new(NULL);
	l = send_letters(p);
	l->fail_at = 1;
	conn_finish_sources(p->conn);
	assert_int_equal(l->n_ended, 1);
	turns(p, 10);
	assert_int_equal(p->n_closed, 1);
	peer_free(p);
}

/* The listening socket */

static void on_accept(void *arg, int fd)
{
	*(int *)arg += 1;
	close(fd);
}

static int dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sun.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void stale_sockets_are_replaced_and_live_ones_respected(void **state)
{
	char dir[] = "/tmp/conn_test.XXXXXX", path[64], remote[80];
	struct loop *loop = loop_new();
	struct listener *l, *second;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct error err;
	struct stat st;
	int fd, n = 0;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(remote, sizeof(remote), "punix:%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(sun.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd); /* leaves the file, as a killed server does */

	assert_int_equal(listener_new(loop, remote, on_accept, &n, &l, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0027, 0);
	fd = dial(path);
	assert_true(fd >= 0);
	loop_turn(loop, 0);
	assert_int_equal(n, 1);
	close(fd);

	assert_int_equal(listener_new(loop, remote, on_accept, &n, &second, &err), -1);
	snprintf(path, sizeof(path), "pid %d", (int)getpid());
	assert_non_null(strstr(err.text, path));
	listener_free(l);
	snprintf(path, sizeof(path), "%s/sock", dir);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(rmdir(dir), 0);
	loop_free(loop);
}

static void what_is_no_socket_stays(void **state)
{
	char path[] = "/tmp/conn_test.XXXXXX", remote[80];
	struct loop *loop = loop_new();
	struct listener *l;
	struct error err;
	int n = 0, fd = mkstemp(path);

	(void)state;
	close(fd);
	snprintf(remote, sizeof(remote), "punix:%s", path);
	assert_int_equal(listener_new(loop, remote, on_accept, &n, &l, &err), -1);
	assert_non_null(strstr(err.text, "not a socket"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(listener_new(loop, "tcp:127.0.0.1:6640", on_accept, &n, &l, &err), -1);
	assert_non_null(strstr(err.text, "nothing to listen on"));
	assert_int_equal(listener_new(loop, "nonsense", on_accept, &n, &l, &err), -1);
	assert_non_null(strstr(err.text, "punix:PATH"));
	loop_free(loop);
}

/* A path that does not fit into a sockaddr_un works as any other. */
static void long_paths_work(void **state)
{
	char dir[] = "/tmp/conn_test.XXXXXX", path[512], remote[600];
	struct loop *loop = loop_new();
	struct listener *l;
	struct error err;
	int n = 0, i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	strcpy(path, dir);
	for (i = 0; i < 4; i++) {
		strcat(path, "/a-directory-with-quite-a-long-name-of-its-own");
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(remote, sizeof(remote), "punix:%s/sock", path);
	assert_int_equal(listener_new(loop, remote, on_accept, &n, &l, &err), 0);
	listener_free(l);
	for (i = 0; i < 4; i++) {
		assert_int_equal(rmdir(path), 0); /* the socket is gone */
		*strrchr(path, '/') = '\0';
	}
	assert_int_equal(rmdir(dir), 0);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_pieces_and_in_crowds),
		cmocka_unit_test(bad_input_closes),
		cmocka_unit_test(a_long_message_closes),
		cmocka_unit_test(the_end_of_the_peer_is_told_after_its_messages),
		cmocka_unit_test(a_conn_may_be_freed_by_its_own_message),
		cmocka_unit_test(a_peer_that_does_not_read_is_not_read),
		cmocka_unit_test(blobs_leave_in_order),
		cmocka_unit_test(pieces_are_made_as_they_are_taken),
		cmocka_unit_test(all_pieces_at_once),
		cmocka_unit_test(a_peer_that_goes_ends_the_source),
		cmocka_unit_test(a_source_that_fails_closes),
		cmocka_unit_test(stale_sockets_are_replaced_and_live_ones_respected),
		cmocka_unit_test(what_is_no_socket_stays),
		cmocka_unit_test(long_paths_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
