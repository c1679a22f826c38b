/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The commands of ovs-appctl(8) that ask about the switch, as tables that main registers at
 * the control socket.  Texts as ovs-vswitchd's where it has the command.
 */
#include <stddef.h>

#include "base/error.h"

struct buf;
struct model;
struct model_bridge;
struct reconcile;

/* r: the struct reconcile.  args: n_min to n_max words.  On -1 the user reads err's text.  1: not
 * yet; to be called again when the datapath is ready to explain. */
typedef int command_fn(void *r, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err);
struct command {
	const char *name; /* NULL ends a table */
	const char *usage;
	size_t n_min, n_max;
	command_fn *fn;
};

extern const struct command command_fdb[], command_dpif[], command_mirror[], command_image[],
	command_status[];

/* For the tables themselves: the bridge of that name, or NULL and an error. */
const struct model_bridge *command_bridge(const struct reconcile *r, const char *name,
					  struct error *err);
/* Calls fn for the bridge that the first word names, or for each if there is none. */
must_check int command_each_bridge(const struct reconcile *r, size_t n_args,
				   const char *const *args,
				   int (*fn)(const struct reconcile *r,
					     const struct model_bridge *b, struct buf *reply,
					     struct error *err),
				   struct buf *reply, struct error *err);
