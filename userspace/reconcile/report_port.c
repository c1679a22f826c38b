/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/report_port.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "datapath/datapath.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/cells.h"
#include "reconcile/columns.h"
#include "switch/mac.h"
#include "switch/model.h"

#define LOG_MODULE "reconcile"

static const struct row *row_of(const struct report *r, const struct model_port *p)
{
	return db_find(r->cells->db, r->c->interface.table, &p->interface_uuid);
}

/* Everything that a device would have is empty, as Open vSwitch leaves it. */
static void report_failure(const struct report *r, const struct model_bridge *b,
			   const struct model_port *p, const struct row *row, const char *error)
{
	const struct columns *c = r->c;
	const struct column *const empty[] = {
		c->interface.ifindex,	  c->interface.mac_in_use,  c->interface.mtu,
		c->interface.admin_state, c->interface.link_state,  c->interface.link_speed,
		c->interface.duplex,	  c->interface.link_resets, c->interface.status,
		c->interface.statistics,
	};

	if (cells_string(r->cells, row, c->interface.error, error))
		log_warn("event=port-error bridge=%s name=%s error=\"%s\"", b->name, p->name,
			 error);
	cells_integer(r->cells, row, c->interface.ofport, -1);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		cells_clear(r->cells, row, empty[i]);
}

static void report_driver(const struct report *r, const struct row *row,
			  const struct datapath_port_state *s)
{
	const struct columns *c = r->c;

	if (s->driver[0])
		cells_strings(r->cells, row, c->interface.status,
			      (const char *const[]){ "driver_name", "driver_version",
						     "firmware_version" },
			      (const char *const[]){ s->driver, s->driver_version, s->firmware },
			      3);
	else
		cells_clear(r->cells, row, c->interface.status);
}

/* The first three as Open vSwitch has them. */
static void report_tunnel(const struct report *r, const struct row *row,
			  const struct datapath_port_state *s)
{
	const char *const pairs[][2] = {
		{ "tunnel_egress_iface", s->egress },
		{ "tunnel_egress_iface_carrier", !s->egress[0]		 ? ""
						 : s->has_egress_carrier ? "up"
									 : "down" },
		{ "source_ip", s->source },
		{ "bvs-problem", s->problem },
		{ "bvs-xdp", s->xdp },
	};
	const char *keys[5], *values[5];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!pairs[i][1][0])
			continue;
		keys[n] = pairs[i][0];
		values[n++] = pairs[i][1];
	}
	if (n)
		cells_strings(r->cells, row, r->c->interface.status, keys, values, n);
	else
		cells_clear(r->cells, row, r->c->interface.status);
}

static void report_device(const struct report *r, const struct row *row,
			  const struct datapath_port_state *s)
{
	const struct columns *c = r->c;
	bool has_speed = s->speed_bps && s->has_duplex;

	cells_integer(r->cells, row, c->interface.ifindex, s->ifindex);
	cells_string(r->cells, row, c->interface.mac_in_use, s->has_mac ? MAC_STR(s->mac) : NULL);
	if (s->mtu)
		cells_integer(r->cells, row, c->interface.mtu, s->mtu);
	else
		cells_clear(r->cells, row, c->interface.mtu);
	cells_string(r->cells, row, c->interface.admin_state, s->is_admin_up ? "up" : "down");
	cells_string(r->cells, row, c->interface.link_state, s->has_link ? "up" : "down");
	cells_integer(r->cells, row, c->interface.link_resets, s->link_resets);
	if (has_speed)
		cells_integer(r->cells, row, c->interface.link_speed, (int64_t)s->speed_bps);
	else
		cells_clear(r->cells, row, c->interface.link_speed);
	cells_string(r->cells, row, c->interface.duplex,
		     !has_speed		 ? NULL
		     : s->is_full_duplex ? "full"
					 : "half");
}

