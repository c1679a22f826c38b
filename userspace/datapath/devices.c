/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/instance.h"
#include "datapath/link.h"
#include "datapath/netns.h"
#include "datapath/system.h"

/* --- ports and what they claim --- */

static void set_ifindex(struct devices *d, struct port *port, uint32_t ifindex)
{
	if (port->ifindex == ifindex)
		return;
	if (port->ifindex)
		HASH_DELETE(by_ifindex, d->by_ifindex, port);
	port->ifindex = ifindex;
	port->has_ethtool = port->has_carrier_base = false;
	port->mtu_tried = 0;
	memset(port->mac_tried, 0, sizeof(port->mac_tried));
	if (ifindex)
		HASH_ADD(by_ifindex, d->by_ifindex, ifindex, sizeof(port->ifindex), port);
}

static struct port *port_of_ifindex(const struct devices *d, uint32_t ifindex)
{
	struct port *port;

	HASH_FIND(by_ifindex, d->by_ifindex, &ifindex, sizeof(ifindex), port);
	return port;
}

static struct port *port_of_name(const struct devices *d, const char *name)
{
	struct port *port;

	HASH_FIND(by_name, d->by_name, name, strlen(name), port);
	return port;
}

static void free_port(struct devices *d, struct port *port)
{
	set_ifindex(d, port, 0);
	if (port->name && port_of_name(d, port->name) == port)
		HASH_DELETE(by_name, d->by_name, port);
	d->by_slot[port->slot] = NULL;
	free(port->name);
	free(port);
}

static struct port *get_port(struct devices *d, const struct model_port *wanted)
{
	struct port *port = d->by_slot[wanted->slot.number], *other;

	if (port && (port->kind != wanted->kind || strcmp(port->name, wanted->name) ||
		     !uuid_equal(&port->uuid, &wanted->uuid))) {
		free_port(d, port);
		port = NULL;
	}
	if (port)
		return port;
	port = calloc(1, sizeof(*port));
	if (!port || !(port->name = strdup(wanted->name)))
		abort();
	port->slot = wanted->slot.number;
	port->kind = wanted->kind;
	port->uuid = wanted->uuid;
	d->by_slot[port->slot] = port;
	/* The older one of that name is on its way out. */
	other = port_of_name(d, port->name);
	if (other)
		HASH_DELETE(by_name, d->by_name, other);
	HASH_ADD_KEYPTR(by_name, d->by_name, port->name, strlen(port->name), port);
	return port;
}

/* False: another port of the model has the device. */
static bool claim(struct devices *d, struct port *port, uint32_t ifindex)
{
	struct port *other = port_of_ifindex(d, ifindex);

	if (other && other != port && other->pass == d->pass)
		return false;
	if (other && other != port)
		set_ifindex(d, other, 0);
	set_ifindex(d, port, ifindex);
	return true;
}

/* --- taking --- */

static void refuse(struct devices *d, struct port *port, const struct error *err)
{
	snprintf(port->error, sizeof(port->error), "%.*s", (int)sizeof(port->error) - 1, err->text);
	set_ifindex(d, port, 0);
}

static void wish_mtu(struct devices *d, struct port *port, const struct netdev *dev, uint32_t mtu)
{
	if (!mtu || dev->mtu == mtu || port->mtu_tried == mtu)
		return;
	port->mtu_tried = mtu;
	if (!link_set_mtu(netdevs_netlink(d->netdevs), dev->ifindex, dev->name, mtu, NULL))
		netdevs_poll(d->netdevs);
}

static void update_system(struct devices *d, struct port *port, const struct model_port *wanted)
{
	const struct netdev *dev = netdevs_by_name(d->netdevs, port->name);
	struct error err;
	bool is_new;

	/* A pair's end of that name is about to go with its port. */
	if (dev && pairs_has_end(&d->pairs, dev))
		dev = NULL;
	if (system_check(dev, port->name, d->attached, &err)) {
		refuse(d, port, &err);
		return;
	}
	is_new = port->ifindex != dev->ifindex;
	if (!claim(d, port, dev->ifindex)) {
		error_errno(&err, EBUSY, "could not add network device %s to ofproto", port->name);
		refuse(d, port, &err);
		return;
	}
	if (system_take(d->netdevs, d->held, dev->ifindex, is_new, &err)) {
		refuse(d, port, &err);
		return;
	}
	dev = netdevs_by_ifindex(d->netdevs, port->ifindex);
	if (dev)
		wish_mtu(d, port, dev, wanted->mtu_request);
	dev = netdevs_by_ifindex(d->netdevs, port->ifindex);
	if (dev && !strcmp(dev->kind, "veth"))
		(void)peers_learn(&d->peers, port->ifindex);
}

