/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/allocation.h"
#include "reconcile/cells.h"
#include "reconcile/columns.h"
#include "reconcile/report_port.h"
#include "switch/mac.h"
#include "switch/model.h"

#define LOG_MODULE "reconcile"

/* --- mirrors --- */

/* Two counters are stock's, and all that a row gets unless its user asks for the
 * account: programs that compare the column as a whole must find what they know. */
enum { STOCK_COUNTERS = 2 };

static void report_mirror_counters(const struct report *r, const struct model_mirror *m,
				   bool only_if_none)
{
	static const char *const keys[] = {
		"tx_bytes",	  "tx_packets",	   "selected",	  "filtered",
		"merged",	  "sent",	   "truncated",	  "dropped_backlog",
		"dropped_budget", "dropped_clone", "dropped_mtu", "dropped_no_target",
	};
	const struct row *row = db_find(r->cells->db, r->c->mirror.table, &m->uuid);
	const struct allocation_entry *e =
		allocation_find(r->allocation, DATAPATH_SLOT_MIRROR, &m->uuid);
	size_t n = m->has_account ? sizeof(keys) / sizeof(keys[0]) : STOCK_COUNTERS;
	struct datapath_mirror_stats s;

	if (!row || (only_if_none && datum_n(row_datum(row, r->c->mirror.statistics)) == n))
		return;
	memset(&s, 0, sizeof(s));
	if (e && datapath_mirror_stats(r->dp, e->at.slot, &s))
		return; /* the figures of before are better than zeros */
	cells_integers(r->cells, row, r->c->mirror.statistics, keys,
		       (const uint64_t[]){ s.tx_bytes, s.tx_packets, s.selected, s.filtered,
					   s.merged, s.sent, s.truncated, s.dropped_backlog,
					   s.dropped_budget, s.dropped_clone, s.dropped_mtu,
					   s.dropped_no_target },
		       n);
}

static bool is_name_unique(const struct model_bridge *b, const struct model_mirror *m)
{
	for (size_t i = 0; i < b->n_mirrors; i++) {
		if (b->mirrors[i] != m && !strcmp(b->mirrors[i]->name, m->name))
			return false;
	}
	return true;
}

/* The model knows the configuration; whether the output has a device is known here. */
const char *report_mirror_state(const struct datapath *dp, const struct model_mirror *m,
				struct arena *arena)
{
	struct datapath_port_state out;

	if (!m->is_active || !m->out_port)
		return m->state;
	datapath_port_state(dp, m->out_port->slot.number, &out);
	if (!out.error[0] && out.problem[0] && m->out_port->is_remote)
		return arena_printf(arena, "pending: %s", out.problem);
	if (!out.error[0] && out.problem[0])
		return arena_printf(arena, "pending: output port %s: %s", m->out_port->name,
				    out.problem);
	if (!out.error[0])
		return m->state;
	return arena_printf(arena, "pending: output port %s has no device", m->out_port->name);
}

static void report_mirror_states(const struct report *r, const struct model_bridge *b,
				 const struct row *row)
{
	struct arena *arena = r->model->arena;
	const char **keys = arena_new_array(arena, const char *, b->n_mirrors);
	const char **states = arena_new_array(arena, const char *, b->n_mirrors);

	for (size_t i = 0; i < b->n_mirrors; i++) {
		const struct model_mirror *m = b->mirrors[i];
		const char *old;

		keys[i] = arena_printf(arena, "mirror-%s",
				       is_name_unique(b, m) ? m->name : UUID_STR(&m->uuid));
		states[i] = report_mirror_state(r->dp, m, arena);
		old = row_map_string(row, r->c->bridge.status, keys[i]);
		if (!old || strcmp(old, states[i]))
			log_line(strcmp(states[i], "active") ? LOG_WARN : LOG_INFO, LOG_MODULE,
				 "event=mirror bridge=%s name=%s uuid=%s state=\"%s\"", b->name,
				 m->name, UUID_STR(&m->uuid), states[i]);
	}
	cells_strings(r->cells, row, r->c->bridge.status, keys, states, b->n_mirrors);
}

/* --- bridges --- */

/* 16 digits, or 0x and at most 16; not zero. */
static bool parse_datapath_id(const char *s, unsigned long long *ret)
{
	size_t n;

	if (!s)
		return false;
	n = strlen(s);
	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		s += 2;
		n -= 2;
	} else if (n != 16) {
		return false;
	}
	if (n > 16 || strspn(s, "0123456789abcdefABCDEF") != n)
		return false;
	*ret = strtoull(s, NULL, 16);
	return *ret != 0;
}

static void report_datapath_id(const struct report *r, const struct model_bridge *b,
			       const struct row *row)
{
	const struct allocation_entry *e =
		allocation_find(r->allocation, DATAPATH_SLOT_BRIDGE, &b->uuid);
	unsigned long long id = 0;
	char text[17];

	if (!parse_datapath_id(row_map_string(row, r->c->bridge.other_config, "datapath-id"),
			       &id)) {
		if (!e || !e->has_mac)
			return;
		for (int i = 0; i < 6; i++)
			id = id << 8 | e->mac[i];
	}
	snprintf(text, sizeof(text), "%016llx", id);
	cells_string(r->cells, row, r->c->bridge.datapath_id, text);
}

/* --- all --- */

void report_state(const struct report *r)
{
	struct db *db = r->cells->db;
	struct db_cursor at;
	const struct row *root = db_first(db, r->c->root.table, &at);

	for (size_t i = 0; i < r->model->n_bridges; i++) {
		const struct model_bridge *b = r->model->bridges[i];
		const struct row *row = db_find(db, r->c->bridge.table, &b->uuid);

		for (size_t k = 0; k < b->n_ports; k++)
			report_port_state(r, b, b->ports[k]);
		for (size_t k = 0; k < b->n_mirrors; k++)
			report_mirror_counters(r, b->mirrors[k], true);
		if (!row)
			continue;
		report_mirror_states(r, b, row);
		report_datapath_id(r, b, row);
		cells_string(r->cells, row, r->c->bridge.datapath_version, r->version);
	}
	if (root)
		cells_integer(r->cells, root, r->c->root.cur_cfg,
			      row_integer(root, r->c->root.next_cfg, 0));
}

void report_counters(const struct report *r)
{
	for (size_t i = 0; i < r->model->n_bridges; i++) {
		const struct model_bridge *b = r->model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++)
			report_port_counters(r, b->ports[k]);
		for (size_t k = 0; k < b->n_mirrors; k++)
			report_mirror_counters(r, b->mirrors[k], false);
	}
}
