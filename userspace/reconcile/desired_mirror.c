/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/desired_mirror.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "datapath/expressions.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/columns.h"
#include "reconcile/desired_tunnel.h"
#include "reconcile/port_index.h"
#include "reconcile/rows.h"
#include "reconcile/sticky.h"
#include "switch/filter.h"
#include "switch/mirror.h"
#include "switch/model.h"
#include "switch/port_match.h"
#include "switch/tunnel.h"

/* One list of bvs-src-ports and its like. */
struct selectors {
	const struct port_selector *list;
	size_t n;
};

/* A mirror while it is being made. */
struct work {
	const struct row *row;
	struct model_bridge *bridge;
	struct model_mirror *mirror;
	struct mirror_input in;
	struct sticky *sticky; /* NULL: its part of the row is not to be touched */
	struct selectors src, dst, out;
	struct mirror_awaited *awaited; /* in.awaited */
};

/* The first one is what the user reads. */
static void set_error(struct work *w, const char *text)
{
	if (!w->in.error)
		w->in.error = text;
}

/* --- keys of ours --- */

/* What is not understood must not be ignored: the mirror might copy more than it should. */
static void check_keys(struct desired_mirrors *m, struct work *w)
{
	static const char *const known[] = {
		"bvs-account",	 "bvs-sticky",	    STICKY_RECORD,   "bvs-src-ports",
		"bvs-dst-ports", "bvs-output-port", "bvs-filter",    "bvs-mtu",
		"bvs-remote",	 "bvs-metadata",    "bvs-wire-form",
	};
	struct datum_cursor cursor;

	datum_foreach (row_datum(w->row, m->c->mirror.external_ids), &cursor) {
		const char *key = cursor.key->string;
		bool is_known = false;

		if (strncmp(key, "bvs-", 4))
			continue;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known |= !strcmp(key, known[i]);
		if (!is_known)
			set_error(w, arena_printf(m->arena, "external_ids:%s is not known", key));
	}
}

/* NULL: not said.  False: neither true nor false. */
static bool parse_option(struct desired_mirrors *m, struct work *w, const char *where,
			 const char *key, const char *s, bool otherwise, bool *ret)
{
	*ret = s ? !strcmp(s, "true") : otherwise;
	if (!s || *ret || !strcmp(s, "false"))
		return true;
	set_error(w, arena_printf(m->arena, "%s:%s=%s is neither true nor false", where, key, s));
	return false;
}

/* The mirror's own word, else the switch's.  False: neither true nor false. */
static bool read_option(struct desired_mirrors *m, struct work *w, const char *key, bool otherwise,
			bool *ret)
{
	const char *where = "external_ids";
	const char *s = row_map_string(w->row, m->c->mirror.external_ids, key);

	if (!s && m->root) {
		where = "Open_vSwitch other_config";
		s = row_map_string(m->root, m->c->root.other_config, key);
	}
	return parse_option(m, w, where, key, s, otherwise, ret);
}

static void read_wire_form(struct desired_mirrors *m, struct work *w)
{
	const char *key = "bvs-wire-form";

	parse_option(m, w, "external_ids", key,
		     row_map_string(w->row, m->c->mirror.external_ids, key), false,
		     &w->mirror->has_wire_form);
}

/* Wire frames come out of the devices that make them one by one, and too late to know what the
 * bridges before a patch port's other end did with the packet. */
static void check_wire_form(struct work *w)
{
	const struct model_port *out = w->in.out_port;

	if (w->mirror->has_wire_form && out && out->kind == MODEL_PORT_PATCH)
		set_error(w, "external_ids:bvs-wire-form=true is not for copies to a patch port");
}

static void read_too_long(struct desired_mirrors *m, struct work *w)
{
	static const char *const names[] = {
		[MODEL_TOO_LONG_CUT] = "truncate",
		[MODEL_TOO_LONG_FRAGMENT] = "fragment",
		[MODEL_TOO_LONG_DROP] = "drop",
	};
	const char *s = row_map_string(w->row, m->c->mirror.external_ids, "bvs-mtu");

	if (!s)
		return;
	for (int i = MODEL_TOO_LONG_CUT; i <= MODEL_TOO_LONG_DROP; i++) {
		if (!strcmp(s, names[i]))
			w->mirror->too_long = (enum model_too_long)i;
	}
	if (w->mirror->too_long == MODEL_TOO_LONG_DEFAULT)
		set_error(w, arena_printf(m->arena,
					  "external_ids:bvs-mtu=%s is none of truncate, fragment "
					  "and drop",
					  s));
}

static void read_selectors(struct desired_mirrors *m, struct work *w, const char *key,
			   struct selectors *ret)
{
	const char *s = row_map_string(w->row, m->c->mirror.external_ids, key);
	struct port_selector *list;
	struct error err;