static void wish_mac(struct devices *d, struct port *port, const struct peer *peer,
		     const struct model_port *wanted)
{
	size_t len = sizeof(wanted->mac);

	if (!wanted->has_mac || !memcmp(peer->dev.mac, wanted->mac, len) ||
	    !memcmp(port->mac_tried, wanted->mac, len))
		return;
	memcpy(port->mac_tried, wanted->mac, len);
	if (!link_set_mac(netdevs_netlink(d->netdevs), peer->at.ifindex, peer->dev.name,
			  wanted->mac, NULL))
		netdevs_poll(d->netdevs);
}

static void update_internal(struct devices *d, struct port *port, const struct model_port *wanted)
{
	const struct peer *peer;
	const struct pair *pair;
	uint8_t mac[6];
	struct error err;

	instance_mac(d->instance, &port->uuid, sizeof(port->uuid), mac);
	pair = pairs_ensure(&d->pairs, port->name, wanted->has_mac ? wanted->mac : mac, &err);
	if (!pair) {
		refuse(d, port, &err);
		return;
	}
	if (!claim(d, port, pair->ifindex)) {
		error_errno(&err, EEXIST, "could not add network device %s to ofproto", port->name);
		refuse(d, port, &err);
		return;
	}
	/* In another namespace the user's end is the user's alone. */
	peer = peers_learn(&d->peers, port->ifindex);
	if (!peer || peer->at.nsid != NETDEV_NO_NSID)
		return;
	wish_mac(d, port, peer, wanted);
	/* What has been changed by that is in doubt, and learned anew. */
	peer = peers_learn(&d->peers, port->ifindex);
	if (!peer)
		return;
	wish_mtu(d, port, &peer->dev, wanted->mtu_request);
	(void)peers_learn(&d->peers, port->ifindex);
}

static void update_port(struct devices *d, const struct model_port *wanted)
{
	struct port *port = get_port(d, wanted);
	const struct netdev *dev;

	d->current = port;
	port->pass = d->pass;
	port->error[0] = '\0';
	switch (wanted->kind) {
	case MODEL_PORT_SYSTEM:
		update_system(d, port, wanted);
		break;
	case MODEL_PORT_INTERNAL:
	case MODEL_PORT_LOCAL:
		update_internal(d, port, wanted);
		break;
	case MODEL_PORT_PATCH:
	case MODEL_PORT_TUNNEL:
		return; /* it has none */
	}
	dev = devices_of_port(d, port);
	if (dev && !port->has_carrier_base) {
		port->has_carrier_base = true;
		port->carrier_base = dev->carrier_changes;
	}
	if (port->ifindex && !port->has_ethtool) {
		port->has_ethtool = true;
		dev = netdevs_by_ifindex(d->netdevs, port->ifindex);
		if (dev)
			ethtool_read(dev->name, &port->ethtool);
	}
}

const struct netdev *devices_of_port(const struct devices *d, const struct port *port)
{
	const struct peer *peer;

	if (!port->ifindex)
		return NULL;
	if (port->kind == MODEL_PORT_SYSTEM)
		return netdevs_by_ifindex(d->netdevs, port->ifindex);
	peer = peers_find(&d->peers, port->ifindex);
	return peer ? &peer->dev : NULL;
}

/* Carrier as it is now: the flag IFF_RUNNING may be late by a second.  A veth's carrier is
 * whether the other end is up. */
bool devices_is_up(const struct devices *d, const struct port *port)
{
	const struct netdev *ours, *theirs = devices_of_port(d, port);

	ours = port->ifindex ? netdevs_by_ifindex(d->netdevs, port->ifindex) : NULL;
	if (!ours || !theirs)
		return false;
	if (ours != theirs)
		return (ours->flags & IFF_UP) && (theirs->flags & IFF_UP);
	return (ours->flags & IFF_UP) && (ours->flags & IFF_LOWER_UP) && !ours->is_dormant;
}

