/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The ports' devices: finds or makes them, takes them into use and lets go of those that no
 * port claims any more.  What is on a device (a program, promiscuity, a pair) is kept by the
 * device, not by the port: so a port whose row was replaced keeps its device as it is.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "abi.h"
#include "base/error.h"
#include "base/loop.h"
#include "datapath/attach.h"
#include "datapath/compile.h"
#include "datapath/ethtool.h"
#include "datapath/held.h"
#include "datapath/pairs.h"
#include "datapath/peers.h"
#include "switch/model.h"

struct port {
	uint32_t slot;
	enum model_port_kind kind;
	char *name;
	struct uuid uuid;
	uint32_t pass; /* the last devices_update() that saw it */
	uint32_t ifindex; /* of the switch's side; 0: none that can be used */
	char error[256]; /* as OVS words it; "": fine */
	uint32_t mtu_tried; /* a wish is not repeated: refused, or undone by the user */
	uint8_t mac_tried[6];
	bool has_carrier_base;
	uint32_t carrier_base; /* carrier changes before it was a port */
	bool has_ethtool;
	struct ethtool_info ethtool;
	UT_hash_handle by_name;
	UT_hash_handle by_ifindex; /* while ifindex */
};

struct devices {
	const struct instance *instance;
	struct netdevs *netdevs;
	struct held_table *held;
	struct attachments *attached;
	struct pairs pairs;
	struct peers peers;
	struct port *by_slot[PORT_SLOTS];
	struct port *by_name;
	struct port *by_ifindex;
	uint32_t pass;
	bool is_applying;
	const struct port *current; /* the one being worked on */
	bool has_news; /* since the last application began; the owner is to be told */
	struct loop *loop;
	struct loop_timer soon;
	void (*on_change)(void *arg);
	void *on_change_arg;
	struct compile_device view[PORT_SLOTS]; /* after devices_update() */
	/* Called at once when a port's link goes up or down between applications. */
	void (*on_link)(void *arg, uint32_t slot, const struct compile_device *view);
	void *on_link_arg;
};

/* Begins to listen; attached is for later. */
must_check int devices_open(struct devices *d, struct loop *loop, const struct instance *instance,
			    struct held_table *held, struct attachments *attached,
			    struct error *err);
void devices_close(struct devices *d);

/* Around the three steps of an application: */
must_check int devices_begin(struct devices *d, struct error *err);
/* 1: devices are made, found, taken; fills the view. */
void devices_update(struct devices *d, const struct model *model);
/* 2, when the configuration is in force: programs onto them. */
void devices_attach(struct devices *d);
/* 3: away with what no port claims. */
must_check int devices_release(struct devices *d, struct error *err);
void devices_end(struct devices *d);

/* Something else that the owner should apply the configuration for. */
void devices_tell(struct devices *d);

/* As if no port were left, and the re-entry device, too. */
must_check int devices_remove_all(struct devices *d, struct error *err);

/* The port's device as its user sees it (of an internal port: the user's end); NULL: none,
 * or nothing certain is known of it. */
const struct netdev *devices_of_port(const struct devices *d, const struct port *port);
bool devices_is_up(const struct devices *d, const struct port *port);
