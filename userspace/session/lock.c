/* SPDX-License-Identifier: Apache-2.0 */
#include "session/lock.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct lock {
	UT_hash_handle hh;
	struct lock_claim *claims; /* never empty; the first holds */
	char name[];
};

struct lock_claim {
	struct lock *lock;
	struct lock_owner *owner;
	struct lock_claim *prev, *next; /* in the lock's queue */
	struct lock_claim *owner_next;
};

struct lock_table {
	struct lock *locks;
};

struct lock_table *lock_table_new(void)
{
	return calloc(1, sizeof(struct lock_table));
}

void lock_table_free(struct lock_table *t)
{
	free(t);
}

static struct lock_claim *find_claim(const struct lock_owner *owner, const char *name)
{
	struct lock_claim *c;

	for (c = owner->claims; c && strcmp(c->lock->name, name); c = c->owner_next)
		;
	return c;
}

static struct lock *find_or_add(struct lock_table *t, const char *name)
{
	struct lock *l;
	size_t len = strlen(name);

	HASH_FIND(hh, t->locks, name, len, l);
	if (l)
		return l;
	l = calloc(1, sizeof(*l) + len + 1);
	if (!l)
		return NULL;
	memcpy(l->name, name, len + 1);
	HASH_ADD(hh, t->locks, name, len, l);
	return l;
}

static void drop_if_unused(struct lock_table *t, struct lock *l)
{
	if (l->claims)
		return;
	HASH_DELETE(hh, t->locks, l);
	free(l);
}

int lock_claim(struct lock_table *t, struct lock_owner *owner, const char *name, bool is_theft,
	       bool *ret_is_held, struct error *err)
{
	struct lock_claim *c, *before;
	struct lock *l;

	if (find_claim(owner, name))
		return error_set(err, "syntax error", "must issue \"unlock\" before new \"%s\"",
				 is_theft ? "steal" : "lock");
	l = find_or_add(t, name);
	if (!l)
		return error_nomem(err);
	c = calloc(1, sizeof(*c));
	if (!c) {
		drop_if_unused(t, l);
		return error_nomem(err);
	}
	c->lock = l;
	c->owner = owner;
	c->owner_next = owner->claims;
	owner->claims = c;
	before = l->claims;
	if (is_theft)
		DL_PREPEND(l->claims, c);
	else
		DL_APPEND(l->claims, c);
	*ret_is_held = l->claims == c;
	if (before && l->claims == c && before->owner->on_stolen)
		before->owner->on_stolen(before->owner, name);
	return 0;
}

static void release(struct lock_table *t, struct lock_claim *c)
{
	struct lock_claim **at;
	struct lock *l = c->lock;
	bool was_held = l->claims == c;

	for (at = &c->owner->claims; *at != c; at = &(*at)->owner_next)
		;
	*at = c->owner_next;
	DL_DELETE(l->claims, c);
	free(c);
	if (was_held && l->claims && l->claims->owner->on_granted)
		l->claims->owner->on_granted(l->claims->owner, l->name);
	drop_if_unused(t, l);
}

int lock_release(struct lock_table *t, struct lock_owner *owner, const char *name,
		 struct error *err)
{
	struct lock_claim *c = find_claim(owner, name);

	if (!c)
		return error_set(err, "syntax error",
				 "unlock: \"unlock\" without \"lock\" or \"steal\"");
	release(t, c);
	return 0;
}

void lock_release_all(struct lock_table *t, struct lock_owner *owner)
{
	while (owner->claims)
		release(t, owner->claims);
}

bool lock_is_held(const struct lock_owner *owner, const char *name)
{
	const struct lock_claim *c = find_claim(owner, name);

	return c && c->lock->claims == c;
}
