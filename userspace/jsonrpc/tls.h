/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * TLS (1.2 or newer) on a connected socket, both ends proving who they are.  tls_keys is
 * made once by the owner of the remotes; each connection has a tls, read and written by
 * conn.  Nothing blocks.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct tls;
struct tls_keys;

struct tls_keys *tls_keys_new(void); /* NULL: out of memory */
void tls_keys_free(struct tls_keys *k); /* NULL is fine */
/* Paths of PEM files; NULL: none.  ca_cert "none": peers are not verified. */
struct tls_files {
	const char *private_key, *certificate, *ca_cert;
	/* While ca_cert does not exist, the first peer that shows the certificate of a CA is
	 * believed: the file is made of it, and the peer has to come again. */
	bool learns_ca;
};
/* Copied.  The files are read at the next connection, and again when they have changed. */
must_check int tls_keys_set(struct tls_keys *k, const struct tls_files *files, struct error *err);
/* Fails where something is missing or cannot be used. */
must_check int tls_keys_load(struct tls_keys *k, struct error *err);

/* The handshake is made by the first tls_receive() or tls_send().  fd stays the caller's. */
must_check int tls_new(struct tls_keys *k, int fd, bool is_server, struct tls **ret,
		       struct error *err);
void tls_free(struct tls *t); /* tells the peer; NULL is fine */

/* As recv() and send(): 0 from tls_receive() is the end, -1 with EAGAIN means later, -1
 * with EPROTO that tls_failure() says why. */
ssize_t tls_receive(struct tls *t, void *to, size_t n);
ssize_t tls_send(struct tls *t, const void *from, size_t n);
const char *tls_failure(const struct tls *t);

/* What the last call waits for, where it is not what its name says. */
bool tls_receive_needs_writing(const struct tls *t);
bool tls_send_needs_reading(const struct tls *t);
