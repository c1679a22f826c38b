/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h: mirrors, "mirror/...". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "datapath/datapath.h"
#include "reconcile/commands.h"
#include "reconcile/explain_json.h"
#include "reconcile/reconcile.h"
#include "reconcile/report.h"
#include "switch/dump.h"
#include "switch/explain.h"
#include "switch/flow.h"
#include "switch/model.h"
#include "switch/ofport.h"
#include "switch/tunnel.h"

/* --- show --- */

static void put_ports(struct buf *reply, const char *what, const struct model_port *const *ports,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(reply, "%s%s", i ? ", " : what, ports[i]->name);
	if (n)
		buf_putc(reply, '\n');
}

static void put_account(const struct reconcile *r, const struct model_mirror *m, struct buf *reply)
{
	struct datapath_mirror_stats s;

	if (!m->slot.number || datapath_mirror_stats(reconcile_datapath(r), m->slot.number, &s))
		return;
	buf_printf(reply,
		   "    selected: %" PRIu64 ", sent: %" PRIu64 " (cut short: %" PRIu64
		   "), filtered: %" PRIu64 ", merged: %" PRIu64 "\n"
		   "    dropped: backlog %" PRIu64 ", budget %" PRIu64 ", clone %" PRIu64
		   ", no target %" PRIu64 ", mtu %" PRIu64 "\n",
		   s.selected, s.sent, s.truncated, s.filtered, s.merged, s.dropped_backlog,
		   s.dropped_budget, s.dropped_clone, s.dropped_no_target, s.dropped_mtu);
}

static void put_tunnel(const struct model_tunnel *t, struct buf *reply)
{
	buf_puts(reply, "    tunnel: ");
	tunnel_describe(reply, t);
	buf_putc(reply, '\n');
}

static void put_mirror(const struct reconcile *r, const struct model_mirror *m, struct buf *reply)
{
	struct arena *arena = arena_new();

	if (!arena)
		abort();
	buf_printf(reply, "  mirror %s\n    state: %s\n", m->name,
		   report_mirror_state(reconcile_datapath(r), m, arena));
	arena_free(arena);
	if (m->selects_all)
		buf_puts(reply, "    selects: all ports\n");
	put_ports(reply, "    selects from: ", m->src_ports, m->n_src_ports);
	put_ports(reply, "    selects to: ", m->dst_ports, m->n_dst_ports);
	if (m->vlans) {
		buf_puts(reply, "    only VLANs: ");
		dump_vlans(reply, m->vlans);
		buf_putc(reply, '\n');
	}
	if (m->filter.match)
		buf_printf(reply, "    filter: %s\n", m->filter.match_text);
	if (m->filter.n_ops)
		buf_printf(reply, "    filter as tcpdump's: %s\n", m->filter.expression);
	if (m->keeps_filter)
		buf_puts(reply, "    filter: the one of before, as the new one is no good\n");
	if (m->out_port)
		buf_printf(reply, "    output: port %s", m->out_port->name);
	else if (m->out_vlan)
		buf_printf(reply, "    output: VLAN %u", m->out_vlan);
	if ((m->out_port || m->out_vlan) && m->snaplen)
		buf_printf(reply, ", cut to %" PRIu32 " bytes", m->snaplen);
	if ((m->out_port || m->out_vlan) && m->has_wire_form)
		buf_puts(reply, ", as wire frames");
	if (m->out_port || m->out_vlan)
		buf_putc(reply, '\n');
	if (m->out_port && m->out_port->tunnel)
		put_tunnel(m->out_port->tunnel, reply);
	put_account(r, m, reply);
}

static int show_bridge(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
		       struct error *err)
{
	(void)err;
	buf_printf(reply, "%s:\n", b->name);
	for (size_t i = 0; i < b->n_mirrors; i++)
		put_mirror(r, b->mirrors[i], reply);
	return 0;
}

static int show(void *r, size_t n_args, const char *const *args, struct buf *reply,
		struct error *err)
{
	return command_each_bridge(r, n_args, args, show_bridge, reply, err);
}

/* --- explain --- */

/* By name, by number, or "LOCAL". */
static bool is_port(const struct model_port *p, const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (!strcmp(p->name, text))
		return true;
	if (!strcmp(text, "LOCAL"))
		return p->ofport == OFPORT_LOCAL;
	return *text && !*end && number && number == p->ofport;
}

static const struct model_port *find_in_port(const struct model_bridge *b, const char *text,
					     struct error *err)
{
	if (!*text) {
		error_set(err, "syntax error", "in_port=PORT is missing");
		return NULL;
	}
	for (size_t i = 0; i < b->n_ports; i++) {
		const struct model_port *p = b->ports[i];

		if (!is_port(p, text))
			continue;
		if (!p->error)
			return p;
		error_set(err, "not found", "port %s does not work: %s", p->name, p->error);
		return NULL;
	}
	error_set(err, "not found", "%s: bridge %s has no such port", text, b->name);
	return NULL;
}

static int explain(void *r, size_t n_args, const char *const *args, struct buf *reply,
		   struct error *err)
{
	bool is_json = !strcmp(args[0], "--json");
	const struct model_bridge *b;
	const struct model_port *in;
	uint8_t frame[FLOW_FRAME_MAX];
	struct datapath *dp = reconcile_datapath(r);
	struct explain *e;
	struct flow flow;
	size_t len;
	int rc;

	if (n_args != (is_json ? 3 : 2))
		return error_set(err, "syntax error", "the words are [--json] bridge flow");
	b = command_bridge(r, args[n_args - 2], err);
	if (!b || flow_parse(args[n_args - 1], &flow, err) || flow_compose(&flow, frame, &len, err))
		return -1;
	in = find_in_port(b, flow.in_port, err);
	if (!in)
		return -1;
	rc = datapath_explain_ready(dp, err);
	if (rc)
		return rc;
	if (datapath_explain(dp, reconcile_model(r), in, frame, len, &e, err))
		return -1;
	if (is_json)
		explain_put_json(reply, e);
	else
		explain_put(reply, e);
	explain_free(e);
	return 0;
}

const struct command command_mirror[] = {
	{ "mirror/explain", "[--json] bridge flow", 2, 3, explain },
	{ "mirror/show", "[bridge]", 0, 1, show },
	{ NULL, NULL, 0, 0, NULL },
};
