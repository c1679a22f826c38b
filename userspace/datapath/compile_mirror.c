/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/compile_mirror.h"

#include <stdlib.h>

#include "abi.h"
#include "datapath/compile_filter.h"
#include "datapath/image.h"
#include "datapath/vlan_sets.h"
#include "switch/model.h"
#include "switch/tunnel.h"

static void set_bit(__u64 *words, uint32_t bit)
{
	words[bit / 64] |= 1ull << bit % 64;
}

/* The record of a selected port, or NULL: of another bridge, or without a device. */
static struct port_config *record_of(const struct model_port *port,
				     const struct model_bridge *bridge, struct port_config **ports)
{
	struct port_config *config =
		port->slot.number < PORT_SLOTS ? ports[port->slot.number] : NULL;

	return config && config->bridge == bridge->slot.number ? config : NULL;
}

static void select_ports(const struct model_mirror *mirror, const struct model_bridge *bridge,
			 struct bridge_config *bridge_config, struct port_config **ports)
{
	struct port_config *port;

	if (mirror->selects_all) {
		set_bit(bridge_config->all_mirrors, mirror->bit);
		bridge_config->flags |= BRIDGE_MIRROR_ALL | BRIDGE_MIRROR_OUT;
		return;
	}
	for (size_t i = 0; i < mirror->n_src_ports; i++) {
		port = record_of(mirror->src_ports[i], bridge, ports);
		if (!port)
			continue;
		set_bit(port->src_mirrors, mirror->bit);
		port->flags |= PORT_MIRRORED_IN;
	}
	for (size_t i = 0; i < mirror->n_dst_ports; i++) {
		port = record_of(mirror->dst_ports[i], bridge, ports);
		if (!port)
			continue;
		set_bit(port->dst_mirrors, mirror->bit);
		port->flags |= PORT_MIRRORED_OUT;
		bridge_config->flags |= BRIDGE_MIRROR_OUT;
	}
}

static bool reaches_datapath(const struct model_mirror *mirror, const struct filters *filters)
{
	return mirror->is_active && mirror->slot.number &&
	       compile_filter_is_usable(mirror, filters);
}

static bool is_same_output(const struct model_mirror *a, const struct model_mirror *b)
{
	if (a->out_port || b->out_port)
		return a->out_port == b->out_port;
	return a == b || (a->out_vlan && a->out_vlan == b->out_vlan);
}

/* The mirrors of the bridge whose copies go where this one's go: of these a packet makes
 * one copy. */
static void compile_same_output(const struct model_mirror *mirror,
				const struct model_bridge *bridge, const struct filters *filters,
				struct mirror_config *config)
{
	for (size_t i = 0; i < bridge->n_mirrors; i++) {
		const struct model_mirror *other = bridge->mirrors[i];

		if (reaches_datapath(other, filters) && is_same_output(mirror, other))
			set_bit(config->same_output, other->bit);
	}
}

static uint32_t too_long_of(const struct model_mirror *mirror)
{
	const struct model_tunnel *t = mirror->out_port ? mirror->out_port->tunnel : NULL;

	switch (mirror->too_long) {
	case MODEL_TOO_LONG_DEFAULT:
		return t && t->may_fragment ? TOO_LONG_FRAGMENT : TOO_LONG_CUT;
	case MODEL_TOO_LONG_CUT:
		return TOO_LONG_CUT;
	case MODEL_TOO_LONG_FRAGMENT:
		return TOO_LONG_FRAGMENT;
	case MODEL_TOO_LONG_DROP:
		return TOO_LONG_DROP;
	}
	abort();
}

int compile_mirrors(const struct model_bridge *bridge, struct bridge_config *bridge_config,
		    struct port_config **ports, struct vlan_sets *sets, struct filters *filters,
		    struct image *image, struct error *err)
{
	for (size_t i = 0; i < bridge->n_mirrors; i++) {
		const struct model_mirror *mirror = bridge->mirrors[i];
		struct mirror_config *config;
		struct port_config *out;
		uint32_t *slot;

		if (!reaches_datapath(mirror, filters))
			continue;
		if (mirror->slot.number >= MIRROR_SLOTS || mirror->bit >= MIRRORS_PER_BRIDGE)
			return error_set(err, "internal error",
					 "mirror %s has slot %u and bit %u, which do not exist",
					 mirror->name, mirror->slot.number, mirror->bit);
		slot = image_put(image, IMAGE_MIRROR_OF_BIT,
				 bridge->slot.number * MIRRORS_PER_BRIDGE + mirror->bit);
		*slot = mirror->slot.number;
		if (mirror->bit >= 64)
			bridge_config->flags |= BRIDGE_MANY_MIRRORS;

		config = image_put(image, IMAGE_MIRRORS, mirror->slot.number);
		config->generation = mirror->slot.generation;
		out = mirror->out_port ? record_of(mirror->out_port, bridge, ports) : NULL;
		config->out_port = out ? mirror->out_port->slot.number : 0;
		config->out_vlan = mirror->out_port ? 0 : mirror->out_vlan;
		config->snaplen = mirror->snaplen;
		config->flags = (mirror->has_wire_form ? MIRROR_WIRE_FORM : 0) |
				(mirror->has_account ? MIRROR_ACCOUNT : 0);
		config->too_long = too_long_of(mirror);
		if (vlan_sets_index(sets, mirror->vlans, &config->vlans, err) ||
		    compile_filter(mirror, filters, config, err))
			return error_wrap(err, "mirror %s", mirror->name);
		compile_same_output(mirror, bridge, filters, config);
		select_ports(mirror, bridge, bridge_config, ports);
	}
	return 0;
}
