/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The commands of ovs-appctl that are about the log: "vlog/...".  Each module has
 * a level, and there is one destination: the file that was asked for, or else the console.
 */
#include "base/error.h"

struct appctl;

struct appctl_log {
	const char *file; /* NULL: the console.  Standard error goes there. */
};

/* Makes standard error the end of the file; also after it was moved away. */
must_check int appctl_log_open(const struct appctl_log *log, struct error *err);

/* What the words of "vlog/set" ask for, in one string: a module, a destination, a level. */
must_check int appctl_log_set(const struct appctl_log *log, const char *spec, struct error *err);

/* log is lent and outlives a. */
must_check int appctl_log_add(struct appctl *a, struct appctl_log *log, struct error *err);
