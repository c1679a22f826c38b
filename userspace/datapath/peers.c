/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/peers.h"

#include <stdlib.h>
#include <string.h>

void peers_open(struct peers *p, struct netdevs *netdevs)
{
	memset(p, 0, sizeof(*p));
	p->netdevs = netdevs;
}

static struct peer *entry_of(const struct peers *p, uint32_t ifindex)
{
	struct peer *peer;

	HASH_FIND(by_ifindex, p->by_ifindex, &ifindex, sizeof(ifindex), peer);
	return peer;
}

static void doubt(struct peers *p, struct peer *peer)
{
	if (peer->is_known)
		HASH_DELETE(by_place, p->by_place, peer);
	peer->is_known = false;
}

static void drop(struct peers *p, struct peer *peer)
{
	doubt(p, peer);
	HASH_DELETE(by_ifindex, p->by_ifindex, peer);
	free(peer);
}

void peers_forget(struct peers *p, uint32_t ifindex)
{
	struct peer *peer = entry_of(p, ifindex);

	if (peer)
		drop(p, peer);
}

void peers_close(struct peers *p)
{
	for (struct peer *peer = p->by_ifindex, *next; peer; peer = next) {
		next = peer->by_ifindex.next;
		drop(p, peer);
	}
}

void peers_doubt_all(struct peers *p)
{
	for (struct peer *peer = p->by_ifindex, *next; peer; peer = next) {
		next = peer->by_ifindex.next;
		doubt(p, peer);
	}
}

const struct peer *peers_find(const struct peers *p, uint32_t ifindex)
{
	const struct peer *peer = entry_of(p, ifindex);

	return peer && peer->is_known ? peer : NULL;
}

/* Each end must name the other. */
static bool ask(struct peers *p, const struct netdev *asked, struct netdev *ret)
{
	uint32_t ours = asked->ifindex, theirs = asked->link;
	const struct netdev *local;

	if (asked->link_nsid != NETDEV_NO_NSID)
		return netdevs_ask_foreign(p->netdevs, asked->link_nsid, theirs, ret) &&
		       ret->link == ours;
	/* The news of a new veth's first end are older than the second end. */
	netdevs_refresh(p->netdevs, theirs);
	local = netdevs_by_ifindex(p->netdevs, theirs);
	if (!local || local->link != ours || local->link_nsid != NETDEV_NO_NSID)
		return false;
	*ret = *local;
	return true;
}

const struct peer *peers_learn(struct peers *p, uint32_t ifindex)
{
	struct peer *peer = entry_of(p, ifindex);
	const struct netdev *ours;
	struct peer_place at;
	struct netdev dev;

	if (peer && peer->is_known)
		return peer;
	if (!peer) {
		peer = calloc(1, sizeof(*peer));
		if (!peer)
			abort();
		peer->ifindex = ifindex;
		HASH_ADD(by_ifindex, p->by_ifindex, ifindex, sizeof(peer->ifindex), peer);
	}
	netdevs_poll(p->netdevs);
	/* A move of the other end is not told to ours. */
	netdevs_refresh(p->netdevs, ifindex);
	ours = netdevs_by_ifindex(p->netdevs, ifindex);
	if (!ours || !ours->link)
		return NULL;
	at.nsid = ours->link_nsid;
	at.ifindex = ours->link;
	if (!ask(p, ours, &dev))
		return NULL;
	/* What was read may have been that our end is gone: then this is, too. */
	peer = entry_of(p, ifindex);
	if (!peer)
		return NULL;
	peer->dev = dev;
	peer->at = at;
	peer->is_known = true;
	HASH_ADD(by_place, p->by_place, at, sizeof(peer->at), peer);
	return peer;
}

static bool has_moved(const struct netdev_event *event)
{
	const struct netdev *before = event->before, *now = event->now;

	return !before || before->link != now->link || before->link_nsid != now->link_nsid;
}

uint32_t peers_on_event(struct peers *p, const struct netdev_event *event)
{
	struct peer_place place = { event->nsid, event->ifindex };
	struct peer *peer;
	uint32_t ours = 0;

	HASH_FIND(by_place, p->by_place, &place, sizeof(place), peer);
	if (peer) {
		/* Still there: then this is the latest that is known. */
		if (event->now && event->now->link == peer->ifindex)
			peer->dev = *event->now;
		else
			doubt(p, peer);
		ours = peer->ifindex;
	} else if (event->now && event->now->link) {
		/* Perhaps one that was looked for in vain. */
		peer = entry_of(p, event->now->link);
		if (peer && !peer->is_known)
			ours = peer->ifindex;
	}
	if (event->nsid != NETDEV_NO_NSID)
		return ours;
	peer = entry_of(p, event->ifindex);
	if (peer && !event->now) {
		drop(p, peer);
	} else if (peer && has_moved(event)) {
		doubt(p, peer);
		ours = event->ifindex;
	}
	return ours;
}
