/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/tls_learn.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

static int write_certificate(X509 *certificate, int fd_take)
{
	FILE *f = fdopen(fd_take, "w");
	int errnum = 0;

	if (!f) {
		errnum = errno;
		close(fd_take);
		return errnum;
	}
	errno = EIO;
	if (PEM_write_X509(f, certificate) != 1 || fflush(f) || fsync(fileno(f)) < 0)
		errnum = errno;
	if (fclose(f) && !errnum)
		errnum = errno;
	return errnum;
}

int tls_learn_ca(SSL *ssl, const char *path, struct error *err)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	int n = chain ? sk_X509_num(chain) : 0;
	X509 *ca = n > 0 ? sk_X509_value(chain, n - 1) : NULL;
	int fd, errnum;

	if (!ca)
		return error_set(err, "I/O error",
				 "the peer does not show the certificate of its CA");
	if (X509_check_issued(ca, ca) != X509_V_OK)
		return error_set(err, "I/O error",
				 "the last certificate that the peer shows is not a CA's own");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return error_errno(err, errno, "create %s", path);
	errnum = write_certificate(ca, fd);
	if (!errnum)
		return 0;
	unlink(path);
	return error_errno(err, errnum, "write %s", path);
}
