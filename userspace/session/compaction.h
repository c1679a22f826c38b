/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Files made small while clients are served: by themselves when journal_compact.h says so,
 * and when somebody asks.  Of what goes wrong the log tells, and who asked.
 */
#include <stdint.h>

#include "base/error.h"

struct host;
struct hosted_db;
struct iothread;

/* At the end of each turn. */
void compaction_run_due(struct hosted_db *d, struct iothread *io, int64_t now_ms);

/* name NULL: all that have a file.  done is called once, when the last one has ended, which
 * may be at once; err is of the first that failed, or NULL.  -1: not begun, not called. */
typedef void compaction_done_fn(void *arg, const struct error *err);
must_check int compaction_request(struct host *h, struct iothread *io, const char *name,
				  compaction_done_fn *done, void *arg, struct error *err);