static void view_port(struct devices *d, const struct port *port)
{
	const struct netdev *ours = netdevs_by_ifindex(d->netdevs, port->ifindex);
	const struct peer *peer = peers_find(&d->peers, port->ifindex);
	struct compile_device *view = &d->view[port->slot];

	if (!ours)
		return;
	view->ifindex = port->ifindex;
	view->is_up = devices_is_up(d, port);
	view->is_queued = !strcmp(ours->kind, "veth");
	view->mtu = ours->mtu;
	if (peer && peer->dev.mtu < view->mtu)
		view->mtu = peer->dev.mtu;
	if (peer && peer->at.nsid != NETDEV_NO_NSID && peer->dev.has_mac) {
		view->has_peer = true;
		memcpy(view->peer_mac, peer->dev.mac, sizeof(view->peer_mac));
	}
}

void devices_update(struct devices *d, const struct model *model)
{
	d->pass++;
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *bridge = model->bridges[i];

		for (size_t j = 0; j < bridge->n_ports; j++) {
			const struct model_port *port = bridge->ports[j];

			if (!port->error && port->slot.number && port->slot.number < PORT_SLOTS)
				update_port(d, port);
		}
	}
	d->current = NULL;
	memset(d->view, 0, sizeof(d->view));
	for (uint32_t slot = 1; slot < PORT_SLOTS; slot++) {
		struct port *port = d->by_slot[slot];

		if (port && port->pass != d->pass)
			free_port(d, port);
		else if (port && port->ifindex)
			view_port(d, port);
	}
}

void devices_attach(struct devices *d)
{
	struct error err;

	for (struct port *port = d->by_ifindex, *next; port; port = next) {
		next = port->by_ifindex.next;
		if (!attach_add(d->attached, port->ifindex, PROGRAM_INGRESS, port->name, &err))
			continue;
		/* One that has just gone will be heard of. */
		if (err.errnum != ENODEV)
			snprintf(port->error, sizeof(port->error), "%.*s",
				 (int)sizeof(port->error) - 1, err.text);
	}
}

/* --- letting go --- */

static int release_programs(struct devices *d, struct error *err)
{
	for (struct attachment *at = d->attached->all, *next; at; at = next) {
		next = at->hh.next;
		uint32_t ifindex = at->at.ifindex;

		if (at->at.program == PROGRAM_DECAP || at->at.program == PROGRAM_SEGMENT)
			continue; /* the tunnels' */
		if (at->at.program == PROGRAM_INGRESS
			    ? port_of_ifindex(d, ifindex) || ifindex == d->pairs.reentry_end
			    : ifindex == d->pairs.reentry)
			continue;
		if (attach_remove(d->attached, ifindex, (enum program_id)at->at.program, err))
			return -1;
		peers_forget(&d->peers, ifindex);
	}
	return 0;
}

static int release_promiscuity(struct devices *d, struct error *err)
{
	for (struct held_device *held = d->held->devices, *next; held; held = next) {
		next = held->hh.next;
		struct port *port = port_of_ifindex(d, held->ifindex);

		if (port && port->kind == MODEL_PORT_SYSTEM)
			continue;
		if (system_release(d->netdevs, d->held, held->ifindex, err))
			return -1;
	}
	return 0;
}

/* While there is a port for it a pair stays, also one that is of no use just now. */
static bool is_pair_wanted(void *arg, const char *name)
{
	const struct port *port = port_of_name(arg, name);

	return port && (port->kind == MODEL_PORT_INTERNAL || port->kind == MODEL_PORT_LOCAL);
}

int devices_release(struct devices *d, struct error *err)
{
	/* Pairs first: their programs go with them, which saves a wait for each. */
	if (pairs_release(&d->pairs, is_pair_wanted, d, err) || release_programs(d, err))
		return -1;
	return release_promiscuity(d, err);
}

int devices_remove_all(struct devices *d, struct error *err)
{
	int failed;

	for (uint32_t slot = 1; slot < PORT_SLOTS; slot++) {
		if (d->by_slot[slot])
			free_port(d, d->by_slot[slot]);
	}
	d->is_applying = true;
	failed = pairs_delete_reentry(&d->pairs, err) || devices_release(d, err);
	d->is_applying = false;
	return failed ? -1 : 0;
}

/* --- news --- */

/* Of a port that is just being worked on, what changes is our doing and taken in at once. */
static void tell(struct devices *d, const struct port *port, const struct netdev_event *event)
{
	if (port && (port != d->current || !event->now))
		d->has_news = true;
}

