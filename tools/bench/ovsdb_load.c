/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t v)
{
	v += 0x9e3779b97f4a7c15u;
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

const char *row_uuid(enum row_kind kind, size_t number)
{
	static char texts[8][37];
	static unsigned int at;
	uint64_t high = mix(number * 8 + kind), low = mix(high);
	char *text = texts[++at % 8];

	snprintf(text, sizeof(texts[0]),
		 "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64,
		 high >> 32, high >> 16 & 0xffff, high & 0xfff, low >> 48 & 0xfff,
		 low & 0xffffffffffff);
	return text;
}

static void begin(struct text *t)
{
	text_put(t, "{\"id\":1,\"method\":\"transact\",\"params\":[\"Open_vSwitch\"");
}

static void end(struct text *t)
{
	text_put(t, "]}");
}

void load_root(struct text *t)
{
	begin(t);
	text_put(t,
		 ",{\"op\":\"insert\",\"table\":\"Open_vSwitch\",\"uuid\":\"%s\",\"row\":{"
		 "\"ovs_version\":\"3.1.0\",\"bridges\":[\"uuid\",\"%s\"]}}",
		 row_uuid(ROW_ROOT, 0), row_uuid(ROW_BRIDGE, 0));
	text_put(t,
		 ",{\"op\":\"insert\",\"table\":\"Bridge\",\"uuid\":\"%s\",\"row\":{"
		 "\"name\":\"br0\"}}",
		 row_uuid(ROW_BRIDGE, 0));
	end(t);
}

static void put_inserts(struct text *t, size_t number)
{
	uint64_t id = mix(number + 1);

	text_put(t,
		 ",{\"op\":\"insert\",\"table\":\"Interface\",\"uuid\":\"%s\",\"row\":{"
		 "\"name\":\"p%05zu\",\"external_ids\":[\"map\",["
		 "[\"attached-mac\",\"52:54:00:%02x:%02x:%02x\"],"
		 "[\"iface-id\",\"%s\"],[\"iface-status\",\"active\"]]]}}",
		 row_uuid(ROW_INTERFACE, number), number, (unsigned int)(id & 0xff),
		 (unsigned int)(id >> 8 & 0xff), (unsigned int)(id >> 16 & 0xff),
		 row_uuid(ROW_ROOT, number + 1));
	text_put(t,
		 ",{\"op\":\"insert\",\"table\":\"Port\",\"uuid\":\"%s\",\"row\":{"
		 "\"name\":\"p%05zu\",\"interfaces\":[\"uuid\",\"%s\"]}}",
		 row_uuid(ROW_PORT, number), number, row_uuid(ROW_INTERFACE, number));
}

static void put_mutate_ports(struct text *t, const char *mutator, size_t from, size_t n)
{
	text_put(t,
		 ",{\"op\":\"mutate\",\"table\":\"Bridge\",\"where\":[[\"_uuid\",\"==\","
		 "[\"uuid\",\"%s\"]]],\"mutations\":[[\"ports\",\"%s\",[\"set\",[",
		 row_uuid(ROW_BRIDGE, 0), mutator);
	for (size_t i = 0; i < n; i++)
		text_put(t, "%s[\"uuid\",\"%s\"]", i ? "," : "", row_uuid(ROW_PORT, from + i));
	text_put(t, "]]]]}");
}

void load_ports(struct text *t, size_t from, size_t n)
{
	begin(t);
	for (size_t i = 0; i < n; i++)
		put_inserts(t, from + i);
	put_mutate_ports(t, "insert", from, n);
	end(t);
}

void load_add_port(struct text *t, size_t number)
{
	load_ports(t, number, 1);
}

void load_delete_ports(struct text *t, size_t from, size_t n)
{
	begin(t);
	put_mutate_ports(t, "delete", from, n);
	end(t);
}

static int compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, 36);
}

/* The ports 0 to n - 1 sorted by uuid, as the client library keeps them. */
static void put_port_set(struct text *t, size_t n, const char *more)
{
	char(*uuids)[37] = malloc((n + 1) * sizeof(*uuids));

	if (!uuids)
		die("out of memory");
	for (size_t i = 0; i < n; i++)
		memcpy(uuids[i], row_uuid(ROW_PORT, i), sizeof(uuids[i]));
	qsort(uuids, n, sizeof(*uuids), compare_uuids);
	text_put(t, "[\"set\",[");
	for (size_t i = 0; i < n; i++)
		text_put(t, "%s[\"uuid\",\"%s\"]", i ? "," : "", uuids[i]);
	text_put(t, "%s]]", more);
	free(uuids);
}

static void put_update_ports(struct text *t, size_t n, const char *more)
{
	text_put(t,
		 ",{\"op\":\"update\",\"table\":\"Bridge\",\"where\":[[\"_uuid\",\"==\","
		 "[\"uuid\",\"%s\"]]],\"row\":{\"ports\":",
		 row_uuid(ROW_BRIDGE, 0));
	put_port_set(t, n, more);
	text_put(t, "}}");
}

static void put_wait(struct text *t, const char *table, enum row_kind kind, size_t number,
		     const char *column)
{
	text_put(t,
		 ",{\"op\":\"wait\",\"table\":\"%s\",\"timeout\":0,\"until\":\"==\","
		 "\"where\":[[\"_uuid\",\"==\",[\"uuid\",\"%s\"]]],\"columns\":[\"%s\"],"
		 "\"rows\":[{\"%s\":",
		 table, row_uuid(kind, number), column, column);
}

