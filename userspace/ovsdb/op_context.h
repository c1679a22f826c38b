/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the operations of one request share, and what they tell the request.
 */
#include <stdbool.h>
#include <stdint.h>

struct buf;
struct schema_table;
struct selection;
struct symtab;
struct txn;

struct op_context {
	struct txn *txn;
	struct symtab *symtab;
	struct buf *result; /* of the operation, to be appended to */
	struct selection *selections; /* parts of the results that are to be written */
	int64_t elapsed_ms; /* since the request came */
	bool (*has_lock)(void *arg, const char *lock);
	void *has_lock_arg;
	/* A "wait" that did not hold and has time left sets these, and fails. */
	const struct schema_table *blocked_on;
	int64_t timeout_ms; /* INT64_MAX: none */
};
