/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "datapath/pins.h"

/* max_entries 0: whatever the programs say. */
static const struct {
	const char *name;
	uint32_t type, key_size, value_size, max_entries;
	bool is_ours; /* not in the programs' object */
} specs[N_MAPS] = {
#define ARRAY_OF(NAME, TYPE, N)                                     \
	{                                                           \
		NAME, BPF_MAP_TYPE_ARRAY, 4, sizeof(TYPE), N, false \
	}
#define PERCPU_OF(NAME, TYPE, N)                                           \
	{                                                                  \
		NAME, BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(TYPE), N, false \
	}
#define HASH_OF(NAME, KEY, TYPE, N, OURS)                                   \
	{                                                                   \
		NAME, BPF_MAP_TYPE_HASH, sizeof(KEY), sizeof(TYPE), N, OURS \
	}
	[MAP_EPOCH] = ARRAY_OF("epoch", __u32, 1),
	[MAP_SETTINGS] = ARRAY_OF("settings", struct settings, 1),
	[MAP_PORTS] = ARRAY_OF("ports", struct port_entry, PORT_SLOTS),
	[MAP_PORT_OF_IFINDEX] = HASH_OF("port_of_ifindex", __u32, __u32, 0, false),
	[MAP_BRIDGES] = ARRAY_OF("bridges", struct bridge_entry, BRIDGE_SLOTS),
	[MAP_ACCESS_HEAD] = HASH_OF("access_head", struct access_key, struct head_entry, 0, false),
	[MAP_MIRROR_OF_BIT] =
		ARRAY_OF("mirror_of_bit", struct head_entry, BRIDGE_SLOTS *MIRRORS_PER_BRIDGE),
	[MAP_MIRRORS] = ARRAY_OF("mirrors", struct mirror_entry, MIRROR_SLOTS),
	[MAP_TUNNELS] = ARRAY_OF("tunnels", struct tunnel_entry, PORT_SLOTS),
	[MAP_TUNNEL_HEAD] = HASH_OF("tunnel_head", __u32, struct head_entry, 0, false),
	[MAP_TUNNEL_SEQ] = ARRAY_OF("tunnel_seq", __u32, PORT_SLOTS),
	[MAP_VLAN_SETS] = ARRAY_OF("vlan_sets", struct vlan_set, VLAN_SETS),
	[MAP_FILTERS] = ARRAY_OF("filters", struct filter_insn, FILTER_INSNS),
	[MAP_FDB] = HASH_OF("fdb", struct fdb_key, struct fdb_value, 0, false),
	[MAP_FDB_COUNT] = ARRAY_OF("fdb_count", struct fdb_count, BRIDGE_SLOTS),
	[MAP_SIGNALS] = { "signals", BPF_MAP_TYPE_RINGBUF, 0, 0, SIGNALS_SIZE, false },
	[MAP_PORT_STATS] = PERCPU_OF("port_stats", struct port_stats, PORT_SLOTS),
	[MAP_MIRROR_STATS] = PERCPU_OF("mirror_stats", struct mirror_stats, MIRROR_SLOTS),
	[MAP_SLOTS] = HASH_OF("slots", struct slot_key, struct slot_value, SLOT_RECORDS, false),
	[MAP_HELD] = HASH_OF("held", __u32, struct held, 2 * PORT_SLOTS, true),
#undef ARRAY_OF
#undef PERCPU_OF
#undef HASH_OF
};

const char *map_name(enum map_id id)
{
	return specs[id].name;
}

void maps_init(struct maps *m, int dir)
{
	m->dir = dir;
	for (int i = 0; i < N_MAPS; i++)
		m->fds[i] = -1;
}

void maps_close(struct maps *m)
{
	for (int i = 0; i < N_MAPS; i++) {
		if (m->fds[i] >= 0)
			close(m->fds[i]);
		m->fds[i] = -1;
	}
}

static int info_of(int fd, const char *name, struct bpf_map_info *info, struct error *err)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len))
		return error_errno(err, errno, "BPF map %s", name);
	return 0;
}

static int wrong_layout(struct error *err, const char *name, const struct bpf_map_info *info)
{
	return error_set(err, "I/O error",
			 "pinned BPF map %s has another layout (type %u, key %u, value %u, entries "
			 "%u): it was made by another version; take the datapath down first",
			 name, info->type, info->key_size, info->value_size, info->max_entries);
}

static int check_spec(int fd, enum map_id id, struct error *err)
{
	struct bpf_map_info info;

	if (info_of(fd, specs[id].name, &info, err))
		return -1;
	if (info.type != specs[id].type || info.key_size != specs[id].key_size ||
	    info.value_size != specs[id].value_size ||
	    (specs[id].max_entries && info.max_entries != specs[id].max_entries))
		return wrong_layout(err, specs[id].name, &info);
	return 0;
}

int maps_open_pinned(struct maps *m, bool *ret_all, struct error *err)
{
	bool all = true;

	for (int i = 0; i < N_MAPS; i++) {
		if (m->fds[i] < 0)
			m->fds[i] = pins_get(m->dir, specs[i].name);
		if (m->fds[i] < 0 && errno != ENOENT)
			return error_errno(err, errno, "pinned BPF map %s", specs[i].name);
		if (m->fds[i] < 0)
			all = false;
		else if (check_spec(m->fds[i], (enum map_id)i, err))
			return -1;
	}
	*ret_all = all;
	return 0;
}

