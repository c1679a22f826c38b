/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients may store -> reconcile, with a datapath in memory -> what is written back, and
 * what people are told who ask.
 *
 * An input is a program, one byte for a step and one for each of its choices: rows and values out
 * of the lists below, good ones and bad ones; commits, devices that come and go, restarts.  A
 * restart must lead to the same model; what bvs/status says is JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "fuzz/fuzz.h"
#include "reconcile/commands.h"
#include "reconcile/reconcile.h"
#include "unit/fake_datapath.h"
#include "unit/vswitch_db.h"

#define N(ARRAY) (sizeof(ARRAY) / sizeof((ARRAY)[0]))

static const char *const names[] = { "br0",  "br1",   "tap1",	"tap2",
				     "tap3", "vnet1", "gre0",	"patch",
				     "lo",   "a/b",   "vnet10", "a name that is too long" };

/* Values of a column, one of which is written. */
struct pool {
	const char *table, *column, *values[12];
};
static const struct pool pools[] = {
	{ "Bridge", "fail_mode", { "\"secure\"", "\"standalone\"", "[\"set\",[]]" } },
	{ "Bridge", "datapath_type", { "\"netdev\"", "\"system\"", "\"\"", "\"x\"" } },
	{ "Bridge", "flood_vlans", { "5", "[\"set\",[1,2,4095]]", "[\"set\",[]]" } },
	{ "Bridge",
	  "other_config",
	  { "[\"map\",[[\"hwaddr\",\"02:00:00:00:00:09\"],[\"mac-table-size\",\"10\"]]]",
	    "[\"map\",[[\"hwaddr\",\"zz\"],[\"mac-table-size\",\"-7\"],[\"forward-bpdu\",\"true\"]]"
	    "]",
	    "[\"map\",[[\"mac-aging-time\",\"99999999999\"],[\"datapath-id\",\"12\"]]]",
	    "[\"map\",[[\"bvs-sticky\",\"maybe\"]]]", "[\"map\",[]]" } },
	{ "Port", "tag", { "0", "10", "4095", "[\"set\",[]]" } },
	{ "Port", "trunks", { "[\"set\",[1,10,11]]", "0", "[\"set\",[]]" } },
	{ "Port", "cvlans", { "[\"set\",[1,10,11]]", "[\"set\",[]]" } },
	{ "Port",
	  "vlan_mode",
	  { "\"access\"", "\"trunk\"", "\"native-tagged\"", "\"native-untagged\"",
	    "\"dot1q-tunnel\"", "[\"set\",[]]" } },
	{ "Port", "protected", { "true", "false" } },
	{ "Port", "fake_bridge", { "true", "false" } },
	{ "Port",
	  "other_config",
	  { "[\"map\",[[\"priority-tags\",\"if-nonzero\"],[\"qinq-ethtype\",\"802.1q\"]]]",
	    "[\"map\",[[\"priority-tags\",\"x\"],[\"qinq-ethtype\",\"x\"]]]", "[\"map\",[]]" } },
	{ "Interface",
	  "type",
	  { "\"\"", "\"internal\"", "\"patch\"", "\"gre\"", "\"erspan\"", "\"vxlan\"", "\"ip6gre\"",
	    "\"ip6erspan\"", "\"geneve\"", "\"tap\"", "\"nonsense\"" } },
	{ "Interface",
	  "options",
	  { "[\"map\",[[\"peer\",\"patch\"]]]", "[\"map\",[[\"peer\",\"tap1\"]]]",
	    "[\"map\",[[\"remote_ip\",\"10.0.0.9\"],[\"key\",\"7\"]]]",
	    "[\"map\",[[\"remote_ip\",\"10.0.0.9\"],[\"key\",\"flow\"],[\"csum\",\"true\"]]]",
	    "[\"map\",[[\"remote_ip\",\"fe80::1\"],[\"erspan_ver\",\"2\"],[\"erspan_dir\",\"1\"],"
	    "[\"erspan_hwid\",\"0x4\"],[\"key\",\"5\"]]]",
	    "[\"map\",[[\"remote_ip\",\"flow\"]]]",
	    "[\"map\",[[\"remote_ip\",\"10.0.0.9\"],[\"erspan_ver\",\"1\"],[\"erspan_idx\","
	    "\"fffff\"],"
	    "[\"seq\",\"true\"],[\"df_default\",\"false\"],[\"ttl\",\"inherit\"],[\"tos\",\"900\"]]"
	    "]",
	    "[\"map\",[[\"remote_ip\",\"wrong\"],[\"local_ip\",\"::\"],[\"key\",\"-1\"]]]",
	    "[\"map\",[]]" } },
	{ "Interface", "ofport_request", { "1", "65279", "[\"set\",[]]" } },
	{ "Interface", "mtu_request", { "68", "9000", "2000000000", "[\"set\",[]]" } },
	{ "Interface",
	  "mac",
	  { "\"02:00:00:00:00:07\"", "\"01:00:00:00:00:00\"", "\"zz\"", "[\"set\",[]]" } },
	{ "Interface",
	  "external_ids",
	  { "[\"map\",[[\"iface-id\",\"one\"]]]",
	    "[\"map\",[[\"iface-id\",\"two\"],[\"vm-id\",\"v\"]]]",
	    "[\"map\",[[\"attached-mac\",\"02:00:00:00:00:01\"]]]", "[\"map\",[]]" } },
	{ "Mirror", "select_all", { "true", "false" } },
	{ "Mirror", "select_vlan", { "10", "[\"set\",[0,1,2]]", "[\"set\",[]]" } },
	{ "Mirror", "output_vlan", { "10", "4095", "[\"set\",[]]" } },
	{ "Mirror", "snaplen", { "14", "65535", "[\"set\",[]]" } },
	{ "Mirror",
	  "filter",
	  { "\"tcp,tp_dst=80\"", "\"dl_vlan=9/0x1\"", "\"ip,nw_src=10.0.0.0/8\"", "\"nonsense\"",
	    "\"icmp6,nd_target=::1\"", "[\"set\",[]]" } },
	{ "Mirror",
	  "external_ids",
	  { "[\"map\",[[\"bvs-src-ports\",\"vnet*,tap1\"],[\"bvs-output-port\",\"tap3\"]]]",
	    "[\"map\",[[\"bvs-dst-ports\",\"vm-id=v\"],[\"bvs-output-port\",\"*\"]]]",
	    "[\"map\",[[\"bvs-filter\",\"tcp port 80\"],[\"bvs-mtu\",\"fragment\"]]]",
	    "[\"map\",[[\"bvs-filter\",\"tcp portt\"]]]",
	    "[\"map\",[[\"bvs-remote\",\"erspan:10.0.0.9,session=7,ver=3\"],[\"bvs-mtu\",\"drop\"]]"
	    "]",
	    "[\"map\",[[\"bvs-remote\",\"gre:fe80::1,key=9\"],[\"bvs-account\",\"true\"]]]",
	    "[\"map\",[[\"bvs-remote\",\"vxlan:\"]]]", "[\"map\",[[\"bvs-sticky\",\"false\"]]]",
	    "[\"map\",[[\"bvs-bound\",\"src=tap1\"]]]", "[\"map\",[[\"bvs-nonsense\",\"1\"]]]",
	    "[\"map\",[]]" } },
	{ "Open_vSwitch",
	  "other_config",
	  { "[\"map\",[[\"bvs-sticky\",\"false\"]]]", "[\"map\",[[\"bvs-account\",\"true\"]]]",
	    "[\"map\",[[\"bvs-account\",\"7\"]]]", "[\"map\",[[\"stats-update-interval\",\"x\"]]]",
	    "[\"map\",[]]" } },
};

