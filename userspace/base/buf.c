/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 64;
	char *data;

	if (b->failed)
		return NULL;
	if (n < b->cap - b->len && b->cap)
		return b->data + b->len;
	while (cap - b->len <= n) {
		if (cap > ((size_t)-1) / 2) {
			b->failed = true;
			return NULL;
		}
		cap *= 2;
	}
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
}

void buf_put(struct buf *b, const void *data, size_t n)
{
	char *at = buf_reserve(b, n);

	if (!at)
		return;
	memcpy(at, data, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;
	char *at;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	at = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (at) {
		vsnprintf(at, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	} else {
		b->failed = true;
	}
	va_end(again);
}

char *buf_steal(struct buf *b)
{
	char *data;

	if (!b->failed && !b->data)
		buf_put(b, "", 0);
	if (b->failed) {
		buf_free(b);
		return NULL;
	}
	data = b->data;
	*b = (struct buf)BUF_INIT;
	return data;
}
