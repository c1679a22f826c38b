/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which port is meant: the same one as before, or one that a user describes before it
 * exists.  Called by reconcile, which reads names and notes from the rows.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct arena;

/* What tells a port that came back from another one that was given its name: those notes
 * of Interface.external_ids that management systems write when they plug a machine in. */
enum { PORT_ID_IFACE, PORT_ID_MAC, PORT_ID_VM, PORT_N_IDS };
struct port_identity {
	const char *name; /* of the Port row */
	const char *ids[PORT_N_IDS]; /* NULL: absent */
};
extern const char *const port_id_keys[PORT_N_IDS]; /* "iface-id" ... */

/* The same name, and each note that the old one had, unchanged. */
bool port_identity_is_same(const struct port_identity *old, const struct port_identity *now);

/* One of "tap1,vnet*,vm-id=1234": a name, a pattern as the shell's, or a note. */
struct port_selector {
	const char *text; /* as written */
	const char *key; /* NULL: by name */
	const char *value; /* of the key, else the name or pattern */
	bool is_pattern;
};

/* *ret is in the arena.  Fails where the text is empty or an item of it is. */
must_check int port_selectors_parse(const char *text, struct arena *arena,
				    struct port_selector **ret, size_t *ret_n, struct error *err);

/* note: the port's value for selector->key; NULL where absent.  Not read for names. */
bool port_selector_matches(const struct port_selector *selector, const char *name,
			   const char *note);

/* Names exactly one port. */
static inline bool port_selector_is_name(const struct port_selector *selector)
{
	return !selector->key && !selector->is_pattern;
}
