/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/netdev.h"
#include "switch/model.h"

const struct tunnel *tunnels_find(const struct tunnels *t, uint32_t slot)
{
	struct tunnel *tunnel;

	HASH_FIND(hh, t->all, &slot, sizeof(slot), tunnel);
	return tunnel;
}

static struct tunnel *get_tunnel(struct tunnels *t, uint32_t slot)
{
	struct tunnel *tunnel;

	HASH_FIND(hh, t->all, &slot, sizeof(slot), tunnel);
	if (tunnel)
		return tunnel;
	tunnel = calloc(1, sizeof(*tunnel));
	if (!tunnel)
		abort();
	tunnel->slot = slot;
	HASH_ADD(hh, t->all, slot, sizeof(tunnel->slot), tunnel);
	return tunnel;
}

/* --- the host's own tunnels --- */

static void look_for_gre(void *arg, const struct netdev *dev)
{
	static const char *const kinds[] = { "gre",    "gretap",    "erspan",
					     "ip6gre", "ip6gretap", "ip6erspan" };
	bool *found = arg;

	/* Those that the kernel's modules bring along receive nothing while they are down. */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		*found |= (dev->flags & IFF_UP) && !strcmp(dev->kind, kinds[i]);
}

static bool has_gre_devices(const struct tunnels *t)
{
	bool found = false;

	netdevs_each(t->netdevs, look_for_gre, &found);
	return found;
}

/* --- ways --- */

enum { DEEPEST = 8 }; /* devices on top of each other */

/* Is the device the user's end of a port, or on top of one? */
static bool comes_back(const struct tunnels *t, uint32_t ifindex)
{
	for (int i = 0; i < DEEPEST; i++) {
		const struct netdev *dev = netdevs_by_ifindex(t->netdevs, ifindex);

		if (!dev || !dev->link || dev->has_link_nsid)
			return false;
		if (!strcmp(dev->kind, "veth"))
			return attach_has(t->attached, dev->link, PROGRAM_INGRESS);
		ifindex = dev->link;
	}
	return false;
}

static void find_way(struct tunnels *t, const struct tunnel *tunnel, struct route *ret)
{
	routes_find(t->routes, &tunnel->remote, tunnel->has_local ? &tunnel->local : NULL, ret);
	ret->comes_back = ret->ifindex && comes_back(t, ret->ifindex);
}

static void on_news(void *arg)
{
	struct tunnels *t = arg;
	bool has_changed = has_gre_devices(t) != t->is_host_tunnelling;

	for (struct tunnel *tunnel = t->all; tunnel; tunnel = tunnel->hh.next) {
		struct route now;

		find_way(t, tunnel, &now);
		has_changed |= memcmp(&now, &tunnel->route, sizeof(now)) != 0;
	}
	if (has_changed && t->all)
		t->on_change(t->arg);
}

void tunnels_open(struct tunnels *t, struct loop *loop, const struct instance *instance,
		  struct netdevs *netdevs, struct attachments *attached,
		  void (*on_change)(void *arg), void *arg)
{
	*t = (struct tunnels){ .netdevs = netdevs, .attached = attached };
	t->segmenter = (struct segmenter){ .instance = instance, .netdevs = netdevs };
	t->on_change = on_change;
	t->arg = arg;
	t->routes = routes_new(loop, netdevs, on_news, t);
}

static void free_tunnel(struct tunnels *t, struct tunnel *tunnel)
{
	HASH_DEL(t->all, tunnel);
	free(tunnel);
}

static void forget_older(struct tunnels *t)
{
	for (struct tunnel *tunnel = t->all, *next; tunnel; tunnel = next) {
		next = tunnel->hh.next;
		if (tunnel->pass != t->pass)
			free_tunnel(t, tunnel);
	}
}

void tunnels_close(struct tunnels *t)
{
	t->pass++;
	forget_older(t);
	prefilter_close(&t->prefilter);
	routes_free(t->routes);
	t->routes = NULL;
}

static int update(struct tunnels *t, const struct model_port *port, struct error *err)
{
	struct tunnel *tunnel;

	if (!port->tunnel || port->error || !port->slot.number)
		return 0;
	/* Before the first question: what changes after the answer is heard of. */
	if (routes_listen(t->routes, err))
		return -1;
	tunnel = get_tunnel(t, port->slot.number);
	tunnel->pass = t->pass;
	tunnel->remote = port->tunnel->remote;
	tunnel->has_local = port->tunnel->has_local;
	tunnel->local = port->tunnel->local;
	find_way(t, tunnel, &tunnel->route);
	return 0;
}

