/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/desired.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "datapath/expressions.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/columns.h"
#include "reconcile/desired_mirror.h"
#include "reconcile/desired_tunnel.h"
#include "reconcile/once.h"
#include "reconcile/port_index.h"
#include "reconcile/rows.h"
#include "switch/mac.h"
#include "switch/model.h"
#include "switch/ofport.h"
#include "switch/tunnel.h"
#include "switch/vlan.h"

#define LOG_MODULE "reconcile"

struct making {
	const struct db *db;
	const struct columns *c;
	struct once *once;
	struct arena *arena;
	struct port_index *index;
	struct model_bridge *bridge; /* the one being made */
	size_t room; /* in bridge->ports */
};

/* NULL: the row is somewhere else already. */
static struct placed *place(struct making *m, const struct row *row, const char *name,
			    struct model_port *port)
{
	struct placed *p = port_index_add(m->index, row, m->bridge, port);

	if (!p && once_first(m->once, "placed %s", UUID_STR(&row->uuid)))
		log_warn("event=ignored table=%s name=%s reason=\"referenced twice\"",
			 row->table->name, name);
	return p;
}

/* --- ports --- */

static void add_port(struct making *m, struct model_port *p)
{
	struct model_bridge *b = m->bridge;

	if (b->n_ports == m->room) { /* a bond has more than one Interface */
		struct model_port **ports =
			arena_new_array(m->arena, struct model_port *, m->room * 2);

		memcpy(ports, b->ports, b->n_ports * sizeof(struct model_port *));
		b->ports = ports;
		m->room *= 2;
	}
	b->ports[b->n_ports++] = p;
}

static struct model_port *new_port(struct making *m, const struct row *port,
				   const struct row *interface)
{
	struct model_port *p = arena_alloc(m->arena, sizeof(*p));

	p->uuid = port->uuid;
	p->interface_uuid = interface->uuid;
	p->name = arena_strdup(m->arena, row_string(interface, m->c->interface.name));
	return p;
}

/* Open vSwitch's types that are to come, and those that are not. */
static bool is_known_type(const char *type)
{
	static const char *const types[] = {
		"geneve",
		"gtpu",
		"stt",
		"lisp",
		"bareudp",
		"srv6",
		"afxdp",
		"dpdk",
		"afxdp-nonpmd",
		"dpdkvhostuser",
		"dpdkvhostuserclient",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(types[i], type))
			return true;
	}
	return false;
}

/* The bridge's own port is internal whatever its type says.  A tap is for whoever made
 * it: an existing device. */
static void set_kind(struct making *m, struct model_port *p, const struct row *iface)
{
	const char *type = row_string(iface, m->c->interface.type);

	if (!strcmp(p->name, m->bridge->name))
		p->kind = MODEL_PORT_LOCAL;
	else if (!strcmp(type, "internal"))
		p->kind = MODEL_PORT_INTERNAL;
	else if (!*type || !strcmp(type, "system") || !strcmp(type, "tap"))
		p->kind = MODEL_PORT_SYSTEM;
	else if (!strcmp(type, "patch"))
		p->kind = MODEL_PORT_PATCH;
	else if (tunnel_is_type(type))
		desired_tunnel(p, iface, type, m->c, m->once, m->arena);
	else if (is_known_type(type))
		p->error = arena_printf(m->arena,
					"could not open network device %s "
					"(type %s is not implemented yet)",
					p->name, type);
	else
		p->error = arena_printf(m->arena, "could not open network device %s (%s)", p->name,
					strerror(EAFNOSUPPORT));
}

/* The words are Open vSwitch's. */
static void set_peer(struct making *m, struct model_port *p, const struct row *iface)
{
	const struct column *options = m->c->interface.options;
	const char *peer = row_map_string(iface, options, "peer");

	if (p->kind != MODEL_PORT_PATCH || p->error)
		return;
	if (!peer)
		p->error = arena_printf(m->arena, "%s: patch type requires valid 'peer' argument",
					p->name);
	else if (datum_n(row_datum(iface, options)) > 1)
		p->error = arena_printf(m->arena, "%s: patch type takes only a 'peer' argument",
					p->name);
	else if (!strcmp(peer, p->name))
		p->error = arena_printf(m->arena, "%s: patch peer must not be self", p->name);
	else
		p->peer_name = arena_strdup(m->arena, peer);
}

/* Two that name each other, when the ports of all bridges are there. */
static void join_patch(struct making *m, struct model_port *p)
{
	const struct placed *placed = port_index_by_name(m->index, p->peer_name);
	const struct model_port *peer = placed ? placed->port : NULL;

	if (peer && !peer->error && peer->peer_name && !strcmp(peer->peer_name, p->name) &&
	    !strcmp(peer->name, p->peer_name))
		p->peer = peer;
	else
		p->warning = arena_printf(
			m->arena, "No usable peer '%s' exists in 'system' datapath.", p->peer_name);
}

