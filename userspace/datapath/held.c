/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/held.h"

#include <stdio.h>
#include <stdlib.h>

static struct held_device *find(const struct held_table *t, uint32_t ifindex)
{
	struct held_device *d;

	HASH_FIND(hh, t->devices, &ifindex, sizeof(ifindex), d);
	return d;
}

static void add(struct held_table *t, uint32_t ifindex, const struct held *held)
{
	struct held_device *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	d->ifindex = ifindex;
	d->held = *held;
	HASH_ADD(hh, t->devices, ifindex, sizeof(d->ifindex), d);
}

static void load(void *arg, const void *key, const void *value)
{
	add(arg, *(const uint32_t *)key, value);
}

int held_open(struct held_table *t, const struct maps *maps, struct error *err)
{
	t->maps = maps;
	t->devices = NULL;
	return map_each(maps, MAP_HELD, load, t, err);
}

void held_close(struct held_table *t)
{
	for (struct held_device *d = t->devices, *next; d; d = next) {
		next = d->hh.next;
		HASH_DEL(t->devices, d);
		free(d);
	}
}

uint32_t held_flags(const struct held_table *t, uint32_t ifindex)
{
	const struct held_device *d = find(t, ifindex);

	return d ? d->held.flags : 0;
}

int held_change(struct held_table *t, uint32_t ifindex, const char *name, uint32_t add_flags,
		uint32_t strike, struct error *err)
{
	struct held_device *d = find(t, ifindex);
	uint32_t before = d ? d->held.flags : 0;
	struct held held = { .flags = (before | add_flags) & ~strike };

	if (held.flags == before)
		return 0;
	snprintf(held.name, sizeof(held.name), "%s", name);
	if (!held.flags) {
		if (map_delete(t->maps, MAP_HELD, &ifindex, err))
			return -1;
		HASH_DEL(t->devices, d);
		free(d);
		return 0;
	}
	if (map_put(t->maps, MAP_HELD, &ifindex, &held, err))
		return -1;
	if (d)
		d->held = held;
	else
		add(t, ifindex, &held);
	return 0;
}
