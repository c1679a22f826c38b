/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How often things happen, for "coverage/show": totals, and rates over the last 5
 * seconds, minute and hour.  Counted by the sessions, the remotes and the control
 * sockets; one for each server.
 */
#include <stdint.h>

#include "base/error.h"

struct buf;
struct coverage;
struct loop;

/* In order of name. */
#define COVERAGE_COUNTERS(X) \
	X(db_commit)         \
	X(jsonrpc_probe)     \
	X(jsonrpc_received)  \
	X(remote_failed)     \
	X(session_closed)    \
	X(session_opened)    \
	X(session_refused)   \
	X(unixctl_received)  \
	X(unixctl_replied)

enum coverage_counter {
#define COVERAGE_MEMBER(NAME) COVERAGE_##NAME,
	COVERAGE_COUNTERS(COVERAGE_MEMBER)
#undef COVERAGE_MEMBER
		N_COVERAGE_COUNTERS
};

struct coverage *coverage_new(struct loop *l); /* NULL: out of memory */
void coverage_free(struct coverage *c); /* NULL is fine */

void coverage_count(struct coverage *c, enum coverage_counter counter);

void coverage_put(const struct coverage *c, struct buf *to);
/* The total of the counter with that name. */
must_check int coverage_read(const struct coverage *c, const char *name, uint64_t *ret,
			     struct error *err);
