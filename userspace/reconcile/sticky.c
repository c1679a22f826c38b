/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/sticky.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/cells.h"
#include "reconcile/columns.h"
#include "reconcile/port_index.h"
#include "reconcile/sticky_events.h"
#include "switch/mirror.h"

#define LOG_MODULE "reconcile"

/* Waiting for a port costs a line in the record; who selects ever new ports and never
 * takes them out must not make it grow for ever: the first ones give way. */
enum { AWAITED_MAX = 256 };

/* A Port row that is in a column, or comes back to it. */
struct held {
	const struct row *row;
	const char *name; /* the key */
	unsigned int in_columns; /* roles */
	unsigned int returned;
	bool is_recorded;
	size_t at; /* in the record */
	UT_hash_handle hh;
};

struct resolving {
	const struct sticky_input *in;
	const struct row *mirror;
	struct held *held; /* hash; in order of coming */
	struct binding record; /* as it shall be */
	size_t *awaited_at; /* of ret->awaited, in the record */
	bool has_output;
	struct sticky *ret;
};

static const struct column *column_of(const struct columns *c, int role)
{
	return role == ROLE_SRC	  ? c->mirror.select_src_port
	       : role == ROLE_DST ? c->mirror.select_dst_port
				  : c->mirror.output_port;
}

static struct held *find_held(struct resolving *r, const char *name)
{
	struct held *h;

	HASH_FIND_STR(r->held, name, h);
	return h;
}

static struct held *hold(struct resolving *r, const struct row *row)
{
	const char *name = row_string(row, r->in->c->port.name);
	struct held *h = find_held(r, name);

	if (h)
		return h;
	h = arena_alloc(r->in->arena, sizeof(*h));
	h->row = row;
	h->name = name;
	HASH_ADD_KEYPTR(hh, r->held, h->name, strlen(h->name), h);
	return h;
}

static void hold_columns(struct resolving *r)
{
	const struct columns *c = r->in->c;

	for (int role = 0; role < N_ROLES; role++) {
		struct datum_cursor cursor;

		datum_foreach (row_datum(r->mirror, column_of(c, role)), &cursor) {
			const struct row *row =
				db_find(r->in->db, c->port.table, &cursor.key->uuid);

			if (row)
				hold(r, row)->in_columns |= 1u << role;
		}
	}
}

static void record_held(struct resolving *r, struct held *h)
{
	struct bound_port *p;

	if (h->is_recorded)
		return;
	h->is_recorded = true;
	h->at = r->record.n;
	p = binding_add(&r->record, r->in->arena);
	p->row = port_index_tag(&h->row->uuid);
	port_index_identity(r->in->c, h->row, port_index_interface(r->in->db, r->in->c, h->row),
			    &p->identity);
}

/* --- what became of those on record --- */

static void await(struct resolving *r, const struct bound_port *p, unsigned int roles,
		  const char *why)
{
	struct mirror_awaited *a = &r->ret->awaited[r->ret->n_awaited];
	struct bound_port *kept;

	r->awaited_at[r->ret->n_awaited++] = r->record.n;
	kept = binding_add(&r->record, r->in->arena);
	*kept = *p;
	kept->roles = roles;
	*a = (struct mirror_awaited){ .name = p->identity.name, .roles = roles, .why = why };
}

static const struct row *now_of(struct resolving *r, const struct bound_port *p,
				struct port_now *ret)
{
	const struct placed *placed = port_index_by_name(r->in->index, p->identity.name);
	const struct columns *c = r->in->c;

	if (!placed)
		return NULL;
	ret->row = port_index_tag(&placed->row->uuid);
	ret->is_here = placed->bridge == r->in->bridge;
	port_index_identity(c, placed->row, port_index_interface(r->in->db, c, placed->row),
			    &ret->identity);
	return placed->row;
}

static void return_port(struct resolving *r, const struct row *row, unsigned int roles)
{
	struct held *h = hold(r, row);

	h->returned |= roles;
	r->has_output |= (roles & BINDING_OUTPUT) != 0;
	record_held(r, h);
}

static void follow(struct resolving *r, const struct bound_port *p)
{
	struct held *h = find_held(r, p->identity.name);
	unsigned int roles = p->roles;
	const struct row *row;
	struct port_now now;

	if (h && port_index_tag(&h->row->uuid) == p->row) {
		record_held(r, h); /* it has never been away */
		return;
	}
	/* Who puts a port of that name, or another output, there by hand has decided. */
	if (r->has_output)
		roles &= ~(unsigned int)BINDING_OUTPUT;
	if (h)
		roles &= ~h->in_columns;
	row = now_of(r, p, &now);
	switch (binding_fate(p, row ? &now : NULL)) {
	case BINDING_STAYS: /* in no column: a client took it out */
		return;
	case BINDING_RETURNED:
		if (roles)
			return_port(r, row, roles);
		return;
	case BINDING_WAITS:
		if (roles)
			await(r, p, roles, NULL);
		return;
	case BINDING_NAME_TAKEN:
		if (roles)
			await(r, p, roles, "the name is another port's now");
		return;
	case BINDING_ELSEWHERE:
		if (roles)
			await(r, p, roles, "it is on another bridge");
		return;
	}
}