void report_port_state(const struct report *r, const struct model_bridge *b,
		       const struct model_port *p)
{
	const struct row *row = row_of(r, p);
	struct datapath_port_state state;

	if (!row)
		return;
	if (p->error) {
		report_failure(r, b, p, row, p->error);
		return;
	}
	datapath_port_state(r->dp, p->slot.number, &state);
	if (state.error[0] || !p->ofport) {
		report_failure(r, b, p, row,
			       state.error[0] ? state.error : "no OpenFlow port number is free");
		return;
	}
	if (cells_integer(r->cells, row, r->c->interface.ofport, p->ofport))
		log_info("event=port bridge=%s name=%s ofport=%u", b->name, p->name, p->ofport);
	if (cells_string(r->cells, row, r->c->interface.error, p->warning) && p->warning)
		log_warn("event=port-error bridge=%s name=%s error=\"%s\"", b->name, p->name,
			 p->warning);
	report_device(r, row, &state);
	if (p->tunnel)
		report_tunnel(r, row, &state);
	else
		report_driver(r, row, &state);
	if (!datum_n(row_datum(row, r->c->interface.statistics)))
		report_port_counters(r, p); /* no port is without figures */
}

/* Of a port without a device.  A tunnel's: what was lost too, and each reason that there was. */
enum { OWN_COUNTERS = 7, MAX_COUNTERS = 64 };

struct counters {
	const char *keys[MAX_COUNTERS];
	uint64_t values[MAX_COUNTERS];
	size_t n;
	char names[MAX_COUNTERS][32];
};

static void add_drop(void *arg, const char *reason, uint64_t n)
{
	struct counters *c = arg;
	char *name;

	if (c->n >= MAX_COUNTERS)
		return;
	name = c->names[c->n];
	snprintf(name, sizeof(c->names[0]), "dropped_%s", reason);
	c->keys[c->n] = name;
	c->values[c->n++] = n;
}

static void report_own_counters(const struct report *r, const struct row *row,
				const struct model_port *p, const struct datapath_port_stats *s)
{
	struct counters c = { .keys = { "rx_bytes", "rx_packets", "tx_bytes", "tx_packets",
					"rx_errors", "tx_dropped", "tx_errors" },
			      .values = { s->rx_bytes, s->rx_packets, s->tx_bytes, s->tx_packets,
					  s->rx_errors, s->tx_dropped, s->tx_errors },
			      .n = p->tunnel ? OWN_COUNTERS : 4 };
	struct error err;

	if (p->tunnel && datapath_port_drops(r->dp, p->slot.number, add_drop, &c, &err))
		log_warn("event=counters name=%s error=\"%s\"", p->name, err.text);
	cells_integers(r->cells, row, r->c->interface.statistics, c.keys, c.values, c.n);
}

void report_port_counters(const struct report *r, const struct model_port *p)
{
	static const char *const keys[] = {
		"collisions",  "rx_bytes",     "rx_crc_err",	   "rx_dropped",
		"rx_errors",   "rx_frame_err", "rx_missed_errors", "rx_multicast_packets",
		"rx_over_err", "rx_packets",   "tx_bytes",	   "tx_dropped",
		"tx_errors",   "tx_packets",
	};
	const struct row *row = row_of(r, p);
	struct datapath_port_stats s;

	if (!row || p->error || !p->slot.number)
		return;
	if (datapath_port_stats(r->dp, p->slot.number, &s))
		return;
	if (p->kind == MODEL_PORT_PATCH || p->kind == MODEL_PORT_TUNNEL) {
		report_own_counters(r, row, p, &s);
		return;
	}
	cells_integers(r->cells, row, r->c->interface.statistics, keys,
		       (const uint64_t[]){ s.collisions, s.rx_bytes, s.rx_crc_err, s.rx_dropped,
					   s.rx_errors, s.rx_frame_err, s.rx_missed_errors,
					   s.rx_multicast_packets, s.rx_over_err, s.rx_packets,
					   s.tx_bytes, s.tx_dropped, s.tx_errors, s.tx_packets },
		       14);
}
