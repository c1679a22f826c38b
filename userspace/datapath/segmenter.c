/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/segmenter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "datapath/ethtool.h"
#include "datapath/instance.h"
#include "datapath/link.h"
#include "datapath/netdev.h"

enum { MTU = 65535 };

/* No port is named like these. */
static const char *const ends[] = { "/segment", "/segment-peer" };

static const struct netdev *find(const struct segmenter *s, int end)
{
	char name[IFNAMSIZ], alias[64];
	const struct netdev *dev;

	instance_device_name(s->instance, ends[end], name);
	snprintf(alias, sizeof(alias), "bvs %s:segment", s->instance->id);
	dev = netdevs_by_name(s->netdevs, name);
	return dev && !strcmp(dev->kind, "veth") && !strcmp(dev->alias, alias) ? dev : NULL;
}

static int create(struct segmenter *s, struct error *err)
{
	char names[2][IFNAMSIZ], alias[64];
	uint8_t macs[2][6];
	struct link_pair wanted = { .ours = names[0],
				    .theirs = names[1],
				    .alias = alias,
				    .their_alias = alias,
				    .our_mac = macs[0],
				    .their_mac = macs[1],
				    .our_mtu = MTU };
	int failed = 0;

	for (int i = 0; i < 2; i++) {
		instance_device_name(s->instance, ends[i], names[i]);
		instance_mac(s->instance, names[i], strlen(names[i]), macs[i]);
		if (netdevs_by_name(s->netdevs, names[i]))
			failed = -EEXIST;
	}
	snprintf(alias, sizeof(alias), "bvs %s:segment", s->instance->id);
	if (!failed)
		failed = link_add_pair(netdevs_netlink(s->netdevs), &wanted);
	netdevs_poll(s->netdevs);
	return failed ? error_errno(err, -failed, "could not add network device %s", names[0]) : 0;
}

/* Up, silent, and without a word about what hardware could do. */
static int prepare(struct segmenter *s, int end, struct error *err)
{
	struct netlink *netlink = netdevs_netlink(s->netdevs);
	const struct netdev *dev = find(s, end);
	char name[IFNAMSIZ];
	uint32_t ifindex;
	int failed;

	if (!dev)
		return error_errno(err, ENODEV, "network device for segmentation");
	ifindex = dev->ifindex;
	snprintf(name, sizeof(name), "%s", dev->name);
	if (dev->flags & IFF_UP)
		return 0;
	failed = ethtool_disable_offloads(name);
	if (failed)
		return error_errno(err, -failed, "change offloads of network device %s", name);
	if (link_set_mtu(netlink, ifindex, name, MTU, err) || link_silence(name, err) ||
	    link_set_up(netlink, ifindex, name, err))
		return -1;
	netdevs_poll(s->netdevs);
	return 0;
}

int segmenter_ensure(struct segmenter *s, struct error *err)
{
	const struct netdev *devs[2];

	if (!find(s, 0) && create(s, err))
		return -1;
	for (int i = 0; i < 2; i++) {
		if (prepare(s, i, err))
			return -1;
	}
	for (int i = 0; i < 2; i++) {
		devs[i] = find(s, i);
		if (!devs[i])
			return error_errno(err, ENODEV, "network device for segmentation");
	}
	s->in = devs[0]->ifindex;
	s->out = devs[1]->ifindex;
	return 0;
}

int segmenter_delete(struct segmenter *s, struct error *err)
{
	const struct netdev *dev = find(s, 0);

	s->in = s->out = 0;
	return dev ? link_delete(netdevs_netlink(s->netdevs), dev->ifindex, dev->name, err) : 0;
}
