/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Mirror rows to mirrors of the model.  Called by desired, once for each bridge, when
 * the ports of all bridges are there.
 */
#include <stdbool.h>

struct arena;
struct columns;
struct db;
struct expressions;
struct model_bridge;
struct port_index;
struct row;
struct sticky;
struct sticky_events;

struct desired_mirrors {
	const struct db *db;
	const struct columns *c;
	struct arena *arena;
	struct port_index *index;
	struct expressions *expressions;
	const struct sticky_events *events;
	const struct row *root; /* of Open_vSwitch; NULL: none */
	/* Grow from bridge to bridge. */
	struct sticky *sticky; /* a list: what is to be written into the mirrors' rows */
	bool reads_notes; /* some mirror selects by a note of Interface.external_ids */
};

/* Also marks the output ports as reserved. */
void desired_mirrors(struct desired_mirrors *m, const struct row *bridge_row,
		     struct model_bridge *bridge);