static void join_patches(struct making *m, const struct model *model)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++) {
			if (b->ports[k]->peer_name && !b->ports[k]->error)
				join_patch(m, b->ports[k]);
		}
	}
}

/* Only internal devices are ours to change; the local port has the bridge's address. */
static void set_mac(struct making *m, struct model_port *p, const char *text)
{
	uint8_t mac[6];

	if (!text || (p->kind != MODEL_PORT_INTERNAL && p->kind != MODEL_PORT_LOCAL))
		return;
	if (p->kind == MODEL_PORT_LOCAL || !mac_parse(text, mac) || mac_is_multicast(mac) ||
	    mac_is_zero(mac)) {
		if (once_first(m->once, "mac %s %s", p->name, text))
			log_warn("event=ignored table=Interface name=%s column=mac value=%s "
				 "reason=\"%s\"",
				 p->name, text,
				 p->kind == MODEL_PORT_LOCAL
					 ? "set Bridge.other_config:hwaddr for the local port"
					 : "not a unicast Ethernet address");
		return;
	}
	p->has_mac = true;
	memcpy(p->mac, mac, sizeof(mac));
}

static void set_ofport(struct making *m, struct model_port *p, const struct row *iface)
{
	int64_t recorded = row_integer(iface, m->c->interface.ofport, 0);

	p->ofport_request = (uint32_t)row_integer(iface, m->c->interface.ofport_request, 0);
	if (recorded > 0 && recorded <= OFPORT_REQUEST_MAX)
		p->ofport_recorded = (uint32_t)recorded;
}

static void set_vlan(struct making *m, struct model_port *p, const struct row *row)
{
	const struct columns *c = m->c;
	int64_t tag = row_integer(row, c->port.tag, -1);
	struct vlan_input in = {
		.mode = row_string(row, c->port.vlan_mode),
		.has_tag = tag >= 0,
		.tag = tag >= 0 ? (uint16_t)tag : 0,
		.trunks = rows_vlans(row, c->port.trunks, m->arena),
		.cvlans = rows_vlans(row, c->port.cvlans, m->arena),
		.priority_tags = row_map_string(row, c->port.other_config, "priority-tags"),
		.qinq_ethertype = row_map_string(row, c->port.other_config, "qinq-ethtype"),
	};

	vlan_resolve(&in, m->arena, &p->vlan);
}

static void make_port(struct making *m, const struct row *row, struct placed *placed)
{
	const struct columns *c = m->c;
	const struct datum *interfaces = row_datum(row, c->port.interfaces);
	size_t n = datum_n(interfaces);
	struct datum_cursor cursor;
	struct model_port *first = NULL;

	datum_foreach (interfaces, &cursor) {
		const struct row *iface = db_find(m->db, c->interface.table, &cursor.key->uuid);
		struct model_port *p;

		if (!iface)
			continue;
		p = new_port(m, row, iface);
		if (!place(m, iface, p->name, p))
			continue;
		set_kind(m, p, iface);
		set_peer(m, p, iface);
		set_mac(m, p, row_string(iface, c->interface.mac));
		p->mtu_request = (uint32_t)row_integer(iface, c->interface.mtu_request, 0);
		set_ofport(m, p, iface);
		p->has_bridge_mac = mac_parse(row_string(row, c->port.mac), p->bridge_mac);
		p->is_protected = row_bool(row, c->port.is_protected, false);
		set_vlan(m, p, row);
		if (n > 1)
			p->error = arena_printf(m->arena, "port %s: bonds are not implemented yet",
						row_string(row, c->port.name));
		add_port(m, p);
		if (!first || strverscmp(p->name, first->name) < 0)
			first = p;
	}
	placed->port = first;
}

static int cmp_ports(const void *a_, const void *b_)
{
	const struct model_port *const *a = a_, *const *b = b_;
	int a_local = (*a)->kind == MODEL_PORT_LOCAL, b_local = (*b)->kind == MODEL_PORT_LOCAL;

	return a_local != b_local ? b_local - a_local : strverscmp((*a)->name, (*b)->name);
}

/* Ports that appear together get their places in order of their names. */
static void make_ports(struct making *m, const struct row *bridge_row)
{
	const struct columns *c = m->c;
	const struct datum *d = row_datum(bridge_row, c->bridge.ports);
	struct model_bridge *b = m->bridge;
	struct datum_cursor cursor;

	m->room = datum_n(d) + 1;
	b->ports = arena_new_array(m->arena, struct model_port *, m->room);
	datum_foreach (d, &cursor) {
		const struct row *row = db_find(m->db, c->port.table, &cursor.key->uuid);
		struct placed *placed =
			row ? place(m, row, row_string(row, c->port.name), NULL) : NULL;

		if (placed)
			make_port(m, row, placed);
	}
	qsort(b->ports, b->n_ports, sizeof(struct model_port *), cmp_ports);
}

/* --- bridges --- */

static uint32_t clamp(int v, int min, int max)
{
	return (uint32_t)(v < min ? min : v > max ? max : v);
}

