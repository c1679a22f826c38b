/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/allocation.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "reconcile/free_slots.h"
#include "switch/mirror.h"
#include "switch/model.h"
#include "switch/vlan.h"

enum { N_KINDS = DATAPATH_SLOT_MIRROR + 1 };

struct allocation {
	struct datapath *dp;
	struct allocation_entry *entries[N_KINDS]; /* hashes by uuid */
	struct allocation_entry **by_slot[N_KINDS];
	struct free_slots free[N_KINDS];
	uint32_t *last_rank; /* the youngest port's, by the bridge's slot */
	uint64_t next_age;
	uint64_t pass;
};

struct allocation_entry *allocation_find(struct allocation *a, enum datapath_slot_kind kind,
					 const struct uuid *uuid)
{
	struct allocation_entry *e;

	HASH_FIND(hh, a->entries[kind], uuid, sizeof(*uuid), e);
	return e;
}

struct allocation_entry *allocation_at(struct allocation *a, enum datapath_slot_kind kind,
				       uint32_t slot)
{
	return a->by_slot[kind][slot];
}

static struct allocation_entry *add_entry(struct allocation *a, const struct datapath_slot *at)
{
	struct allocation_entry *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->at = *at;
	HASH_ADD(hh, a->entries[at->kind], at.uuid, sizeof(e->at.uuid), e);
	a->by_slot[at->kind][at->slot] = e;
	return e;
}

static void remove_entry(struct allocation *a, struct allocation_entry *e)
{
	HASH_DEL(a->entries[e->at.kind], e);
	a->by_slot[e->at.kind][e->at.slot] = NULL;
	free(e);
}

/* --- what a port keeps in extra: its rank by age in the bridge, and its ofport --- */

enum { RANK_SHIFT = 16, RANK_MAX = UINT16_MAX };

static uint32_t rank_of(const struct allocation_entry *e)
{
	return e->at.extra >> RANK_SHIFT;
}

uint32_t allocation_ofport(const struct allocation_entry *e)
{
	return e->at.extra & UINT16_MAX;
}

int allocation_set_ofport(struct allocation *a, struct allocation_entry *e, uint32_t ofport,
			  struct error *err)
{
	return allocation_set_extra(a, e, rank_of(e) << RANK_SHIFT | ofport, err);
}

/* --- loading --- */

static void load_one(void *arg, const struct datapath_slot *at)
{
	struct allocation *a = arg;
	struct allocation_entry *e;

	if (at->kind < DATAPATH_SLOT_BRIDGE || at->kind > DATAPATH_SLOT_MIRROR)
		return;
	e = allocation_find(a, at->kind, &at->uuid);
	/* Two owners of one slot: cannot be, and must not make a third. */
	if (e || !free_slots_claim(&a->free[at->kind], at->slot))
		return;
	e = add_entry(a, at);
	if (at->kind == DATAPATH_SLOT_PORT &&
	    at->owner <= datapath_max_slots(DATAPATH_SLOT_BRIDGE) &&
	    rank_of(e) > a->last_rank[at->owner])
		a->last_rank[at->owner] = rank_of(e);
}

static void *slots_array(enum datapath_slot_kind kind, size_t size)
{
	void *array = calloc((size_t)datapath_max_slots(kind) + 1, size);

	if (!array)
		abort();
	return array;
}

int allocation_load(struct datapath *dp, struct allocation **ret, struct error *err)
{
	struct allocation *a = calloc(1, sizeof(*a));

	if (!a)
		return error_nomem(err);
	a->dp = dp;
	a->last_rank = slots_array(DATAPATH_SLOT_BRIDGE, sizeof(*a->last_rank));
	for (enum datapath_slot_kind kind = DATAPATH_SLOT_BRIDGE; kind <= DATAPATH_SLOT_MIRROR;
	     kind++) {
		free_slots_init(&a->free[kind], datapath_max_slots(kind) + 1);
		a->by_slot[kind] = slots_array(kind, sizeof(struct allocation_entry *));
	}
	if (datapath_slots_each(dp, load_one, a, err)) {
		allocation_free(a);
		return -1;
	}
	for (enum datapath_slot_kind kind = DATAPATH_SLOT_BRIDGE; kind <= DATAPATH_SLOT_MIRROR;
	     kind++)
		free_slots_fill(&a->free[kind]);
	*ret = a;
	return 0;
}

