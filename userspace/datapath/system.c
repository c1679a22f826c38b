/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/system.h"

#include <errno.h>
#include <net/if_arp.h>
#include <string.h>

#include "datapath/attach.h"
#include "datapath/ethtool.h"
#include "datapath/held.h"
#include "datapath/link.h"
#include "datapath/netdev.h"

int system_check(const struct netdev *dev, const char *name, const struct attachments *attached,
		 struct error *err)
{
	int reason = 0;

	if (!dev)
		return error_errno(err, ENODEV, "could not open network device %s", name);
	if ((dev->flags & IFF_LOOPBACK) || dev->type != ARPHRD_ETHER ||
	    (!strncmp(dev->name, "bvs-", 4) &&
	     !strncmp(dev->alias, "bvs ", 4))) /* a switch's own */
		reason = EINVAL;
	else if (dev->master || attach_is_taken(attached, dev->ifindex))
		reason = EBUSY;
	if (reason)
		return error_errno(err, reason, "could not add network device %s to ofproto", name);
	return 0;
}

/* The flag is the one that `ip link set promisc on` sets: of all that is counted it alone
 * outlives a process.  Where somebody has set it already it is left to them. */
int system_take(struct netdevs *netdevs, struct held_table *held, uint32_t ifindex, bool is_new,
		struct error *err)
{
	const struct netdev *dev = netdevs_by_ifindex(netdevs, ifindex);
	int failed;

	if (!dev)
		return error_errno(err, ENODEV, "could not open network device %u", ifindex);
	failed = is_new ? ethtool_disable_lro(dev->name) : 0;
	if (failed)
		return error_errno(err, -failed, "could not turn LRO off on network device %s",
				   dev->name);
	if (!(dev->flags & IFF_PROMISC)) {
		if (held_change(held, ifindex, dev->name, HELD_PROMISC, 0, err) ||
		    link_set_promisc(netdevs_netlink(netdevs), ifindex, dev->name, true, err))
			return -1;
		netdevs_poll(netdevs);
	}
	return 0;
}

int system_release(struct netdevs *netdevs, struct held_table *held, uint32_t ifindex,
		   struct error *err)
{
	const struct netdev *dev = netdevs_by_ifindex(netdevs, ifindex);

	if (!(held_flags(held, ifindex) & HELD_PROMISC))
		return 0;
	if (dev && (dev->flags & IFF_PROMISC) &&
	    link_set_promisc(netdevs_netlink(netdevs), ifindex, dev->name, false, err) &&
	    err->errnum != ENODEV)
		return -1;
	return held_change(held, ifindex, dev ? dev->name : "", 0, HELD_PROMISC, err);
}