/* A column that names rows of another table: some of the first eight. */
static const struct {
	const char *table, *column, *to;
	unsigned int max;
} links[] = {
	{ "Open_vSwitch", "bridges", "Bridge", 8 }, { "Bridge", "ports", "Port", 8 },
	{ "Bridge", "mirrors", "Mirror", 8 },	    { "Port", "interfaces", "Interface", 8 },
	{ "Mirror", "select_src_port", "Port", 8 }, { "Mirror", "select_dst_port", "Port", 8 },
	{ "Mirror", "output_port", "Port", 1 },
};

struct play {
	const uint8_t *at, *end;
	struct vswitch v; /* its schema is read once for all inputs */
	struct loop *loop;
	struct datapath *dp;
	struct reconcile *r;
};

/* --- the rest of a datapath --- */

int datapath_fdb_list(const struct datapath *dp, uint32_t bridge_slot,
		      struct datapath_fdb_entry **ret, size_t *ret_n, struct error *err)
{
	(void)dp, (void)bridge_slot, (void)err;
	*ret = calloc(1, sizeof(**ret));
	*ret_n = 1;
	(*ret)->port_slot = 1;
	return 0;
}

int datapath_fdb_find(const struct datapath *dp, uint32_t bridge_slot,
		      struct datapath_fdb_entry *entry, bool *ret, struct error *err)
{
	(void)dp, (void)bridge_slot, (void)entry, (void)err;
	*ret = false;
	return 0;
}

