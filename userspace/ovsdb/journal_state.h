/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The open journal: what journal.c shares with its helpers, and with nobody else.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct compaction;
struct db;
struct history;
struct lockfile;

struct journal {
	char *path;
	struct lockfile *lock;
	int fd;
	struct db *db;
	struct history *history;
	size_t end; /* of the good records: where the next one goes */
	struct uuid chain; /* id of the last record */
	bool is_replaying;
	bool is_first; /* replaying, the record before was the schema */
	bool has_tail; /* bytes behind end, as found: to be saved before the first write */
	bool has_garbage; /* bytes behind end, of a failed write: to be cut off */
	bool is_sync_lost; /* a sync failed: what is on the disk is not known */
	char *warning;

	/* Compaction */
	unsigned int generation; /* grows whenever another file takes the place */
	size_t base_end; /* of what a compaction would leave: schema and first record */
	size_t n_records; /* behind that */
	int64_t compact_min_ms; /* not before; 0: to be set */
	struct compaction *compaction; /* that runs */
};
