/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/compile.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/compile_mirror.h"
#include "datapath/compile_tunnel.h"
#include "datapath/image.h"
#include "datapath/vlan_sets.h"
#include "switch/model.h"

/* Addresses that a bridge learns above its limit until userspace comes to evict: besides a 16th
 * of the limit, which is what makes looking through a large table worth while. */
enum { FDB_SLACK = 64 };

static uint8_t vlan_mode_of(enum model_vlan_mode mode)
{
	switch (mode) {
	case MODEL_VLAN_TRUNK:
		return VLAN_TRUNK;
	case MODEL_VLAN_ACCESS:
		return VLAN_ACCESS;
	case MODEL_VLAN_NATIVE_TAGGED:
		return VLAN_NATIVE_TAGGED;
	case MODEL_VLAN_NATIVE_UNTAGGED:
		return VLAN_NATIVE_UNTAGGED;
	case MODEL_VLAN_DOT1Q_TUNNEL:
		return VLAN_DOT1Q_TUNNEL;
	}
	abort();
}

static uint8_t priority_tags_of(enum model_priority_tags tags)
{
	switch (tags) {
	case MODEL_PRIORITY_TAGS_NEVER:
		return PRIORITY_TAGS_NEVER;
	case MODEL_PRIORITY_TAGS_IF_NONZERO:
		return PRIORITY_TAGS_IF_NONZERO;
	case MODEL_PRIORITY_TAGS_ALWAYS:
		return PRIORITY_TAGS_ALWAYS;
	}
	abort();
}

static void compile_device(struct port_config *config, const struct compile_device *device)
{
	config->ifindex = device->ifindex;
	config->mtu = device->mtu;
	if (device->ifindex && device->is_up)
		config->flags |= PORT_UP;
	if (device->ifindex && device->is_queued)
		config->flags |= PORT_QUEUED;
	if (device->ifindex && device->has_peer) {
		config->flags |= PORT_PEER;
		memcpy(config->peer_mac, device->peer_mac, sizeof(config->peer_mac));
	}
}

/* Always up, and with room for any frame: what is at the other end decides. */
static void compile_patch(struct port_config *config, const struct model_port *peer)
{
	config->mtu = UINT32_MAX;
	if (!peer || peer->error || !peer->slot.number)
		return;
	config->patch_peer = peer->slot.number;
	config->flags |= PORT_UP;
}

static int compile_port(const struct model_port *port, const struct compile_device *device,
			struct vlan_sets *sets, struct port_config *config, struct error *err)
{
	config->generation = port->slot.generation;
	config->tag = port->vlan.tag;
	config->vlan_mode = vlan_mode_of(port->vlan.mode);
	config->priority_tags = priority_tags_of(port->vlan.priority_tags);
	config->qinq_ethertype_be = htons(port->vlan.qinq_ethertype);
	config->order = port->order;
	config->no_target = DROP_LINK_DOWN;
	if (port->is_reserved)
		config->flags |= PORT_RESERVED;
	if (port->is_protected)
		config->flags |= PORT_PROTECTED;
	if (port->kind == MODEL_PORT_LOCAL)
		config->flags |= PORT_LOCAL;
	if (port->kind == MODEL_PORT_PATCH)
		compile_patch(config, port->peer);
	else if (port->kind != MODEL_PORT_TUNNEL)
		compile_device(config, device);
	if (vlan_sets_index(sets, port->vlan.trunks, &config->trunks, err) ||
	    vlan_sets_index(sets, port->vlan.cvlans, &config->cvlans, err))
		return error_wrap(err, "port %s", port->name);
	return 0;
}

/* Puts a port at the head of the list that it is flooded by: so one more port changes the
 * head and nothing else.  A mirror's output port is in none. */
static void link_into_flood(const struct model_port *port, struct port_config *config,
			    struct bridge_config *bridge, uint32_t **access_heads)
{
	uint32_t *head;

	if (port->is_reserved)
		return;
	head = access_heads && access_heads[config->tag] ? access_heads[config->tag]
							 : &bridge->trunk_head;
	config->next = *head;
	*head = port->slot.number;
}

static bool has_access_head(const struct model_port *port)
{
	return port->vlan.mode == MODEL_VLAN_ACCESS || port->vlan.mode == MODEL_VLAN_DOT1Q_TUNNEL;
}

static bool reaches_datapath(const struct model_port *port)
{
	return !port->error && port->slot.number;
}

