/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/netdev.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "datapath/netlink.h"

struct netdevs {
	struct netlink netlink;
	struct mnl_socket *events;
	struct loop_io watch;
	struct netdev_handler handler;
	struct netdev *by_ifindex;
	struct netdev *by_name;
};

static void drop(struct netdevs *n, struct netdev *dev)
{
	HASH_DELETE(by_ifindex, n->by_ifindex, dev);
	HASH_DELETE(by_name, n->by_name, dev);
}

/* A name's former owner has lost it: two devices may swap names, and the messages come one
 * by one. */
static void add(struct netdevs *n, struct netdev *dev)
{
	struct netdev *other;

	HASH_FIND(by_name, n->by_name, dev->name, strlen(dev->name), other);
	if (other) {
		HASH_DELETE(by_name, n->by_name, other);
		snprintf(other->name, sizeof(other->name), "?%u", other->ifindex);
		HASH_ADD_KEYPTR(by_name, n->by_name, other->name, strlen(other->name), other);
	}
	HASH_ADD(by_ifindex, n->by_ifindex, ifindex, sizeof(dev->ifindex), dev);
	HASH_ADD_KEYPTR(by_name, n->by_name, dev->name, strlen(dev->name), dev);
}

/* Whether what the table knows is the same; hash handles and padding are not compared. */
static bool is_same(const struct netdev *a, const struct netdev *b)
{
	return a->ifindex == b->ifindex && !strcmp(a->name, b->name) && a->flags == b->flags &&
	       a->type == b->type && a->mtu == b->mtu && a->has_mac == b->has_mac &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) && !strcmp(a->kind, b->kind) &&
	       !strcmp(a->alias, b->alias) && a->master == b->master && a->group == b->group &&
	       a->carrier_changes == b->carrier_changes && a->is_dormant == b->is_dormant &&
	       a->link == b->link && a->link_nsid == b->link_nsid;
}

static void emit(struct netdevs *n, const struct netdev_event *event)
{
	if (n->handler.cb)
		n->handler.cb(n->handler.arg, event);
}

static void learn(struct netdevs *n, const struct netdev *news)
{
	struct netdev_event event = { .nsid = NETDEV_NO_NSID, .ifindex = news->ifindex };
	struct netdev *old, *dev;

	HASH_FIND(by_ifindex, n->by_ifindex, &news->ifindex, sizeof(news->ifindex), old);
	if (old && is_same(old, news))
		return;
	dev = malloc(sizeof(*dev));
	if (!dev)
		abort();
	*dev = *news;
	if (old)
		drop(n, old);
	add(n, dev);
	event.before = old;
	event.now = dev;
	emit(n, &event);
	free(old);
}

static void forget(struct netdevs *n, uint32_t ifindex, const struct netdev *last)
{
	struct netdev_event event = { .nsid = NETDEV_NO_NSID,
				      .ifindex = ifindex,
				      .new_nsid = last ? last->new_nsid : NETDEV_NO_NSID,
				      .new_ifindex = last ? last->new_ifindex : 0 };
	struct netdev *old;

	HASH_FIND(by_ifindex, n->by_ifindex, &ifindex, sizeof(ifindex), old);
	if (!old)
		return;
	drop(n, old);
	event.before = old;
	emit(n, &event);
	free(old);
}

static void take_message(struct netdevs *n, const struct nlmsghdr *h, int32_t nsid)
{
	struct netdev_event event = { .nsid = nsid };
	struct netdev dev;

	if (!netdev_parse(h, &dev))
		return;
	if (nsid != NETDEV_NO_NSID) {
		event.ifindex = dev.ifindex;
		event.now = h->nlmsg_type == RTM_NEWLINK ? &dev : NULL;
		emit(n, &event);
	} else if (h->nlmsg_type == RTM_NEWLINK) {
		learn(n, &dev);
	} else {
		forget(n, dev.ifindex, &dev);
	}
}

/* --- asking --- */

/* What was answered is taken in when all of it is here: those who then hear of changes may
 * have requests of their own. */
struct answers {
	struct netdev *devs;
	size_t n, cap;
};

static void collect(void *arg, const struct nlmsghdr *h)
{
	struct answers *a = arg;

	if (a->n == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 1;
		a->devs = reallocarray(a->devs, a->cap, sizeof(*a->devs));
		if (!a->devs)
			abort();
	}
	if (netdev_parse(h, &a->devs[a->n]))
		a->n++;
}

static int compare(const void *a, const void *b)
{
	const struct netdev *x = a, *y = b;

	return (x->ifindex > y->ifindex) - (x->ifindex < y->ifindex);
}

static void take_all(struct netdevs *n, struct answers *a)
{
	if (a->n)
		qsort(a->devs, a->n, sizeof(*a->devs), compare);
	for (struct netdev *dev = n->by_ifindex, *next; dev; dev = next) {
		next = dev->by_ifindex.next;
		if (!a->n || !bsearch(dev, a->devs, a->n, sizeof(*a->devs), compare))
			forget(n, dev->ifindex, NULL);
	}
	for (size_t i = 0; i < a->n; i++)
		learn(n, &a->devs[i]);
}

static int read_all(struct netdevs *n)
{
	struct answers a = { 0 };
	int failed;

	do {
		struct netlink_request r = { 0 };

		a.n = 0;
		netlink_message_end(&r, netlink_link_message(&r, RTM_GETLINK, NLM_F_DUMP, 0));
		failed = netlink_ask(&n->netlink, &r, collect, &a);
	} while (failed == -EINTR);
	if (!failed)
		take_all(n, &a);
	free(a.devs);
	return failed;
}

