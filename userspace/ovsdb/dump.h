/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * All rows that a monitor sees, as they were when it began: the reply to its request,
 * made in pieces while others commit.  Monitors that see the same and begin in the same
 * state read the same one.  Made by monitor; knows no connections.
 */
#include <stdbool.h>
#include <stddef.h>

struct blob;
struct db;
struct dump;
struct monitor_spec;

/* Of db as it is now.  Belongs to its maker until dump_retire().  NULL: out of memory. */
struct dump *dump_new(struct monitor_spec *spec, const struct db *db);
/* The database has changed: nobody begins to read it any more.  NULL is fine. */
void dump_retire(struct dump *d);

/* To be ended before the database is freed or gets another schema. */
struct dump_reader {
	struct dump *dump;
	size_t n_read;
};
void dump_reader_begin(struct dump_reader *r, struct dump *d);
void dump_reader_end(struct dump_reader *r);
/* The next piece of the JSON text in *ret, counted; NULL: out of memory, it may be asked for
 * again.  True: it was the last. */
bool dump_reader_next(struct dump_reader *r, struct blob **ret);