static int check_slot(const struct model_port *port, struct port_config **ports, struct error *err)
{
	if (port->slot.number >= PORT_SLOTS)
		return error_set(err, "internal error", "port %s has slot %u, which does not exist",
				 port->name, port->slot.number);
	if (ports[port->slot.number])
		return error_set(err, "internal error", "port %s has slot %u, as another one",
				 port->name, port->slot.number);
	if (port->vlan.tag > 4095)
		return error_set(err, "internal error", "port %s has tag %u", port->name,
				 port->vlan.tag);
	return 0;
}

/* The state of one compilation. */
struct compilation {
	const struct compile_host *host;
	struct vlan_sets *sets;
	struct filters *filters;
	struct image *image;
	struct compile_tunnels tunnels;
	struct port_config *ports[PORT_SLOTS]; /* by slot */
	bool tells_ports; /* the bridge being compiled has a tunnel that tells their numbers */
	uint32_t *access_heads[4096]; /* of the bridge being compiled, by VLAN */
};

static int compile_ports(struct compilation *c, const struct model_bridge *bridge,
			 struct bridge_config *bridge_config, struct error *err)
{
	memset(c->access_heads, 0, sizeof(c->access_heads));
	c->tells_ports = model_tells_ports(bridge);
	for (size_t i = 0; i < bridge->n_ports; i++) {
		const struct model_port *port = bridge->ports[i];
		const struct compile_device *device;
		struct port_config *config;
		uint32_t *ifindex_slot, **head = &c->access_heads[port->vlan.tag & 4095];

		if (!reaches_datapath(port))
			continue;
		if (check_slot(port, c->ports, err))
			return -1;
		config = image_put(c->image, IMAGE_PORTS, port->slot.number);
		c->ports[port->slot.number] = config;
		config->bridge = (uint16_t)bridge->slot.number;
		config->ofport = c->tells_ports ? port->ofport : 0;
		device = &c->host->devices[port->slot.number];
		if (compile_port(port, device, c->sets, config, err))
			return -1;
		if (port->tunnel)
			compile_tunnel(&c->tunnels, port->slot.number, port->tunnel, device->route,
				       config);
		if (config->ifindex) {
			ifindex_slot = image_put(c->image, IMAGE_PORT_OF_IFINDEX, config->ifindex);
			*ifindex_slot = port->slot.number;
		}
		if (has_access_head(port) && !*head)
			*head = image_put(c->image, IMAGE_ACCESS_HEAD,
					  bridge->slot.number << 16 | port->vlan.tag);
		link_into_flood(port, config, bridge_config,
				has_access_head(port) ? c->access_heads : NULL);
	}
	return 0;
}

static int compile_bridge(struct compilation *c, const struct model_bridge *bridge,
			  struct error *err)
{
	struct bridge_config *config;

	if (bridge->slot.number >= BRIDGE_SLOTS)
		return error_set(err, "internal error",
				 "bridge %s has slot %u, which does not exist", bridge->name,
				 bridge->slot.number);
	config = image_put(c->image, IMAGE_BRIDGES, bridge->slot.number);
	config->generation = bridge->slot.generation;
	if (bridge->is_secure)
		config->flags |= BRIDGE_SECURE;
	if (bridge->forwards_bpdu)
		config->flags |= BRIDGE_FORWARD_BPDU;
	config->fdb_max = bridge->fdb_max;
	config->fdb_room = bridge->fdb_max + bridge->fdb_max / 16 + FDB_SLACK;
	config->ageing = (uint64_t)bridge->ageing_s * c->host->hz;
	config->has_flood_vlans = bridge->flood_vlans != NULL;
	if (vlan_sets_index(c->sets, bridge->flood_vlans, &config->flood_vlans, err))
		return -1;
	if (compile_ports(c, bridge, config, err))
		return -1;
	return compile_mirrors(bridge, config, c->ports, c->sets, c->filters, c->image, err);
}

int compile(const struct model *model, const struct compile_host *host, struct vlan_sets *sets,
	    struct filters *filters, struct image **ret, struct error *err)
{
	struct compilation *c = calloc(1, sizeof(*c));
	int failed = 0;

	if (!c)
		abort();
	c->host = host;
	c->sets = sets;
	c->filters = filters;
	c->image = c->tunnels.image = image_new();
	for (size_t i = 0; i < model->n_bridges && !failed; i++) {
		const struct model_bridge *bridge = model->bridges[i];

		if (!bridge->slot.number)
			continue;
		failed = compile_bridge(c, bridge, err);
		if (failed)
			error_wrap(err, "bridge %s", bridge->name);
	}
	compile_tunnels_end(&c->tunnels, !host->has_gre);
	if (failed) {
		image_free(c->image);
	} else {
		image_seal(c->image);
		*ret = c->image;
	}
	free(c);
	return failed;
}
