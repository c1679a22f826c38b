/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The other ends of the veths that are ports, in whatever namespace: only what is certain.
 * The packets' fast way into another namespace depends on the other end's address, so any
 * doubt (a move, a change, lost news) ends the knowledge until it is learned anew.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "datapath/netdev.h"

struct peer {
	uint32_t ifindex; /* of our end, the switch's side */
	bool is_known;
	struct peer_place {
		int32_t nsid; /* NETDEV_NO_NSID: in our namespace */
		uint32_t ifindex;
	} at;
	struct netdev dev;
	UT_hash_handle by_ifindex;
	UT_hash_handle by_place; /* while is_known */
};

struct peers {
	struct netdevs *netdevs;
	struct peer *by_ifindex;
	struct peer *by_place;
};

void peers_open(struct peers *p, struct netdevs *netdevs);
void peers_close(struct peers *p);

/* What is known of the other end of our device, or NULL. */
const struct peer *peers_find(const struct peers *p, uint32_t ifindex);
/* The same, but asks if nothing is known. */
const struct peer *peers_learn(struct peers *p, uint32_t ifindex);
void peers_forget(struct peers *p, uint32_t ifindex);
void peers_doubt_all(struct peers *p);

/* Takes an event in.  Our device whose other end it concerns, or 0. */
uint32_t peers_on_event(struct peers *p, const struct netdev_event *event);
