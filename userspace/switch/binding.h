/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The ports that a mirror is bound to, as text that is kept in its row, so that it finds
 * them again when their rows went away and came back:
 *	tap1@16db4055 src+dst, vnet3@e6a7d9b6 output iface-id=... vm-id=...
 * Called by reconcile's sticky; knows no rows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "switch/port_match.h"

struct arena;
struct buf;

/* What a mirror uses a port for, and sets of that. */
enum { ROLE_SRC, ROLE_DST, ROLE_OUTPUT, N_ROLES };
enum {
	BINDING_SRC = 1 << ROLE_SRC,
	BINDING_DST = 1 << ROLE_DST,
	BINDING_OUTPUT = 1 << ROLE_OUTPUT,
};

struct bound_port {
	uint32_t row; /* the beginning of the Port row's uuid: is it still that row? */
	unsigned int roles;
	struct port_identity identity;
};

struct binding {
	struct bound_port *ports; /* in the arena */
	size_t n;
	size_t room;
};

/* The place for one more. */
struct bound_port *binding_add(struct binding *b, struct arena *arena);

/* Fails on anything that binding_put() does not write. */
must_check int binding_parse(const char *text, struct arena *arena, struct binding *ret,
			     struct error *err);
void binding_put(struct buf *to, const struct binding *b); /* leaves out those without a role */

/* "src", "src+dst" ... */
const char *binding_roles_name(unsigned int roles);

/* The port that has a bound port's name now. */
struct port_now {
	uint32_t row;
	bool is_here; /* on the mirror's bridge */
	struct port_identity identity;
};

enum binding_fate {
	BINDING_STAYS, /* the row never went away */
	BINDING_RETURNED,
	BINDING_WAITS,
	BINDING_NAME_TAKEN, /* waits: the name is another port's now */
	BINDING_ELSEWHERE, /* waits: the port is on another bridge */
};
enum binding_fate binding_fate(const struct bound_port *p,
			       const struct port_now *now); /* or NULL */
