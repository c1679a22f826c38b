/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h: everything about the switch as JSON, for bvsctl and other programs. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "datapath/datapath.h"
#include "reconcile/commands.h"
#include "reconcile/reconcile.h"
#include "reconcile/report.h"
#include "switch/dump.h"
#include "switch/model.h"
#include "switch/tunnel.h"
#include "switch/vlan.h"

/* Nothing where all of them are meant. */
static void put_vlans(struct buf *to, const char *name, const struct vlan_bits *vlans)
{
	if (!vlans)
		return;
	buf_printf(to, ",\"%s\":\"", name);
	dump_vlans(to, vlans);
	buf_putc(to, '"');
}

/* --- ports --- */

static const char *kind_of(const struct model_port *p)
{
	switch (p->kind) {
	case MODEL_PORT_SYSTEM:
		return "system";
	case MODEL_PORT_INTERNAL:
		return "internal";
	case MODEL_PORT_LOCAL:
		return "local";
	case MODEL_PORT_PATCH:
		return "patch";
	case MODEL_PORT_TUNNEL:
		/* None if its options are wrong. */
		return p->tunnel ? tunnel_kind_name(p->tunnel) : "tunnel";
	}
	abort();
}

struct drops {
	struct buf *to;
	const char *separator;
};

static void put_drop(void *arg, const char *reason, uint64_t n)
{
	struct drops *d = arg;

	buf_printf(d->to, "%s\"%s\":%" PRIu64, d->separator, reason, n);
	d->separator = ",";
}

/* Port 0: those of nobody's. */
static int put_drops(struct buf *to, struct datapath *dp, uint32_t port_slot, struct error *err)
{
	struct drops drops = { to, "" };
	int failed;

	buf_puts(to, ",\"drops\":{");
	failed = datapath_port_drops(dp, port_slot, put_drop, &drops, err);
	buf_putc(to, '}');
	return failed;
}

static int put_counters(struct buf *to, struct datapath *dp, const struct model_port *p,
			struct error *err)
{
	struct datapath_port_stats s;

	if (!datapath_port_stats(dp, p->slot.number, &s)) {
		text_member_number(to, "rx_packets", s.rx_packets);
		text_member_number(to, "rx_bytes", s.rx_bytes);
		text_member_number(to, "tx_packets", s.tx_packets);
		text_member_number(to, "tx_bytes", s.tx_bytes);
	}
	return put_drops(to, dp, p->slot.number, err);
}

static int put_device(struct buf *to, struct datapath *dp, const struct model_port *p,
		      struct error *err)
{
	struct datapath_port_state s;

	datapath_port_state(dp, p->slot.number, &s);
	if (s.error[0])
		text_member_string(to, "error", s.error);
	if (s.problem[0])
		text_member_string(to, "problem", s.problem);
	text_member_bool(to, "admin_up", s.is_admin_up);
	text_member_bool(to, "link", s.has_link);
	if (s.mtu)
		text_member_number(to, "mtu", s.mtu);
	if (p->mtu_request)
		text_member_number(to, "mtu_request", p->mtu_request);
	return put_counters(to, dp, p, err);
}

static int put_port(struct buf *to, struct datapath *dp, const struct model_port *p,
		    struct error *err)
{
	int failed = 0;

	buf_puts(to, "{\"name\":");
	text_put_string(to, p->name);
	text_member_string(to, "kind", kind_of(p));
	if (p->ofport)
		text_member_number(to, "ofport", p->ofport);
	text_member_string(to, "vlan_mode", vlan_mode_name(p->vlan.mode));
	if (p->vlan.mode != MODEL_VLAN_TRUNK)
		text_member_number(to, "tag", p->vlan.tag);
	put_vlans(to, "trunks", p->vlan.trunks);
	put_vlans(to, "cvlans", p->vlan.cvlans);
	text_member_bool(to, "protected", p->is_protected);
	text_member_bool(to, "mirror_output", p->is_reserved);
	if (p->peer_name)
		text_member_string(to, "peer", p->peer_name);
	if (p->warning)
		text_member_string(to, "warning", p->warning);
	if (p->error)
		text_member_string(to, "error", p->error);
	else
		failed = put_device(to, dp, p, err);
	buf_putc(to, '}');
	return failed;
}

/* --- mirrors --- */

static void put_names(struct buf *to, const char *name, const struct model_port *const *ports,
		      size_t n)
{
	buf_printf(to, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		buf_puts(to, i ? "," : "");
		text_put_string(to, ports[i]->name);
	}
	buf_putc(to, ']');
}