void netdevs_refresh(struct netdevs *n, uint32_t ifindex)
{
	struct netlink_request r = { 0 };
	struct answers a = { 0 };
	int failed;

	netlink_message_end(&r, netlink_link_message(&r, RTM_GETLINK, 0, ifindex));
	failed = netlink_ask(&n->netlink, &r, collect, &a);
	if (failed == -ENODEV)
		forget(n, ifindex, NULL);
	else if (!failed && a.n)
		learn(n, &a.devs[0]);
	free(a.devs);
}

bool netdevs_ask_foreign(struct netdevs *n, int32_t nsid, uint32_t ifindex, struct netdev *ret)
{
	struct netlink_request r = { 0 };
	struct nlmsghdr *h = netlink_link_message(&r, RTM_GETLINK, 0, ifindex);
	struct answers a = { 0 };
	bool found;

	mnl_attr_put_u32(h, IFLA_TARGET_NETNSID, (uint32_t)nsid);
	netlink_message_end(&r, h);
	found = !netlink_ask(&n->netlink, &r, collect, &a) && a.n;
	if (found)
		*ret = a.devs[0];
	free(a.devs);
	return found;
}

/* --- events --- */

static int32_t nsid_of(struct msghdr *m)
{
	int32_t nsid = NETDEV_NO_NSID;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID)
			memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
	}
	return nsid;
}

/* 1: something was read, 0: nothing is there, -1: news were lost. */
static int read_events(struct netdevs *n)
{
	char bytes[32768], control[128];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct sockaddr_nl from;
	struct msghdr m = { .msg_name = &from,
			    .msg_namelen = sizeof(from),
			    .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(mnl_socket_get_fd(n->events), &m, MSG_DONTWAIT);
	struct nlmsghdr *h = (struct nlmsghdr *)bytes;
	int left = (int)len;

	if (len < 0)
		return errno == ENOBUFS ? -1 : errno == EINTR;
	if (m.msg_flags & MSG_TRUNC)
		return -1;
	if (from.nl_pid) /* not the kernel */
		return 1;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		take_message(n, h, nsid_of(&m));
	return 1;
}

void netdevs_poll(struct netdevs *n)
{
	bool has_news = false;
	int result;

	while ((result = read_events(n))) {
		has_news = true;
		if (result > 0)
			continue;
		/* What is still queued is older than the table will be; taking it in later
		 * might bring back what is gone: it goes first. */
		while (read_events(n))
			continue;
		(void)read_all(n);
		if (n->handler.lost)
			n->handler.lost(n->handler.arg);
	}
	if (has_news && n->handler.done)
		n->handler.done(n->handler.arg);
}

static void on_events(void *arg, int events)
{
	(void)events;
	netdevs_poll(arg);
}

static int open_events(struct netdevs *n, struct error *err)
{
	int on = 1, size = 4 << 20, fd;

	n->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!n->events)
		return error_errno(err, errno, "open rtnetlink socket");
	fd = mnl_socket_get_fd(n->events);
	/* A smaller buffer only means that the table is read anew more often. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)))
		return error_errno(err, errno, "listen to other network namespaces");
	if (mnl_socket_bind(n->events, RTMGRP_LINK, MNL_SOCKET_AUTOPID))
		return error_errno(err, errno, "listen to rtnetlink");
	return 0;
}

int netdevs_open(struct loop *loop, const struct netdev_handler *handler, struct netdevs **ret,
		 struct error *err)
{
	struct netdevs *n = calloc(1, sizeof(*n));
	int failed;

	if (!n)
		abort();
	if (netlink_open(&n->netlink, err) || open_events(n, err)) {
		netdevs_close(n);
		return -1;
	}
	failed = read_all(n);
	if (failed) {
		netdevs_close(n);
		return error_errno(err, -failed, "list network devices");
	}
	n->handler = *handler;
	loop_io_start(loop, &n->watch, mnl_socket_get_fd(n->events), LOOP_READ, on_events, n);
	*ret = n;
	return 0;
}

void netdevs_close(struct netdevs *n)
{
	if (!n)
		return;
	loop_io_stop(&n->watch);
	if (n->events)
		mnl_socket_close(n->events);
	netlink_close(&n->netlink);
	for (struct netdev *dev = n->by_ifindex, *next; dev; dev = next) {
		next = dev->by_ifindex.next;
		drop(n, dev);
		free(dev);
	}
	free(n);
}

struct netlink *netdevs_netlink(struct netdevs *n)
{
	return &n->netlink;
}

const struct netdev *netdevs_by_name(const struct netdevs *n, const char *name)
{
	struct netdev *dev;

	HASH_FIND(by_name, n->by_name, name, strlen(name), dev);
	return dev;
}

const struct netdev *netdevs_by_ifindex(const struct netdevs *n, uint32_t ifindex)
{
	struct netdev *dev;

	HASH_FIND(by_ifindex, n->by_ifindex, &ifindex, sizeof(ifindex), dev);
	return dev;
}

void netdevs_each(const struct netdevs *n, void (*cb)(void *arg, const struct netdev *dev),
		  void *arg)
{
	for (struct netdev *dev = n->by_ifindex, *next; dev; dev = next) {
		next = dev->by_ifindex.next;
		cb(arg, dev);
	}
}
