/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/apply.h"

#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/filters.h"
#include "datapath/grace.h"
#include "datapath/image.h"
#include "datapath/maps.h"
#include "datapath/vlan_sets.h"

static const enum map_id map_ids[N_IMAGE_MAPS] = {
	[IMAGE_PORTS] = MAP_PORTS,
	[IMAGE_BRIDGES] = MAP_BRIDGES,
	[IMAGE_ACCESS_HEAD] = MAP_ACCESS_HEAD,
	[IMAGE_MIRROR_OF_BIT] = MAP_MIRROR_OF_BIT,
	[IMAGE_MIRRORS] = MAP_MIRRORS,
	[IMAGE_TUNNELS] = MAP_TUNNELS,
	[IMAGE_TUNNEL_HEAD] = MAP_TUNNEL_HEAD,
	[IMAGE_PORT_OF_IFINDEX] = MAP_PORT_OF_IFINDEX,
};

/* All of our keys take four bytes. */
static void encode_key(enum image_map map, uint32_t key, void *to)
{
	struct access_key access = { .bridge = (__u16)(key >> 16), .vlan = (__u16)key };

	static_assert(sizeof(access) == sizeof(key), "four bytes");
	memcpy(to, map == IMAGE_ACCESS_HEAD ? (void *)&access : (void *)&key, sizeof(key));
}

static uint32_t decode_key(enum image_map map, const void *from)
{
	struct access_key access;
	uint32_t key;

	memcpy(&access, from, sizeof(access));
	memcpy(&key, from, sizeof(key));
	return map == IMAGE_ACCESS_HEAD ? (uint32_t)access.bridge << 16 | access.vlan : key;
}

/* --- reading back --- */

struct reading {
	struct applier *a;
	enum image_map map;
};

static void load_entry(void *arg, const void *key, const void *value)
{
	struct reading *r = arg;
	size_t size = image_value_size(r->map);
	uint32_t number = decode_key(r->map, key), version = r->a->epoch & 1;
	const char *versions = value;

	if (!image_has_versions(r->map)) {
		memcpy(image_put(r->a->active, r->map, number), value, size);
		return;
	}
	memcpy(image_put(r->a->active, r->map, number), versions + version * size, size);
	memcpy(image_put(r->a->standby, r->map, number), versions + !version * size, size);
}

static void load_vlan_set(void *arg, const void *key, const void *value)
{
	vlan_sets_load(arg, *(const uint32_t *)key, value);
}

static void load_filter(void *arg, const void *key, const void *value)
{
	filters_load(arg, *(const uint32_t *)key, value);
}

static int read_back(struct applier *a, struct error *err)
{
	uint32_t zero = 0;

	image_free(a->active);
	image_free(a->standby);
	a->active = image_new();
	a->standby = image_new();
	if (map_get(a->maps, MAP_EPOCH, &zero, &a->epoch, err))
		return -1;
	for (int i = 0; i < N_IMAGE_MAPS; i++) {
		struct reading r = { a, (enum image_map)i };

		if (map_each(a->maps, map_ids[i], load_entry, &r, err))
			return -1;
	}
	image_seal(a->active);
	image_seal(a->standby);
	if (map_each(a->maps, MAP_VLAN_SETS, load_vlan_set, a->sets, err) ||
	    map_each(a->maps, MAP_FILTERS, load_filter, a->filters, err))
		return -1;
	a->is_uncertain = false;
	return 0;
}

int apply_open(struct applier *a, const struct maps *maps, struct error *err)
{
	memset(a, 0, sizeof(*a));
	a->maps = maps;
	a->sets = vlan_sets_new();
	a->filters = filters_new();
	a->needs_grace = true; /* the process before us may have stored the epoch just now */
	return read_back(a, err);
}

void apply_close(struct applier *a)
{
	image_free(a->active);
	image_free(a->standby);
	vlan_sets_free(a->sets);
	filters_free(a->filters);
	memset(a, 0, sizeof(*a));
}

int apply_check(const struct applier *a, bool *ret, struct error *err)
{
	struct applier now;
	int failed = apply_open(&now, a->maps, err);

	if (!failed)
		*ret = image_equal(now.active, a->active);
	apply_close(&now);
	return failed;
}

/* --- writing --- */

static int write_vlan_sets(struct applier *a, struct error *err)
{
	for (uint32_t i = 1; i < VLAN_SETS; i++) {
		if (!a->sets->is_dirty[i] || !a->sets->is_used[i])
			continue;
		if (map_put(a->maps, MAP_VLAN_SETS, &i, &a->sets->sets[i], err))
			return -1;
		a->sets->is_dirty[i] = false;
	}
	return 0;
}

static int write_filter(const struct applier *a, const struct filter_run *run, struct error *err)
{
	uint32_t *keys = calloc(run->n, sizeof(*keys));
	int failed;

	if (!keys)
		abort();
	for (uint32_t i = 0; i < run->n; i++)
		keys[i] = run->first + i;
	failed = map_put_batch(a->maps, MAP_FILTERS, keys, &a->filters->insns[run->first], run->n,
			       err);
	free(keys);
	return failed;
}

