/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/ofports.h"

#include "base/arena.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/allocation.h"
#include "reconcile/columns.h"
#include "switch/model.h"
#include "switch/ofport.h"

static bool works(struct datapath *dp, const struct model_port *p)
{
	struct datapath_port_state state;

	datapath_port_state(dp, p->slot.number, &state);
	return !state.error[0];
}

static struct ofport_claim claim_of(const struct allocation_entry *e, const struct db *db,
				    const struct columns *c, struct datapath *dp,
				    const struct model_port *p)
{
	const struct row *row = db_find(db, c->interface.table, &p->interface_uuid);
	struct ofport_claim claim = {
		.held = e->at.extra,
		.is_local = p->kind == MODEL_PORT_LOCAL,
		.is_working = works(dp, p),
	};

	if (row) {
		int64_t recorded = row_integer(row, c->interface.ofport, 0);

		claim.request = (uint32_t)row_integer(row, c->interface.ofport_request, 0);
		if (recorded > 0 && recorded <= OFPORT_REQUEST_MAX)
			claim.recorded = (uint32_t)recorded;
	}
	return claim;
}

static int assign_bridge(struct allocation *a, const struct db *db, const struct columns *c,
			 struct datapath *dp, struct arena *arena, struct model_bridge *b,
			 struct error *err)
{
	struct allocation_entry *bridge = allocation_find(a, DATAPATH_SLOT_BRIDGE, &b->uuid);
	struct ofport_claim *claims = arena_new_array(arena, struct ofport_claim, b->n_ports);
	struct model_port **ports = arena_new_array(arena, struct model_port *, b->n_ports);
	uint32_t cursor;
	size_t n = 0;

	if (!bridge)
		return 0;
	cursor = bridge->at.extra;
	for (size_t i = 0; i < b->n_ports; i++) {
		struct model_port *p = b->ports[i];
		struct allocation_entry *e =
			p->error ? NULL : allocation_find(a, DATAPATH_SLOT_PORT, &p->uuid);

		if (!e)
			continue;
		ports[n] = p;
		claims[n++] = claim_of(e, db, c, dp, p);
	}
	ofport_assign(claims, n, &cursor);
	if (allocation_set_extra(a, bridge, cursor, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct allocation_entry *e =
			allocation_find(a, DATAPATH_SLOT_PORT, &ports[i]->uuid);

		ports[i]->ofport = claims[i].given;
		if (allocation_set_extra(a, e, claims[i].given, err))
			return -1;
	}
	return 0;
}

int ofports_assign(struct allocation *a, const struct db *db, const struct columns *c,
		   struct datapath *dp, struct model *model, struct error *err)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		if (assign_bridge(a, db, c, dp, model->arena, model->bridges[i], err))
			return error_wrap(err, "OpenFlow port numbers");
	}
	return 0;
}
