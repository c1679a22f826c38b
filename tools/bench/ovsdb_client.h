/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A JSON-RPC peer on a unix socket that costs next to nothing: finds where messages end
 * and whether they are replies, parses nothing else.  Every failure ends the program.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text { /* grows; len is without the NUL */
	char *data;
	size_t len, room;
};
void text_put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *t);

struct client {
	int fd;
	char *in;
	size_t len, room;
	size_t start; /* of the message being received */
	size_t at; /* how far it was looked at */
	size_t string; /* where the string began that `at` is in */
	unsigned int depth;
	bool is_in_string, is_escaped;
	bool is_call; /* it has a member "method" */
	uint64_t n_calls; /* requests and notifications received */
};

struct message {
	const char *text; /* valid until the next receive */
	size_t len;
	bool is_call;
};

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
double now_us(void); /* monotonic */

bool client_try_open(struct client *c, const char *path); /* false: nobody listens */
void client_open(struct client *c, const char *path);
void client_close(struct client *c);

void client_send(struct client *c, const char *text, size_t len);
/* Reads once from the socket, waiting for it. */
void client_fill(struct client *c);
/* The next complete message that was read; false: there is none. */
bool client_next(struct client *c, struct message *ret);

/* Waits for a reply, passing over calls (which are counted); dies of errors in it.  The
 * message is valid until the next receive. */
struct message client_reply(struct client *c);
struct message client_call(struct client *c, const struct text *request);
