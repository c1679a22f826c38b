/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/outbox.h"

#include <stdlib.h>

#include "base/blob.h"
#include "base/buf.h"
#include "jsonrpc/source.h"

struct out {
	struct out *next;
	struct blob *blob; /* NULL: of a source, its next piece is not made yet */
	struct source *source; /* has more; NULL: the blob is all */
};

void outbox_init(struct outbox *b)
{
	*b = (struct outbox){ .last = &b->first };
}

static void end_source(struct outbox *b, struct out *o)
{
	o->source->end(o->source);
	o->source = NULL;
	b->n_sources--;
}

void outbox_clear(struct outbox *b)
{
	struct out *o;

	while ((o = b->first)) {
		b->first = o->next;
		if (o->source)
			end_source(b, o);
		blob_unref(o->blob);
		free(o);
	}
	outbox_init(b);
}

static int append(struct outbox *b, struct blob *blob, struct source *source)
{
	struct out *o = malloc(sizeof(*o));

	if (!o)
		return -1;
	*o = (struct out){ NULL, blob, source };
	*b->last = o;
	b->last = &o->next;
	return 0;
}

int outbox_put(struct outbox *b, struct blob *blob_take)
{
	if (append(b, blob_take, NULL) < 0)
		return -1;
	b->n_bytes += blob_take->len;
	return 0;
}

int outbox_put_source(struct outbox *b, struct source *source_take)
{
	if (append(b, NULL, source_take) < 0)
		return -1;
	b->n_sources++;
	return 0;
}

bool outbox_needs_piece(const struct outbox *b)
{
	return b->first && !b->first->blob;
}

int outbox_make_piece(struct outbox *b)
{
	struct out *o = b->first;
	bool is_last = o->source->next(o->source, &o->blob);

	if (!o->blob)
		return -1;
	b->n_bytes += o->blob->len;
	if (is_last)
		end_source(b, o);
	return 0;
}

/* Into one blob, behind what o has: so much of that as is gone stays gone. */
static int finish_source(struct outbox *b, struct out *o)
{
	size_t len = o->blob ? o->blob->len : 0;
	struct buf text = BUF_INIT;

	if (o->blob)
		buf_put(&text, o->blob->data, len);
	while (o->source && buf_ok(&text)) {
		struct blob *piece;
		bool is_last = o->source->next(o->source, &piece);

		if (piece)
			buf_put(&text, piece->data, piece->len);
		else
			text.failed = true;
		blob_unref(piece);
		if (is_last)
			end_source(b, o);
	}
	blob_unref(o->blob);
	o->blob = blob_from_buf(&text);
	if (!o->blob)
		return -1;
	b->n_bytes += o->blob->len - len;
	return 0;
}

int outbox_finish_sources(struct outbox *b)
{
	for (struct out *o = b->first; o; o = o->next) {
		if (o->source && finish_source(b, o) < 0)
			return -1;
	}
	return 0;
}

size_t outbox_gather(const struct outbox *b, struct iovec *iov, size_t max)
{
	size_t skip = b->n_sent, n = 0;

	for (struct out *o = b->first; o && o->blob && n < max; skip = 0) {
		iov[n++] = (struct iovec){ o->blob->data + skip, o->blob->len - skip };
		o = o->source ? NULL : o->next;
	}
	return n;
}

/* The first one's blob is gone; its source stays for the next piece. */
static void pop(struct outbox *b)
{
	struct out *o = b->first;

	b->n_sent = 0;
	blob_unref(o->blob);
	o->blob = NULL;
	if (o->source)
		return;
	b->first = o->next;
	if (!b->first)
		b->last = &b->first;
	free(o);
}

void outbox_consume(struct outbox *b, size_t n)
{
	b->n_bytes -= n;
	while (b->first && b->first->blob) {
		size_t left = b->first->blob->len - b->n_sent;

		if (n < left) {
			b->n_sent += n;
			return;
		}
		n -= left;
		pop(b);
	}
}
