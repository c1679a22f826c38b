/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/ofports.h"

#include "base/arena.h"
#include "reconcile/allocation.h"
#include "switch/model.h"
#include "switch/ofport.h"

static bool works(struct datapath *dp, const struct model_port *p)
{
	struct datapath_port_state state;

	datapath_port_state(dp, p->slot.number, &state);
	return !state.error[0];
}

static struct ofport_claim claim_of(const struct allocation_entry *e, struct datapath *dp,
				    const struct model_port *p)
{
	return (struct ofport_claim){
		.request = p->ofport_request,
		.held = allocation_ofport(e),
		.recorded = p->ofport_recorded,
		.is_local = p->kind == MODEL_PORT_LOCAL,
		.is_working = works(dp, p),
	};
}

/* Of a port that may have a number; NULL: it may not. */
static struct allocation_entry *entry_of(struct allocation *a, const struct model_port *p)
{
	return p->error || p->is_remote ? NULL
					: allocation_at(a, DATAPATH_SLOT_PORT, p->slot.number);
}

void ofports_recall(struct allocation *a, struct model *model)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++) {
			const struct allocation_entry *e = entry_of(a, b->ports[k]);

			b->ports[k]->ofport = e ? allocation_ofport(e) : 0;
		}
	}
}

static int assign_bridge(struct allocation *a, struct datapath *dp, struct arena *arena,
			 struct model_bridge *b, bool *has_news, struct error *err)
{
	struct allocation_entry *bridge = allocation_find(a, DATAPATH_SLOT_BRIDGE, &b->uuid);
	struct ofport_claim *claims = arena_new_array(arena, struct ofport_claim, b->n_ports);
	struct model_port **ports = arena_new_array(arena, struct model_port *, b->n_ports);
	struct allocation_entry **entries =
		arena_new_array(arena, struct allocation_entry *, b->n_ports);
	uint32_t cursor;
	size_t n = 0;

	if (!bridge)
		return 0;
	cursor = bridge->at.extra;
	for (size_t i = 0; i < b->n_ports; i++) {
		struct model_port *p = b->ports[i];
		struct allocation_entry *e = entry_of(a, p);

		if (!e)
			continue;
		ports[n] = p;
		entries[n] = e;
		claims[n++] = claim_of(e, dp, p);
	}
	ofport_assign(claims, n, &cursor);
	if (allocation_set_extra(a, bridge, cursor, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		*has_news |= ports[i]->ofport != claims[i].given && model_tells_ports(b);
		ports[i]->ofport = claims[i].given;
		if (allocation_set_ofport(a, entries[i], claims[i].given, err))
			return -1;
	}
	return 0;
}

int ofports_assign(struct allocation *a, struct datapath *dp, struct model *model, bool *ret_again,
		   struct error *err)
{
	*ret_again = false;
	for (size_t i = 0; i < model->n_bridges; i++) {
		if (assign_bridge(a, dp, model->arena, model->bridges[i], ret_again, err))
			return error_wrap(err, "OpenFlow port numbers");
	}
	return 0;
}
