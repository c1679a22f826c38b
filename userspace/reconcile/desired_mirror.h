/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Mirror rows to mirrors of the model.  Called by desired, once for each bridge, when
 * all ports of the bridge are there.
 */
struct arena;
struct columns;
struct db;
struct model_bridge;
struct model_port;
struct row;
struct uuid;

/* The bridge's port that a Port row became; NULL: the row is not of this bridge. */
struct desired_ports {
	struct model_port *(*find)(void *arg, const struct uuid *port);
	void *arg;
};

/* Also marks the output ports as reserved. */
void desired_mirrors(const struct db *db, const struct columns *c, struct arena *arena,
		     const struct row *bridge_row, const struct desired_ports *ports,
		     struct model_bridge *bridge);
