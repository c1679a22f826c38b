/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/sticky_events.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "ovsdb/change.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/columns.h"
#include "reconcile/port_index.h"
#include "switch/binding.h"

/* A port left a column of a mirror: with its row, or by a client's hand. */
struct event {
	struct event *next;
	bool is_loss;
	struct bound_port port; /* one role; strings of the event's own */
};

struct mirror_events {
	struct uuid mirror;
	struct event *first; /* the latest first */
	UT_hash_handle hh;
};

struct sticky_events {
	struct mirror_events *mirrors;
};

struct sticky_events *sticky_events_new(void)
{
	struct sticky_events *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	return e;
}

static void free_event(struct event *event)
{
	free((char *)event->port.identity.name);
	for (int i = 0; i < PORT_N_IDS; i++)
		free((char *)event->port.identity.ids[i]);
	free(event);
}

static void forget_mirror(struct sticky_events *e, struct mirror_events *m)
{
	struct event *next;

	for (struct event *event = m->first; event; event = next) {
		next = event->next;
		free_event(event);
	}
	HASH_DEL(e->mirrors, m);
	free(m);
}

void sticky_events_forget(struct sticky_events *e)
{
	struct mirror_events *next;

	for (struct mirror_events *m = e->mirrors; m; m = next) {
		next = m->hh.next;
		forget_mirror(e, m);
	}
}

void sticky_events_free(struct sticky_events *e)
{
	if (!e)
		return;
	sticky_events_forget(e);
	free(e);
}

static struct mirror_events *find_mirror(const struct sticky_events *e, const struct uuid *mirror)
{
	struct mirror_events *m;

	HASH_FIND(hh, e->mirrors, mirror, sizeof(*mirror), m);
	return m;
}

/* --- noting --- */

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		abort();
	return c;
}

/* Do both speak of one thing?  There is one output only, whatever its name. */
static bool is_same_part(const struct bound_port *a, const struct bound_port *b)
{
	return a->roles & b->roles &&
	       (b->roles == BINDING_OUTPUT || !strcmp(a->identity.name, b->identity.name));
}

/* The latest word is all that counts. */
static void drop_older(struct mirror_events *m, const struct bound_port *port)
{
	for (struct event **at = &m->first; *at; at = &(*at)->next) {
		struct event *event = *at;

		if (!is_same_part(&event->port, port))
			continue;
		*at = event->next;
		free_event(event);
		return;
	}
}

static void add_event(struct sticky_events *e, const struct uuid *mirror, bool is_loss,
		      const struct bound_port *port)
{
	struct mirror_events *m = find_mirror(e, mirror);
	struct event *event = calloc(1, sizeof(*event));

	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			abort();
		m->mirror = *mirror;
		HASH_ADD(hh, e->mirrors, mirror, sizeof(m->mirror), m);
	}
	if (!event)
		abort();
	drop_older(m, port);
	event->is_loss = is_loss;
	event->port = *port;
	event->port.identity.name = copy(port->identity.name);
	for (int i = 0; i < PORT_N_IDS; i++)
		event->port.identity.ids[i] = copy(port->identity.ids[i]);
	event->next = m->first;
	m->first = event;
}

/* Rows that a commit deleted, by uuid: made when the first of them is looked for. */
struct deleted {
	const struct row *row;
	UT_hash_handle hh;
};

struct noting {
	struct sticky_events *events;
	const struct db *db;
	const struct columns *c;
	const struct change_list *changes;
	struct deleted *deleted; /* hash */
	struct deleted *nodes;
};

static void list_deleted(struct noting *n)
{
	size_t k = 0;

	n->nodes = calloc(n->changes->n, sizeof(*n->nodes));
	if (!n->nodes)
		abort();
	for (size_t i = 0; i < n->changes->n; i++) {
		const struct row_change *change = &n->changes->changes[i];

		if (change->new)
			continue;
		n->nodes[k].row = change->old;
		HASH_ADD_KEYPTR(hh, n->deleted, &change->old->uuid, sizeof(struct uuid),
				&n->nodes[k]);
		k++;
	}
}

static const struct row *find_deleted(struct noting *n, const struct schema_table *table,
				      const struct uuid *uuid)
{
	struct deleted *d;

	if (!n->nodes)
		list_deleted(n);
	HASH_FIND(hh, n->deleted, uuid, sizeof(*uuid), d);
	return d && d->row->table == table ? d->row : NULL;
}

