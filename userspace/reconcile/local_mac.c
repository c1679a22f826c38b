/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/local_mac.h"

#include <string.h>

#include "reconcile/allocation.h"
#include "switch/mac.h"
#include "switch/model.h"

static struct model_port *local_port(const struct model_bridge *b)
{
	for (size_t i = 0; i < b->n_ports; i++) {
		if (b->ports[i]->kind == MODEL_PORT_LOCAL && !b->ports[i]->error)
			return b->ports[i];
	}
	return NULL;
}

/* True: it changed. */
static bool set(struct model_port *p, const uint8_t mac[6])
{
	if (p->has_mac && !memcmp(p->mac, mac, sizeof(p->mac)))
		return false;
	p->has_mac = true;
	memcpy(p->mac, mac, sizeof(p->mac));
	return true;
}

void local_mac_recall(struct allocation *a, struct model *model)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];
		const struct allocation_entry *e =
			allocation_find(a, DATAPATH_SLOT_BRIDGE, &b->uuid);
		struct model_port *local = local_port(b);

		if (local && b->has_hwaddr)
			set(local, b->hwaddr);
		else if (local && e && e->has_mac)
			set(local, e->mac);
	}
}

static bool mac_of_port(struct datapath *dp, const struct model_port *p, uint8_t ret[6])
{
	struct datapath_port_state state;

	if (p->has_bridge_mac) {
		memcpy(ret, p->bridge_mac, sizeof(p->bridge_mac));
		return true;
	}
	datapath_port_state(dp, p->slot.number, &state);
	if (!state.has_mac)
		return false;
	memcpy(ret, state.mac, sizeof(state.mac));
	return true;
}

static void choose(struct datapath *dp, const struct model_bridge *b, uint8_t ret[6])
{
	bool has_one = false;

	if (b->has_hwaddr) {
		memcpy(ret, b->hwaddr, sizeof(b->hwaddr));
		return;
	}
	mac_of_uuid(&b->uuid, ret);
	for (size_t i = 0; i < b->n_ports; i++) {
		const struct model_port *p = b->ports[i];
		uint8_t mac[6];

		if (p->error || p->kind == MODEL_PORT_LOCAL || p->is_reserved)
			continue;
		if (!mac_of_port(dp, p, mac) || !mac_is_universal(mac))
			continue;
		if (!has_one || memcmp(mac, ret, sizeof(mac)) < 0)
			memcpy(ret, mac, sizeof(mac));
		has_one = true;
	}
}

bool local_mac_choose(struct allocation *a, struct datapath *dp, struct model *model)
{
	bool changed = false;

	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];
		struct allocation_entry *e = allocation_find(a, DATAPATH_SLOT_BRIDGE, &b->uuid);
		struct model_port *local = local_port(b);

		if (!e)
			continue;
		choose(dp, b, e->mac);
		e->has_mac = true;
		if (local && set(local, e->mac))
			changed = true;
	}
	return changed;
}
