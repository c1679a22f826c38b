/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/netdev_parse.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t size, const struct nlattr *a)
{
	snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(a),
		 (const char *)mnl_attr_get_payload(a));
}

static int parse_kind(const struct nlattr *a, void *arg)
{
	struct netdev *dev = arg;

	if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
		copy_text(dev->kind, sizeof(dev->kind), a);
	return MNL_CB_OK;
}

static uint32_t number(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= 4 ? mnl_attr_get_u32(a) : 0;
}

static int parse_attr(const struct nlattr *a, void *arg)
{
	struct netdev *dev = arg;

	switch (mnl_attr_get_type(a)) {
	case IFLA_IFNAME:
		copy_text(dev->name, sizeof(dev->name), a);
		break;
	case IFLA_IFALIAS:
		copy_text(dev->alias, sizeof(dev->alias), a);
		break;
	case IFLA_ADDRESS:
		dev->has_mac = mnl_attr_get_payload_len(a) == sizeof(dev->mac);
		if (dev->has_mac)
			memcpy(dev->mac, mnl_attr_get_payload(a), sizeof(dev->mac));
		break;
	case IFLA_MTU:
		dev->mtu = number(a);
		break;
	case IFLA_MASTER:
		dev->master = number(a);
		break;
	case IFLA_GROUP:
		dev->group = number(a);
		break;
	case IFLA_LINK:
		dev->link = number(a);
		break;
	case IFLA_LINK_NETNSID:
		dev->link_nsid = (int32_t)number(a);
		dev->has_link_nsid = true;
		break;
	case IFLA_NEW_NETNSID:
		dev->new_nsid = (int32_t)number(a);
		break;
	case IFLA_NEW_IFINDEX:
		dev->new_ifindex = number(a);
		break;
	case IFLA_CARRIER_CHANGES:
		dev->carrier_changes = number(a);
		break;
	case IFLA_OPERSTATE:
		dev->is_dormant = mnl_attr_get_u8(a) == IF_OPER_DORMANT;
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(a, parse_kind, dev);
	default:
		break;
	}
	return MNL_CB_OK;
}

bool netdev_parse(const struct nlmsghdr *h, struct netdev *ret)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);

	if ((h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK) ||
	    mnl_nlmsg_get_payload_len(h) < sizeof(*info) || info->ifi_family != AF_UNSPEC)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->ifindex = (uint32_t)info->ifi_index;
	ret->flags = info->ifi_flags;
	ret->type = info->ifi_type;
	ret->link_nsid = ret->new_nsid = NETDEV_NO_NSID;
	if (mnl_attr_parse(h, sizeof(*info), parse_attr, ret) < 0)
		return false;
	if (ret->link_nsid == NETDEV_NO_NSID && ret->has_link_nsid)
		ret->link = 0; /* in a namespace that has no number here */
	return true;
}
