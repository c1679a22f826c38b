/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * userspace/datapath in memory, for tests of reconcile: it keeps slots, knows which
 * devices "exist", and writes down what it is asked to do.  Included by one .c of a
 * program, whose linker then takes these functions rather than the real ones.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "datapath/datapath.h"
#include "switch/dump.h"
#include "switch/model.h"

enum { FAKE_SLOTS = 600, FAKE_DEVICES = 64 };

struct fake_device {
	char name[64];
	uint8_t mac[6];
};

struct fake_port {
	char name[64];
	enum model_port_kind kind;
	bool has_mac;
	uint8_t mac[6];
	struct datapath_port_stats stats;
};

struct datapath {
	struct datapath_slot slots[FAKE_SLOTS];
	size_t n_slots;
	uint32_t generation; /* the last one */
	struct fake_device devices[FAKE_DEVICES];
	size_t n_devices;
	struct fake_port ports[FAKE_SLOTS]; /* by slot, as applied */
	struct datapath_mirror_stats mirrors[FAKE_SLOTS];
	void (*on_change)(void *arg);
	void *on_change_arg;
	const char *apply_error; /* not NULL: the kernel refuses */
	const char *slot_error;
	const char *device_error; /* not NULL: no internal device can be made */
	unsigned int n_applied;
	struct buf events; /* one word per call: put clear delete apply forget */
	struct buf model; /* the last one applied, as text */
};

struct datapath *fake_datapath_new(void);
void fake_datapath_add_device(struct datapath *dp, const char *name, const char *mac);
void fake_datapath_del_device(struct datapath *dp, const char *name);
const char *fake_datapath_model(struct datapath *dp);
const struct datapath_slot *fake_datapath_slot(const struct datapath *dp, const char *port);

struct datapath *fake_datapath_new(void)
{
	struct datapath *dp = calloc(1, sizeof(*dp));

	if (!dp)
		abort();
	return dp;
}

void datapath_close(struct datapath *dp)
{
	if (!dp)
		return;
	buf_free(&dp->events);
	buf_free(&dp->model);
	free(dp);
}

void datapath_on_change(struct datapath *dp, void (*cb)(void *arg), void *arg)
{
	dp->on_change = cb;
	dp->on_change_arg = arg;
}

static void fake_changed(struct datapath *dp)
{
	if (dp->on_change)
		dp->on_change(dp->on_change_arg);
}

void fake_datapath_add_device(struct datapath *dp, const char *name, const char *mac)
{
	struct fake_device *d = &dp->devices[dp->n_devices++];
	unsigned int m[6];

	snprintf(d->name, sizeof(d->name), "%s", name);
	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
		abort();
	for (int i = 0; i < 6; i++)
		d->mac[i] = (uint8_t)m[i];
	fake_changed(dp);
}

void fake_datapath_del_device(struct datapath *dp, const char *name)
{
	for (size_t i = 0; i < dp->n_devices; i++) {
		if (!strcmp(dp->devices[i].name, name))
			dp->devices[i] = dp->devices[--dp->n_devices];
	}
	fake_changed(dp);
}

static const struct fake_device *fake_device(const struct datapath *dp, const char *name)
{
	for (size_t i = 0; i < dp->n_devices; i++) {
		if (!strcmp(dp->devices[i].name, name))
			return &dp->devices[i];
	}
	return NULL;
}

const char *fake_datapath_model(struct datapath *dp)
{
	return dp->model.len ? dp->model.data : "";
}

int datapath_apply(struct datapath *dp, const struct model *model, struct error *err)
{
	buf_puts(&dp->events, "apply ");
	if (dp->apply_error)
		return error_set(err, "I/O error", "%s", dp->apply_error);
	dp->n_applied++;
	buf_reset(&dp->model);
	dump_model(&dp->model, model);
	for (size_t i = 0; i < FAKE_SLOTS; i++)
		dp->ports[i].name[0] = '\0';
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; b->slot.number && k < b->n_ports; k++) {
			const struct model_port *p = b->ports[k];
			struct fake_port *at = &dp->ports[p->slot.number];

			if (p->error)
				continue;
			snprintf(at->name, sizeof(at->name), "%s", p->name);
			at->kind = p->kind;
			at->has_mac = p->has_mac;
			memcpy(at->mac, p->mac, 6);
		}
	}
	return 0;
}

/* --- slots --- */

static struct datapath_slot *fake_find(struct datapath *dp, enum datapath_slot_kind kind,
				       const struct uuid *uuid)
{
	for (size_t i = 0; i < dp->n_slots; i++) {
		if (dp->slots[i].kind == kind && uuid_equal(&dp->slots[i].uuid, uuid))
			return &dp->slots[i];
	}
	return NULL;
}

