/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Finished bytes that several readers share, counted: a monitor update that is
 * encoded once and queued on a hundred connections, a row's text.  Immutable.
 */
#include <stddef.h>

struct buf;

struct blob {
	unsigned int n_refs;
	size_t len;
	char data[];
};

struct blob *blob_new(const void *data, size_t len); /* NULL: out of memory */
struct blob *blob_from_buf(struct buf *b); /* empties b; NULL if it had failed */
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* NULL is fine */
