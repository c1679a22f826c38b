/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is kept of a network device, from one rtnetlink link message.  Pure.
 */
#include <linux/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

struct nlmsghdr;

#define NETDEV_NO_NSID (-1) /* in our namespace, or nowhere that has a number here */

struct netdev {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	uint32_t flags; /* IFF_* */
	uint16_t type; /* ARPHRD_* */
	uint32_t mtu;
	bool has_mac;
	uint8_t mac[6];
	char kind[16];
	char alias[64]; /* the beginning of it */
	uint32_t master; /* ifindex; 0: none */
	uint32_t group;
	uint32_t carrier_changes;
	bool is_dormant;
	uint32_t
		link; /* a veth's peer, or what a device is on top of: ifindex in its namespace; 0: none */
	int32_t link_nsid; /* which is this one */
	bool has_link_nsid; /* it is another one */
	/* Of a device that is gone: where to. */
	int32_t new_nsid;
	uint32_t new_ifindex;
	UT_hash_handle by_ifindex;
	UT_hash_handle by_name;
};

/* False: no link message that speaks of a device's existence (a bridge port's, say). */
bool netdev_parse(const struct nlmsghdr *h, struct netdev *ret);