	if (!s)
		return;
	if (port_selectors_parse(s, m->arena, &list, &ret->n, &err)) {
		set_error(w, arena_printf(m->arena, "external_ids:%s: %s", key, err.text));
		return;
	}
	ret->list = list;
	for (size_t i = 0; i < ret->n; i++)
		m->reads_notes |= list[i].key != NULL;
}

static void set_filter_error(struct desired_mirrors *m, struct work *w, const char *where,
			     const struct error *err)
{
	if (!w->in.filter_error)
		w->in.filter_error = arena_printf(m->arena, "%s: %s", where, err->text);
}

static void read_filter(struct desired_mirrors *m, struct work *w, struct model_filter *ret)
{
	const char *s = row_string(w->row, m->c->mirror.filter);
	struct filter_match *match;
	struct error err;

	if (!s || !*s)
		return;
	match = arena_alloc(m->arena, sizeof(*match));
	if (filter_parse(s, match, &err)) {
		set_filter_error(m, w, "filter", &err);
		return;
	}
	ret->match_text = arena_strdup(m->arena, s);
	ret->match = match;
}

static void read_expression(struct desired_mirrors *m, struct work *w, struct model_filter *ret)
{
	const char *s = row_map_string(w->row, m->c->mirror.external_ids, "bvs-filter");
	struct error err;

	if (!s || !*s)
		return;
	if (expressions_get(m->expressions, s, m->arena, &ret->ops, &ret->n_ops, &err))
		set_filter_error(m, w, "external_ids:bvs-filter", &err);
	else
		ret->expression = arena_strdup(m->arena, s);
}

static void resolve_sticky(struct desired_mirrors *m, struct work *w)
{
	struct sticky_input in = {
		.db = m->db,
		.c = m->c,
		.arena = m->arena,
		.index = m->index,
		.events = m->events,
		.bridge = w->bridge,
		.has_output = w->out.n != 0,
	};
	struct sticky *s = arena_alloc(m->arena, sizeof(*s));
	struct error err;

	if (!read_option(m, w, "bvs-sticky", true, &in.is_on))
		return;
	if (sticky_resolve(&in, w->row, s, &err)) {
		set_error(w, arena_printf(m->arena, "%s", err.text));
		return;
	}
	s->next = m->sticky;
	m->sticky = w->sticky = s;
}

/* --- ports --- */

static struct model_port *find_port(const struct desired_mirrors *m, const struct work *w,
				    const struct uuid *uuid)
{
	const struct placed *p = port_index_find(m->index, uuid);

	return p && p->bridge == w->bridge ? p->port : NULL;
}

static bool is_match(const struct desired_mirrors *m, const struct port_selector *s,
		     const struct model_port *p)
{
	const struct row *row =
		s->key ? db_find(m->db, m->c->interface.table, &p->interface_uuid) : NULL;

	return port_selector_matches(
		s, p->name, row ? row_map_string(row, m->c->interface.external_ids, s->key) : NULL);
}

static void await(struct work *w, const char *name, unsigned int role, const char *why)
{
	w->awaited[w->in.n_awaited++] =
		(struct mirror_awaited){ .name = name, .roles = role, .why = why };
}

/* By a name: the port, whatever else it is used for.  NULL: awaited. */
static struct model_port *named_port(struct desired_mirrors *m, struct work *w, const char *name,
				     unsigned int role)
{
	const struct placed *p = port_index_by_name(m->index, name);

	if (p && p->port && p->bridge == w->bridge)
		return p->port;
	await(w, name, role, p ? "it is on another bridge" : NULL);
	return NULL;
}

/* A pattern or a note must find one port, no more: copies that go to whichever comes
 * first would go to a stranger some day. */
static struct model_port *described_output(struct desired_mirrors *m, struct work *w)
{
	const struct port_selector *s = &w->out.list[0];
	struct model_port *found = NULL;

	if (w->out.n > 1) {
		set_error(w, "external_ids:bvs-output-port: more than one port");
		return NULL;
	}
	if (port_selector_is_name(s))
		return named_port(m, w, s->value, BINDING_OUTPUT);
	for (size_t i = 0; i < w->bridge->n_ports; i++) {
		struct model_port *p = w->bridge->ports[i];

		if (p->is_remote || !is_match(m, s, p))
			continue;
		if (found) {
			set_error(w, arena_printf(m->arena,
						  "external_ids:bvs-output-port: %s and %s match",
						  found->name, p->name));
			return NULL;
		}
		found = p;
	}
	if (!found)
		await(w, s->text, BINDING_OUTPUT, NULL);
	return found;
}