/* Of a port that the last datapath_apply() had; NULL: none. */
const struct datapath_slot *fake_datapath_slot(const struct datapath *dp, const char *port)
{
	for (size_t i = 0; i < dp->n_slots; i++) {
		if (dp->slots[i].kind == DATAPATH_SLOT_PORT &&
		    !strcmp(dp->ports[dp->slots[i].slot].name, port))
			return &dp->slots[i];
	}
	return NULL;
}

int datapath_slots_each(struct datapath *dp, void (*cb)(void *arg, const struct datapath_slot *s),
			void *arg, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < dp->n_slots; i++)
		cb(arg, &dp->slots[i]);
	return 0;
}

int datapath_slot_put(struct datapath *dp, const struct datapath_slot *slot, struct error *err)
{
	struct datapath_slot *at = fake_find(dp, slot->kind, &slot->uuid);

	if (dp->slot_error)
		return error_set(err, "I/O error", "%s", dp->slot_error);
	if (!at) {
		if (dp->n_slots == FAKE_SLOTS)
			abort();
		at = &dp->slots[dp->n_slots++];
	}
	*at = *slot;
	buf_puts(&dp->events, "put ");
	return 0;
}

int datapath_slot_delete(struct datapath *dp, enum datapath_slot_kind kind, const struct uuid *uuid,
			 struct error *err)
{
	struct datapath_slot *at = fake_find(dp, kind, uuid);

	if (!at)
		return error_set(err, "I/O error", "no such slot");
	*at = dp->slots[--dp->n_slots];
	buf_puts(&dp->events, "delete ");
	return 0;
}

int datapath_slot_clear(struct datapath *dp, enum datapath_slot_kind kind, uint32_t slot,
			struct error *err)
{
	(void)err;
	if (kind == DATAPATH_SLOT_PORT)
		memset(&dp->ports[slot].stats, 0, sizeof(dp->ports[slot].stats));
	if (kind == DATAPATH_SLOT_MIRROR)
		memset(&dp->mirrors[slot], 0, sizeof(dp->mirrors[slot]));
	buf_puts(&dp->events, "clear ");
	return 0;
}

int datapath_fdb_forget(struct datapath *dp, const struct slot *ports, size_t n, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < n; i++)
		buf_printf(&dp->events, "forget=%u ", ports[i].number);
	return 0;
}

int datapath_new_generation(struct datapath *dp, uint32_t *ret, struct error *err)
{
	(void)err;
	*ret = ++dp->generation;
	return 0;
}

/* Records in the maps, the unused one of slot 0 included.  A test may lower them. */
static uint32_t fake_max_slots[4] = { 0, FAKE_SLOTS, FAKE_SLOTS, FAKE_SLOTS };

uint32_t datapath_max_slots(enum datapath_slot_kind kind)
{
	return fake_max_slots[kind] - 1;
}

/* --- what became of it --- */

void datapath_port_state(const struct datapath *dp, uint32_t slot, struct datapath_port_state *ret)
{
	const struct fake_port *p = &dp->ports[slot];
	const struct fake_device *d = fake_device(dp, p->name);

	static char no_device[128];

	*ret = (struct datapath_port_state)DATAPATH_PORT_STATE_INIT;
	if (!p->name[0] || (p->kind == MODEL_PORT_SYSTEM && !d)) {
		snprintf(no_device, sizeof(no_device),
			 "could not open network device %s (No such device)", p->name);
		ret->error = no_device;
		return;
	}
	if (dp->device_error && p->kind != MODEL_PORT_SYSTEM) {
		ret->error = dp->device_error;
		return;
	}
	ret->ifindex = 100 + slot;
	ret->has_mac = true;
	if (d)
		memcpy(ret->mac, d->mac, 6);
	else if (p->has_mac)
		memcpy(ret->mac, p->mac, 6);
	else
		memcpy(ret->mac, (const uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)slot }, 6);
	ret->mtu = 1500;
	ret->is_admin_up = ret->has_link = true;
	ret->speed_bps = 10000000000;
	ret->has_duplex = ret->is_full_duplex = true;
	ret->link_resets = 1;
	ret->driver = "veth";
	ret->driver_version = "1.0";
}

int datapath_port_stats(struct datapath *dp, uint32_t slot, struct datapath_port_stats *ret)
{
	if (!dp->ports[slot].name[0])
		return -1;
	*ret = dp->ports[slot].stats;
	return 0;
}

int datapath_port_drops(const struct datapath *dp, uint32_t port_slot,
			void (*cb)(void *arg, const char *reason, uint64_t n), void *arg,
			struct error *err)
{
	(void)dp, (void)port_slot, (void)cb, (void)arg, (void)err;
	return 0;
}

int datapath_mirror_stats(struct datapath *dp, uint32_t slot, struct datapath_mirror_stats *ret)
{
	*ret = dp->mirrors[slot];
	return 0;
}
