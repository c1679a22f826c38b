/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The commands of ovs-appctl that are about the log: "vlog/...".  There is one level for
 * the whole program (the module "bvsd"), and one destination: the file that was asked
 * for, or else the console.
 */
#include "base/error.h"

struct appctl;

struct appctl_log {
	const char *file; /* NULL: the console.  Standard error goes there. */
};

/* Makes standard error the end of the file; also after it was moved away. */
must_check int appctl_log_open(const struct appctl_log *log, struct error *err);

/* log is lent and outlives a. */
must_check int appctl_log_add(struct appctl *a, struct appctl_log *log, struct error *err);