int datapath_fdb_flush(struct datapath *dp, uint32_t bridge_slot, struct error *err)
{
	(void)dp, (void)bridge_slot, (void)err;
	return 0;
}

int datapath_fdb_add(struct datapath *dp, uint32_t bridge_slot,
		     const struct datapath_fdb_entry *entry, struct error *err)
{
	(void)dp, (void)bridge_slot, (void)entry, (void)err;
	return 0;
}

int datapath_fdb_delete(struct datapath *dp, uint32_t bridge_slot,
			const struct datapath_fdb_entry *entry, struct error *err)
{
	(void)dp, (void)bridge_slot, (void)entry, (void)err;
	return 0;
}

void datapath_fdb_counts(const struct datapath *dp, uint32_t bridge_slot,
			 struct datapath_fdb_counts *ret)
{
	(void)dp, (void)bridge_slot;
	*ret = (struct datapath_fdb_counts){ .learned = 1 };
}

void datapath_fdb_clear_counts(struct datapath *dp, uint32_t bridge_slot)
{
	(void)dp, (void)bridge_slot;
}

int datapath_explain_ready(struct datapath *dp, struct error *err)
{
	(void)dp, (void)err;
	return 0;
}

int datapath_explain(struct datapath *dp, const struct model *model, const struct model_port *in,
		     const void *frame, size_t len, struct explain **ret, struct error *err)
{
	(void)dp, (void)model, (void)in, (void)frame, (void)len, (void)ret;
	return error_set(err, "I/O error", "no packets here");
}

int datapath_check(const struct datapath *dp, bool *ret, struct error *err)
{
	(void)dp, (void)err;
	*ret = true;
	return 0;
}

void datapath_dump_image(const struct datapath *dp, uint32_t bridge_slot, struct buf *to)
{
	(void)dp, (void)bridge_slot, (void)to;
}

/* --- steps --- */

static unsigned int choice(struct play *p, size_t n)
{
	return p->at < p->end ? *p->at++ % (unsigned int)n : 0;
}

static const char *a_name(struct play *p)
{
	return names[choice(p, N(names))];
}

static struct txn *begun(struct play *p)
{
	if (!p->v.txn)
		p->v.txn = txn_new(p->v.db);
	fuzz_demand(p->v.txn, "there is memory");
	return p->v.txn;
}

static void drop(struct play *p)
{
	txn_free(p->v.txn);
	p->v.txn = NULL;
}

static void settle(struct play *p)
{
	for (int i = 0; i < 6; i++)
		loop_turn(p->loop, 0);
	fuzz_demand(reconcile_is_settled(p->r), "it is settled");
}

static void commit(struct play *p)
{
	struct error err;

	if (p->v.txn && txn_commit(p->v.txn, NULL, &err))
		fuzz_demand(err.text[0], "a refusal has its reason");
	drop(p);
	settle(p);
}