static int write_filters(struct applier *a, struct error *err)
{
	for (size_t i = 0; i < a->filters->n_runs; i++) {
		struct filter_run *run = &a->filters->runs[i];

		if (!run->is_dirty)
			continue;
		if (write_filter(a, run, err))
			return -1;
		run->is_dirty = false;
	}
	return 0;
}

static void encode_value(const struct applier *a, const struct image_write *w, char *to)
{
	size_t size = image_value_size(w->map);
	uint32_t version = a->epoch & 1;

	if (!image_has_versions(w->map)) {
		memcpy(to, w->standby, size);
		return;
	}
	if (w->active)
		memcpy(to + version * size, w->active, size);
	if (w->standby)
		memcpy(to + !version * size, w->standby, size);
}

/* The writes that follow `from` and go to the same map, in one system call. */
static int write_run(const struct applier *a, const struct image_write *from, size_t n,
		     struct error *err)
{
	size_t size = image_value_size(from->map) * (image_has_versions(from->map) ? 2 : 1);
	uint32_t *keys = calloc(n, sizeof(*keys));
	char *values = calloc(n, size);
	int failed;

	if (!keys || !values)
		abort();
	for (size_t i = 0; i < n; i++) {
		encode_key(from[i].map, from[i].key, &keys[i]);
		encode_value(a, &from[i], values + i * size);
	}
	failed = map_put_batch(a->maps, map_ids[from->map], keys, values, n, err);
	free(keys);
	free(values);
	return failed;
}

static int delete_one(const struct applier *a, const struct image_write *w, struct error *err)
{
	uint32_t key;

	encode_key(w->map, w->key, &key);
	return map_delete(a->maps, map_ids[w->map], &key, err);
}

static int write_before_flip(struct applier *a, const struct image_write *writes, size_t n,
			     struct error *err)
{
	for (size_t i = 0, run; i < n; i += run) {
		run = 1;
		if (writes[i].is_after_flip)
			continue;
		if (writes[i].op == IMAGE_DELETE) {
			if (delete_one(a, &writes[i], err))
				return -1;
			continue;
		}
		while (i + run < n && writes[i + run].map == writes[i].map &&
		       writes[i + run].op == IMAGE_SET && !writes[i + run].is_after_flip)
			run++;
		if (write_run(a, &writes[i], run, err))
			return -1;
	}
	return 0;
}

static int flip(struct applier *a, struct error *err)
{
	uint32_t zero = 0, next = a->epoch + 1;

	if (map_put(a->maps, MAP_EPOCH, &zero, &next, err))
		return -1;
	a->epoch = next;
	a->needs_grace = true;
	return 0;
}

static int write_all(struct applier *a, const struct image_write *writes, size_t n,
		     struct error *err)
{
	if (a->needs_grace && grace_wait(err))
		return -1;
	a->needs_grace = false;
	if (write_vlan_sets(a, err) || write_filters(a, err) ||
	    write_before_flip(a, writes, n, err) || flip(a, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (writes[i].is_after_flip && delete_one(a, &writes[i], err))
			return -1;
	}
	return 0;
}

int apply_begin(struct applier *a, struct error *err)
{
	if (a->is_uncertain && read_back(a, err))
		return -1;
	vlan_sets_begin(a->sets, a->active);
	filters_begin(a->filters, a->active);
	return 0;
}

int apply_image_take(struct applier *a, struct image *wanted, struct error *err)
{
	struct image_write *writes;
	int failed;
	size_t n;

	if (image_equal(wanted, a->active)) {
		image_free(wanted);
		return 0;
	}
	n = image_diff(wanted, a->active, a->standby, &writes);
	a->is_uncertain = true;
	failed = write_all(a, writes, n, err);
	free(writes);
	if (failed) {
		image_free(wanted);
		return -1;
	}
	a->is_uncertain = false;
	image_free(a->standby);
	a->standby = a->active;
	a->active = wanted;
	return 0;
}

static struct port_config *port_in(const struct image *image, uint32_t slot, uint32_t ifindex)
{
	struct port_config *port = image_get(image, IMAGE_PORTS, slot);

	return port && port->ifindex == ifindex ? port : NULL;
}

static void set_up(struct port_config *port, bool is_up)
{
	port->flags = is_up ? port->flags | PORT_UP : port->flags & ~(__u32)PORT_UP;
}

void apply_port_up(struct applier *a, uint32_t slot, uint32_t ifindex, bool is_up)
{
	struct image_write w = { .map = IMAGE_PORTS, .key = slot };
	struct port_config *active = port_in(a->active, slot, ifindex);
	struct port_config *standby = port_in(a->standby, slot, ifindex);
	struct error err;

	if (a->is_uncertain || !active)
		return;
	set_up(active, is_up);
	if (standby)
		set_up(standby, is_up);
	w.active = active;
	w.standby = image_get(a->standby, IMAGE_PORTS, slot);
	if (write_run(a, &w, 1, &err))
		a->is_uncertain = true;
}
