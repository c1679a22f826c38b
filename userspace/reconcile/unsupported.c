/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/unsupported.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "ovsdb/schema.h"

#define LOG_MODULE "reconcile"

static const struct {
	const char *table;
	const char *column;
	const char *what; /* one line for each, even when several columns belong to it */
} kinds[] = {
	{ "Bridge", "controller", "OpenFlow controllers" },
	{ "Bridge", "flow_tables", "OpenFlow tables" },
	{ "Bridge", "netflow", "NetFlow" },
	{ "Bridge", "sflow", "sFlow" },
	{ "Bridge", "ipfix", "IPFIX" },
	{ "Bridge", "auto_attach", "auto-attach" },
	{ "Bridge", "stp_enable", "STP" },
	{ "Bridge", "rstp_enable", "RSTP" },
	{ "Bridge", "mcast_snooping_enable", "multicast snooping" },
	{ "Port", "qos", "QoS" },
	{ "Port", "lacp", "LACP" },
	{ "Port", "bond_mode", "bonds" },
	{ "Interface", "ingress_policing_rate", "ingress policing" },
	{ "Interface", "ingress_policing_kpkts_rate", "ingress policing by packets" },
	{ "Interface", "bfd", "BFD" },
	{ "Interface", "cfm_mpid", "CFM" },
	{ "Interface", "lldp", "LLDP" },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct unsupported {
	const struct column *columns[N_KINDS]; /* NULL: not in the schema, or said already */
};

struct unsupported *unsupported_new(const struct schema *schema)
{
	struct unsupported *u = calloc(1, sizeof(*u));

	if (!u)
		abort();
	for (int i = 0; i < N_KINDS; i++) {
		const struct schema_table *t = schema_find_table(schema, kinds[i].table);

		u->columns[i] = t ? schema_find_column(t, kinds[i].column) : NULL;
	}
	return u;
}

void unsupported_free(struct unsupported *u)
{
	free(u);
}

void unsupported_look(struct unsupported *u, const struct row *row)
{
	for (int i = 0; i < N_KINDS; i++) {
		const struct column *c = u->columns[i];

		if (!c || c->table != row->table ||
		    datum_equal(row_datum(row, c), c->default_value, &c->type))
			continue;
		log_warn("event=no-effect table=%s column=%s what=\"%s\"", kinds[i].table, c->name,
			 kinds[i].what);
		u->columns[i] = NULL;
	}
}

void unsupported_look_at_all(struct unsupported *u, struct db *db)
{
	for (int i = 0; i < N_KINDS; i++) {
		struct db_cursor cursor;

		if (!u->columns[i])
			continue;
		table_foreach (row, db, u->columns[i]->table, &cursor) {
			unsupported_look(u, row);
			if (!u->columns[i])
				break;
		}
	}
}
