/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The control sockets that ovs-appctl and bvsctl speak to (ovs-appctl(8)): JSON-RPC
 * requests whose method is a command, whose params are its words and whose result is
 * one text.  Commands are registered by main and the groups in appctl_*.c; "list-commands" is
 * built in.
 */
#include <stddef.h>

#include "base/error.h"

struct appctl;
struct buf;
struct coverage;
struct loop;

/* args: the words after the command.  On -1 the caller sees err's text.  1: not yet; it is
 * called again by appctl_retry(), for a caller that is still there, with an empty reply. */
typedef int appctl_fn(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		      struct error *err);

/* c: where requests are counted; outlives the appctl.  NULL: out of memory. */
struct appctl *appctl_new(struct loop *l, struct coverage *c);
void appctl_free(struct appctl *a); /* removes its sockets; NULL is fine */

/* usage: the words as list-commands shows them, "" for none.  The strings stay the
 * caller's and outlive the appctl. */
must_check int appctl_add(struct appctl *a, const char *name, const char *usage, size_t n_min,
			  size_t n_max, appctl_fn *fn, void *arg, struct error *err);

/* A command that may take its time: 0 says that appctl_answer() is called for `call`, once,
 * now or later.  Others are served meanwhile. */
struct appctl_call;
typedef int appctl_slow_fn(void *arg, size_t n_args, const char *const *args,
			   struct appctl_call *call, struct error *err);
must_check int appctl_add_slow(struct appctl *a, const char *name, const char *usage, size_t n_min,
			       size_t n_max, appctl_slow_fn *fn, void *arg, struct error *err);
/* err NULL: an empty answer.  Fine after the caller has gone, or the whole appctl. */
void appctl_answer(struct appctl_call *call_take, const struct error *err);

/* Calls those again that said "not yet". */
void appctl_retry(struct appctl *a);

/* Serves on a unix socket at path; may be called for several. */
must_check int appctl_listen(struct appctl *a, const char *path, struct error *err);
