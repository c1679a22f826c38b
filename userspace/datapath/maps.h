/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The instance's maps: pinned by name in its directory, found again by a later process.
 * A map whose layout is not what this build expects is refused, by name.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bpf_object;

enum map_id {
	MAP_EPOCH,
	MAP_SETTINGS,
	MAP_PORTS,
	MAP_PORT_OF_IFINDEX,
	MAP_BRIDGES,
	MAP_ACCESS_HEAD,
	MAP_MIRROR_OF_BIT,
	MAP_MIRRORS,
	MAP_TUNNELS,
	MAP_TUNNEL_HEAD,
	MAP_TUNNEL_SEQ,
	MAP_VLAN_SETS,
	MAP_FILTERS,
	MAP_FDB,
	MAP_FDB_COUNT,
	MAP_SIGNALS,
	MAP_PORT_STATS,
	MAP_MIRROR_STATS,
	MAP_SLOTS,
	MAP_HELD,
	N_MAPS
};

/* map held: HASH, ifindex -> struct held: what was changed on devices that are not ours, so
 * that it is undone once, whoever crashes.  Userspace's own. */
enum held_flag {
	HELD_PROMISC = 1 << 0,
	HELD_INGRESS = 1 << 1, /* our clsact filters, where tcx links are not to be had */
	HELD_EGRESS = 1 << 2,
	HELD_QDISC = 1 << 3, /* and the clsact qdisc is ours, too */
	HELD_DECAP = 1 << 4, /* others of our filters */
	HELD_SEGMENT = 1 << 5,
};
struct held {
	uint32_t flags;
	char name[16];
};

struct maps {
	int dir; /* the instance's directory, borrowed */
	int fds[N_MAPS]; /* -1: not open */
};

void maps_init(struct maps *m, int dir);
void maps_close(struct maps *m);

/* Opens what is pinned.  *ret_all: whether all of it was there. */
must_check int maps_open_pinned(struct maps *m, bool *ret_all, struct error *err);

/* Before the object is loaded: it shall use the pinned maps.  After: pins the new ones and
 * opens all.  Any named map of the object is pinned, so that programs of two builds share
 * them while one replaces the other. */
must_check int maps_adopt(struct maps *m, struct bpf_object *object, struct error *err);
must_check int maps_keep(struct maps *m, struct bpf_object *object, struct error *err);

const char *map_name(enum map_id id);

/* Calls on one map, their errors worded. */
must_check int map_get(const struct maps *m, enum map_id id, const void *key, void *value,
		       struct error *err);
must_check int map_put(const struct maps *m, enum map_id id, const void *key, const void *value,
		       struct error *err);
/* A missing key is fine. */
must_check int map_delete(const struct maps *m, enum map_id id, const void *key, struct error *err);
/* Keys and values one after the other, in one system call. */
must_check int map_put_batch(const struct maps *m, enum map_id id, const void *keys,
			     const void *values, size_t n, struct error *err);
/* Every entry.  The callback may delete those that it is given, and writes nothing else. */
must_check int map_each(const struct maps *m, enum map_id id,
			void (*cb)(void *arg, const void *key, const void *value), void *arg,
			struct error *err);