void allocation_free(struct allocation *a)
{
	struct allocation_entry *next;

	if (!a)
		return;
	for (int kind = 0; kind < N_KINDS; kind++) {
		for (struct allocation_entry *e = a->entries[kind]; e; e = next) {
			next = e->hh.next;
			remove_entry(a, e);
		}
		free_slots_destroy(&a->free[kind]);
		free(a->by_slot[kind]);
	}
	free(a->last_rank);
	free(a);
}

/* --- giving slots --- */

int allocation_set_extra(struct allocation *a, struct allocation_entry *e, uint32_t extra,
			 struct error *err)
{
	struct datapath_slot at = e->at;

	if (at.extra == extra)
		return 0;
	at.extra = extra;
	if (datapath_slot_put(a->dp, &at, err))
		return -1;
	e->at = at;
	return 0;
}

static int cmp_ranks(const void *a_, const void *b_)
{
	const struct allocation_entry *const *a = a_, *const *b = b_;

	return rank_of(*a) < rank_of(*b) ? -1 : rank_of(*a) > rank_of(*b);
}

/* All of a bridge's ports move down, which changes no order. */
static int renumber(struct allocation *a, uint32_t bridge, struct error *err)
{
	struct allocation_entry **ports =
		calloc(HASH_COUNT(a->entries[DATAPATH_SLOT_PORT]) + 1, sizeof(*ports));
	uint32_t n = 0;
	int rc = 0;

	if (!ports)
		return error_nomem(err);
	for (struct allocation_entry *e = a->entries[DATAPATH_SLOT_PORT]; e; e = e->hh.next) {
		if (e->at.owner == bridge)
			ports[n++] = e;
	}
	qsort(ports, n, sizeof(struct allocation_entry *), cmp_ranks);
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = allocation_set_extra(a, ports[i],
					  (i + 1) << RANK_SHIFT | allocation_ofport(ports[i]), err);
	if (!rc)
		a->last_rank[bridge] = n;
	free(ports);
	return rc;
}

/* Of an object that is new in its bridge: ports get their rank, others nothing. */
static int first_extra(struct allocation *a, enum datapath_slot_kind kind, uint32_t owner,
		       uint32_t *ret, struct error *err)
{
	*ret = 0;
	if (kind != DATAPATH_SLOT_PORT)
		return 0;
	if (a->last_rank[owner] == RANK_MAX && renumber(a, owner, err))
		return -1;
	*ret = ++a->last_rank[owner] << RANK_SHIFT;
	return 0;
}

/* *ret NULL: there is no slot left. */
static int new_entry(struct allocation *a, enum datapath_slot_kind kind, const struct uuid *uuid,
		     uint32_t owner, struct allocation_entry **ret, struct error *err)
{
	struct datapath_slot at = { .kind = kind, .uuid = *uuid, .owner = owner };

	*ret = NULL;
	at.slot = free_slots_take(&a->free[kind]);
	if (!at.slot)
		return 0;
	if (first_extra(a, kind, owner, &at.extra, err) ||
	    datapath_slot_clear(a->dp, kind, at.slot, err) ||
	    datapath_new_generation(a->dp, &at.generation, err) ||
	    datapath_slot_put(a->dp, &at, err)) {
		free_slots_give(&a->free[kind], at.slot);
		return -1;
	}
	*ret = add_entry(a, &at);
	(*ret)->age = a->next_age++;
	return 0;
}

/* What was learned through the slot, or belongs to its old bridge, becomes a miss. */
static int renew(struct allocation *a, struct allocation_entry *e, uint32_t owner,
		 struct error *err)
{
	struct datapath_slot at = e->at;

