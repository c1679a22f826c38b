/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One place where clients are met: a listening socket, or a peer that is connected to
 * and connected to again.  Makes the sessions and knows what became of them.  Does not
 * know who asked for it (remotes.h).
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct host;
struct remote;
struct tls_keys;

struct remote_options {
	int64_t probe_ms; /* 0: none; REMOTE_DEFAULT: none on unix sockets, else 5 s */
	int64_t max_backoff_ms; /* REMOTE_DEFAULT: 8 s */
};
#define REMOTE_DEFAULT (-1)
#define REMOTE_OPTIONS_DEFAULT                 \
	{                                      \
		REMOTE_DEFAULT, REMOTE_DEFAULT \
	}

/* As Manager.status has it. */
struct remote_status {
	bool is_connected;
	const char *state; /* NULL: listens and has no client */
	const char *last_error; /* NULL: none */
	int64_t sec_since_connect; /* -1: never was */
	int64_t sec_since_disconnect;
	unsigned int n_connections;
	uint16_t bound_port; /* 0: none */
};

must_check int remote_new(struct host *h, struct tls_keys *keys, const char *target,
			  const struct remote_options *options, struct remote **ret,
			  struct error *err);
void remote_free(struct remote *r); /* ends its sessions; NULL is fine */

void remote_set_options(struct remote *r, const struct remote_options *options);
void remote_get_status(const struct remote *r, struct remote_status *ret);