/* The port is the bridge's, like any other output. */
static struct model_port *remote_output(struct desired_mirrors *m, struct work *w, const char *text)
{
	struct model_bridge *b = w->bridge;
	struct model_port **ports, *p;
	const char *why;

	p = desired_remote(text, &w->row->uuid, m->arena, &why);
	if (!p) {
		set_error(w, why);
		return NULL;
	}
	ports = arena_new_array(m->arena, struct model_port *, b->n_ports + 1);
	memcpy(ports, b->ports, b->n_ports * sizeof(struct model_port *));
	ports[b->n_ports++] = p;
	b->ports = ports;
	return p;
}

/* As if the options of the output port said it: its packets tell it of any frame. */
static void set_metadata(struct desired_mirrors *m, struct work *w, struct model_port *out)
{
	static const char key[] = "external_ids:bvs-metadata";
	const char *value = row_map_string(w->row, m->c->mirror.external_ids, "bvs-metadata");
	struct model_tunnel *t;
	struct error err;

	if (!value || (out && out->error))
		return;
	if (!out || !out->tunnel) {
		if (out || !w->in.has_output_port)
			set_error(w, arena_printf(m->arena, "%s: the output is no tunnel", key));
		return;
	}
	t = arena_alloc(m->arena, sizeof(*t));
	*t = *out->tunnel;
	if (tunnel_set_metadata(t, key, value, &err))
		set_error(w, arena_printf(m->arena, "%s", err.text));
	else if (out->tunnel->metadata != ERSPAN_STATIC && out->tunnel->metadata != t->metadata)
		set_error(w, arena_printf(m->arena, "%s=%s, but port %s has %s already", key, value,
					  out->name, tunnel_metadata_name(out->tunnel->metadata)));
	else
		out->tunnel = t;
}

static void set_output(struct desired_mirrors *m, struct work *w)
{
	const struct uuid *uuid = row_ref_one(w->row, m->c->mirror.output_port);
	const char *remote = row_map_string(w->row, m->c->mirror.external_ids, "bvs-remote");
	struct model_port *out = NULL;

	if (!uuid && w->sticky && w->sticky->n_returned[ROLE_OUTPUT])
		uuid = w->sticky->returned[ROLE_OUTPUT][0];
	if (uuid)
		out = find_port(m, w, uuid);
	if (uuid && w->out.n)
		set_error(w, "output_port and external_ids:bvs-output-port are both set");
	else if (remote && (uuid || w->out.n))
		set_error(w, "external_ids:bvs-remote is set beside another output port");
	else if (w->out.n)
		out = described_output(m, w);
	else if (remote)
		out = remote_output(m, w, remote);
	w->in.has_output_port = uuid || w->out.n || remote;
	w->in.out_port = out;
	/* Also while the mirror waits: a port that was meant for copies must not begin to
	 * get traffic because of a mistake elsewhere in the row. */
	if (out && !out->error)
		out->is_reserved = true;
	set_metadata(m, w, out);
}

struct selection {
	const struct model_port **list;
	size_t n;
	size_t room;
};

/* Ports of other bridges, and those that cannot work, select nothing. */
static void select_port(struct desired_mirrors *m, struct selection *to, const struct model_port *p)
{
	if (!p || p->error)
		return;
	if (to->n == to->room) {
		const struct model_port **list;

		to->room = to->room ? to->room * 2 : 8;
		list = arena_new_array(m->arena, const struct model_port *, to->room);
		if (to->n)
			memcpy(list, to->list, to->n * sizeof(struct model_port *));
		to->list = list;
	}
	to->list[to->n++] = p;
}

/* A name is taken as it is; what else matches does so by accident, perhaps, and then
 * must not be a port that only copies go to: they would be copied again. */
static void select_described(struct desired_mirrors *m, struct work *w, struct selection *to,
			     const struct selectors *selectors, unsigned int role)
{
	for (size_t i = 0; i < selectors->n; i++) {
		const struct port_selector *s = &selectors->list[i];

		if (port_selector_is_name(s)) {
			select_port(m, to, named_port(m, w, s->value, role));
			continue;
		}
		for (size_t k = 0; k < w->bridge->n_ports; k++) {
			const struct model_port *p = w->bridge->ports[k];

			if (!p->is_reserved && is_match(m, s, p))
				select_port(m, to, p);
		}
	}
}

static int cmp_ports(const void *a_, const void *b_)
{
	const struct model_port *const *a = a_, *const *b = b_;

	return strverscmp((*a)->name, (*b)->name);
}

