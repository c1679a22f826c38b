/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A name under which ovs-appctl finds the daemon: a pid file that is held under a lock,
 * and a control socket beside it (RUNDIR/NAME.pid, RUNDIR/NAME.PID.ctl).
 */
#include <stdbool.h>

#include "base/error.h"

struct appctl;
struct publish;

struct publish_options {
	const char *rundir;
	const char *name;
	bool has_pidfile, has_socket; /* made by somebody else already */
};

/* Fails where a live process has the name. */
must_check int publish_new(struct appctl *a, const struct publish_options *options,
			   struct publish **ret, struct error *err);
/* Before the appctl, which has the socket.  NULL is fine. */
void publish_free(struct publish *p);
