/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writes what a monitor sees of a database or of a change as the <table-updates> of its
 * kind: "update" with old and new rows; "update2" and "update3" with initial, insert,
 * modify and delete.  Nothing is written where nothing is to be seen.
 */
#include <stddef.h>

#include "base/error.h"

struct buf;
struct db;
struct delta;
struct monitor_spec;
struct row;

/* The i-th of the n rows that the reply to the request is made of, sorted by table, and what
 * stands before and behind it. */
void monitor_text_row(struct buf *to, const struct monitor_spec *spec,
		      const struct row *const *rows, size_t n, size_t i);

/* The differences in d.  An empty buffer stays empty where there is nothing to see. */
must_check int monitor_text_changes(struct buf *to, const struct monitor_spec *spec,
				    const struct delta *d, struct error *err);

/* As monitor_text_changes(), for a client that knows the state before d (NULL: the present
 * one) under the conditions of `before`, and from now on sees `after`. */
must_check int monitor_text_conditions(struct buf *to, const struct monitor_spec *before,
				       const struct monitor_spec *after, const struct db *db,
				       const struct delta *d, struct error *err);