	if (datapath_new_generation(a->dp, &at.generation, err))
		return -1;
	if (at.owner != owner) {
		at.owner = owner;
		if (first_extra(a, at.kind, owner, &at.extra, err))
			return -1;
		e->age = a->next_age++;
	}
	if (datapath_slot_put(a->dp, &at, err))
		return -1;
	e->at = at;
	return 0;
}

/* Finds or makes the entry; an object that moved to another bridge is as good as new.
 * *ret NULL: there is no slot left. */
static int want(struct allocation *a, enum datapath_slot_kind kind, const struct uuid *uuid,
		uint32_t owner, struct allocation_entry **ret, struct error *err)
{
	struct allocation_entry *e = allocation_find(a, kind, uuid);

	if (!e && new_entry(a, kind, uuid, owner, &e, err))
		return -1;
	if (e && e->at.owner != owner && renew(a, e, owner, err))
		return -1;
	if (e)
		e->pass = a->pass;
	*ret = e;
	return 0;
}

static struct slot slot_of(const struct allocation_entry *e)
{
	return (struct slot){ e->at.slot, e->at.generation };
}

static int assign_port(struct allocation *a, struct arena *arena, const struct model_bridge *b,
		       struct model_port *p, struct error *err)
{
	struct allocation_entry *e;
	uint64_t basis = (uint64_t)p->is_protected << 8 | p->kind, fingerprint;

	basis ^= vlan_bits_fingerprint(b->flood_vlans);
	for (size_t i = 0; i < sizeof(p->interface_uuid.b); i++)
		basis = basis * 31 + p->interface_uuid.b[i];
	fingerprint = vlan_fingerprint(&p->vlan, basis);
	if (want(a, DATAPATH_SLOT_PORT, &p->uuid, b->slot.number, &e, err))
		return -1;
	if (!e) {
		p->error = arena_printf(arena,
					"could not add network device %s: all %u ports are in use",
					p->name, datapath_max_slots(DATAPATH_SLOT_PORT));
		return 0;
	}
	if (e->has_fingerprint && e->fingerprint != fingerprint && renew(a, e, e->at.owner, err))
		return -1;
	e->has_fingerprint = true;
	e->fingerprint = fingerprint;
	p->slot = slot_of(e);
	p->ofport = allocation_ofport(e);
	return 0;
}

/* --- order --- */

struct aged {
	uint64_t age;
	size_t at; /* keeps equal ages in their order */
	void *object;
};

