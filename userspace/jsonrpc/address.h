/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Remotes as ovsdb-server names them: the kinds, and the addresses of those that are on
 * a network.  For listen, dial and whoever has to tell one kind from another.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum remote_kind {
	REMOTE_PUNIX, /* punix:PATH */
	REMOTE_PFD, /* pfd:NUMBER, a listening socket that the process was started with */
	REMOTE_PTCP, /* ptcp:[PORT][:IP] */
	REMOTE_PSSL,
	REMOTE_UNIX, /* unix:PATH */
	REMOTE_TCP, /* tcp:HOST[:PORT] */
	REMOTE_SSL,
};

/* *ret_rest: what is behind the colon, within remote. */
must_check int remote_kind_parse(const char *remote, enum remote_kind *ret, const char **ret_rest,
				 struct error *err);

static inline bool remote_kind_is_passive(enum remote_kind kind)
{
	return kind <= REMOTE_PSSL;
}
static inline bool remote_kind_is_tls(enum remote_kind kind)
{
	return kind == REMOTE_PSSL || kind == REMOTE_SSL;
}
static inline bool remote_kind_is_unix(enum remote_kind kind)
{
	return kind == REMOTE_PUNIX || kind == REMOTE_UNIX;
}

struct address {
	struct sockaddr_storage storage;
	socklen_t len;
};

/* Numeric, an IPv6 address in brackets.  Without an IP every IPv4 address is meant,
 * without a port 6640. */
must_check int address_parse_passive(const char *rest, struct address *ret, struct error *err);

struct peer_address {
	struct address ip; /* where there is no name */
	char name[256]; /* of a host, to be resolved; "": none */
	uint16_t port;
};
must_check int address_parse_active(const char *rest, struct peer_address *ret, struct error *err);

uint16_t address_port(const struct address *a); /* 0: has none */
