/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jsonrpc/tls_learn.h"

enum { PRIVATE_KEY, CERTIFICATE, CA_CERT, N_FILES };

struct tls_keys {
	char *paths[N_FILES];
	struct timespec changed[N_FILES]; /* as of the time when ctx was made */
	SSL_CTX *ctx; /* NULL: to be made */
	bool learns_ca;
	bool lacks_ca; /* ctx was made without: the next peer brings it */
};

struct tls {
	SSL *ssl;
	bool receive_needs_writing, send_needs_reading;
	bool is_broken;
	char *learn_path; /* this connection is good for nothing but the peer's CA */
	char failure[256];
};

struct tls_keys *tls_keys_new(void)
{
	return calloc(1, sizeof(struct tls_keys));
}

static void forget_files(struct tls_keys *k)
{
	SSL_CTX_free(k->ctx);
	k->ctx = NULL;
	for (size_t i = 0; i < N_FILES; i++) {
		free(k->paths[i]);
		k->paths[i] = NULL;
	}
}

void tls_keys_free(struct tls_keys *k)
{
	if (!k)
		return;
	forget_files(k);
	free(k);
}

int tls_keys_set(struct tls_keys *k, const struct tls_files *files, struct error *err)
{
	const char *paths[N_FILES] = { files->private_key, files->certificate, files->ca_cert };

	forget_files(k);
	k->learns_ca = files->learns_ca;
	for (size_t i = 0; i < N_FILES; i++) {
		k->paths[i] = paths[i] ? strdup(paths[i]) : NULL;
		if (paths[i] && !k->paths[i])
			return error_nomem(err);
	}
	return 0;
}

/* The first thing that OpenSSL has to complain about. */
static void openssl_reason(char *to, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	snprintf(to, size, "%s", reason ? reason : "no reason given");
	ERR_clear_error();
}

static int error_openssl(struct error *err, const char *what, const char *path)
{
	char reason[200];

	openssl_reason(reason, sizeof(reason));
	return error_set(err, "I/O error", "%s %s: %s", what, path, reason);
}

/* Whoever is the peer: all that is taken from it is its CA's certificate. */
static int believe(X509_STORE_CTX *store, void *arg)
{
	(void)store, (void)arg;
	return 1;
}

