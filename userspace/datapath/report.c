/* SPDX-License-Identifier: Apache-2.0 */
/* datapath.h: what became of ports and mirrors: states and statistics. */
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "datapath/counters.h"
#include "datapath/datapath.h"
#include "datapath/drops.h"
#include "datapath/handle.h"
#include "datapath/image_text.h"
#include "datapath/netdev.h"
#include "datapath/netlink.h"

int datapath_check(const struct datapath *dp, bool *ret, struct error *err)
{
	return apply_check(&dp->applier, ret, err);
}

void datapath_dump_image(const struct datapath *dp, uint32_t bridge_slot, struct buf *to)
{
	image_put_text(to, dp->applier.active, bridge_slot);
}

static void put_device(const struct devices *devices, const struct port *port,
		       const struct netdev *dev, struct datapath_port_state *ret)
{
	const struct peer *peer = peers_find(&devices->peers, port->ifindex);

	if (port->kind == MODEL_PORT_SYSTEM || !peer || peer->at.nsid == NETDEV_NO_NSID)
		ret->ifindex = dev->ifindex;
	ret->has_mac = dev->has_mac;
	memcpy(ret->mac, dev->mac, sizeof(ret->mac));
	ret->mtu = dev->mtu;
	ret->is_admin_up = dev->flags & IFF_UP;
	ret->has_link = devices_is_up(devices, port);
	ret->link_resets = dev->carrier_changes - port->carrier_base;
}

static void put_tunnel(const struct tunnels *tunnels, const struct tunnel *tunnel,
		       struct datapath_port_state *ret)
{
	struct tunnel_address source;

	if (!tunnel)
		return;
	ret->xdp = prefilter_state(&tunnels->prefilter, tunnel->route.ifindex);
	ret->problem = tunnel->route.problem;
	if (!tunnel->route.ifindex)
		return;
	memcpy(source.b, tunnel->route.source, sizeof(source.b));
	snprintf(ret->source, sizeof(ret->source), "%s", TUNNEL_ADDRESS_STR(&source));
	ret->egress = tunnel->route.device;
	ret->has_egress_carrier = tunnel->route.is_up;
}

void datapath_port_state(const struct datapath *dp, uint32_t port_slot,
			 struct datapath_port_state *ret)
{
	const struct port *port = port_slot < PORT_SLOTS ? dp->devices.by_slot[port_slot] : NULL;
	const struct netdev *dev;

	*ret = (struct datapath_port_state)DATAPATH_PORT_STATE_INIT;
	ret->error = port ? port->error : "no such port";
	if (!port)
		return;
	if (port->kind == MODEL_PORT_TUNNEL)
		put_tunnel(&dp->tunnels, tunnels_find(&dp->tunnels, port_slot), ret);
	if (port->kind == MODEL_PORT_PATCH || port->kind == MODEL_PORT_TUNNEL) {
		/* No device; what is said of it is what Open vSwitch says. */
		instance_mac(&dp->instance, &port->uuid, sizeof(port->uuid), ret->mac);
		ret->has_mac = ret->is_admin_up = ret->has_link = true;
		return;
	}
	dev = devices_of_port(&dp->devices, port);
	if (dev)
		put_device(&dp->devices, port, dev, ret);
	if (!port->ifindex)
		return;
	ret->driver = port->ethtool.driver;
	ret->driver_version = port->ethtool.driver_version;
	ret->firmware = port->ethtool.firmware;
	if (port->kind != MODEL_PORT_SYSTEM)
		return; /* a veth's speed is nobody's */
	ret->speed_bps = port->ethtool.speed_bps;
	ret->has_duplex = port->ethtool.has_duplex;
	ret->is_full_duplex = port->ethtool.is_full_duplex;
}

struct device_stats {
	bool found;
	struct rtnl_link_stats64 stats;
};

static int take_attr(const struct nlattr *a, void *arg)
{
	struct device_stats *s = arg;
	size_t len = mnl_attr_get_payload_len(a);

	if (mnl_attr_get_type(a) != IFLA_STATS64)
		return MNL_CB_OK;
	memcpy(&s->stats, mnl_attr_get_payload(a), len < sizeof(s->stats) ? len : sizeof(s->stats));
	s->found = true;
	return MNL_CB_OK;
}

static void take_message(void *arg, const struct nlmsghdr *h)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		(void)mnl_attr_parse(h, sizeof(struct ifinfomsg), take_attr, arg);
}

static uint64_t add_drops(const struct port_stats *own, const enum drop_reason *reasons, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += own->drops[reasons[i]];
	return sum;
}

