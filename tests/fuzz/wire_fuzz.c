/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that clients send -> the whole server -> the replies.
 *
 * An input is sent line by line, the newline included; the server works off each line
 * before it gets the next one.  A line that begins with "2>" is sent by a second client.
 * Whatever the server answers must itself be a stream of messages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "fuzz/fuzz.h"
#include "jsonrpc/conn.h"
#include "ovsdb/db.h"
#include "ovsdb/schema.h"
#include "session/server.h"

enum { N_CLIENTS = 2, TURNS = 6 };

struct client {
	struct conn *conn; /* NULL: closed */
	int fd; /* the same socket, to write what is no message */
};

static struct loop *loop;
static char remote[64];

static void on_message(void *arg, const struct message *m)
{
	(void)arg, (void)m;
}

static void on_close(void *arg, const struct error *err)
{
	struct client *c = arg;

	/* No errno: it was not the socket, but what came out of it. */
	fuzz_demand(!err || err->errnum, err ? err->text : "");
	conn_free(c->conn);
	c->conn = NULL;
}

static const struct conn_events events = { .on_message = on_message, .on_close = on_close };

static struct server *start(void)
{
	struct schema *schema = NULL;
	struct server *s = NULL;
	struct error err;
	struct db *db = NULL;

	fuzz_demand(!schema_from_file("tests/ovsdb/session.ovsschema", &schema, &err) &&
			    !db_new(schema, &db, &err) && !server_new(loop, &s, &err) &&
			    !server_add_db(s, db, NULL, &err),
		    "the server starts");
	server_give_db(s, "S");
	fuzz_demand(!server_add_remote(s, remote, &err), "the server listens");
	return s;
}

static void turn(void)
{
	for (int i = 0; i < TURNS; i++)
		loop_turn(loop, 0);
}

static void meet(struct client *c)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	strcpy(sun.sun_path, strchr(remote, ':') + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	fuzz_demand(c->fd >= 0 && !connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)),
		    "a client connects");
	c->conn = conn_new(loop, c->fd, NULL, &events, c);
	fuzz_demand(c->conn, "a client has memory");
}

static void send_line(struct client *c, const uint8_t *line, size_t len)
{
	while (len && c->conn) {
		ssize_t n = send(c->fd, line, len, MSG_NOSIGNAL);

		turn();
		if (n > 0) {
			line += n;
			len -= (size_t)n;
		}
	}
	turn();
}

static void play(struct client *clients, const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) + 1 : size;
		bool is_second = len >= 2 && !memcmp(data, "2>", 2);

		send_line(&clients[is_second], data + 2 * is_second, len - 2 * is_second);
		data += len;
		size -= len;
	}
}

void fuzz_start(void)
{
	log_set_level(LOG_ERR);
	loop = loop_new();
	fuzz_demand(loop, "there is a loop");
	snprintf(remote, sizeof(remote), "punix:%s/db.sock", fuzz_dir());
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct client clients[N_CLIENTS] = { { .conn = NULL } };
	struct server *s = start();

	for (size_t i = 0; i < N_CLIENTS; i++)
		meet(&clients[i]);
	turn();
	play(clients, data, size);
	for (size_t i = 0; i < N_CLIENTS; i++)
		conn_free(clients[i].conn);
	turn();
	server_free(s);
}