/* --- the whole mirror --- */

static void drop_first_awaited(struct resolving *r)
{
	struct sticky *ret = r->ret;
	size_t n_too_many = ret->n_awaited > AWAITED_MAX ? ret->n_awaited - AWAITED_MAX : 0;

	for (size_t i = 0; i < n_too_many; i++) {
		log_warn("event=mirror-port-given-up mirror=%s port=%s reason=\"too many awaited\"",
			 row_string(r->mirror, r->in->c->mirror.name), ret->awaited[i].name);
		r->record.ports[r->awaited_at[i]].roles = 0;
	}
	ret->awaited += n_too_many;
	ret->n_awaited -= n_too_many;
}

/* Into the result: the record as text, and by role what came back. */
static void conclude(struct resolving *r)
{
	struct sticky *ret = r->ret;
	struct arena *arena = r->in->arena;
	struct buf text = BUF_INIT;
	size_t n_held = HASH_COUNT(r->held);

	for (struct held *h = r->held; h; h = h->hh.next) {
		r->record.ports[h->at].roles = h->in_columns | h->returned;
		for (int role = 0; role < N_ROLES; role++) {
			if (!(h->returned >> role & 1))
				continue;
			if (!ret->returned[role])
				ret->returned[role] =
					arena_new_array(arena, const struct uuid *, n_held);
			ret->returned[role][ret->n_returned[role]++] = &h->row->uuid;
		}
	}
	binding_put(&text, &r->record);
	if (!buf_ok(&text))
		abort();
	ret->record = text.len ? arena_strdup(arena, text.data) : NULL;
	buf_free(&text);
}

static int read_record(const struct sticky_input *in, const struct row *mirror, struct binding *ret,
		       struct error *err)
{
	const char *text = row_map_string(mirror, in->c->mirror.external_ids, STICKY_RECORD);

	*ret = (struct binding){ .n = 0 };
	if (text && binding_parse(text, in->arena, ret, err))
		return error_wrap(err, "external_ids:" STICKY_RECORD);
	sticky_events_apply(in->events, &mirror->uuid, in->arena, ret);
	return 0;
}

int sticky_resolve(const struct sticky_input *in, const struct row *mirror, struct sticky *ret,
		   struct error *err)
{
	struct resolving r = { .in = in, .mirror = mirror, .ret = ret };
	struct binding old;

	*ret = (struct sticky){ .row = mirror };
	if (!in->is_on)
		return 0;
	if (read_record(in, mirror, &old, err))
		return -1;
	ret->awaited = arena_new_array(in->arena, struct mirror_awaited, old.n);
	r.awaited_at = arena_new_array(in->arena, size_t, old.n);
	r.has_output = in->has_output || row_ref_one(mirror, in->c->mirror.output_port);
	hold_columns(&r);
	for (size_t i = 0; i < old.n; i++)
		follow(&r, &old.ports[i]);
	for (struct held *h = r.held; h; h = h->hh.next)
		record_held(&r, h);
	drop_first_awaited(&r);
	conclude(&r);
	HASH_CLEAR(hh, r.held);
	return 0;
}

/* --- writing --- */

static struct datum *with_returned(const struct sticky *s, const struct column *column, int role)
{
	const struct datum *old = row_datum(s->row, column);
	size_t n = 0;
	union atom *atoms = calloc(datum_n(old) + s->n_returned[role], sizeof(*atoms));
	struct datum_cursor cursor;
	struct datum *d = NULL;
	struct error err;

	if (!atoms)
		return NULL;
	datum_foreach (old, &cursor)
		atoms[n++].uuid = cursor.key->uuid;
	for (size_t i = 0; i < s->n_returned[role]; i++)
		atoms[n++].uuid = *s->returned[role][i];
	if (datum_new(&column->type, atoms, NULL, n, &d, &err))
		d = NULL;
	free(atoms);
	return d;
}

void sticky_put(const struct sticky *first, struct cells *cells, const struct columns *c)
{
	for (const struct sticky *s = first; s; s = s->next) {
		const char *name = row_string(s->row, c->mirror.name);

		cells_map_string(cells, s->row, c->mirror.external_ids, STICKY_RECORD, s->record);
		for (int role = 0; role < N_ROLES; role++) {
			const struct column *column = column_of(c, role);

			if (s->n_returned[role] &&
			    cells_put(cells, s->row, column, with_returned(s, column, role)))
				log_info("event=mirror-ports-returned mirror=%s column=%s n=%zu",
					 name, column->name, s->n_returned[role]);
		}
	}
}
