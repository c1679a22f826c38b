/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "datapath/netdev.h"
#include "datapath/netlink.h"
#include "switch/tunnel.h"

/* Changes come in bursts. */
enum { SETTLE_MS = 5 };

struct routes {
	struct loop *loop;
	struct netdevs *netdevs;
	struct mnl_socket *events; /* NULL: not listening */
	struct loop_io watch;
	struct loop_timer settle;
	bool has_news;
	void (*on_news)(void *arg);
	void *arg;
};

/* --- news --- */

static void tell(void *arg)
{
	struct routes *r = arg;

	if (!r->has_news)
		return;
	r->has_news = false;
	netdevs_poll(r->netdevs); /* what they say is no older than what is asked for now */
	r->on_news(r->arg);
}

/* What has changed does not matter: all that is of interest is asked for anew. */
static void on_events(void *arg, int events)
{
	struct routes *r = arg;
	char bytes[32768];
	ssize_t len;

	(void)events;
	do
		len = recv(mnl_socket_get_fd(r->events), bytes, sizeof(bytes), MSG_DONTWAIT);
	while (len >= 0 || errno == EINTR || errno == ENOBUFS);
	if (r->has_news)
		return;
	r->has_news = true;
	loop_timer_start(r->loop, &r->settle, SETTLE_MS, 0, tell, r);
}

struct routes *routes_new(struct loop *loop, struct netdevs *netdevs, void (*on_news)(void *arg),
			  void *arg)
{
	struct routes *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	*r = (struct routes){ .loop = loop, .netdevs = netdevs, .on_news = on_news, .arg = arg };
	return r;
}

void routes_free(struct routes *r)
{
	if (!r)
		return;
	loop_io_stop(&r->watch);
	loop_timer_stop(&r->settle);
	if (r->events)
		mnl_socket_close(r->events);
	free(r);
}

int routes_listen(struct routes *r, struct error *err)
{
	const unsigned int groups = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR |
				    RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR |
				    RTMGRP_IPV6_ROUTE;
	struct mnl_socket *s;

	if (r->events)
		return 0;
	s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!s)
		return error_errno(err, errno, "open rtnetlink socket");
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID)) {
		error_errno(err, errno, "listen to rtnetlink");
		mnl_socket_close(s);
		return -1;
	}
	r->events = s;
	loop_io_start(r->loop, &r->watch, mnl_socket_get_fd(s), LOOP_READ, on_events, r);
	return 0;
}

/* --- addresses --- */

/* As rtnetlink has it: 4 or 16 bytes. */
static const uint8_t *raw(const struct tunnel_address *a)
{
	return tunnel_is_ipv6(a) ? a->b : a->b + 12;
}

static size_t raw_len(const struct tunnel_address *a)
{
	return tunnel_is_ipv6(a) ? 16 : 4;
}

static void take_address(const struct nlattr *a, struct tunnel_address *ret)
{
	size_t len = mnl_attr_get_payload_len(a);

	*ret = (struct tunnel_address){ { [10] = 0xff, [11] = 0xff } };
	if (len == 4)
		memcpy(ret->b + 12, mnl_attr_get_payload(a), 4);
	else if (len == 16)
		memcpy(ret->b, mnl_attr_get_payload(a), 16);
}

/* --- routes --- */

struct way {
	bool is_found;
	uint8_t type;
	uint32_t ifindex;
	bool has_gateway, has_source;
	struct tunnel_address gateway, source;
	uint32_t mtu;
};

static int take_metric(const struct nlattr *a, void *arg)
{
	struct way *w = arg;

	if (mnl_attr_get_type(a) == RTAX_MTU && mnl_attr_get_payload_len(a) == 4)
		w->mtu = mnl_attr_get_u32(a);
	return MNL_CB_OK;
}

/* RTA_VIA: a gateway of the other family. */
static void take_via(const struct nlattr *a, struct way *w)
{
	const struct rtvia *via = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);

	if (len != sizeof(*via) + 16)
		return;
	memcpy(w->gateway.b, via->rtvia_addr, 16);
	w->has_gateway = true;
}

