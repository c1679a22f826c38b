/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Tunnel ports' ways through the underlay: found anew at every application and when the
 * kernel's routing changed.  The underlay's devices bear the program that takes frames out.
 */
#include <stdbool.h>
#include <stdint.h>

#include "abi.h"
#include "base/error.h"
#include "datapath/attach.h"
#include "datapath/prefilter.h"
#include "datapath/route.h"
#include "datapath/segmenter.h"
#include "switch/tunnel.h"

struct model;
struct netdev_event;

struct tunnel {
	uint32_t slot; /* of its port */
	struct tunnel_address remote;
	bool has_local;
	struct tunnel_address local;
	uint32_t pass; /* the last tunnels_update() that saw it */
	struct route route;
	UT_hash_handle hh;
};

struct tunnels {
	struct netdevs *netdevs;
	struct segmenter segmenter;
	struct attachments *attached;
	struct prefilter prefilter;
	struct routes *routes;
	struct tunnel *all; /* by slot */
	uint32_t pass;
	bool is_host_tunnelling; /* the host has GRE devices of its own */
	void (*on_change)(void *arg);
	void *arg;
};

/* on_change: some way is another one now; called from the loop. */
void tunnels_open(struct tunnels *t, struct loop *loop, const struct instance *instance,
		  struct netdevs *netdevs, struct attachments *attached,
		  void (*on_change)(void *arg), void *arg);
void tunnels_close(struct tunnels *t); /* fine on a zeroed one */

/* Around an application: finds the ways of the model's tunnels; ... */
must_check int tunnels_update(struct tunnels *t, const struct model *model, struct error *err);
/* ... puts the programs on their devices, and takes them off others.  is_port: no program there,
 * the switch has all that comes in.  A device that is gone is no error. */
must_check int tunnels_attach(struct tunnels *t, const struct model *model,
			      bool (*is_port)(void *arg, uint32_t ifindex), void *arg,
			      struct error *err);
must_check int tunnels_remove_all(struct tunnels *t, struct error *err);

/* NULL: none. */
const struct tunnel *tunnels_find(const struct tunnels *t, uint32_t slot);