/* A device of ours that is gone, from here at least, or has another name is let go of at
 * once: elsewhere its number may be that of another port. */
static void lose_device(struct devices *d, struct port *port, const struct netdev_event *event)
{
	struct error err;

	d->has_news = true;
	peers_forget(&d->peers, event->ifindex);
	set_ifindex(d, port, 0);
	if (event->new_ifindex && (held_flags(d->held, event->ifindex) & HELD_PROMISC))
		(void)netns_clear_promisc(netdevs_netlink(d->netdevs), event->new_nsid,
					  event->new_ifindex);
	/* What cannot be done now is done by the next application: nothing claims it. */
	if (!attach_remove(d->attached, event->ifindex, PROGRAM_INGRESS, &err) &&
	    !system_release(d->netdevs, d->held, event->ifindex, &err))
		return;
}

static void tell_link(struct devices *d, const struct port *port)
{
	struct compile_device *view;

	if (!port || d->is_applying)
		return;
	view = &d->view[port->slot];
	if (view->ifindex != port->ifindex || view->is_up == devices_is_up(d, port))
		return;
	view->is_up = !view->is_up;
	if (d->on_link)
		d->on_link(d->on_link_arg, port->slot, view);
}

static void on_event(void *arg, const struct netdev_event *event)
{
	struct devices *d = arg;
	char pair_port[IFNAMSIZ];
	struct port *port;

	port = port_of_ifindex(d, peers_on_event(&d->peers, event));
	tell(d, port, event);
	tell_link(d, port);
	if (pairs_on_event(&d->pairs, event, pair_port)) {
		tell(d, port_of_name(d, pair_port), event);
		d->has_news |= !pair_port[0];
	}
	if (event->nsid != NETDEV_NO_NSID)
		return;
	if (event->before)
		tell(d, port_of_name(d, event->before->name), event);
	if (event->now)
		tell(d, port_of_name(d, event->now->name), event);
	port = port_of_ifindex(d, event->ifindex);
	if (!port)
		return;
	port->has_ethtool = false;
	if (port->kind == MODEL_PORT_SYSTEM)
		tell(d, port, event);
	tell_link(d, port);
	if (!event->now ||
	    (port->kind == MODEL_PORT_SYSTEM && strcmp(port->name, event->now->name)))
		lose_device(d, port, event);
}

static void on_lost(void *arg)
{
	struct devices *d = arg;

	peers_doubt_all(&d->peers);
	d->has_news = true;
}

static void tell_owner(void *arg)
{
	struct devices *d = arg;

	loop_timer_stop(&d->soon);
	if (!d->has_news || d->is_applying)
		return;
	d->has_news = false;
	if (d->on_change)
		d->on_change(d->on_change_arg);
}

void devices_tell(struct devices *d)
{
	d->has_news = true;
	tell_owner(d);
}

int devices_open(struct devices *d, struct loop *loop, const struct instance *instance,
		 struct held_table *held, struct attachments *attached, struct error *err)
{
	struct netdev_handler handler = { on_event, on_lost, tell_owner, d };

	memset(d, 0, sizeof(*d));
	d->loop = loop;
	d->instance = instance;
	d->held = held;
	d->attached = attached;
	if (netdevs_open(loop, &handler, &d->netdevs, err))
		return -1;
	peers_open(&d->peers, d->netdevs);
	pairs_open(&d->pairs, instance, d->netdevs);
	return 0;
}

void devices_close(struct devices *d)
{
	for (uint32_t slot = 0; slot < PORT_SLOTS; slot++) {
		if (d->by_slot[slot])
			free_port(d, d->by_slot[slot]);
	}
	loop_timer_stop(&d->soon);
	pairs_close(&d->pairs);
	peers_close(&d->peers);
	netdevs_close(d->netdevs);
	d->netdevs = NULL;
}

int devices_begin(struct devices *d, struct error *err)
{
	d->is_applying = true;
	netdevs_poll(d->netdevs);
	d->has_news = false; /* what follows looks at everything */
	if (!pairs_ensure_reentry(&d->pairs, err))
		return 0;
	d->is_applying = false;
	return -1;
}

void devices_end(struct devices *d)
{
	d->is_applying = false;
	/* What happened to a port after it had been looked at. */
	if (d->has_news)
		loop_timer_start(d->loop, &d->soon, 0, 0, tell_owner, d);
}
