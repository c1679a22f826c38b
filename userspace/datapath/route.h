/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The kernel's way to an address: route, source address, next hop.  Asked by rtnetlink, not
 * kept; and news that some way may be another one now.  Knows nothing of tunnels.
 */
#include <linux/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct loop;
struct netdevs;
struct routes;
struct tunnel_address;

struct route {
	uint32_t ifindex; /* 0: no way known; the rest is not set but `problem` */
	char device[IFNAMSIZ];
	uint8_t source[16]; /* IPv4 mapped */
	uint32_t mtu; /* the longest IP packet */
	bool is_up; /* the device, with carrier */
	uint8_t mac[6]; /* of the device */
	bool comes_back; /* what is sent there is the switch's again; tunnel.c's to say */
	bool has_next_hop; /* its address is known: frames can be sent */
	uint8_t next_hop[6];
	char problem[128]; /* "": none */
};

/* on_news: something changed that routes depend on; called from the loop, not more than every
 * few milliseconds. */
struct routes *routes_new(struct loop *loop, struct netdevs *netdevs, void (*on_news)(void *arg),
			  void *arg);
void routes_free(struct routes *r); /* NULL is fine */

/* Begins to listen; nothing to do if it does.  Before the first routes_find(). */
must_check int routes_listen(struct routes *r, struct error *err);

/* local: the source address to use, or NULL.  A next hop that is not known, or may be out of
 * date, is asked for: its answer is news. */
void routes_find(struct routes *r, const struct tunnel_address *remote,
		 const struct tunnel_address *local, struct route *ret);
