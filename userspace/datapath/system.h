/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Existing devices as ports: which can be one, and what is changed on them meanwhile.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct attachments;
struct held_table;
struct netdev;
struct netdevs;

/* Whether the device (NULL: there is none) can be a port; if not, OVS's words for it. */
must_check int system_check(const struct netdev *dev, const char *name,
			    const struct attachments *attached, struct error *err);
/* Promiscuous and, if it is newly a port, no frames joined by the hardware. */
must_check int system_take(struct netdevs *netdevs, struct held_table *held, uint32_t ifindex,
			   bool is_new, struct error *err);
/* Undoes what was done, once; fine on any other device. */
must_check int system_release(struct netdevs *netdevs, struct held_table *held, uint32_t ifindex,
			      struct error *err);