static void set_hwaddr(struct making *m, struct model_bridge *b, const char *text)
{
	if (!text)
		return;
	b->has_hwaddr = mac_parse(text, b->hwaddr) && !mac_is_multicast(b->hwaddr) &&
			!mac_is_zero(b->hwaddr);
	if (!b->has_hwaddr && once_first(m->once, "hwaddr %s %s", b->name, text))
		log_warn("event=ignored table=Bridge name=%s key=other_config:hwaddr value=%s "
			 "reason=\"not a unicast Ethernet address\"",
			 b->name, text);
}

/* The ranges that values are forced into are Open vSwitch's. */
static struct model_bridge *make_bridge(struct making *m, const struct row *row)
{
	const struct columns *c = m->c;
	const struct column *other_config = c->bridge.other_config;
	struct model_bridge *b = arena_alloc(m->arena, sizeof(*b));
	const char *fail_mode = row_string(row, c->bridge.fail_mode);

	b->uuid = row->uuid;
	b->name = arena_strdup(m->arena, row_string(row, c->bridge.name));
	/* Without a controller there are no flows, so "secure" forwards nothing. */
	b->is_secure = fail_mode && !strcmp(fail_mode, "secure");
	b->forwards_bpdu = rows_map_bool(row, other_config, "forward-bpdu");
	b->ageing_s = clamp(rows_map_integer(row, other_config, "mac-aging-time", 300), 15, 3600);
	b->fdb_max =
		clamp(rows_map_integer(row, other_config, "mac-table-size", 8192), 10, 1000000);
	b->flood_vlans = rows_vlans(row, c->bridge.flood_vlans, m->arena);
	set_hwaddr(m, b, row_map_string(row, other_config, "hwaddr"));
	m->bridge = b;
	make_ports(m, row);
	return b;
}

static int cmp_bridge_rows(const void *a_, const void *b_, void *name)
{
	const struct row *const *a = a_, *const *b = b_;

	return strcmp(row_string(*a, name), row_string(*b, name));
}

/* By name, so that of two bridges that claim one port it is always the same that wins. */
static const struct row **bridge_rows(struct making *m, const struct row *root, size_t *ret_n)
{
	const struct columns *c = m->c;
	const struct row **rows;
	struct datum_cursor cursor;
	size_t n = 0;

	*ret_n = 0;
	if (!root)
		return NULL;
	rows = arena_new_array(m->arena, const struct row *,
			       datum_n(row_datum(root, c->root.bridges)));
	datum_foreach (row_datum(root, c->root.bridges), &cursor) {
		const struct row *row = db_find(m->db, c->bridge.table, &cursor.key->uuid);

		if (row)
			rows[n++] = row;
	}
	qsort_r(rows, n, sizeof(*rows), cmp_bridge_rows, (void *)c->bridge.name);
	*ret_n = n;
	return rows;
}

/* Open_vSwitch.other_config:bvs-xdp */
static void read_xdp(const struct making *m, const struct row *root, struct model *model)
{
	const char *s = root ? row_map_string(root, m->c->root.other_config, "bvs-xdp") : NULL;

	if (!s || !strcmp(s, "off"))
		return;
	model->xdp = strcmp(s, "generic") ? MODEL_XDP_NATIVE : MODEL_XDP_GENERIC;
	if (strcmp(s, "native") && strcmp(s, "generic"))
		model->xdp_error = arena_printf(m->arena,
						"Open_vSwitch other_config:bvs-xdp=%s is none of "
						"off, native and generic",
						s);
}

void desired_make(const struct db *db, const struct columns *c, struct once *once,
		  struct expressions *expressions, const struct sticky_events *events,
		  struct desired *ret)
{
	struct making m = { .db = db, .c = c, .once = once, .arena = arena_new() };
	struct desired_mirrors mirrors = {
		.db = db, .c = c, .expressions = expressions, .events = events
	};
	struct db_cursor at;
	struct model *model;
	const struct row **rows;
	size_t n;

	if (!m.arena)
		abort();
	mirrors.arena = m.arena;
	mirrors.root = db_first(db, c->root.table, &at);
	mirrors.index = m.index =
		port_index_new(m.arena, c,
			       db_n_rows(db, c->port.table) + db_n_rows(db, c->interface.table) +
				       db_n_rows(db, c->mirror.table));
	model = arena_alloc(m.arena, sizeof(*model));
	model->arena = m.arena;
	read_xdp(&m, mirrors.root, model);
	rows = bridge_rows(&m, mirrors.root, &n);
	model->bridges = arena_new_array(m.arena, struct model_bridge *, n);
	for (size_t i = 0; i < n; i++)
		model->bridges[model->n_bridges++] = make_bridge(&m, rows[i]);
	join_patches(&m, model);
	desired_tunnels_check(model);
	for (size_t i = 0; i < n; i++)
		desired_mirrors(&mirrors, rows[i], model->bridges[i]);
	expressions_forget(expressions);
	*ret = (struct desired){ model, mirrors.sticky, mirrors.reads_notes };
}
