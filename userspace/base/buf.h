/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A byte buffer that grows.  All text that leaves the daemon (JSON, journal
 * records, appctl answers) is built in one.  Allocation failure is sticky: the
 * writer goes on, the reader asks buf_ok() once before the bytes are used.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *data; /* data[len] is always '\0' once something was put */
	size_t len;
	size_t cap;
	bool failed;
};

#define BUF_INIT                  \
	{                         \
		NULL, 0, 0, false \
	}

void buf_free(struct buf *b); /* leaves an empty buffer; NULL is fine */
void buf_reset(struct buf *b); /* len = 0, keeps the memory, clears failed */
bool buf_ok(const struct buf *b);

/* Room for n more bytes (and the NUL) at data + len, or NULL.  The caller adds
 * what it wrote to len and keeps data[len] = '\0'. */
char *buf_reserve(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *data, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

static inline void buf_putc(struct buf *b, char c)
{
	if (b->len + 1 < b->cap) {
		b->data[b->len++] = c;
		b->data[b->len] = '\0';
	} else {
		buf_put(b, &c, 1);
	}
}

/* The bytes as a malloc'd NUL-terminated string, owned by the caller; the buffer
 * is empty afterwards.  NULL if the buffer had failed. */
char *buf_steal(struct buf *b);
