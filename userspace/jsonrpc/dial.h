/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Connects to a peer ("tcp:HOST[:PORT]", "ssl:...", "unix:PATH") and again whenever the
 * connection was lost, after a pause that doubles from 1 s up to a limit.  Hands each
 * connection to its owner (session), who also speaks TLS on it (tls.h).
 */
#include <stdint.h>

#include "base/error.h"

struct dialer;
struct loop;

enum dialer_state { DIALER_BACKOFF, DIALER_CONNECTING, DIALER_ACTIVE };

struct dialer_events {
	/* fd is non-blocking and close-on-exec, and now the owner's. */
	void (*on_connected)(void *arg, int fd_take);
	void (*on_failed)(void *arg, const struct error *err);
};

/* The first attempt is made from the loop, at once.  events must outlive the dialer. */
must_check int dialer_new(struct loop *l, const char *remote, int64_t max_backoff_ms,
			  const struct dialer_events *events, void *arg, struct dialer **ret,
			  struct error *err);
void dialer_free(struct dialer *d); /* NULL is fine */

/* The owner's connection has ended. */
void dialer_lost(struct dialer *d);
void dialer_set_max_backoff(struct dialer *d, int64_t ms); /* at least 1 s */

enum dialer_state dialer_state(const struct dialer *d);
