/* SPDX-License-Identifier: Apache-2.0 */
#include "session/lock.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

struct lock {
	UT_hash_handle hh;
	struct lock_claim *claims; /* the first holds */
	size_t n_claims; /* never 0; also those that lost their place */
	char name[];
};

struct lock_claim {
	struct lock *lock;
	struct lock_owner *owner;
	struct lock_claim *prev, *next; /* in the lock's queue */
	struct lock_claim *owner_next;
	bool is_theft;
	bool is_lost; /* out of the queue, until its owner says "unlock" */
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
	if (l->n_claims)
		return;
	HASH_DELETE(hh, t->locks, l);
	free(l);
}

static void steal(struct lock *l, struct lock_claim *c)
{
	struct lock_claim *victim = l->claims;

	if (victim && victim->is_theft) {
		DL_DELETE(l->claims, victim);
		victim->is_lost = true;
	}
	DL_PREPEND(l->claims, c);
	if (victim && victim->owner->on_stolen)
		victim->owner->on_stolen(victim->owner, l->name);
}

int lock_claim(struct lock_table *t, struct lock_owner *owner, const char *name, bool is_theft,
	       bool *ret_is_held, struct error *err)
{
	struct lock_claim *c;
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
	owner->n_claims++;
	l->n_claims++;
	c->is_theft = is_theft;
	if (is_theft)
		steal(l, c);
	else
		DL_APPEND(l->claims, c);
	*ret_is_held = l->claims == c;
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
	c->owner->n_claims--;
	if (!c->is_lost)
		DL_DELETE(l->claims, c);
	l->n_claims--;
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