static const struct model_port **selected(struct desired_mirrors *m, struct work *w, int role,
					  const struct column *column,
					  const struct selectors *selectors, size_t *ret_n)
{
	struct selection s = { .n = 0 };
	struct datum_cursor cursor;
	size_t n = 0;

	datum_foreach (row_datum(w->row, column), &cursor)
		select_port(m, &s, find_port(m, w, &cursor.key->uuid));
	for (size_t i = 0; w->sticky && i < w->sticky->n_returned[role]; i++)
		select_port(m, &s, find_port(m, w, w->sticky->returned[role][i]));
	select_described(m, w, &s, selectors, 1u << role);
	if (s.n > 1)
		qsort(s.list, s.n, sizeof(*s.list), cmp_ports);
	for (size_t i = 0; i < s.n; i++) {
		if (!n || s.list[n - 1] != s.list[i])
			s.list[n++] = s.list[i];
	}
	*ret_n = n;
	return s.list;
}

/* --- mirrors --- */

/* All but what it selects: that depends on what the others reserve. */
static void begin_mirror(struct desired_mirrors *m, struct work *w)
{
	const struct columns *c = m->c;
	struct model_mirror *mirror = arena_alloc(m->arena, sizeof(*mirror));

	w->mirror = mirror;
	w->in.output_vlan = (uint16_t)row_integer(w->row, c->mirror.output_vlan, 0);
	mirror->uuid = w->row->uuid;
	mirror->name = arena_strdup(m->arena, row_string(w->row, c->mirror.name));
	mirror->selects_all = row_bool(w->row, c->mirror.select_all, false);
	mirror->vlans = rows_vlans(w->row, c->mirror.select_vlan, m->arena);
	mirror->snaplen = (uint32_t)row_integer(w->row, c->mirror.snaplen, 0);
	if (mirror->snaplen >= 65535)
		mirror->snaplen = 0; /* no frame is longer */
	check_keys(m, w);
	read_option(m, w, "bvs-account", false, &mirror->has_account);
	read_filter(m, w, &mirror->filter);
	read_expression(m, w, &mirror->filter);
	read_too_long(m, w);
	read_wire_form(m, w);
	read_selectors(m, w, "bvs-src-ports", &w->src);
	read_selectors(m, w, "bvs-dst-ports", &w->dst);
	read_selectors(m, w, "bvs-output-port", &w->out);
	/* Its row is the first bridge's. */
	if (port_index_add(m->index, w->row, w->bridge, NULL))
		resolve_sticky(m, w);
	else
		set_error(w, "the mirror belongs to another bridge, too");
	w->awaited = arena_new_array(m->arena, struct mirror_awaited,
				     (w->sticky ? w->sticky->n_awaited : 0) + w->src.n + w->dst.n +
					     w->out.n);
	w->in.awaited = w->awaited;
	for (size_t i = 0; w->sticky && i < w->sticky->n_awaited; i++)
		w->awaited[w->in.n_awaited++] = w->sticky->awaited[i];
	set_output(m, w);
	check_wire_form(w);
}

static void end_mirror(struct desired_mirrors *m, struct work *w)
{
	const struct columns *c = m->c;
	struct model_mirror *mirror = w->mirror;

	mirror->src_ports =
		selected(m, w, ROLE_SRC, c->mirror.select_src_port, &w->src, &mirror->n_src_ports);
	mirror->dst_ports =
		selected(m, w, ROLE_DST, c->mirror.select_dst_port, &w->dst, &mirror->n_dst_ports);
	mirror_resolve(&w->in, m->arena, mirror);
}

static int cmp_work(const void *a_, const void *b_)
{
	const struct model_mirror *a = ((const struct work *)a_)->mirror,
				  *b = ((const struct work *)b_)->mirror;
	int cmp = strverscmp(a->name, b->name);

	return cmp ? cmp : uuid_cmp(&a->uuid, &b->uuid);
}

void desired_mirrors(struct desired_mirrors *m, const struct row *bridge_row,
		     struct model_bridge *bridge)
{
	const struct datum *d = row_datum(bridge_row, m->c->bridge.mirrors);
	struct work *works = arena_new_array(m->arena, struct work, datum_n(d));
	struct datum_cursor cursor;
	size_t n = 0;

	datum_foreach (d, &cursor) {
		const struct row *row = db_find(m->db, m->c->mirror.table, &cursor.key->uuid);

		if (!row)
			continue;
		works[n] = (struct work){ .row = row, .bridge = bridge };
		begin_mirror(m, &works[n++]);
	}
	qsort(works, n, sizeof(*works), cmp_work);
	bridge->mirrors = arena_new_array(m->arena, struct model_mirror *, n);
	for (size_t i = 0; i < n; i++) {
		end_mirror(m, &works[i]);
		bridge->mirrors[bridge->n_mirrors++] = works[i].mirror;
	}
}
