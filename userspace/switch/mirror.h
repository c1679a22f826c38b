/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One mirror's state: does it copy, and if not, why, in the words of Bridge.status.
 * Called by reconcile; knows no rows and no packets.
 */
#include <stdbool.h>
#include <stddef.h>

#include "switch/model.h"

struct arena;

/* The most mirrors of one bridge. */
enum { MIRRORS_MAX = 256 };

/* A port that the mirror is meant for and that is not there. */
struct mirror_awaited {
	const char *name; /* or what describes it */
	unsigned int roles; /* BINDING_* */
	const char *why; /* NULL: there is none of that name */
};

/* What the columns say. */
struct mirror_input {
	bool has_output_port;
	const struct model_port *out_port; /* NULL: not a port of this bridge */
	uint16_t output_vlan; /* 0: none */
	const char *filter_error; /* what is wrong with its filter; NULL: nothing */
	/* What else is not understood, or asks for something that this version cannot do. */
	const char *error; /* NULL: nothing */
	const struct mirror_awaited *awaited;
	size_t n_awaited;
};

/* Sets state, is_active, keeps_filter, out_port and out_vlan of *mirror; its selection is there already.  A
 * mirror that asks for what cannot be done copies nothing rather than too much, and
 * nothing takes the place of a port that is awaited. */
void mirror_resolve(const struct mirror_input *in, struct arena *arena,
		    struct model_mirror *mirror);

/* Makes the mirror one that does nothing because of `why`. */
void mirror_refuse(struct model_mirror *mirror, struct arena *arena, const char *why);