static int create_ours(struct maps *m, struct error *err)
{
	for (int i = 0; i < N_MAPS; i++) {
		struct bpf_map_create_opts opts = { .sz = sizeof(opts),
						    .map_flags = BPF_F_NO_PREALLOC };

		if (!specs[i].is_ours || m->fds[i] >= 0)
			continue;
		m->fds[i] = bpf_map_create(specs[i].type, specs[i].name, specs[i].key_size,
					   specs[i].value_size, specs[i].max_entries, &opts);
		if (m->fds[i] < 0)
			return error_errno(err, errno, "create BPF map %s", specs[i].name);
		if (pins_put(m->dir, specs[i].name, m->fds[i]))
			return error_errno(err, errno, "pin BPF map %s", specs[i].name);
	}
	return 0;
}

/* bpf_map__set_pin_path() would do, were it not for libbpf 1.1 comparing the flags of a
 * DEVMAP with those that the kernel has added. */
static int reuse(struct maps *m, struct bpf_map *map, struct error *err)
{
	const char *name = bpf_map__name(map);
	struct bpf_map_info info;
	int fd = pins_get(m->dir, name), failed;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "pinned BPF map %s", name);
	failed = info_of(fd, name, &info, err);
	if (!failed &&
	    (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	     info.value_size != bpf_map__value_size(map) ||
	     info.max_entries != bpf_map__max_entries(map)))
		failed = wrong_layout(err, name, &info);
	if (!failed && bpf_map__reuse_fd(map, fd))
		failed = error_errno(err, errno, "reuse BPF map %s", name);
	close(fd);
	return failed;
}

int maps_adopt(struct maps *m, struct bpf_object *object, struct error *err)
{
	struct bpf_map *map;

	if (create_ours(m, err))
		return -1;
	bpf_object__for_each_map(map, object)
	{
		if (!bpf_map__is_internal(map) && reuse(m, map, err))
			return -1;
	}
	return 0;
}

int maps_keep(struct maps *m, struct bpf_object *object, struct error *err)
{
	struct bpf_map *map;
	bool all;

	bpf_object__for_each_map(map, object)
	{
		const char *name = bpf_map__name(map);

		if (bpf_map__is_internal(map) || pins_has(m->dir, name))
			continue;
		if (pins_put(m->dir, name, bpf_map__fd(map)))
			return error_errno(err, errno, "pin BPF map %s", name);
	}
	if (maps_open_pinned(m, &all, err))
		return -1;
	for (int i = 0; i < N_MAPS && !all; i++) {
		if (m->fds[i] < 0)
			return error_set(err, "internal error", "the programs have no map %s",
					 specs[i].name);
	}
	return 0;
}

int map_get(const struct maps *m, enum map_id id, const void *key, void *value, struct error *err)
{
	if (bpf_map_lookup_elem(m->fds[id], key, value))
		return error_errno(err, errno, "read BPF map %s", specs[id].name);
	return 0;
}

int map_put(const struct maps *m, enum map_id id, const void *key, const void *value,
	    struct error *err)
{
	if (bpf_map_update_elem(m->fds[id], key, value, BPF_ANY))
		return error_errno(err, errno, "write BPF map %s", specs[id].name);
	return 0;
}

int map_delete(const struct maps *m, enum map_id id, const void *key, struct error *err)
{
	if (bpf_map_delete_elem(m->fds[id], key) && errno != ENOENT)
		return error_errno(err, errno, "delete from BPF map %s", specs[id].name);
	return 0;
}

int map_put_batch(const struct maps *m, enum map_id id, const void *keys, const void *values,
		  size_t n, struct error *err)
{
	__u32 count = (__u32)n;

	if (n == 1)
		return map_put(m, id, keys, values, err);
	if (n && bpf_map_update_batch(m->fds[id], keys, values, &count, NULL))
		return error_errno(err, errno, "write BPF map %s", specs[id].name);
	return 0;
}

int map_each(const struct maps *m, enum map_id id,
	     void (*cb)(void *arg, const void *key, const void *value), void *arg,
	     struct error *err)
{
	enum { SLICE = 4096 };
	size_t key_size = specs[id].key_size, value_size = specs[id].value_size;
	char *keys, *values;
	void *from = NULL;
	int failed = 0;
	char cursor[64]; /* a key, or the number of a hash bucket */

	static_assert(sizeof(struct slot_key) <= sizeof(cursor), "keys fit");
	keys = calloc(SLICE, key_size);
	values = calloc(SLICE, value_size);
	if (!keys || !values)
		abort();
	for (bool is_last = false; !is_last && !failed;) {
		__u32 n = SLICE;

		if (bpf_map_lookup_batch(m->fds[id], from, cursor, keys, values, &n, NULL)) {
			is_last = true;
			if (errno != ENOENT)
				failed = error_errno(err, errno, "read BPF map %s", specs[id].name);
		}
		for (__u32 i = 0; i < n && !failed; i++)
			cb(arg, keys + i * key_size, values + i * value_size);
		from = cursor;
	}
	free(keys);
	free(values);
	return failed;
}