/* Is there a mirror whose copies are made wire frames? */
static bool has_wire_form(const struct model *model)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; k < b->n_mirrors; k++) {
			if (b->mirrors[k]->has_wire_form && b->mirrors[k]->is_active)
				return true;
		}
	}
	return false;
}

int tunnels_update(struct tunnels *t, const struct model *model, struct error *err)
{
	t->pass++;
	t->is_host_tunnelling = has_gre_devices(t);
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++) {
			if (update(t, b->ports[k], err))
				return -1;
		}
	}
	forget_older(t);
	if (!t->all && !has_wire_form(model))
		return 0;
	if (segmenter_ensure(&t->segmenter, err))
		return -1;
	return attach_add(t->attached, t->segmenter.out, PROGRAM_SEGMENT, "for segmentation", err);
}

/* --- programs --- */

static bool is_underlay(const struct tunnels *t, uint32_t ifindex)
{
	for (const struct tunnel *tunnel = t->all; tunnel; tunnel = tunnel->hh.next) {
		if (tunnel->route.ifindex == ifindex)
			return true;
	}
	return false;
}

static int release(struct tunnels *t, bool (*is_port)(void *arg, uint32_t ifindex), void *arg,
		   struct error *err)
{
	for (struct attachment *at = t->attached->all, *next; at; at = next) {
		uint32_t ifindex = at->at.ifindex;

		next = at->hh.next;
		if (at->at.program != PROGRAM_DECAP)
			continue;
		if (is_port && is_underlay(t, ifindex) && !is_port(arg, ifindex) &&
		    netdevs_by_ifindex(t->netdevs, ifindex))
			continue;
		if (attach_remove(t->attached, ifindex, PROGRAM_DECAP, err))
			return -1;
	}
	return 0;
}

static int attach_prefilter(struct tunnels *t, const struct model *model,
			    bool (*is_port)(void *arg, uint32_t ifindex), void *arg,
			    struct error *err)
{
	prefilter_begin(&t->prefilter);
	for (const struct tunnel *tunnel = t->all; tunnel; tunnel = tunnel->hh.next) {
		uint32_t ifindex = tunnel->route.ifindex;

		if (model && model->xdp != MODEL_XDP_OFF && ifindex && !is_port(arg, ifindex))
			prefilter_add(&t->prefilter, ifindex, model->xdp, model->xdp_error);
	}
	return prefilter_end(&t->prefilter, err);
}

/* A port that was made just now may be where a tunnel's packets come in again. */
static void check_comes_back(struct tunnels *t)
{
	for (const struct tunnel *tunnel = t->all; tunnel; tunnel = tunnel->hh.next) {
		const struct route *route = &tunnel->route;

		if (route->ifindex && comes_back(t, route->ifindex) != route->comes_back) {
			t->on_change(t->arg);
			return;
		}
	}
}

int tunnels_attach(struct tunnels *t, const struct model *model,
		   bool (*is_port)(void *arg, uint32_t ifindex), void *arg, struct error *err)
{
	for (const struct tunnel *tunnel = t->all; tunnel; tunnel = tunnel->hh.next) {
		const struct route *route = &tunnel->route;

		if (!route->ifindex || is_port(arg, route->ifindex))
			continue;
		if (attach_add(t->attached, route->ifindex, PROGRAM_DECAP, route->device, err) &&
		    err->errnum != ENODEV)
			return -1;
	}
	if (attach_prefilter(t, model, is_port, arg, err))
		return -1;
	check_comes_back(t);
	return release(t, is_port, arg, err);
}

static int forget_segment_program(struct tunnels *t, struct error *err)
{
	for (struct attachment *at = t->attached->all, *next; at; at = next) {
		next = at->hh.next;
		if (at->at.program == PROGRAM_SEGMENT &&
		    attach_remove(t->attached, at->at.ifindex, PROGRAM_SEGMENT, err))
			return -1;
	}
	return 0;
}

int tunnels_remove_all(struct tunnels *t, struct error *err)
{
	t->pass++;
	forget_older(t);
	/* Its program goes with the device. */
	if (segmenter_delete(&t->segmenter, err) || forget_segment_program(t, err) ||
	    attach_prefilter(t, NULL, NULL, NULL, err))
		return -1;
	return release(t, NULL, NULL, err);
}
