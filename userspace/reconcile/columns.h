/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The tables and columns that make a switch, looked up once at start.  Everything in
 * reconcile reads and writes rows through these.
 */
#include "base/error.h"

struct column;
struct schema;
struct schema_table;

struct columns {
	struct {
		const struct schema_table *table; /* Open_vSwitch */
		const struct column *bridges, *cur_cfg, *next_cfg, *other_config, *external_ids,
			*ovs_version, *db_version, *datapath_types, *iface_types, *system_type,
			*system_version;
	} root;
	struct {
		const struct schema_table *table;
		const struct column *name, *ports, *mirrors, *fail_mode, *flood_vlans,
			*other_config, *external_ids, *datapath_id, *datapath_version, *status;
	} bridge;
	struct {
		const struct schema_table *table;
		const struct column *name, *interfaces, *tag, *trunks, *cvlans, *vlan_mode,
			*is_protected, *mac, *other_config, *external_ids;
	} port;
	struct {
		const struct schema_table *table;
		const struct column *name, *type, *mac, *mtu_request, *ofport, *ofport_request,
			*error, *ifindex, *mac_in_use, *mtu, *admin_state, *link_state, *link_speed,
			*duplex, *link_resets, *status, *statistics, *options, *external_ids;
	} interface;
	struct {
		const struct schema_table *table;
		const struct column *name, *select_all, *select_src_port, *select_dst_port,
			*select_vlan, *output_port, *output_vlan, *snaplen, *filter, *external_ids,
			*statistics;
	} mirror;
};

/* Fails, naming it, where the schema lacks a table or column or has it with another type. */
must_check int columns_find(const struct schema *schema, struct columns *ret, struct error *err);
