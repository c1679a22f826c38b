/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The address of a host's name, asked for without waiting: the C library does it in a thread
 * of its own.  For dial, which gives up when it takes too long.
 */
#include <stdint.h>

#include "base/error.h"

struct address;
struct loop;
struct resolve;

/* address NULL: err says why.  Called once, from the loop; may call resolve_free(), which
 * leaves both as they are. */
typedef void resolve_done_fn(void *arg, const struct address *address, const struct error *err);

/* Of several addresses the one after `skip` others, counted round and round.  name is
 * copied. */
must_check int resolve_new(struct loop *l, const char *name, uint16_t port, unsigned int skip,
			   resolve_done_fn *done, void *arg, struct resolve **ret,
			   struct error *err);
void resolve_free(struct resolve *r); /* done is not called any more; NULL is fine */
