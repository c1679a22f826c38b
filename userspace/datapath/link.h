/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is done to devices, by rtnetlink.  Errors name the device.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct netlink;

/* A veth pair: `ours` silent, with this alias, still down; `theirs` down as the user finds
 * it.  Whole or not at all, also if the process is killed meanwhile. */
struct link_pair {
	const char *ours;
	const char *theirs;
	const char *alias;
	const char *their_alias; /* NULL: none */
	const uint8_t *our_mac;
	const uint8_t *their_mac;
	uint32_t our_mtu; /* theirs is the kernel's default */
};
/* 0, or -errno: the caller knows how to say it. */
int link_add_pair(struct netlink *n, const struct link_pair *pair);
/* Before a device of ours is set up: IPv6 off, so that the kernel never speaks there. */
must_check int link_silence(const char *name, struct error *err);

must_check int link_delete(struct netlink *n, uint32_t ifindex, const char *name,
			   struct error *err); /* a missing one is fine */
/* Many at once, which takes as long as one: all of our namespace that are in the group. */
must_check int link_set_group(struct netlink *n, uint32_t ifindex, const char *name, uint32_t group,
			      struct error *err);
must_check int link_delete_group(struct netlink *n, uint32_t group, struct error *err);
must_check int link_set_up(struct netlink *n, uint32_t ifindex, const char *name,
			   struct error *err);
must_check int link_set_promisc(struct netlink *n, uint32_t ifindex, const char *name, bool on,
				struct error *err);
must_check int link_set_mtu(struct netlink *n, uint32_t ifindex, const char *name, uint32_t mtu,
			    struct error *err);
must_check int link_set_mac(struct netlink *n, uint32_t ifindex, const char *name,
			    const uint8_t *mac, struct error *err);
