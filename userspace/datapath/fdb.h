/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The table of addresses from userspace's side: whether an entry counts, and taking one out.
 * Used by whatever removes entries (sweep, evict) or shows them (fdb_access).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct applier;
struct fdb_count;
struct fdb_key;
struct fdb_value;
struct maps;

struct fdb {
	const struct maps *maps;
	const struct applier *applier; /* for the configuration in force */
	struct fdb_count *counts; /* the map fdb_count, by bridge slot */
	int clock; /* a program that returns the kernel's jiffies */
	uint32_t hz; /* jiffies in a second */
};

must_check int fdb_open(struct fdb *f, const struct maps *maps, const struct applier *applier,
			struct error *err);
void fdb_close(struct fdb *f); /* fine on a zeroed one */

uint32_t fdb_hz(void); /* jiffies in a second */
/* The lower half of the kernel's jiffies: enough for ages of up to weeks.  False: unknown. */
must_check bool fdb_now(const struct fdb *f, uint32_t *ret);
/* Jiffies since the entry was seen or put there, not below 0. */
uint32_t fdb_age(const struct fdb_value *value, uint32_t now);

/* What the programs make of an entry. */
enum fdb_state {
	FDB_LIVE,
	FDB_EXPIRED,
	FDB_VOID, /* of a port or a bridge that was replaced or flushed */
};
enum fdb_state fdb_state_of(const struct fdb *f, const struct fdb_key *key,
			    const struct fdb_value *value, uint32_t now);

/* False where it cannot be deleted now, or has gone already. */
bool fdb_remove(const struct fdb *f, const struct fdb_key *key);
