/* SPDX-License-Identifier: Apache-2.0 */
/* datapath.h: what was learned behind ports that are no more. */
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/datapath.h"
#include "datapath/fdb.h"
#include "datapath/handle.h"
#include "datapath/maps.h"
#include "switch/model.h"

struct forgetting {
	const struct fdb *fdb;
	uint32_t generations[PORT_SLOTS]; /* of the ports; 0: not one of them */
	uint64_t *stations;
	size_t n, room;
};

/* Address and VLAN, the same on every bridge. */
static uint64_t station_of(const struct fdb_key *key)
{
	uint64_t station;

	static_assert(offsetof(struct fdb_key, bridge) == sizeof(station), "mac and vlan");
	memcpy(&station, key, sizeof(station));
	return station;
}

static int cmp_stations(const void *a_, const void *b_)
{
	const uint64_t *a = a_, *b = b_;

	return *a < *b ? -1 : *a > *b;
}

static void collect(void *arg, const void *key, const void *value_)
{
	const struct fdb_value *value = value_;
	uint32_t generation = (uint32_t)(value->port >> 32);
	struct forgetting *f = arg;

	if (!generation || f->generations[(uint32_t)value->port % PORT_SLOTS] != generation)
		return;
	if (f->n == f->room) {
		f->room = f->room ? f->room * 2 : 256;
		f->stations = reallocarray(f->stations, f->room, sizeof(*f->stations));
		if (!f->stations)
			abort();
	}
	f->stations[f->n++] = station_of(key);
}

/* What was put there by hand stays. */
static void forget_one(void *arg, const void *key, const void *value_)
{
	const struct fdb_value *value = value_;
	uint64_t station = station_of(key);
	struct forgetting *f = arg;

	if (value->seen < FDB_STATIC &&
	    bsearch(&station, f->stations, f->n, sizeof(station), cmp_stations))
		fdb_remove(f->fdb, key);
}

int datapath_fdb_forget(struct datapath *dp, const struct slot *ports, size_t n, struct error *err)
{
	struct forgetting *f = calloc(1, sizeof(*f));
	int failed;

	if (!f)
		abort();
	f->fdb = &dp->fdb;
	for (size_t i = 0; i < n; i++)
		f->generations[ports[i].number % PORT_SLOTS] = ports[i].generation;
	failed = map_each(&dp->maps, MAP_FDB, collect, f, err);
	if (!failed && f->n) {
		qsort(f->stations, f->n, sizeof(*f->stations), cmp_stations);
		failed = map_each(&dp->maps, MAP_FDB, forget_one, f, err);
	}
	free(f->stations);
	free(f);
	return failed;
}
