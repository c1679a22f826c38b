/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/once.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define ONCE_MAX 1000 /* a client that makes up new mistakes is not remembered for ever */

struct text {
	UT_hash_handle hh;
	char s[];
};

struct once {
	struct text *texts;
};

struct once *once_new(void)
{
	struct once *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	return o;
}

static void forget(struct once *o)
{
	struct text *next;

	for (struct text *t = o->texts; t; t = next) {
		next = t->hh.next;
		HASH_DEL(o->texts, t);
		free(t);
	}
}

void once_free(struct once *o)
{
	if (!o)
		return;
	forget(o);
	free(o);
}

bool once_first(struct once *o, const char *fmt, ...)
{
	struct text *t;
	char s[512];
	va_list args;
	size_t n;

	va_start(args, fmt);
	vsnprintf(s, sizeof(s), fmt, args);
	va_end(args);
	HASH_FIND_STR(o->texts, s, t);
	if (t)
		return false;
	if (HASH_COUNT(o->texts) >= ONCE_MAX)
		forget(o);
	n = strlen(s);
	t = calloc(1, sizeof(*t) + n + 1);
	if (!t)
		abort();
	memcpy(t->s, s, n);
	HASH_ADD_KEYPTR(hh, o->texts, t->s, n, t);
	return true;
}