/* As port_index_interface(), of a Port that is gone: its Interface may be, too. */
static const struct row *interface_of_deleted(struct noting *n, const struct row *port)
{
	const struct columns *c = n->c;
	const char *name = row_string(port, c->port.name);
	const struct row *best = NULL;
	struct datum_cursor cursor;

	datum_foreach (row_datum(port, c->port.interfaces), &cursor) {
		const struct row *row = find_deleted(n, c->interface.table, &cursor.key->uuid);

		if (!row)
			row = db_find(n->db, c->interface.table, &cursor.key->uuid);
		if (row && (!best || !strcmp(row_string(row, c->interface.name), name)))
			best = row;
	}
	return best;
}

static void note_departure(struct noting *n, const struct uuid *mirror, unsigned int role,
			   const struct uuid *uuid)
{
	const struct columns *c = n->c;
	const struct row *row = db_find(n->db, c->port.table, uuid), *interface;
	struct bound_port port = { .roles = role };
	bool is_loss = !row;

	if (is_loss)
		row = find_deleted(n, c->port.table, uuid);
	if (!row)
		return;
	interface = is_loss ? interface_of_deleted(n, row) : port_index_interface(n->db, c, row);
	port.row = port_index_tag(uuid);
	port_index_identity(c, row, interface, &port.identity);
	add_event(n->events, mirror, is_loss, &port);
}

static void note_column(struct noting *n, const struct row_change *change,
			const struct column *column, unsigned int role)
{
	struct datum_delta delta;

	if (!row_change_has(change, column))
		return;
	datum_delta_begin(&delta, row_datum(change->old, column), row_datum(change->new, column));
	while (datum_delta_next(&delta)) {
		if (delta.is_in_old && !delta.is_in_new)
			note_departure(n, &change->new->uuid, role, &delta.key->uuid);
	}
}

/* A client that takes the record away wants nothing waited for. */
static bool is_record_removed(const struct columns *c, const struct row_change *change)
{
	return row_map_string(change->old, c->mirror.external_ids, "bvs-bound") &&
	       !row_map_string(change->new, c->mirror.external_ids, "bvs-bound");
}

void sticky_events_note(struct sticky_events *e, const struct db *db, const struct columns *c,
			const struct change_list *changes)
{
	struct noting n = { .events = e, .db = db, .c = c, .changes = changes };

	for (size_t i = 0; i < changes->n; i++) {
		const struct row_change *change = &changes->changes[i];
		struct mirror_events *m;

		if (row_change_table(change) != c->mirror.table || !change->old)
			continue;
		m = find_mirror(e, &change->old->uuid);
		if (m && (!change->new || is_record_removed(c, change)))
			forget_mirror(e, m);
		if (!change->new)
			continue;
		note_column(&n, change, c->mirror.select_src_port, BINDING_SRC);
		note_column(&n, change, c->mirror.select_dst_port, BINDING_DST);
		note_column(&n, change, c->mirror.output_port, BINDING_OUTPUT);
	}
	HASH_CLEAR(hh, n.deleted);
	free(n.nodes);
}

/* --- applying --- */

static void apply(const struct event *event, struct arena *arena, struct binding *record)
{
	const struct bound_port *port = &event->port;
	struct bound_port *added;

	for (size_t i = 0; i < record->n; i++) {
		struct bound_port *p = &record->ports[i];

		if (is_same_part(p, port))
			p->roles &= ~port->roles;
	}
	if (!event->is_loss)
		return;
	for (size_t i = 0; i < record->n; i++) {
		struct bound_port *p = &record->ports[i];

		if (p->row == port->row && !strcmp(p->identity.name, port->identity.name)) {
			p->roles |= port->roles;
			p->identity = port->identity;
			return;
		}
	}
	added = binding_add(record, arena);
	*added = *port;
}

/* Of one name and role there is one event, so their order does not matter. */
void sticky_events_apply(const struct sticky_events *e, const struct uuid *mirror,
			 struct arena *arena, struct binding *record)
{
	const struct mirror_events *m = find_mirror(e, mirror);

	for (const struct event *event = m ? m->first : NULL; event; event = event->next)
		apply(event, arena, record);
}