static void put_account(struct buf *to, struct datapath *dp, const struct model_mirror *m)
{
	struct datapath_mirror_stats s;

	if (!m->slot.number || datapath_mirror_stats(dp, m->slot.number, &s))
		return;
	text_member_number(to, "tx_packets", s.tx_packets);
	text_member_number(to, "tx_bytes", s.tx_bytes);
	text_member_number(to, "selected", s.selected);
	text_member_number(to, "filtered", s.filtered);
	text_member_number(to, "merged", s.merged);
	text_member_number(to, "sent", s.sent);
	text_member_number(to, "truncated", s.truncated);
	text_member_number(to, "dropped_backlog", s.dropped_backlog);
	text_member_number(to, "dropped_budget", s.dropped_budget);
	text_member_number(to, "dropped_clone", s.dropped_clone);
	text_member_number(to, "dropped_no_target", s.dropped_no_target);
	text_member_number(to, "dropped_mtu", s.dropped_mtu);
}

static void put_mirror(struct buf *to, struct datapath *dp, const struct model_mirror *m)
{
	struct arena *arena = arena_new();

	if (!arena)
		abort();
	buf_puts(to, "{\"name\":");
	text_put_string(to, m->name);
	text_member_string(to, "uuid", UUID_STR(&m->uuid));
	text_member_string(to, "state", report_mirror_state(dp, m, arena));
	arena_free(arena);
	text_member_bool(to, "select_all", m->selects_all);
	put_names(to, "select_src_port", m->src_ports, m->n_src_ports);
	put_names(to, "select_dst_port", m->dst_ports, m->n_dst_ports);
	put_vlans(to, "select_vlan", m->vlans);
	if (m->filter.match)
		text_member_string(to, "filter", m->filter.match_text);
	if (m->filter.n_ops)
		text_member_string(to, "tcpdump_filter", m->filter.expression);
	if (m->out_port)
		text_member_string(to, "output_port", m->out_port->name);
	if (m->out_port && m->out_port->tunnel && m->out_port->tunnel->metadata)
		text_member_string(to, "metadata",
				   tunnel_metadata_name(m->out_port->tunnel->metadata));
	if (m->out_vlan)
		text_member_number(to, "output_vlan", m->out_vlan);
	if (m->snaplen)
		text_member_number(to, "snaplen", m->snaplen);
	text_member_bool(to, "wire_form", m->has_wire_form);
	put_account(to, dp, m);
	buf_putc(to, '}');
}

/* --- all --- */

static int put_bridge(struct buf *to, struct datapath *dp, const struct model_bridge *b,
		      struct error *err)
{
	struct datapath_fdb_entry *entries;
	size_t n;

	if (datapath_fdb_list(dp, b->slot.number, &entries, &n, err))
		return -1;
	free(entries);
	buf_puts(to, "{\"name\":");
	text_put_string(to, b->name);
	text_member_bool(to, "secure", b->is_secure);
	text_member_number(to, "addresses", n);
	text_member_number(to, "addresses_max", b->fdb_max);
	buf_puts(to, ",\"ports\":[");
	for (size_t i = 0; i < b->n_ports; i++) {
		buf_puts(to, i ? "," : "");
		if (put_port(to, dp, b->ports[i], err))
			return -1;
	}
	buf_puts(to, "],\"mirrors\":[");
	for (size_t i = 0; i < b->n_mirrors; i++) {
		buf_puts(to, i ? "," : "");
		put_mirror(to, dp, b->mirrors[i]);
	}
	buf_puts(to, "]}");
	return 0;
}

static int status(void *r, size_t n_args, const char *const *args, struct buf *reply,
		  struct error *err)
{
	const struct model *m = reconcile_model(r);
	struct datapath *dp = reconcile_datapath(r);
	bool is_intact;

	(void)n_args, (void)args;
	if (datapath_check(dp, &is_intact, err))
		return -1;
	buf_puts(reply, "{\"switch\":\"bvs\"");
	text_member_bool(reply, "maps_intact", is_intact);
	text_member_bool(reply, "settled", reconcile_is_settled(r));
	if (put_drops(reply, dp, 0, err))
		return -1;
	buf_puts(reply, ",\"bridges\":[");
	for (size_t i = 0; m && i < m->n_bridges; i++) {
		buf_puts(reply, i ? "," : "");
		if (put_bridge(reply, dp, m->bridges[i], err))
			return -1;
	}
	buf_puts(reply, "]}\n");
	return 0;
}

const struct command command_status[] = {
	{ "bvs/status", "", 0, 0, status },
	{ NULL, NULL, 0, 0, NULL },
};
