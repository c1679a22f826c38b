/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h: bridges and the datapath, "dpif/...", "dpctl/...", "ofproto/list". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "datapath/datapath.h"
#include "reconcile/commands.h"
#include "reconcile/reconcile.h"
#include "switch/model.h"
#include "switch/tunnel.h"

/* One datapath has all bridges, as with Open vSwitch's kernel module, whose name for it is
 * what programs look for. */
#define DATAPATH "system@ovs-system"

static const char *type_of(const struct model_port *p)
{
	switch (p->kind) {
	case MODEL_PORT_SYSTEM:
		return "system";
	case MODEL_PORT_INTERNAL:
	case MODEL_PORT_LOCAL:
		return "internal";
	case MODEL_PORT_PATCH:
		return "patch";
	case MODEL_PORT_TUNNEL:
		return tunnel_kind_name(p->tunnel);
	}
	abort();
}

/* It has a number, so it is in the datapath. */
static bool is_shown(const struct model_port *p)
{
	return !p->error && p->slot.number && p->ofport;
}

/* What the packet programs were given; there is no slower path that they could miss to. */
static uint64_t count_lookups(const struct reconcile *r)
{
	const struct model *m = reconcile_model(r);
	struct datapath_port_stats stats;
	uint64_t n = 0;

	for (size_t i = 0; m && i < m->n_bridges; i++) {
		for (size_t k = 0; k < m->bridges[i]->n_ports; k++) {
			const struct model_port *p = m->bridges[i]->ports[k];

			if (is_shown(p) &&
			    !datapath_port_stats(reconcile_datapath(r), p->slot.number, &stats))
				n += stats.rx_packets;
		}
	}
	return n;
}

static int by_name(const void *a_, const void *b_)
{
	const struct model_port *const *a = a_, *const *b = b_;

	return strcmp((*a)->name, (*b)->name);
}

static int by_slot(const void *a_, const void *b_)
{
	const struct model_port *const *a = a_, *const *b = b_;

	return ((*a)->slot.number > (*b)->slot.number) - ((*a)->slot.number < (*b)->slot.number);
}

/* Of one bridge, or of all for NULL; the list is malloc'd. */
static const struct model_port **sorted_ports(const struct model *m, const struct model_bridge *b,
					      int (*by)(const void *, const void *), size_t *ret_n)
{
	const struct model_port **list;
	size_t n = 0, room = 1;

	for (size_t i = 0; i < m->n_bridges; i++)
		room += m->bridges[i]->n_ports;
	list = calloc(room, sizeof(struct model_port *));
	if (!list)
		abort();
	for (size_t i = 0; i < m->n_bridges; i++) {
		for (size_t k = 0; k < m->bridges[i]->n_ports; k++) {
			if ((!b || b == m->bridges[i]) && is_shown(m->bridges[i]->ports[k]))
				list[n++] = m->bridges[i]->ports[k];
		}
	}
	qsort(list, n, sizeof(struct model_port *), by);
	*ret_n = n;
	return list;
}

static void put_port(const struct model_port *p, struct buf *reply)
{
	buf_printf(reply, "    %s %" PRIu32 "/", p->name, p->ofport);
	if (p->kind == MODEL_PORT_PATCH)
		buf_puts(reply, "none");
	else
		buf_printf(reply, "%" PRIu32, p->slot.number);
	buf_printf(reply, ": (%s", type_of(p));
	if (p->peer_name)
		buf_printf(reply, ": peer=%s", p->peer_name);
	buf_puts(reply, ")\n");
}

static int dpif_show(void *r, size_t n_args, const char *const *args, struct buf *reply,
		     struct error *err)
{
	const struct model *m = reconcile_model(r);

	(void)n_args, (void)args, (void)err;
	buf_printf(reply, DATAPATH ": hit:%" PRIu64 " missed:0\n", count_lookups(r));
	for (size_t i = 0; m && i < m->n_bridges; i++) {
		size_t n;
		const struct model_port **ports = sorted_ports(m, m->bridges[i], by_name, &n);

		buf_printf(reply, "  %s:\n", m->bridges[i]->name);
		for (size_t k = 0; k < n; k++)
			put_port(ports[k], reply);
		free(ports);
	}
	return 0;
}

