/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Named locks (RFC 7047 4.1.8 to 4.1.10) with a queue of claims each: the first holds
 * the lock, the others wait in order.  A theft puts its claim in front, so who lost the
 * lock is next; but a thief who loses it is out of the queue.  Owners are sessions, and the
 * daemon itself; knows no connections.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct lock_claim;
struct lock_table;

/* Embedded in whoever claims locks.  The callbacks may be NULL and must not claim or
 * release from inside. */
struct lock_owner {
	void (*on_granted)(struct lock_owner *owner, const char *name); /* after waiting */
	void (*on_stolen)(struct lock_owner *owner, const char *name);
	struct lock_claim *claims; /* lock.c's */
	size_t n_claims;
};

struct lock_table *lock_table_new(void); /* NULL: out of memory */
void lock_table_free(struct lock_table *t); /* when nobody claims any more; NULL is fine */

/* Fails where the owner claims this lock already. */
must_check int lock_claim(struct lock_table *t, struct lock_owner *owner, const char *name,
			  bool is_theft, bool *ret_is_held, struct error *err);
/* Fails where the owner claims no such lock. */
must_check int lock_release(struct lock_table *t, struct lock_owner *owner, const char *name,
			    struct error *err);
void lock_release_all(struct lock_table *t, struct lock_owner *owner);
bool lock_is_held(const struct lock_owner *owner, const char *name);