static int cmp_aged(const void *a_, const void *b_)
{
	const struct aged *a = a_, *b = b_;

	if (a->age != b->age)
		return a->age < b->age ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

static void sort_ports(struct allocation *a, struct arena *arena, struct model_bridge *b)
{
	struct aged *aged = arena_new_array(arena, struct aged, b->n_ports);

	for (size_t i = 0; i < b->n_ports; i++) {
		struct model_port *p = b->ports[i];
		const struct allocation_entry *e =
			p->error ? NULL : allocation_at(a, DATAPATH_SLOT_PORT, p->slot.number);

		aged[i] = (struct aged){ e ? rank_of(e) : UINT64_MAX, i, p };
	}
	qsort(aged, b->n_ports, sizeof(*aged), cmp_aged);
	for (size_t i = 0; i < b->n_ports; i++) {
		b->ports[i] = aged[i].object;
		b->ports[i]->order = (uint16_t)i;
	}
}

/* --- mirrors --- */

struct placed_mirror {
	struct model_mirror *mirror;
	struct allocation_entry *entry;
	bool is_new;
};

static int cmp_placed(const void *a_, const void *b_)
{
	const struct placed_mirror *a = a_, *b = b_;

	if (a->is_new != b->is_new)
		return a->is_new ? 1 : -1;
	return a->is_new ? (a->entry->age < b->entry->age ? -1 : 1)
			 : (int)a->entry->at.extra - (int)b->entry->at.extra;
}

/* The bits of mirrors that are gone are free at once: a bit means something only
 * together with the configuration that it is part of.  When the top is reached, all
 * move down, which changes no order. */
static int assign_bits(struct allocation *a, struct placed_mirror *placed, size_t n,
		       struct error *err)
{
	size_t n_old = 0;
	uint32_t bit;

	qsort(placed, n, sizeof(*placed), cmp_placed);
	while (n_old < n && !placed[n_old].is_new)
		n_old++;
	bit = n_old ? placed[n_old - 1].entry->at.extra + 1 : 0;
	if (bit + (n - n_old) > MIRRORS_MAX) {
		for (bit = 0; bit < n_old; bit++) {
			if (allocation_set_extra(a, placed[bit].entry, bit, err))
				return -1;
		}
	}
	for (size_t i = n_old; i < n; i++) {
		if (allocation_set_extra(a, placed[i].entry, bit++, err))
			return -1;
	}
	return 0;
}

static bool is_mirror_of(struct allocation *a, const struct model_bridge *b,
			 const struct model_mirror *m)
{
	const struct allocation_entry *e = allocation_find(a, DATAPATH_SLOT_MIRROR, &m->uuid);

	return e && e->at.owner == b->slot.number;
}

/* A port may have been refused after the mirror was resolved. */
static void drop_refused_ports(struct model_mirror *m, struct arena *arena)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_src_ports; i++) {
		if (!m->src_ports[i]->error)
			m->src_ports[n++] = m->src_ports[i];
	}
	m->n_src_ports = n;
	n = 0;
	for (size_t i = 0; i < m->n_dst_ports; i++) {
		if (!m->dst_ports[i]->error)
			m->dst_ports[n++] = m->dst_ports[i];
	}
	m->n_dst_ports = n;
	if (m->out_port && m->out_port->error)
		mirror_refuse(m, arena, m->out_port->error);
}

static int place_mirror(struct allocation *a, struct arena *arena, const struct model_bridge *b,
			struct model_mirror *m, struct placed_mirror *ret, struct error *err)
{
	const struct allocation_entry *e = allocation_find(a, DATAPATH_SLOT_MIRROR, &m->uuid);

	*ret = (struct placed_mirror){ .mirror = m };
	if (e && e->pass == a->pass) {
		mirror_refuse(m, arena, "the mirror belongs to another bridge, too");
		return 0;
	}
	ret->is_new = !is_mirror_of(a, b, m);
	if (want(a, DATAPATH_SLOT_MIRROR, &m->uuid, b->slot.number, &ret->entry, err))
		return -1;
	if (!ret->entry)
		mirror_refuse(m, arena, "too many mirrors");
	return 0;
}

/* Those that have a bit come first: a new one never takes it from them. */
static int place_mirrors(struct allocation *a, struct arena *arena, const struct model_bridge *b,
			 struct placed_mirror *placed, size_t *ret_n, struct error *err)
{
	bool *had_bit = arena_new_array(arena, bool, b->n_mirrors);
	size_t n = 0;

	for (size_t i = 0; i < b->n_mirrors; i++)
		had_bit[i] = is_mirror_of(a, b, b->mirrors[i]);
	for (size_t i = 0; i < 2 * b->n_mirrors; i++) {
		struct model_mirror *m = b->mirrors[i % b->n_mirrors];

		if (had_bit[i % b->n_mirrors] != (i < b->n_mirrors))
			continue;
		drop_refused_ports(m, arena);
		if (n == MIRRORS_MAX) {
			mirror_refuse(m, arena, "more than 256 mirrors in this bridge");
			continue;
		}
		if (place_mirror(a, arena, b, m, &placed[n], err))
			return -1;
		n += placed[n].entry != NULL;
	}
	*ret_n = n;
	return 0;
}

static int assign_mirrors(struct allocation *a, struct arena *arena, struct model_bridge *b,
			  struct error *err)
{
	struct placed_mirror *placed = arena_new_array(arena, struct placed_mirror, b->n_mirrors);
	struct aged *aged = arena_new_array(arena, struct aged, b->n_mirrors);
	size_t n;

