/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a connection has still to send: finished blobs, shared with other connections, and
 * sources that make their bytes piece by piece.  Used by conn, which does the sending.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "base/error.h"

struct blob;
struct source;
struct out;

struct outbox {
	struct out *first;
	struct out **last;
	size_t n_sent; /* bytes of the first that are gone */
	size_t n_bytes; /* that are ready and not gone */
	unsigned int n_sources;
};

void outbox_init(struct outbox *b);
void outbox_clear(struct outbox *b);

/* Append.  -1: out of memory, blob and source are still the caller's. */
must_check int outbox_put(struct outbox *b, struct blob *blob_take);
must_check int outbox_put_source(struct outbox *b, struct source *source_take);

/* Nothing can be sent before a piece is made. */
bool outbox_needs_piece(const struct outbox *b);
must_check int outbox_make_piece(struct outbox *b); /* -1: out of memory */
/* Makes all that are left, of all sources.  -1: out of memory, clear it. */
must_check int outbox_finish_sources(struct outbox *b);

/* What is ready, in order, up to the first piece that is not made.  Returns how many. */
size_t outbox_gather(const struct outbox *b, struct iovec *iov, size_t max);
void outbox_consume(struct outbox *b, size_t n); /* these bytes are gone */
