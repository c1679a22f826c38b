/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The veth pairs of internal ports: the named end is the user's, who may move and rename it,
 * ours stays.  A pair is known by our end's alias, "bvs <instance> <port>", so that it is
 * found again after a restart and kept when a port's row is replaced by another of the same
 * name.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/error.h"
#include "datapath/netdev.h"

struct instance;

struct pair {
	char port[IFNAMSIZ];
	uint32_t ifindex; /* of our end */
	UT_hash_handle by_port;
	UT_hash_handle by_ifindex;
};

struct pairs {
	const struct instance *instance;
	struct netdevs *netdevs;
	struct pair *by_port;
	struct pair *by_ifindex;
	uint32_t reentry; /* ifindex of the re-entry device; 0: there is none */
	uint32_t reentry_end; /* of its other end */
};

/* Finds the pairs that are there. */
void pairs_open(struct pairs *p, const struct instance *instance, struct netdevs *netdevs);
void pairs_close(struct pairs *p);

/* Whether a device of our namespace is the user's end of a pair. */
bool pairs_has_end(const struct pairs *p, const struct netdev *dev);

/* What the instance needs for a port: made if it is not there, our end
 * silent and up.
 * mac: the user's end's, if it is made.  NULL: the reason is in err. */
struct pair *pairs_ensure(struct pairs *p, const char *port, const uint8_t *mac, struct error *err);
/* Deletes the pairs for which is_wanted() says no. */
must_check int pairs_release(struct pairs *p, bool (*is_wanted)(void *arg, const char *port),
			     void *arg, struct error *err);

/* The device that clones are sent to to be worked on, and its other end: made if they are not
 * there, silent and up. */
must_check int pairs_ensure_reentry(struct pairs *p, struct error *err);
must_check int pairs_delete_reentry(struct pairs *p, struct error *err);

/* Takes an event in: whether it is about any of these devices, and of which port ("": of
 * none).  ret_port: IFNAMSIZ bytes. */
bool pairs_on_event(struct pairs *p, const struct netdev_event *event, char *ret_port);
