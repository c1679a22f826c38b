/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a commit does before anything becomes visible: finds what really changed,
 * follows references, collects garbage, cleans weak references, checks limits and
 * indexes.  For txn_commit(), which keeps or takes back the log of the references.
 */
#include <stdbool.h>

#include "base/error.h"

struct row_change;
struct txn;

/* Lets rows and columns that end as they began be those that they were.  False: nothing
 * changed at all. */
bool txn_find_changes(struct txn *t);
must_check int txn_check(struct txn *t, struct error *err);
/* Is there anything in it for the journal? */
bool txn_is_persistent(const struct row_change *c);