void load_vsctl_add_port(struct text *t, size_t number)
{
	begin(t);
	for (size_t i = 0; i < number; i++) {
		put_wait(t, "Port", ROW_PORT, i, "interfaces");
		text_put(t, "[\"uuid\",\"%s\"]}]}", row_uuid(ROW_INTERFACE, i));
	}
	put_wait(t, "Open_vSwitch", ROW_ROOT, 0, "bridges");
	text_put(t, "[\"uuid\",\"%s\"]}]}", row_uuid(ROW_BRIDGE, 0));
	put_wait(t, "Bridge", ROW_BRIDGE, 0, "ports");
	put_port_set(t, number, "");
	text_put(t, "}]}");
	put_update_ports(t, number, ",[\"named-uuid\",\"rowport\"]");
	text_put(t,
		 ",{\"op\":\"insert\",\"table\":\"Interface\",\"uuid-name\":\"rowiface\","
		 "\"row\":{\"name\":\"p%05zu\",\"type\":\"internal\"}}",
		 number);
	text_put(t,
		 ",{\"op\":\"insert\",\"table\":\"Port\",\"uuid-name\":\"rowport\","
		 "\"row\":{\"name\":\"p%05zu\",\"interfaces\":"
		 "[\"named-uuid\",\"rowiface\"]}}",
		 number);
	text_put(t,
		 ",{\"op\":\"mutate\",\"table\":\"Open_vSwitch\",\"where\":[[\"_uuid\",\"==\","
		 "[\"uuid\",\"%s\"]]],\"mutations\":[[\"next_cfg\",\"+=\",1]]}"
		 ",{\"op\":\"select\",\"table\":\"Open_vSwitch\",\"where\":[[\"_uuid\",\"==\","
		 "[\"uuid\",\"%s\"]]],\"columns\":[\"next_cfg\"]}"
		 ",{\"op\":\"comment\",\"comment\":\"ovs-vsctl: add-port\"}",
		 row_uuid(ROW_ROOT, 0), row_uuid(ROW_ROOT, 0));
	end(t);
}

void load_reset_ports(struct text *t, size_t n)
{
	begin(t);
	put_update_ports(t, n, "");
	end(t);
}

void load_update(struct text *t, size_t number, unsigned int value, bool is_durable)
{
	begin(t);
	text_put(t,
		 ",{\"op\":\"update\",\"table\":\"Interface\",\"where\":[[\"_uuid\",\"==\","
		 "[\"uuid\",\"%s\"]]],\"row\":{\"external_ids\":[\"map\",["
		 "[\"iface-status\",\"active\"],[\"n\",\"%u\"]]]}}",
		 row_uuid(ROW_INTERFACE, number), value);
	if (is_durable)
		text_put(t, ",{\"op\":\"commit\",\"durable\":true}");
	end(t);
}

void load_select_by(struct text *t, const char *column, size_t number)
{
	begin(t);
	text_put(t,
		 ",{\"op\":\"select\",\"table\":\"Interface\",\"columns\":[\"_uuid\",\"name\","
		 "\"external_ids\",\"ofport\"],\"where\":[[\"%s\",\"==\",",
		 column);
	if (!strcmp(column, "_uuid"))
		text_put(t, "[\"uuid\",\"%s\"]]]}", row_uuid(ROW_INTERFACE, number));
	else
		text_put(t, "\"p%05zu\"]]}", number);
	end(t);
}

void load_select_all(struct text *t)
{
	begin(t);
	text_put(t, ",{\"op\":\"select\",\"table\":\"Interface\",\"where\":[]}");
	end(t);
}

void load_echo(struct text *t)
{
	text_put(t, "{\"id\":\"echo\",\"method\":\"echo\",\"params\":[]}");
}

static void put_monitor(struct text *t, const char *requests)
{
	text_put(t,
		 "{\"id\":2,\"method\":\"monitor_cond_since\",\"params\":[\"Open_vSwitch\","
		 "[\"monid\",\"Open_vSwitch\"],%s,\"00000000-0000-0000-0000-000000000000\"]}",
		 requests);
}

void load_monitor(struct text *t, bool is_all)
{
	if (is_all)
		put_monitor(t, "{\"Port\":[{}],\"Interface\":[{}],\"Controller\":[{}],"
			       "\"Bridge\":[{}],\"Open_vSwitch\":[{}]}");
	else
		put_monitor(t, "{\"Port\":[{\"columns\":[\"fake_bridge\",\"interfaces\",\"name\","
			       "\"tag\"]}],\"Interface\":[{\"columns\":[\"error\",\"name\","
			       "\"ofport\"]}],\"Controller\":[{\"columns\":[]}],\"Bridge\":[{"
			       "\"columns\":[\"controller\",\"fail_mode\",\"name\",\"ports\"]}],"
			       "\"Open_vSwitch\":[{\"columns\":[\"bridges\",\"cur_cfg\"]}]}");
}

void load_monitor_interfaces(struct text *t)
{
	put_monitor(t, "{\"Interface\":[{\"columns\":[\"name\",\"external_ids\"],"
		       "\"select\":{\"initial\":false}}]}");
}
