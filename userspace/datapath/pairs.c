/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/pairs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/instance.h"
#include "datapath/link.h"

/* Our end takes whatever the user's end may send: what is sent there is measured against
 * the MTU of that end. */
enum { OUR_MTU = 65535 };

static struct pair *add(struct pairs *p, const char *port, uint32_t ifindex)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	if (!pair)
		abort();
	snprintf(pair->port, sizeof(pair->port), "%s", port);
	pair->ifindex = ifindex;
	HASH_ADD(by_port, p->by_port, port, strlen(pair->port), pair);
	HASH_ADD(by_ifindex, p->by_ifindex, ifindex, sizeof(pair->ifindex), pair);
	return pair;
}

static struct pair *find(const struct pairs *p, const char *port)
{
	struct pair *pair;

	HASH_FIND(by_port, p->by_port, port, strlen(port), pair);
	return pair;
}

/* Whose our end is this device? */
static struct pair *find_by_device(const struct pairs *p, uint32_t ifindex)
{
	struct pair *pair;

	HASH_FIND(by_ifindex, p->by_ifindex, &ifindex, sizeof(ifindex), pair);
	return pair;
}

static void forget(struct pairs *p, struct pair *pair)
{
	HASH_DELETE(by_port, p->by_port, pair);
	HASH_DELETE(by_ifindex, p->by_ifindex, pair);
	free(pair);
}

/* --- names --- */

static void alias_of(const struct pairs *p, const char *port, char *to, size_t size)
{
	snprintf(to, size, "bvs %s%s%s", p->instance->id, *port ? " " : "", port);
}

/* The port whose pair's our end a device is; "" for the re-entry device; NULL: not ours. */
static const char *port_of(const struct pairs *p, const struct netdev *dev)
{
	char prefix[64];
	size_t len;

	alias_of(p, "", prefix, sizeof(prefix));
	len = strlen(prefix);
	if (strcmp(dev->kind, "veth") || strncmp(dev->name, "bvs-", 4) ||
	    strncmp(dev->alias, prefix, len))
		return NULL;
	if (!dev->alias[len])
		return dev->alias + len;
	return dev->alias[len] == ' ' && dev->alias[len + 1] ? dev->alias + len + 1 : NULL;
}

static void adopt(void *arg, const struct netdev *dev)
{
	struct pairs *p = arg;
	const char *port = port_of(p, dev);

	if (port && *port && !find(p, port))
		add(p, port, dev->ifindex);
	else if (port && !*port)
		p->reentry = dev->ifindex;
}

void pairs_open(struct pairs *p, const struct instance *instance, struct netdevs *netdevs)
{
	memset(p, 0, sizeof(*p));
	p->instance = instance;
	p->netdevs = netdevs;
	netdevs_each(netdevs, adopt, p);
}

void pairs_close(struct pairs *p)
{
	for (struct pair *pair = p->by_port, *next; pair; pair = next) {
		next = pair->by_port.next;
		forget(p, pair);
	}
}

bool pairs_has_end(const struct pairs *p, const struct netdev *dev)
{
	return !strcmp(dev->kind, "veth") && dev->link && dev->link_nsid == NETDEV_NO_NSID &&
	       find_by_device(p, dev->link);
}

/* --- making --- */

static struct pair *create(struct pairs *p, const char *port, const uint8_t *mac, struct error *err)
{
	struct netlink *netlink = netdevs_netlink(p->netdevs);
	char ours[IFNAMSIZ], alias[64];
	const struct netdev *dev;
	uint8_t our_mac[6];
	struct link_pair wanted = { .ours = ours,
				    .theirs = port,
				    .alias = alias,
				    .our_mac = our_mac,
				    .their_mac = mac,
				    .our_mtu = OUR_MTU };
	int failed = 0;

	instance_device_name(p->instance, port, ours);
	instance_mac(p->instance, ours, strlen(ours), our_mac);
	alias_of(p, port, alias, sizeof(alias));
	/* The kernel would say the same, but only after the next message was obeyed. */
	if (strlen(port) >= IFNAMSIZ)
		failed = -EINVAL;
	else if (netdevs_by_name(p->netdevs, port) || netdevs_by_name(p->netdevs, ours))
		failed = -EEXIST;
	if (!failed)
		failed = link_add_pair(netlink, &wanted);
	netdevs_poll(p->netdevs);
	dev = netdevs_by_name(p->netdevs, ours);
	if (failed || !dev) {
		error_errno(err, failed ? -failed : ENODEV,
			    "could not add network device %s to ofproto", port);
		return NULL;
	}
	return add(p, port, dev->ifindex);
}

static int ensure_up(struct pairs *p, const struct netdev *dev, struct error *err)
{
	if (dev->flags & IFF_UP)
		return 0;
	return link_silence(dev->name, err) || link_set_up(netdevs_netlink(p->netdevs),
							   dev->ifindex, dev->name, err)
		       ? -1
		       : 0;
}

struct pair *pairs_ensure(struct pairs *p, const char *port, const uint8_t *mac, struct error *err)
{
	struct pair *pair = find(p, port);
	const struct netdev *dev;

	if (!pair)
		pair = create(p, port, mac, err);
	if (!pair)
		return NULL;
	dev = netdevs_by_ifindex(p->netdevs, pair->ifindex);
	if (dev && !(dev->flags & IFF_UP)) {
		if (ensure_up(p, dev, err))
			return NULL;
		netdevs_poll(p->netdevs);
		pair = find(p, port);
	}
	if (!pair)
		error_errno(err, ENODEV, "could not open network device %s", port);
	return pair;
}

/* --- deleting --- */