static void put_stats(const struct reconcile *r, const struct model_port *p, struct buf *reply)
{
	struct datapath_port_stats s;

	if (datapath_port_stats(reconcile_datapath(r), p->slot.number, &s))
		return;
	buf_printf(reply,
		   "    RX packets:%" PRIu64 " errors:%" PRIu64 " dropped:%" PRIu64
		   " overruns:%" PRIu64 " frame:%" PRIu64 "\n"
		   "    TX packets:%" PRIu64 " errors:%" PRIu64 " dropped:%" PRIu64
		   " aborted:? carrier:?\n"
		   "    collisions:%" PRIu64 "\n"
		   "    RX bytes:%" PRIu64 "  TX bytes:%" PRIu64 "\n",
		   s.rx_packets, s.rx_errors, s.rx_dropped, s.rx_over_err, s.rx_frame_err,
		   s.tx_packets, s.tx_errors, s.tx_dropped, s.collisions, s.rx_bytes, s.tx_bytes);
}

static void put_datapath(const struct reconcile *r, bool with_stats, struct buf *reply)
{
	const struct model *m = reconcile_model(r);
	const struct model_port **ports;
	size_t n;

	/* Nothing is cached per flow, so there is none. */
	buf_printf(reply, DATAPATH ":\n  lookups: hit:%" PRIu64 " missed:0 lost:0\n  flows: 0\n",
		   count_lookups(r));
	if (!m)
		return;
	ports = sorted_ports(m, NULL, by_slot, &n);
	for (size_t i = 0; i < n; i++) {
		if (ports[i]->kind == MODEL_PORT_PATCH)
			continue;
		buf_printf(reply, "  port %" PRIu32 ": %s%s\n", ports[i]->slot.number,
			   ports[i]->name,
			   ports[i]->kind == MODEL_PORT_SYSTEM ? "" : " (internal)");
		if (with_stats)
			put_stats(r, ports[i], reply);
	}
	free(ports);
}

static int dpctl_show(void *r, size_t n_args, const char *const *args, struct buf *reply,
		      struct error *err)
{
	bool with_stats = false;

	for (size_t i = 0; i < n_args; i++) {
		if (!strcmp(args[i], "-s") || !strcmp(args[i], "--statistics"))
			with_stats = true;
		else if (strcmp(args[i], DATAPATH) && strcmp(args[i], "ovs-system"))
			return error_set(err, "not found",
					 "opening datapath %s failed (No such file or directory)",
					 args[i]);
	}
	put_datapath(r, with_stats, reply);
	return 0;
}

static int dpctl_dump_dps(void *r, size_t n_args, const char *const *args, struct buf *reply,
			  struct error *err)
{
	(void)r, (void)n_args, (void)args, (void)err;
	buf_puts(reply, DATAPATH "\n");
	return 0;
}

static int dump_dp(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
		   struct error *err)
{
	(void)r, (void)err;
	buf_printf(reply, "system@%s\n", b->name);
	return 0;
}

static int dpif_dump_dps(void *r, size_t n_args, const char *const *args, struct buf *reply,
			 struct error *err)
{
	return command_each_bridge(r, n_args, args, dump_dp, reply, err);
}

static int list_one(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
		    struct error *err)
{
	(void)r, (void)err;
	buf_printf(reply, "%s\n", b->name);
	return 0;
}

static int list(void *r, size_t n_args, const char *const *args, struct buf *reply,
		struct error *err)
{
	return command_each_bridge(r, n_args, args, list_one, reply, err);
}

const struct command command_dpif[] = {
	{ "dpctl/dump-dps", "", 0, 0, dpctl_dump_dps },
	{ "dpctl/show", "[-s] [dp...]", 0, 64, dpctl_show },
	{ "dpif/dump-dps", "", 0, 0, dpif_dump_dps },
	{ "dpif/show", "", 0, 0, dpif_show },
	{ "ofproto/list", "", 0, 0, list },
	{ NULL, NULL, 0, 0, NULL },
};
