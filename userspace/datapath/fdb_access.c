/* SPDX-License-Identifier: Apache-2.0 */
/* datapath.h: the learned addresses, for people who ask, and those that they put there. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/datapath.h"
#include "datapath/fdb.h"
#include "datapath/handle.h"
#include "datapath/image.h"
#include "datapath/maps.h"

/* --- show --- */

struct listing {
	const struct fdb *fdb;
	uint32_t bridge;
	uint32_t now;
	struct datapath_fdb_entry *entries;
	size_t n, room;
};

static void list_one(void *arg, const void *key_, const void *value_)
{
	const struct fdb_value *value = value_;
	const struct fdb_key *key = key_;
	struct listing *l = arg;

	if (key->bridge != l->bridge || fdb_state_of(l->fdb, key, value, l->now) != FDB_LIVE)
		return;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->entries = reallocarray(l->entries, l->room, sizeof(*l->entries));
		if (!l->entries)
			abort();
	}
	l->entries[l->n] = (struct datapath_fdb_entry){
		.vlan = key->vlan,
		.port_slot = (uint32_t)value->port,
		.is_static = value->seen >= FDB_STATIC,
		.age_ms = (uint32_t)(fdb_age(value, l->now) * 1000ull / l->fdb->hz),
	};
	memcpy(l->entries[l->n++].mac, key->mac, sizeof(key->mac));
}

/* Those that were silent longest come first; then by address, for a stable order. */
static int by_age(const void *a_, const void *b_)
{
	const struct datapath_fdb_entry *a = a_, *b = b_;

	if (a->age_ms != b->age_ms)
		return a->age_ms < b->age_ms ? 1 : -1;
	if (a->vlan != b->vlan)
		return a->vlan < b->vlan ? -1 : 1;
	return memcmp(a->mac, b->mac, sizeof(a->mac));
}

int datapath_fdb_list(const struct datapath *dp, uint32_t bridge_slot,
		      struct datapath_fdb_entry **ret, size_t *ret_n, struct error *err)
{
	struct listing l = { .fdb = &dp->fdb, .bridge = bridge_slot };

	if (!fdb_now(&dp->fdb, &l.now))
		return error_errno(err, errno, "read the kernel's clock");
	if (map_each(&dp->maps, MAP_FDB, list_one, &l, err)) {
		free(l.entries);
		return -1;
	}
	if (l.n)
		qsort(l.entries, l.n, sizeof(*l.entries), by_age);
	*ret = l.entries;
	*ret_n = l.n;
	return 0;
}

/* --- flush, add, delete --- */

/* What was put there by hand stays, as with Open vSwitch. */
static void flush_one(void *arg, const void *key_, const void *value_)
{
	const struct fdb_value *value = value_;
	const struct fdb_key *key = key_;
	struct listing *l = arg;

	if (key->bridge == l->bridge && value->seen < FDB_STATIC)
		fdb_remove(l->fdb, key);
}

int datapath_fdb_flush(struct datapath *dp, uint32_t bridge_slot, struct error *err)
{
	struct listing l = { .fdb = &dp->fdb, .bridge = bridge_slot };

	return map_each(&dp->maps, MAP_FDB, flush_one, &l, err);
}

static struct fdb_key key_of(uint32_t bridge_slot, const struct datapath_fdb_entry *entry)
{
	struct fdb_key key = { .vlan = entry->vlan, .bridge = bridge_slot };

	memcpy(key.mac, entry->mac, sizeof(key.mac));
	return key;
}

int datapath_fdb_find(const struct datapath *dp, uint32_t bridge_slot,
		      struct datapath_fdb_entry *entry, bool *ret, struct error *err)
{
	struct fdb_key key = key_of(bridge_slot, entry);
	struct fdb_value value;
	uint32_t now;

	*ret = false;
	if (bpf_map_lookup_elem(dp->maps.fds[MAP_FDB], &key, &value))
		return errno == ENOENT ? 0 : error_errno(err, errno, "read BPF map fdb");
	if (!fdb_now(&dp->fdb, &now))
		return error_errno(err, errno, "read the kernel's clock");
	if (fdb_state_of(&dp->fdb, &key, &value, now) != FDB_LIVE)
		return 0;
	entry->port_slot = (uint32_t)value.port;
	entry->is_static = value.seen >= FDB_STATIC;
	*ret = true;
	return 0;
}

int datapath_fdb_add(struct datapath *dp, uint32_t bridge_slot,
		     const struct datapath_fdb_entry *entry, struct error *err)
{
	const struct port_config *port =
		image_get(dp->applier.active, IMAGE_PORTS, entry->port_slot);
	struct fdb_key key = key_of(bridge_slot, entry);
	struct fdb_value value;
	uint32_t now;

	if (!port || port->bridge != bridge_slot)
		return error_set(err, "not found", "no such port");
	if (!fdb_now(&dp->fdb, &now))
		return error_errno(err, errno, "read the kernel's clock");
	value.port = (uint64_t)port->generation << 32 | entry->port_slot;
	value.seen = FDB_STATIC | now;
	if (!bpf_map_update_elem(dp->maps.fds[MAP_FDB], &key, &value, BPF_NOEXIST))
		__atomic_fetch_add(&dp->fdb.counts[bridge_slot].entries, 1, __ATOMIC_RELAXED);
	else if (errno != EEXIST || bpf_map_update_elem(dp->maps.fds[MAP_FDB], &key, &value, 0))
		return error_errno(err, errno, "write BPF map fdb");
	evict_check(&dp->evict);
	return 0;
}

int datapath_fdb_delete(struct datapath *dp, uint32_t bridge_slot,
			const struct datapath_fdb_entry *entry, struct error *err)
{
	struct fdb_key key = key_of(bridge_slot, entry);

	if (!fdb_remove(&dp->fdb, &key))
		return error_errno(err, errno, "delete from BPF map fdb");
	return 0;
}

/* --- counts --- */

void datapath_fdb_counts(const struct datapath *dp, uint32_t bridge_slot,
			 struct datapath_fdb_counts *ret)
{
	const struct fdb_count *c = &dp->fdb.counts[bridge_slot % BRIDGE_SLOTS];

	*ret = (struct datapath_fdb_counts){
		.learned = __atomic_load_n(&c->learned, __ATOMIC_RELAXED),
		.expired = __atomic_load_n(&c->expired, __ATOMIC_RELAXED),
		.evicted = __atomic_load_n(&c->evicted, __ATOMIC_RELAXED),
		.moved = __atomic_load_n(&c->moved, __ATOMIC_RELAXED),
	};
}

void datapath_fdb_clear_counts(struct datapath *dp, uint32_t bridge_slot)
{
	struct fdb_count *c = &dp->fdb.counts[bridge_slot % BRIDGE_SLOTS];
	__u64 *const counters[] = { &c->learned, &c->expired, &c->evicted, &c->moved };

	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		__atomic_store_n(counters[i], 0, __ATOMIC_RELAXED);
}
