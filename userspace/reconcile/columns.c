/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/columns.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "ovsdb/schema.h"

/* Types: of the key, of a map's value, "*" where several elements are allowed. */
struct wanted {
	size_t table_at, at;
	const char *table;
	const char *column;
	const char *type;
};
#define COLUMN_AS(GROUP, TABLE, MEMBER, COLUMN, TYPE)                                          \
	{                                                                                      \
		offsetof(struct columns, GROUP.table), offsetof(struct columns, GROUP.MEMBER), \
			TABLE, COLUMN, TYPE                                                    \
	}
#define ROOT(NAME, TYPE) COLUMN_AS(root, "Open_vSwitch", NAME, #NAME, TYPE)
#define BRIDGE(NAME, TYPE) COLUMN_AS(bridge, "Bridge", NAME, #NAME, TYPE)
#define PORT(NAME, TYPE) COLUMN_AS(port, "Port", NAME, #NAME, TYPE)
#define INTERFACE(NAME, TYPE) COLUMN_AS(interface, "Interface", NAME, #NAME, TYPE)
#define MIRROR(NAME, TYPE) COLUMN_AS(mirror, "Mirror", NAME, #NAME, TYPE)

static const struct wanted wanted[] = {
	ROOT(bridges, "uuid*"),
	ROOT(cur_cfg, "integer"),
	ROOT(next_cfg, "integer"),
	ROOT(other_config, "string:string*"),
	ROOT(external_ids, "string:string*"),
	ROOT(ovs_version, "string"),
	ROOT(db_version, "string"),
	ROOT(datapath_types, "string*"),
	ROOT(iface_types, "string*"),
	ROOT(system_type, "string"),
	ROOT(system_version, "string"),
	BRIDGE(name, "string"),
	BRIDGE(ports, "uuid*"),
	BRIDGE(mirrors, "uuid*"),
	BRIDGE(fail_mode, "string"),
	BRIDGE(flood_vlans, "integer*"),
	BRIDGE(other_config, "string:string*"),
	BRIDGE(external_ids, "string:string*"),
	BRIDGE(datapath_id, "string"),
	BRIDGE(datapath_version, "string"),
	BRIDGE(status, "string:string*"),
	PORT(name, "string"),
	PORT(interfaces, "uuid*"),
	PORT(tag, "integer"),
	PORT(trunks, "integer*"),
	PORT(cvlans, "integer*"),
	PORT(vlan_mode, "string"),
	COLUMN_AS(port, "Port", is_protected, "protected", "boolean"),
	PORT(mac, "string"),
	PORT(other_config, "string:string*"),
	PORT(external_ids, "string:string*"),
	INTERFACE(name, "string"),
	INTERFACE(type, "string"),
	INTERFACE(mac, "string"),
	INTERFACE(mtu_request, "integer"),
	INTERFACE(ofport, "integer"),
	INTERFACE(ofport_request, "integer"),
	INTERFACE(error, "string"),
	INTERFACE(ifindex, "integer"),
	INTERFACE(mac_in_use, "string"),
	INTERFACE(mtu, "integer"),
	INTERFACE(admin_state, "string"),
	INTERFACE(link_state, "string"),
	INTERFACE(link_speed, "integer"),
	INTERFACE(duplex, "string"),
	INTERFACE(link_resets, "integer"),
	INTERFACE(status, "string:string*"),
	INTERFACE(statistics, "string:integer*"),
	INTERFACE(options, "string:string*"),
	INTERFACE(external_ids, "string:string*"),
	MIRROR(name, "string"),
	MIRROR(select_all, "boolean"),
	MIRROR(select_src_port, "uuid*"),
	MIRROR(select_dst_port, "uuid*"),
	MIRROR(select_vlan, "integer*"),
	MIRROR(output_port, "uuid"),
	MIRROR(output_vlan, "integer"),
	MIRROR(snaplen, "integer"),
	MIRROR(filter, "string"),
	MIRROR(external_ids, "string:string*"),
	MIRROR(statistics, "string:integer*"),
};

static bool has_type(const struct column *c, const char *type)
{
	struct buf b = BUF_INIT;
	bool is_same;

	buf_puts(&b, atom_type_name(c->type.key.type));
	if (type_is_map(&c->type))
		buf_printf(&b, ":%s", atom_type_name(c->type.value.type));
	if (c->type.n_max > 1)
		buf_putc(&b, '*');
	is_same = buf_ok(&b) && !strcmp(b.data, type);
	buf_free(&b);
	return is_same;
}

int columns_find(const struct schema *schema, struct columns *ret, struct error *err)
{
	struct columns found;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct wanted *w = &wanted[i];
		const struct schema_table *table = schema_find_table(schema, w->table);
		const struct column *column = table ? schema_find_column(table, w->column) : NULL;

		if (!column || !has_type(column, w->type))
			return error_set(err, "bad schema",
					 "schema %s %s has no column %s.%s of type %s: "
					 "it can be served with --db-only, without a switch",
					 schema->name, schema->version, w->table, w->column,
					 w->type);
		memcpy((char *)&found + w->table_at, &table, sizeof(table));
		memcpy((char *)&found + w->at, &column, sizeof(column));
	}
	*ret = found;
	return 0;
}
