/* SPDX-License-Identifier: Apache-2.0 */
/* datapath.h: which object has which slot, and generations. */
#include <stdlib.h>
#include <string.h>

#include "datapath/counters.h"
#include "datapath/datapath.h"
#include "datapath/handle.h"

static_assert((int)DATAPATH_SLOT_BRIDGE == SLOT_BRIDGE && (int)DATAPATH_SLOT_PORT == SLOT_PORT &&
		      (int)DATAPATH_SLOT_MIRROR == SLOT_MIRROR,
	      "the same kinds");

static void put_key(struct slot_key *key, enum datapath_slot_kind kind, const struct uuid *uuid)
{
	memset(key, 0, sizeof(*key));
	key->kind = (__u8)kind;
	memcpy(key->uuid, uuid->b, sizeof(key->uuid));
}

struct each {
	void (*cb)(void *arg, const struct datapath_slot *slot);
	void *arg;
};

static void each_slot(void *arg, const void *key_bytes, const void *value_bytes)
{
	const struct slot_value *value = value_bytes;
	const struct slot_key *key = key_bytes;
	struct datapath_slot slot = { .kind = (enum datapath_slot_kind)key->kind,
				      .slot = value->slot,
				      .generation = value->generation,
				      .extra = value->extra,
				      .owner = value->owner };
	struct each *each = arg;

	memcpy(slot.uuid.b, key->uuid, sizeof(slot.uuid.b));
	each->cb(each->arg, &slot);
}

int datapath_slots_each(struct datapath *dp,
			void (*cb)(void *arg, const struct datapath_slot *slot), void *arg,
			struct error *err)
{
	struct each each = { cb, arg };

	return map_each(&dp->maps, MAP_SLOTS, each_slot, &each, err);
}

int datapath_slot_put(struct datapath *dp, const struct datapath_slot *slot, struct error *err)
{
	struct slot_value value = { slot->slot, slot->generation, slot->extra, slot->owner };
	struct slot_key key;

	put_key(&key, slot->kind, &slot->uuid);
	return map_put(&dp->maps, MAP_SLOTS, &key, &value, err);
}

int datapath_slot_delete(struct datapath *dp, enum datapath_slot_kind kind, const struct uuid *uuid,
			 struct error *err)
{
	struct slot_key key;

	put_key(&key, kind, uuid);
	return map_delete(&dp->maps, MAP_SLOTS, &key, err);
}

int datapath_slot_clear(struct datapath *dp, enum datapath_slot_kind kind, uint32_t slot,
			struct error *err)
{
	uint32_t zero = 0;

	switch (kind) {
	case DATAPATH_SLOT_BRIDGE:
		return 0; /* nothing is counted by bridge */
	case DATAPATH_SLOT_PORT:
		return counters_zero_port(&dp->maps, slot, err) ||
				       map_put(&dp->maps, MAP_TUNNEL_SEQ, &slot, &zero, err)
			       ? -1
			       : 0;
	case DATAPATH_SLOT_MIRROR:
		return counters_zero_mirror(&dp->maps, slot, err);
	}
	abort();
}

int datapath_new_generation(struct datapath *dp, uint32_t *ret, struct error *err)
{
	struct settings next = dp->settings;
	uint32_t zero = 0;

	next.next_generation++;
	if (map_put(&dp->maps, MAP_SETTINGS, &zero, &next, err))
		return -1;
	*ret = dp->settings.next_generation;
	dp->settings = next;
	return 0;
}

uint32_t datapath_max_slots(enum datapath_slot_kind kind)
{
	switch (kind) {
	case DATAPATH_SLOT_BRIDGE:
		return BRIDGE_SLOTS - 1;
	case DATAPATH_SLOT_PORT:
		return PORT_SLOTS - 1;
	case DATAPATH_SLOT_MIRROR:
		return MIRROR_SLOTS - 1;
	}
	abort();
}
