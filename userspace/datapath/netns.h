/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Other network namespaces, known to us by their numbers only.  The kernel gives no way from
 * the number into the namespace, so this works only where some visible process or a file in
 * /run/netns is in it, and we may enter it (CAP_SYS_ADMIN).
 */
#include <stdint.h>

struct netlink;

/* Takes the flag IFF_PROMISC from a device there: 0, or -errno. */
int netns_clear_promisc(struct netlink *n, int32_t nsid, uint32_t ifindex);
