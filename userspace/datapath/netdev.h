/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The table of network devices of our namespace, kept current by rtnetlink's events, and
 * news of devices in other namespaces (peers of ours).  Knows nothing of ports.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "datapath/netdev_parse.h"

struct loop;
struct netdevs;
struct netlink;

struct netdev_event {
	int32_t nsid; /* NETDEV_NO_NSID: ours */
	/* As it was; NULL: new, or of another namespace. */
	const struct netdev *before;
	/* As it is; NULL: gone from that namespace (perhaps to another). */
	const struct netdev *now;
	uint32_t ifindex;
	/* Where it went, if that is known. */
	int32_t new_nsid; /* NETDEV_NO_NSID: unknown */
	uint32_t new_ifindex;
};

/* cb: once for each change, of what this table knows of a device; done: after a batch of
 * them; lost: news were lost, the table has been read anew and whatever else was learned
 * from events must be, too. */
struct netdev_handler {
	void (*cb)(void *arg, const struct netdev_event *event);
	void (*lost)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

must_check int netdevs_open(struct loop *loop, const struct netdev_handler *handler,
			    struct netdevs **ret, struct error *err);
void netdevs_close(struct netdevs *n); /* NULL is fine */
struct netlink *netdevs_netlink(struct netdevs *n); /* for requests */

/* Takes in what has happened up to now: also, after a request, what that has changed.  Not from
 * a callback.  Frees devices that are no more or have changed. */
void netdevs_poll(struct netdevs *n);
/* Asks for a device anew: not all that is known of a device is told when it changes. */
void netdevs_refresh(struct netdevs *n, uint32_t ifindex);

const struct netdev *netdevs_by_name(const struct netdevs *n, const char *name);
const struct netdev *netdevs_by_ifindex(const struct netdevs *n, uint32_t ifindex);
void netdevs_each(const struct netdevs *n, void (*cb)(void *arg, const struct netdev *dev),
		  void *arg);

/* Asks for a device in another namespace.  False: it is not there, or cannot be asked. */
bool netdevs_ask_foreign(struct netdevs *n, int32_t nsid, uint32_t ifindex, struct netdev *ret);
