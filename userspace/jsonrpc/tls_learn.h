/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The CA certificate of the first peer becomes the file by which all others are measured.
 * For tls.c only.
 */
#include <openssl/ssl.h>

#include "base/error.h"

/* After the handshake: the last certificate that the peer showed, where it is a CA's, into
 * path, which must not exist. */
must_check int tls_learn_ca(SSL *ssl, const char *path, struct error *err);