	if (place_mirrors(a, arena, b, placed, &n, err) || assign_bits(a, placed, n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct model_mirror *m = placed[i].mirror;

		m->bit = (uint16_t)placed[i].entry->at.extra;
		if (m->is_active)
			m->slot = slot_of(placed[i].entry);
	}
	for (size_t i = 0; i < b->n_mirrors; i++) {
		struct model_mirror *m = b->mirrors[i];

		aged[i] = (struct aged){ is_mirror_of(a, b, m) ? m->bit : UINT64_MAX, i, m };
	}
	qsort(aged, b->n_mirrors, sizeof(*aged), cmp_aged);
	for (size_t i = 0; i < b->n_mirrors; i++)
		b->mirrors[i] = aged[i].object;
	return 0;
}

/* --- all of it --- */

static void refuse_bridge(struct model_bridge *b, struct arena *arena)
{
	const char *why = arena_printf(arena, "bridge %s: all %u bridges are in use", b->name,
				       datapath_max_slots(DATAPATH_SLOT_BRIDGE));

	for (size_t i = 0; i < b->n_ports; i++)
		b->ports[i]->error = why;
	for (size_t i = 0; i < b->n_mirrors; i++)
		mirror_refuse(b->mirrors[i], arena, why);
}

static int assign_bridge(struct allocation *a, struct arena *arena, struct model_bridge *b,
			 struct error *err)
{
	struct allocation_entry *e;

	if (want(a, DATAPATH_SLOT_BRIDGE, &b->uuid, 0, &e, err))
		return -1;
	if (!e) {
		refuse_bridge(b, arena);
		return 0;
	}
	b->slot = slot_of(e);
	for (size_t i = 0; i < b->n_ports; i++) {
		if (!b->ports[i]->error && assign_port(a, arena, b, b->ports[i], err))
			return -1;
	}
	sort_ports(a, arena, b);
	return assign_mirrors(a, arena, b, err);
}

int allocation_assign(struct allocation *a, struct model *model, struct error *err)
{
	a->pass++;
	for (size_t i = 0; i < model->n_bridges; i++) {
		if (assign_bridge(a, model->arena, model->bridges[i], err))
			return error_wrap(err, "slots");
	}
	return 0;
}

/* Open vSwitch looks for a deleted port's stations anew on its other bridges, too: behind patch
 * ports they would be sought for as long as addresses live where they were before. */
static int forget_released(struct allocation *a, struct error *err)
{
	size_t n = HASH_COUNT(a->entries[DATAPATH_SLOT_PORT]), n_released = 0;
	struct slot *released;
	int failed = 0;

	if (HASH_COUNT(a->entries[DATAPATH_SLOT_BRIDGE]) < 2 || !n)
		return 0;
	released = calloc(n, sizeof(*released));
	if (!released)
		abort();
	for (struct allocation_entry *e = a->entries[DATAPATH_SLOT_PORT]; e; e = e->hh.next) {
		if (e->pass != a->pass)
			released[n_released++] = slot_of(e);
	}
	if (n_released)
		failed = datapath_fdb_forget(a->dp, released, n_released, err);
	free(released);
	return failed;
}

int allocation_release(struct allocation *a, struct error *err)
{
	if (forget_released(a, err))
		return error_wrap(err, "addresses");
	for (int kind = DATAPATH_SLOT_MIRROR; kind >= DATAPATH_SLOT_BRIDGE; kind--) {
		struct allocation_entry *next;

		for (struct allocation_entry *e = a->entries[kind]; e; e = next) {
			next = e->hh.next;
			if (e->pass == a->pass)
				continue;
			if (datapath_slot_delete(a->dp, e->at.kind, &e->at.uuid, err))
				return error_wrap(err, "slots");
			free_slots_give(&a->free[kind], e->at.slot);
			remove_entry(a, e);
		}
	}
	return 0;
}