/* The row at this place of what the transaction sees; NULL: none. */
static const struct row *row_at(struct play *p, const char *table, unsigned int place)
{
	const struct schema_table *t = vswitch_table(&p->v, table);
	struct db_cursor c;

	table_foreach (row, p->v.db, t, &c) {
		if (!place-- && (!p->v.txn || txn_find(p->v.txn, t, &row->uuid)))
			return row;
	}
	return NULL;
}

static void write_text(struct play *p, const char *table, const struct uuid *uuid,
		       const char *column, const char *text)
{
	const struct column *c = vswitch_column(&p->v, table, column);
	struct datum *d = NULL;
	struct json_doc *doc;
	struct error err;

	fuzz_demand(json_parse(text, strlen(text), &doc, &err) >= 0, text);
	if (!datum_from_json(json_doc_root(doc), &c->type, NULL, true, &d, &err) &&
	    txn_write(begun(p), vswitch_table(&p->v, table), uuid, c, d, &err))
		drop(p);
	json_doc_unref(doc);
}

static void insert(struct play *p, const char *table, const struct uuid *uuid, const char *name)
{
	struct error err;

	if (txn_insert(begun(p), vswitch_table(&p->v, table), uuid, &err))
		fuzz_demand(false, err.text);
	vswitch_write(&p->v, table, uuid, "name", datum_of_string(name));
}

/* The one reference more. */
static void add_link(struct play *p, const char *table, const struct uuid *uuid, const char *column,
		     const struct uuid *target)
{
	const struct schema_table *t = vswitch_table(&p->v, table);
	const struct column *c = vswitch_column(&p->v, table, column);
	struct datum *one = datum_of_uuid(target), *all;
	struct error err;

	if (datum_union(row_datum(txn_find(begun(p), t, uuid), c), one, &c->type, &all, &err))
		drop(p);
	else
		vswitch_write(&p->v, table, uuid, column, all);
	datum_unref(one);
}

/* A bridge with its port, or a port, or a mirror. */
static void add(struct play *p)
{
	struct uuid a = uuid_random(), b = uuid_random(), c = uuid_random();
	unsigned int what = choice(p, 3), place = choice(p, 3);
	const struct row *bridge = row_at(p, "Bridge", place);
	const struct row *root = row_at(p, "Open_vSwitch", 0);
	const char *name = a_name(p);
	struct uuid at = bridge ? bridge->uuid : root->uuid;

	if (what && !bridge)
		return;
	if (what == 2) {
		insert(p, "Mirror", &a, name);
		add_link(p, "Bridge", &at, "mirrors", &a);
		return;
	}
	if (!what) {
		insert(p, "Bridge", &c, name);
		add_link(p, "Open_vSwitch", &root->uuid, "bridges", &c);
		at = c;
	}
	insert(p, "Interface", &a, name);
	insert(p, "Port", &b, name);
	vswitch_write(&p->v, "Port", &b, "interfaces", datum_of_uuid(&a));
	if (p->v.txn)
		add_link(p, "Bridge", &at, "ports", &b);
}

static void set_value(struct play *p)
{
	const struct pool *pool = &pools[choice(p, N(pools))];
	const struct row *row = row_at(p, pool->table, choice(p, 8));
	const char *value = pool->values[choice(p, N(pool->values))];

	if (row && value)
		write_text(p, pool->table, &row->uuid, pool->column, value);
}

static void set_link(struct play *p)
{
	unsigned int which = choice(p, N(links)), n = 0;
	const struct row *row = row_at(p, links[which].table, choice(p, 8)), *to;
	unsigned int mask = choice(p, 256);
	struct buf text = BUF_INIT;

	buf_puts(&text, "[\"set\",[");
	for (unsigned int i = 0; i < 8 && n < links[which].max; i++) {
		if (mask & 1u << i && (to = row_at(p, links[which].to, i)))
			buf_printf(&text, "%s[\"uuid\",\"%s\"]", n++ ? "," : "",
				   UUID_STR(&to->uuid));
	}
	buf_puts(&text, "]]");
	if (row)
		write_text(p, links[which].table, &row->uuid, links[which].column, text.data);
	buf_free(&text);
}

