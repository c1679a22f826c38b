/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/link.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "datapath/netlink.h"

/* The new pair.  ifb or dummy would be as good for devices that nothing is sent to, but
 * their modules make devices of their own when loaded. */
static void put_new_pair(struct netlink_request *r, const struct link_pair *pair)
{
	struct nlmsghdr *h = netlink_link_message(r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data, *peer;

	mnl_attr_put_strz(h, IFLA_IFNAME, pair->ours);
	mnl_attr_put(h, IFLA_ADDRESS, 6, pair->our_mac);
	mnl_attr_put_u32(h, IFLA_MTU, pair->our_mtu);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, pair->theirs);
	mnl_attr_put(h, IFLA_ADDRESS, 6, pair->their_mac);
	mnl_attr_nest_end(h, peer);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	netlink_message_end(r, h);
}

static void put_ours(struct netlink_request *r, const char *name, const char *alias)
{
	struct nlmsghdr *h = netlink_link_message(r, RTM_NEWLINK, 0, 0);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(h);

	info->ifi_flags = IFF_NOARP;
	info->ifi_change = IFF_NOARP | IFF_MULTICAST;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	mnl_attr_put_strz(h, IFLA_IFALIAS, alias);
	netlink_message_end(r, h);
}

int link_add_pair(struct netlink *n, const struct link_pair *pair)
{
	struct netlink_request r = { 0 };

	put_new_pair(&r, pair);
	put_ours(&r, pair->ours, pair->alias);
	if (pair->their_alias)
		put_ours(&r, pair->theirs, pair->their_alias);
	return netlink_do(n, &r);
}

int link_silence(const char *name, struct error *err)
{
	char path[128];
	int fd, failed = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0; /* a kernel without IPv6 */
	if (fd < 0 || write(fd, "1", 1) != 1)
		failed = error_errno(err, errno, "write %s", path);
	if (fd >= 0)
		close(fd);
	return failed;
}

static int done(int failed, const char *what, const char *name, struct error *err)
{
	return failed ? error_errno(err, -failed, "could not %s of network device %s", what, name)
		      : 0;
}

int link_delete(struct netlink *n, uint32_t ifindex, const char *name, struct error *err)
{
	struct netlink_request r = { 0 };
	int failed;

	netlink_message_end(&r, netlink_link_message(&r, RTM_DELLINK, 0, ifindex));
	failed = netlink_do(n, &r);
	if (failed && failed != -ENODEV)
		return error_errno(err, -failed, "could not delete network device %s", name);
	return 0;
}

int link_set_group(struct netlink *n, uint32_t ifindex, const char *name, uint32_t group,
		   struct error *err)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = netlink_link_message(&r, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_u32(h, IFLA_GROUP, group);
	netlink_message_end(&r, h);
	return done(netlink_do(n, &r), "set the group", name, err);
}

int link_delete_group(struct netlink *n, uint32_t group, struct error *err)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = netlink_link_message(&r, RTM_DELLINK, 0, 0);
	int failed;

	mnl_attr_put_u32(h, IFLA_GROUP, group);
	netlink_message_end(&r, h);
	failed = netlink_do(n, &r);
	if (failed && failed != -ENODEV)
		return error_errno(err, -failed, "could not delete network devices of group %u",
				   group);
	return 0;
}

static int set_flags(struct netlink *n, uint32_t ifindex, uint32_t flags, uint32_t change)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = netlink_link_message(&r, RTM_NEWLINK, 0, ifindex);
	struct ifinfomsg *info = mnl_nlmsg_get_payload(h);

	info->ifi_flags = flags;
	info->ifi_change = change;
	netlink_message_end(&r, h);
	return netlink_do(n, &r);
}

int link_set_up(struct netlink *n, uint32_t ifindex, const char *name, struct error *err)
{
	return done(set_flags(n, ifindex, IFF_UP, IFF_UP), "change flags", name, err);
}

int link_set_promisc(struct netlink *n, uint32_t ifindex, const char *name, bool on,
		     struct error *err)
{
	return done(set_flags(n, ifindex, on ? IFF_PROMISC : 0, IFF_PROMISC), "change promiscuity",
		    name, err);
}

int link_set_mtu(struct netlink *n, uint32_t ifindex, const char *name, uint32_t mtu,
		 struct error *err)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = netlink_link_message(&r, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	netlink_message_end(&r, h);
	return done(netlink_do(n, &r), "set the MTU", name, err);
}

int link_set_mac(struct netlink *n, uint32_t ifindex, const char *name, const uint8_t *mac,
		 struct error *err)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = netlink_link_message(&r, RTM_NEWLINK, 0, ifindex);

	mnl_attr_put(h, IFLA_ADDRESS, 6, mac);
	netlink_message_end(&r, h);
	return done(netlink_do(n, &r), "set the address", name, err);
}