static int take_route_attr(const struct nlattr *a, void *arg)
{
	struct way *w = arg;

	switch (mnl_attr_get_type(a)) {
	case RTA_OIF:
		w->ifindex = mnl_attr_get_u32(a);
		break;
	case RTA_GATEWAY:
		take_address(a, &w->gateway);
		w->has_gateway = true;
		break;
	case RTA_VIA:
		take_via(a, w);
		break;
	case RTA_PREFSRC:
		take_address(a, &w->source);
		w->has_source = true;
		break;
	case RTA_METRICS:
		(void)mnl_attr_parse_nested(a, take_metric, w);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static void take_route(void *arg, const struct nlmsghdr *h)
{
	const struct rtmsg *rt = mnl_nlmsg_get_payload(h);
	struct way *w = arg;

	if (h->nlmsg_type != RTM_NEWROUTE)
		return;
	w->is_found = true;
	w->type = rt->rtm_type;
	(void)mnl_attr_parse(h, sizeof(*rt), take_route_attr, w);
}

/* 0, or -errno. */
static int ask_route(struct routes *r, const struct tunnel_address *remote,
		     const struct tunnel_address *local, struct way *ret)
{
	struct netlink_request q = { 0 };
	struct nlmsghdr *h = mnl_nlmsg_put_header(q.bytes);
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(h, sizeof(*rt));

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST;
	rt->rtm_family = tunnel_is_ipv6(remote) ? AF_INET6 : AF_INET;
	rt->rtm_dst_len = (unsigned char)(raw_len(remote) * 8);
	mnl_attr_put(h, RTA_DST, raw_len(remote), raw(remote));
	if (local) {
		rt->rtm_src_len = rt->rtm_dst_len;
		mnl_attr_put(h, RTA_SRC, raw_len(local), raw(local));
	}
	netlink_message_end(&q, h);
	return netlink_ask(netdevs_netlink(r->netdevs), &q, take_route, ret);
}

/* --- next hops --- */

struct neighbour {
	uint16_t state; /* NUD_*; 0: there is none */
	bool has_mac;
	uint8_t mac[6];
};

static int take_neighbour_attr(const struct nlattr *a, void *arg)
{
	struct neighbour *n = arg;

	if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == 6) {
		memcpy(n->mac, mnl_attr_get_payload(a), 6);
		n->has_mac = true;
	}
	return MNL_CB_OK;
}

static void take_neighbour(void *arg, const struct nlmsghdr *h)
{
	const struct ndmsg *nd = mnl_nlmsg_get_payload(h);
	struct neighbour *n = arg;

	if (h->nlmsg_type != RTM_NEWNEIGH)
		return;
	n->state = nd->ndm_state;
	(void)mnl_attr_parse(h, sizeof(*nd), take_neighbour_attr, n);
}

static struct nlmsghdr *neighbour_message(struct netlink_request *q, uint16_t type,
					  uint32_t ifindex, const struct tunnel_address *a)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(q->bytes + q->len);
	struct ndmsg *nd = mnl_nlmsg_put_extra_header(h, sizeof(*nd));

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST;
	nd->ndm_family = tunnel_is_ipv6(a) ? AF_INET6 : AF_INET;
	nd->ndm_ifindex = (int)ifindex;
	mnl_attr_put(h, NDA_DST, raw_len(a), raw(a));
	return h;
}

/* As sending to it would: the kernel asks who that is, or whether it is still there. */
static void use_neighbour(struct routes *r, uint32_t ifindex, const struct tunnel_address *a)
{
	struct netlink_request q = { 0 };
	struct nlmsghdr *h = neighbour_message(&q, RTM_NEWNEIGH, ifindex, a);
	struct ndmsg *nd = mnl_nlmsg_get_payload(h);

	h->nlmsg_flags |= NLM_F_CREATE;
	nd->ndm_flags = NTF_USE;
	netlink_message_end(&q, h);
	(void)netlink_do(netdevs_netlink(r->netdevs), &q);
}

static void find_next_hop(struct routes *r, const struct tunnel_address *a, struct route *ret)
{
	struct netlink_request q = { 0 };
	struct neighbour n = { 0 };

	netlink_message_end(&q, neighbour_message(&q, RTM_GETNEIGH, ret->ifindex, a));
	(void)netlink_ask(netdevs_netlink(r->netdevs), &q, take_neighbour, &n);
	if (!n.state || n.state & (NUD_FAILED | NUD_STALE))
		use_neighbour(r, ret->ifindex, a);
	ret->has_next_hop = n.has_mac && n.state & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE |
						    NUD_PROBE | NUD_STALE | NUD_DELAY);
	if (ret->has_next_hop)
		memcpy(ret->next_hop, n.mac, sizeof(ret->next_hop));
	else
		snprintf(ret->problem, sizeof(ret->problem), "no neighbour %s on %s",
			 TUNNEL_ADDRESS_STR(a), ret->device);
}

/* --- both --- */

static void find_device(struct routes *r, const struct way *w, struct route *ret)
{
	const struct netdev *dev = netdevs_by_ifindex(r->netdevs, w->ifindex);

	if (!dev || dev->type != ARPHRD_ETHER || !dev->has_mac) {
		snprintf(ret->problem, sizeof(ret->problem), "%s has no Ethernet address",
			 dev ? dev->name : "the route's device");
		return;
	}
	ret->ifindex = w->ifindex;
	snprintf(ret->device, sizeof(ret->device), "%s", dev->name);
	memcpy(ret->mac, dev->mac, sizeof(ret->mac));
	ret->mtu = w->mtu && w->mtu < dev->mtu ? w->mtu : dev->mtu;
	ret->is_up = (dev->flags & IFF_UP) && (dev->flags & IFF_LOWER_UP) && !dev->is_dormant;
}

void routes_find(struct routes *r, const struct tunnel_address *remote,
		 const struct tunnel_address *local, struct route *ret)
{
	struct way w = { 0 };
	int failed = ask_route(r, remote, local, &w);

	memset(ret, 0, sizeof(*ret));
	if (failed || !w.is_found) {
		snprintf(ret->problem, sizeof(ret->problem), "no route to %s%s%s",
			 TUNNEL_ADDRESS_STR(remote), local ? " from " : "",
			 local ? TUNNEL_ADDRESS_STR(local) : "");
		return;
	}
	if (w.type != RTN_UNICAST || !w.ifindex) {
		snprintf(ret->problem, sizeof(ret->problem), "%s is not another host",
			 TUNNEL_ADDRESS_STR(remote));
		return;
	}
	if (local)
		w.source = *local;
	else if (!w.has_source) {
		snprintf(ret->problem, sizeof(ret->problem), "no source address for %s",
			 TUNNEL_ADDRESS_STR(remote));
		return;
	}
	memcpy(ret->source, w.source.b, sizeof(ret->source));
	find_device(r, &w, ret);
	if (ret->ifindex)
		find_next_hop(r, w.has_gateway ? &w.gateway : remote, ret);
}