static void change_device(struct play *p)
{
	bool comes = choice(p, 2);
	const char *name = a_name(p);

	commit(p); /* no transaction stays open while the loop turns */
	fake_datapath_del_device(p->dp, name);
	if (comes)
		fake_datapath_add_device(p->dp, name, "02:00:00:00:01:01");
	settle(p);
}

static void start(struct play *p)
{
	static const struct reconcile_options options = {
		.version = "1",
		.rundir = "/run/there",
		.system_id_file = "/dev/null",
		.os_release_file = "/dev/null",
	};
	struct error err;

	if (reconcile_new(p->loop, p->v.db, p->dp, &options, &p->r, &err))
		fuzz_demand(false, err.text);
	settle(p);
}

/* The model in force without ofports, which ports get only when they are in.  The caller
 * frees it. */
static char *model_text(struct play *p)
{
	char *text = strdup(fake_datapath_model(p->dp)), *to = text;

	for (const char *from = text; *from;) {
		if (!strncmp(from, " ofport=", 8))
			from += 8 + strspn(from + 8, "0123456789");
		else
			*to++ = *from++;
	}
	*to = '\0';
	return text;
}

static void restart(struct play *p)
{
	char *before, *after;

	commit(p);
	before = model_text(p);
	reconcile_free(p->r);
	start(p);
	after = model_text(p);
	if (strcmp(before, after))
		fprintf(stderr, "%s---\n%s", before, after);
	fuzz_demand(!strcmp(before, after), "a restart changes nothing");
	free(before);
	free(after);
}

static void ask(struct play *p, const struct command *c, const char *const *args, size_t n)
{
	struct buf reply = BUF_INIT;
	struct json_doc *doc;
	struct error err;

	if (c->fn(p->r, n, args, &reply, &err))
		fuzz_demand(err.text[0], "a refusal has its reason");
	else if (!strcmp(c->name, "bvs/status"))
		fuzz_demand(json_parse(reply.data, reply.len, &doc, &err) >= 0 &&
				    (json_doc_unref(doc), true),
			    "the status is JSON");
	buf_free(&reply);
}

static void ask_all(struct play *p)
{
	static const struct command *const tables[] = { command_fdb, command_dpif, command_mirror,
							command_image, command_status };
	static const char *const flows[] = { "in_port=tap1,tcp,nw_dst=10.0.0.1", "in_port=1",
					     "in_port=x,arp", "dl_dst" };
	const char *args[] = { a_name(p), flows[choice(p, N(flows))], "10", "02:00:00:00:00:01" };

	for (size_t i = 0; i < N(tables); i++) {
		for (const struct command *c = tables[i]; c->name; c++) {
			for (size_t n = c->n_min; n <= c->n_max && n <= N(args); n++)
				ask(p, c, args, n);
		}
	}
}

static struct vswitch empty;

void fuzz_start(void)
{
	log_set_level(LOG_EMER);
	vswitch_new(&empty);
}

/* All other rows go with the one of Open_vSwitch. */
static void empty_database(struct play *p)
{
	const struct schema_table *t = vswitch_table(&p->v, "Open_vSwitch");
	const struct row *root = row_at(p, "Open_vSwitch", 0);
	struct error err;

	if (!root || txn_delete(begun(p), t, &root->uuid, &err) || txn_commit(p->v.txn, NULL, &err))
		fuzz_demand(false, "the root row can go");
	drop(p);
	fuzz_demand(!row_at(p, "Interface", 0) && !row_at(p, "Mirror", 0), "no row is left");
}

void fuzz_one(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct play * p) = { add,	   set_value,	  set_link,
							  commit,  change_device, restart,
							  ask_all, set_value };
	struct play p = { .at = data, .end = data + size, .v = empty };

	p.loop = loop_new();
	p.dp = fake_datapath_new();
	start(&p);
	while (p.at < p.end)
		steps[choice(&p, N(steps))](&p);
	restart(&p);
	reconcile_free(p.r);
	datapath_close(p.dp);
	loop_free(p.loop);
	empty_database(&p);
}