static int read_files(struct tls_keys *k, SSL_CTX *ctx, struct error *err)
{
	const char *ca = k->paths[CA_CERT];
	bool verifies = strcmp(ca, "none") && !k->lacks_ca;

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, k->paths[CERTIFICATE]) != 1)
		return error_openssl(err, "certificate", k->paths[CERTIFICATE]);
	if (SSL_CTX_use_PrivateKey_file(ctx, k->paths[PRIVATE_KEY], SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return error_openssl(err, "private key", k->paths[PRIVATE_KEY]);
	if (verifies) {
		STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca);

		if (!names || SSL_CTX_load_verify_locations(ctx, ca, NULL) != 1) {
			sk_X509_NAME_pop_free(names, X509_NAME_free);
			return error_openssl(err, "CA certificate", ca);
		}
		SSL_CTX_set_client_CA_list(ctx, names);
	}
	if (k->lacks_ca)
		SSL_CTX_set_cert_verify_callback(ctx, believe, NULL);
	SSL_CTX_set_verify(ctx,
			   verifies || k->lacks_ca
				   ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
				   : SSL_VERIFY_NONE,
			   NULL);
	return 0;
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	/* Peers prove themselves in each handshake: no sessions to resume. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	return ctx;
}

/* Notes the times of change; *ret_changed: one differs from what was noted. */
static int look_at_files(struct tls_keys *k, bool *ret_changed, struct error *err)
{
	static const char *const names[] = { "private key", "certificate", "CA certificate" };

	*ret_changed = false;
	k->lacks_ca = k->learns_ca && k->paths[CA_CERT] && access(k->paths[CA_CERT], F_OK) < 0;
	for (size_t i = 0; i < N_FILES; i++) {
		struct stat st;

		if (!k->paths[i] || !*k->paths[i])
			return error_set(err, "I/O error", "a %s must be configured to use SSL/TLS",
					 names[i]);
		if (i == CA_CERT && (k->lacks_ca || !strcmp(k->paths[i], "none")))
			continue;
		if (stat(k->paths[i], &st) < 0)
			return error_errno(err, errno, "%s %s", names[i], k->paths[i]);
		if (memcmp(&st.st_mtim, &k->changed[i], sizeof(st.st_mtim)))
			*ret_changed = true;
		k->changed[i] = st.st_mtim;
	}
	return 0;
}

int tls_keys_load(struct tls_keys *k, struct error *err)
{
	bool is_changed;
	SSL_CTX *ctx;

	if (look_at_files(k, &is_changed, err) < 0)
		return -1;
	if (k->ctx && !is_changed)
		return 0;
	SSL_CTX_free(k->ctx);
	k->ctx = NULL;
	ctx = context_new();
	if (!ctx)
		return error_openssl(err, "TLS", "context");
	if (read_files(k, ctx, err) < 0) {
		SSL_CTX_free(ctx);
		return -1;
	}
	k->ctx = ctx;
	return 0;
}

int tls_new(struct tls_keys *k, int fd, bool is_server, struct tls **ret, struct error *err)
{
	struct tls *t;

	if (tls_keys_load(k, err) < 0)
		return -1;
	t = calloc(1, sizeof(*t));
	if (!t)
		return error_nomem(err);
	t->ssl = SSL_new(k->ctx);
	t->learn_path = k->lacks_ca ? strdup(k->paths[CA_CERT]) : NULL;
	if (k->lacks_ca && !t->learn_path) {
		tls_free(t);
		return error_nomem(err);
	}
	if (!t->ssl || SSL_set_fd(t->ssl, fd) != 1) {
		tls_free(t);
		return error_openssl(err, "TLS", "connection");
	}
	if (is_server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	t->receive_needs_writing = !is_server; /* a client speaks first */
	*ret = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	if (t->ssl && !t->is_broken && SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t->learn_path);
	free(t);
}

static void describe_failure(struct tls *t)
{
	long verdict = SSL_get_verify_result(t->ssl);

	if (verdict != X509_V_OK) {
		snprintf(t->failure, sizeof(t->failure), "the peer's certificate: %s",
			 X509_verify_cert_error_string(verdict));
		ERR_clear_error();
	} else {
		openssl_reason(t->failure, sizeof(t->failure));
	}
}

/* What a call that returned n <= 0 means, as errno; 0: the end of the stream. */
static int outcome(struct tls *t, int n, bool *ret_wants_read, bool *ret_wants_write)
{
	int why = SSL_get_error(t->ssl, n);
	int errnum = errno;

	*ret_wants_read = why == SSL_ERROR_WANT_READ;
	*ret_wants_write = why == SSL_ERROR_WANT_WRITE;
	if (*ret_wants_read || *ret_wants_write)
		return EAGAIN;
	if (why == SSL_ERROR_ZERO_RETURN)
		return 0;
	t->is_broken = true;
	if (why == SSL_ERROR_SYSCALL && errnum) {
		ERR_clear_error();
		return errnum;
	}
	describe_failure(t);
	return EPROTO;
}

/* All there is to a connection that is to bring the CA's certificate.  Returns an errno. */
static int learn(struct tls *t, bool *ret_wants_read, bool *ret_wants_write)
{
	struct error err;
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(t->ssl);
	if (rc != 1) {
		rc = outcome(t, rc, ret_wants_read, ret_wants_write);
		return rc ? rc : EPIPE;
	}
	if (tls_learn_ca(t->ssl, t->learn_path, &err) < 0)
		snprintf(t->failure, sizeof(t->failure), "%.255s", err.text);
	else
		snprintf(t->failure, sizeof(t->failure),
			 "the CA certificate %s was learnt from the peer, which must come again",
			 t->learn_path);
	return EPROTO;
}

static int clamp(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

ssize_t tls_receive(struct tls *t, void *to, size_t n)
{
	bool wants_read;
	int rc;

	t->receive_needs_writing = false;
	if (t->learn_path) {
		errno = learn(t, &wants_read, &t->receive_needs_writing);
		return -1;
	}
	ERR_clear_error();
	errno = 0;
	rc = SSL_read(t->ssl, to, clamp(n));
	if (rc > 0)
		return rc;
	errno = outcome(t, rc, &wants_read, &t->receive_needs_writing);
	return errno ? -1 : 0;
}

ssize_t tls_send(struct tls *t, const void *from, size_t n)
{
	bool wants_write;
	int rc;

	t->send_needs_reading = false;
	if (t->learn_path) {
		errno = learn(t, &t->send_needs_reading, &wants_write);
		return -1;
	}
	ERR_clear_error();
	errno = 0;
	rc = SSL_write(t->ssl, from, clamp(n));
	if (rc > 0)
		return rc;
	errno = outcome(t, rc, &t->send_needs_reading, &wants_write);
	if (!errno)
		errno = EPIPE;
	return -1;
}

const char *tls_failure(const struct tls *t)
{
	return t->failure;
}

bool tls_receive_needs_writing(const struct tls *t)
{
	return t->receive_needs_writing;
}

bool tls_send_needs_reading(const struct tls *t)
{
	return t->send_needs_reading;
}
