/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A listening socket named as ovsdb-server names its remotes: "punix:PATH",
 * "ptcp:[PORT][:IP]", "pssl:[PORT][:IP]", or "pfd:NUMBER" for a listening socket that the
 * process was started with (systemd.socket(5)).  Hands each accepted connection to its owner
 * (session, appctl), who also speaks TLS on it (tls.h) where that is asked for.
 */
#include <stdint.h>

#include "base/error.h"

struct listener;
struct loop;

/* fd is non-blocking and close-on-exec, and now the owner's.  Must not free the listener. */
typedef void listener_accept_fn(void *arg, int fd_take);

/* A socket file that nobody serves any more is replaced; where a live process answers
 * behind it, fails and names its pid.  The file gets mode 0750. */
must_check int listener_new(struct loop *l, const char *remote, listener_accept_fn *on_accept,
			    void *arg, struct listener **ret, struct error *err);
/* Removes the socket file if it is still this listener's; a socket of "pfd:" stays open.  NULL is fine. */
void listener_free(struct listener *l);

uint16_t listener_port(const struct listener *l); /* the one it got; 0: not on a network */