static int delete_one(struct pairs *p, struct pair *pair, struct error *err)
{
	const struct netdev *dev = netdevs_by_ifindex(p->netdevs, pair->ifindex);

	if (dev && link_delete(netdevs_netlink(p->netdevs), pair->ifindex, dev->name, err))
		return -1;
	forget(p, pair);
	return 0;
}

struct group_use {
	uint32_t group;
	bool is_used;
};

static void look_for_group(void *arg, const struct netdev *dev)
{
	struct group_use *use = arg;

	use->is_used |= dev->group == use->group;
}

/* A group number that no device has. */
static uint32_t unused_group(const struct pairs *p)
{
	struct group_use use = { 0x62767300, true };

	while (use.is_used) {
		use.group++;
		use.is_used = false;
		netdevs_each(p->netdevs, look_for_group, &use);
	}
	return use.group;
}

/* The kernel waits some 20 ms for each deletion, or once for all devices of a group. */
static int delete_many(struct pairs *p, struct pair **pairs, size_t n, struct error *err)
{
	struct netlink *netlink = netdevs_netlink(p->netdevs);
	uint32_t group = unused_group(p);

	for (size_t i = 0; i < n; i++) {
		const struct netdev *dev = netdevs_by_ifindex(p->netdevs, pairs[i]->ifindex);

		if (dev && link_set_group(netlink, dev->ifindex, dev->name, group, err) &&
		    err->errnum != ENODEV)
			return -1;
	}
	if (link_delete_group(netlink, group, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		forget(p, pairs[i]);
	return 0;
}

int pairs_release(struct pairs *p, bool (*is_wanted)(void *arg, const char *port), void *arg,
		  struct error *err)
{
	struct pair **unwanted;
	size_t n = 0;
	int failed = 0;

	unwanted = calloc(HASH_CNT(by_port, p->by_port) + 1, sizeof(*unwanted));
	if (!unwanted)
		abort();
	for (struct pair *pair = p->by_port; pair; pair = pair->by_port.next) {
		if (!is_wanted(arg, pair->port))
			unwanted[n++] = pair;
	}
	if (n == 1)
		failed = delete_one(p, unwanted[0], err);
	else if (n)
		failed = delete_many(p, unwanted, n, err);
	free(unwanted);
	return failed;
}

/* --- re-entry --- */

static int create_reentry(struct pairs *p, struct error *err)
{
	char ours[IFNAMSIZ], other[IFNAMSIZ], alias[64], other_alias[72];
	uint8_t our_mac[6], other_mac[6];
	const struct netdev *dev;
	struct link_pair wanted = { .ours = ours,
				    .theirs = other,
				    .alias = alias,
				    .their_alias = other_alias,
				    .our_mac = our_mac,
				    .their_mac = other_mac,
				    .our_mtu = OUR_MTU };
	int failed;

	/* No port is named like these. */
	instance_device_name(p->instance, "/reentry", ours);
	instance_device_name(p->instance, "/reentry-peer", other);
	instance_mac(p->instance, ours, strlen(ours), our_mac);
	instance_mac(p->instance, other, strlen(other), other_mac);
	alias_of(p, "", alias, sizeof(alias));
	snprintf(other_alias, sizeof(other_alias), "%s:", alias);
	failed = netdevs_by_name(p->netdevs, ours) || netdevs_by_name(p->netdevs, other)
			 ? -EEXIST
			 : link_add_pair(netdevs_netlink(p->netdevs), &wanted);
	if (failed)
		return error_errno(err, -failed, "could not add network device %s", ours);
	netdevs_poll(p->netdevs);
	dev = netdevs_by_name(p->netdevs, ours);
	if (!dev)
		return error_errno(err, ENODEV, "network device %s", ours);
	p->reentry = dev->ifindex;
	return 0;
}

int pairs_ensure_reentry(struct pairs *p, struct error *err)
{
	const struct netdev *dev, *other;

	if (!p->reentry && create_reentry(p, err))
		return -1;
	dev = netdevs_by_ifindex(p->netdevs, p->reentry);
	other = dev ? netdevs_by_ifindex(p->netdevs, dev->link) : NULL;
	if (!dev || !other)
		return error_errno(err, ENODEV, "network device for re-entry");
	p->reentry_end = other->ifindex;
	if (ensure_up(p, dev, err) || ensure_up(p, other, err))
		return -1;
	netdevs_poll(p->netdevs);
	return 0;
}

int pairs_delete_reentry(struct pairs *p, struct error *err)
{
	if (p->reentry && link_delete(netdevs_netlink(p->netdevs), p->reentry, "for re-entry", err))
		return -1;
	p->reentry = p->reentry_end = 0;
	return 0;
}

/* --- news --- */

/* Of our end only this is of interest. */
static bool has_changed(const struct netdev_event *event)
{
	const struct netdev *before = event->before, *now = event->now;

	return !before || !now || ((before->flags ^ now->flags) & IFF_UP) ||
	       before->mtu != now->mtu;
}

bool pairs_on_event(struct pairs *p, const struct netdev_event *event, char *ret_port)
{
	struct pair *pair;
	bool matters;

	ret_port[0] = '\0';
	if (event->nsid != NETDEV_NO_NSID)
		return false;
	if ((p->reentry == event->ifindex || p->reentry_end == event->ifindex) &&
	    has_changed(event)) {
		if (!event->now)
			p->reentry = p->reentry_end = 0;
		return true;
	}
	pair = find_by_device(p, event->ifindex);
	matters = pair && has_changed(event);
	if (matters)
		snprintf(ret_port, IFNAMSIZ, "%s", pair->port);
	if (pair && !event->now)
		forget(p, pair);
	return matters;
}
