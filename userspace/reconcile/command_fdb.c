/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h: the learned addresses, "fdb/...". */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "datapath/datapath.h"
#include "reconcile/commands.h"
#include "reconcile/reconcile.h"
#include "switch/mac.h"
#include "switch/model.h"
#include "switch/ofport.h"

static const struct model_port *port_of_slot(const struct model_bridge *b, uint32_t slot)
{
	for (size_t i = 0; i < b->n_ports; i++) {
		if (b->ports[i]->slot.number == slot && !b->ports[i]->error)
			return b->ports[i];
	}
	return NULL;
}

static void put_entry(const struct model_bridge *b, const struct datapath_fdb_entry *e,
		      struct buf *reply)
{
	const struct model_port *p = port_of_slot(b, e->port_slot);

	if (p && p->ofport == OFPORT_LOCAL)
		buf_puts(reply, "LOCAL");
	else if (p && p->ofport)
		buf_printf(reply, "%5" PRIu32, p->ofport);
	else
		buf_puts(reply, "    ?");
	buf_printf(reply, "  %4u  %s", e->vlan, MAC_STR(e->mac));
	if (e->is_static)
		buf_puts(reply, "  static\n");
	else
		buf_printf(reply, "  %3" PRIu32 "\n", e->age_ms / 1000);
}

static int show_bridge(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
		       struct error *err)
{
	struct datapath_fdb_entry *entries;
	size_t n;

	if (datapath_fdb_list(reconcile_datapath(r), b->slot.number, &entries, &n, err))
		return -1;
	buf_puts(reply, " port  VLAN  MAC                Age\n");
	for (size_t i = 0; i < n; i++)
		put_entry(b, &entries[i], reply);
	free(entries);
	return 0;
}

static int show_named(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
		      struct error *err)
{
	buf_printf(reply, "%s:\n", b->name);
	return show_bridge(r, b, reply, err);
}

/* With several tables each needs a name; one alone is as stock has it. */
static int show(void *r, size_t n_args, const char *const *args, struct buf *reply,
		struct error *err)
{
	return command_each_bridge(r, n_args, args, n_args ? show_bridge : show_named, reply, err);
}

static int flush_bridge(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
			struct error *err)
{
	(void)reply;
	return datapath_fdb_flush(reconcile_datapath(r), b->slot.number, err);
}

static int flush(void *r, size_t n_args, const char *const *args, struct buf *reply,
		 struct error *err)
{
	if (command_each_bridge(r, n_args, args, flush_bridge, reply, err))
		return -1;
	buf_puts(reply, "table successfully flushed\n");
	return 0;
}

static int read_address(const char *vlan, const char *mac, struct datapath_fdb_entry *ret,
			struct error *err)
{
	char *end;
	long vid = strtol(vlan, &end, 10);

	if (!*vlan || *end || vid < 0 || vid > 4095)
		return error_set(err, "syntax error", "bad VLAN: 0 to 4095");
	if (!mac_parse(mac, ret->mac))
		return error_set(err, "syntax error", "bad MAC address");
	ret->vlan = (uint16_t)vid;
	return 0;
}

static const struct model_port *find_port(const struct model_bridge *b, const char *name,
					  struct error *err)
{
	for (size_t i = 0; i < b->n_ports; i++) {
		if (strcmp(b->ports[i]->name, name))
			continue;
		if (!b->ports[i]->error)
			return b->ports[i];
		error_set(err, "not found", "port %s does not work: %s", name, b->ports[i]->error);
		return NULL;
	}
	error_set(err, "not found", "no such port");
	return NULL;
}

static int add(void *r, size_t n_args, const char *const *args, struct buf *reply,
	       struct error *err)
{
	const struct model_bridge *b = command_bridge(r, args[0], err);
	const struct model_port *p = b ? find_port(b, args[1], err) : NULL, *before;
	struct datapath_fdb_entry entry = { .vlan = 0 };
	bool is_there;

	(void)n_args;
	if (!p || read_address(args[2], args[3], &entry, err) ||
	    datapath_fdb_find(reconcile_datapath(r), b->slot.number, &entry, &is_there, err))
		return -1;
	if (is_there && (!entry.is_static || entry.port_slot != p->slot.number)) {
		before = port_of_slot(b, entry.port_slot);
		buf_printf(reply, "Overriding already existing %s entry on %" PRIu32 "\n",
			   entry.is_static ? "static" : "dynamic", before ? before->ofport : 0);
	}
	entry.port_slot = p->slot.number;
	return datapath_fdb_add(reconcile_datapath(r), b->slot.number, &entry, err);
}

static int del(void *r, size_t n_args, const char *const *args, struct buf *reply,
	       struct error *err)
{
	const struct model_bridge *b = command_bridge(r, args[0], err);
	struct datapath_fdb_entry entry = { .vlan = 0 };
	bool is_there;

	(void)n_args, (void)reply;
	if (!b || read_address(args[1], args[2], &entry, err) ||
	    datapath_fdb_find(reconcile_datapath(r), b->slot.number, &entry, &is_there, err))
		return -1;
	if (!is_there || !entry.is_static)
		return error_set(err, "not found", "could not find static mac entry");
	return datapath_fdb_delete(reconcile_datapath(r), b->slot.number, &entry, err);
}

static int stats_of_bridge(const struct reconcile *r, const struct model_bridge *b,
			   struct buf *reply, struct error *err)
{
	struct datapath_fdb_entry *entries;
	struct datapath_fdb_counts counts;
	size_t n, n_static = 0;

	if (datapath_fdb_list(reconcile_datapath(r), b->slot.number, &entries, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		n_static += entries[i].is_static;
	free(entries);
	datapath_fdb_counts(reconcile_datapath(r), b->slot.number, &counts);
	buf_printf(reply,
		   "Statistics for bridge \"%s\":\n"
		   "  Current/maximum MAC entries in the table: %zu/%" PRIu32 "\n"
		   "  Current static MAC entries in the table : %zu\n"
		   "  Total number of learned MAC entries     : %" PRIu64 "\n"
		   "  Total number of expired MAC entries     : %" PRIu64 "\n"
		   "  Total number of evicted MAC entries     : %" PRIu64 "\n"
		   "  Total number of port moved MAC entries  : %" PRIu64 "\n",
		   b->name, n, b->fdb_max, n_static, counts.learned, counts.expired, counts.evicted,
		   counts.moved);
	return 0;
}

static int stats_show(void *r, size_t n_args, const char *const *args, struct buf *reply,
		      struct error *err)
{
	return command_each_bridge(r, n_args, args, stats_of_bridge, reply, err);
}

static int clear_bridge(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
			struct error *err)
{
	(void)reply, (void)err;
	datapath_fdb_clear_counts(reconcile_datapath(r), b->slot.number);
	return 0;
}

static int stats_clear(void *r, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err)
{
	if (command_each_bridge(r, n_args, args, clear_bridge, reply, err))
		return -1;
	buf_puts(reply, "statistics successfully cleared\n");
	return 0;
}

const struct command command_fdb[] = {
	{ "fdb/add", "bridge port vlan mac", 4, 4, add },
	{ "fdb/del", "bridge vlan mac", 3, 3, del },
	{ "fdb/flush", "[bridge]", 0, 1, flush },
	{ "fdb/show", "[bridge]", 0, 1, show },
	{ "fdb/stats-clear", "[bridge]", 0, 1, stats_clear },
	{ "fdb/stats-show", "[bridge]", 0, 1, stats_show },
	{ NULL, NULL, 0, 0, NULL },
};