/* No device counts for them: what went wrong outside the switch, from its own counters. */
static void add_tunnel_losses(const struct port_stats *own, struct datapath_port_stats *ret)
{
	static const enum drop_reason bad[] = { DROP_CHECKSUM, DROP_SHORT, DROP_CONGESTION },
				      unsent[] = {
					      DROP_MTU,	      DROP_LOOP,     DROP_QUEUE,
					      DROP_LINK_DOWN, DROP_NO_ROUTE, DROP_NO_NEIGHBOUR
				      };

	ret->rx_errors = add_drops(own, bad, sizeof(bad) / sizeof(bad[0]));
	ret->tx_dropped = add_drops(own, unsent, sizeof(unsent) / sizeof(unsent[0]));
	ret->tx_errors = own->drops[DROP_SEND];
}

/* Packets and bytes are our own count: the device's misses what goes past it by
 * redirect_peer, and tags that it does not see as bytes.  The rest only the device knows. */
int datapath_port_stats(struct datapath *dp, uint32_t port_slot, struct datapath_port_stats *ret)
{
	const struct port *port = port_slot < PORT_SLOTS ? dp->devices.by_slot[port_slot] : NULL;
	struct netlink_request r = { 0 };
	struct device_stats device = { 0 };
	struct port_stats own;
	struct error err;

	if (!port || counters_port(&dp->maps, port_slot, &own, &err))
		return -1;
	if (port->kind == MODEL_PORT_PATCH || port->kind == MODEL_PORT_TUNNEL) {
		*ret = (struct datapath_port_stats){ .rx_bytes = own.rx_bytes,
						     .rx_packets = own.rx_packets,
						     .tx_bytes = own.tx_bytes,
						     .tx_packets = own.tx_packets };
		if (port->kind == MODEL_PORT_TUNNEL)
			add_tunnel_losses(&own, ret);
		return 0;
	}
	if (!port->ifindex)
		return -1;
	netlink_message_end(&r, netlink_link_message(&r, RTM_GETLINK, 0, port->ifindex));
	if (netlink_ask(netdevs_netlink(dp->devices.netdevs), &r, take_message, &device) ||
	    !device.found)
		return -1;
	*ret = (struct datapath_port_stats){
		.collisions = device.stats.collisions,
		.rx_bytes = own.rx_bytes,
		.rx_crc_err = device.stats.rx_crc_errors,
		.rx_dropped = device.stats.rx_dropped,
		.rx_errors = device.stats.rx_errors,
		.rx_frame_err = device.stats.rx_frame_errors,
		.rx_missed_errors = device.stats.rx_missed_errors,
		.rx_multicast_packets = device.stats.multicast,
		.rx_over_err = device.stats.rx_over_errors,
		.rx_packets = own.rx_packets,
		.tx_bytes = own.tx_bytes,
		.tx_dropped = device.stats.tx_dropped,
		.tx_errors = device.stats.tx_errors,
		.tx_packets = own.tx_packets,
	};
	return 0;
}

int datapath_port_drops(const struct datapath *dp, uint32_t port_slot,
			void (*cb)(void *arg, const char *reason, uint64_t n), void *arg,
			struct error *err)
{
	struct port_stats own;

	if (port_slot >= PORT_SLOTS)
		return error_set(err, "not found", "no such port");
	if (counters_port(&dp->maps, port_slot, &own, err))
		return -1;
	for (uint32_t i = 0; i < N_DROP_REASONS; i++) {
		if (own.drops[i])
			cb(arg, drop_name(i), own.drops[i]);
	}
	return 0;
}

int datapath_mirror_stats(struct datapath *dp, uint32_t mirror_slot,
			  struct datapath_mirror_stats *ret)
{
	struct mirror_stats own;
	struct error err;

	if (mirror_slot >= MIRROR_SLOTS || counters_mirror(&dp->maps, mirror_slot, &own, &err))
		return -1;
	*ret = (struct datapath_mirror_stats){
		.tx_packets = own.tx_packets,
		.tx_bytes = own.tx_bytes,
		.selected = own.selected,
		.filtered = own.filtered,
		.merged = own.merged,
		.sent = own.sent,
		.truncated = own.truncated,
		.dropped_backlog = own.dropped_backlog,
		.dropped_budget = own.dropped_budget,
		.dropped_clone = own.dropped_clone,
		.dropped_no_target = own.dropped_no_target,
		.dropped_mtu = own.dropped_mtu,
	};
	return 0;
}
