/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Bytes that are made piece by piece, each when the peer has taken what is before it.
 * Embedded by whoever makes them; asked by the connection that sends them.
 */
#include <stdbool.h>

struct blob;

struct source {
	/* The next piece, counted; NULL: out of memory.  True: it was the last. */
	bool (*next)(struct source *s, struct blob **ret);
	/* Called once, after the last piece or when the connection is gone: frees it. */
	void (*end)(struct source *s);
};
