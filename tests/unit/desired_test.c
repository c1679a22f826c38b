/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile/desired: rows to model, without slots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "datapath/expressions.h"
#include "reconcile/columns.h"
#include "reconcile/desired.h"
#include "reconcile/once.h"
#include "reconcile/sticky_events.h"
#include "switch/dump.h"
#include "switch/model.h"
#include "unit/vswitch_db.h"

struct fixture {
	struct vswitch v;
	struct columns columns;
	struct once *once;
	struct expressions *expressions;
	struct sticky_events *events;
	struct buf text;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct error err;

	log_set_level(LOG_ERR);
	vswitch_new(&f->v);
	if (columns_find(db_schema(f->v.db), &f->columns, &err))
		vswitch_fail("columns", &err);
	f->once = once_new();
	f->expressions = expressions_new();
	f->events = sticky_events_new();
	vswitch_begin(&f->v);
	vswitch_insert(&f->v, "Open_vSwitch", "");
	vswitch_commit(&f->v);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	once_free(f->once);
	expressions_free(f->expressions);
	sticky_events_free(f->events);
	buf_free(&f->text);
	vswitch_free(&f->v);
	free(f);
	return 0;
}

static const char *dump(struct fixture *f)
{
	struct desired d;

	desired_make(f->v.db, &f->columns, f->once, f->expressions, f->events, &d);
	buf_reset(&f->text);
	dump_model(&f->text, d.model);
	model_free(d.model);
	return f->text.len ? f->text.data : "";
}

static void no_rows(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(dump(f), "");
}

static void kinds_of_ports(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	vswitch_set(v, "Interface", "br0", "type", "\"\""); /* makes no difference */
	vswitch_add_port(v, "br0", "p10", "");
	vswitch_add_port(v, "br0", "p9", "system");
	vswitch_add_port(v, "br0", "i0", "internal");
	vswitch_add_port(v, "br0", "t0", "tap");
	vswitch_add_port(v, "br0", "g0", "geneve");
	vswitch_add_port(v, "br0", "x0", "nonsense");
	assert_string_equal(dump(f),
			    "bridge br0 ageing=300 fdb=8192\n"
			    "  port br0 local order=0\n"
			    "  port g0 error=\"could not open network device g0 (type geneve "
			    "is not implemented yet)\"\n"
			    "  port i0 internal order=0\n"
			    "  port p9 system order=0\n"
			    "  port p10 system order=0\n"
			    "  port t0 system order=0\n"
			    "  port x0 error=\"could not open network device x0 "
			    "(Address family not supported by protocol)\"\n");
}

static void columns_of_ports(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	vswitch_add_port(v, "br0", "a", "internal");
	vswitch_set(v, "Port", "a", "tag", "7");
	vswitch_set(v, "Port", "a", "protected", "true");
	vswitch_set(v, "Interface", "a", "mac", "\"00:11:22:33:44:55\"");
	vswitch_set(v, "Interface", "a", "mtu_request", "9000");
	vswitch_add_port(v, "br0", "b", "");
	vswitch_set(v, "Port", "b", "trunks", "[\"set\",[1,2,3,4095]]");
	vswitch_set(v, "Port", "b", "tag", "20");
	vswitch_set(v, "Port", "b", "vlan_mode", "\"native-untagged\"");
	vswitch_set(v, "Interface", "b", "mac", "\"00:11:22:33:44:55\""); /* not ours to set */
	vswitch_add_port(v, "br0", "c", "internal");
	vswitch_set(v, "Interface", "c", "mac", "\"01:11:22:33:44:55\""); /* multicast */
	vswitch_set(v, "Port", "c", "vlan_mode", "\"dot1q-tunnel\"");
	vswitch_set(v, "Port", "c", "cvlans", "[\"set\",[10,12]]");
	vswitch_set(v, "Interface", "br0", "mac", "\"00:11:22:33:44:55\""); /* the bridge's */
	assert_string_equal(
		dump(f),
		"bridge br0 ageing=300 fdb=8192\n"
		"  port br0 local order=0\n"
		"  port a internal order=0 access=7 mac=00:11:22:33:44:55 mtu=9000 protected\n"
		"  port b system order=0 native-untagged=20 trunks=1-3,20,4095\n"
		"  port c internal order=0 dot1q-tunnel=0 cvlans=10,12\n");
}

static void columns_of_bridges(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br1");
	vswitch_add_br(v, "br0");
	vswitch_set(v, "Bridge", "br0", "fail_mode", "\"secure\"");
	vswitch_set(v, "Bridge", "br0", "flood_vlans", "[\"set\",[0,99]]");
	vswitch_set(v, "Bridge", "br0", "other_config",
		    "[\"map\",[[\"mac-aging-time\",\"3\"],[\"mac-table-size\",\"9\"],"
		    "[\"forward-bpdu\",\"true\"],[\"hwaddr\",\"0:1:2:3:4:AB\"]]]");
	vswitch_set(v, "Bridge", "br1", "fail_mode", "\"standalone\"");
	vswitch_set(v, "Bridge", "br1", "other_config",
		    "[\"map\",[[\"mac-aging-time\",\"9999\"],[\"mac-table-size\",\"9000000\"],"
		    "[\"forward-bpdu\",\"yes\"],[\"hwaddr\",\"01:00:00:00:00:00\"]]]");
	assert_string_equal(dump(f),
			    "bridge br0 ageing=15 fdb=10 secure forward-bpdu flood-vlans=0,99 "
			    "hwaddr=00:01:02:03:04:ab\n"
			    "  port br0 local order=0\n"
			    "bridge br1 ageing=3600 fdb=1000000\n"
			    "  port br1 local order=0\n");
	vswitch_set(v, "Bridge", "br1", "other_config",
		    "[\"map\",[[\"mac-aging-time\",\"0\"],[\"mac-table-size\",\"many\"]]]");
	vswitch_del_br(v, "br0");
	assert_string_equal(dump(f), "bridge br1 ageing=300 fdb=8192\n"
				     "  port br1 local order=0\n");
}

static void bonds_are_refused_whole(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	vswitch_begin(v);
	vswitch_add_port(v, "br0", "bond0", "");
	vswitch_insert(v, "Interface", "eth1");
	vswitch_link(v, "Port", "bond0", "interfaces", "Interface", "eth1", true);
	vswitch_add_mirror(v, "br0", "m0", "br0,bond0", "", "bond0");
	vswitch_commit(v);
	assert_string_equal(dump(f),
			    "bridge br0 ageing=300 fdb=8192\n"
			    "  port br0 local order=0\n"
			    "  port bond0 error=\"port bond0: bonds are not implemented yet\"\n"
			    "  port eth1 error=\"port bond0: bonds are not implemented yet\"\n"
			    "  mirror m0 bit=0 src=br0 state=\"error: output port bond0: "
			    "port bond0: bonds are not implemented yet\"\n");
}

static void a_row_is_in_one_place(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br1");
	vswitch_add_port(v, "br1", "p", "");
	vswitch_add_br(v, "br0");
	vswitch_begin(v);
	vswitch_link(v, "Bridge", "br0", "ports", "Port", "p", true);
	vswitch_commit(v);
	/* The bridge that comes first by name has it. */
	assert_string_equal(dump(f), "bridge br0 ageing=300 fdb=8192\n"
				     "  port br0 local order=0\n"
				     "  port p system order=0\n"
				     "bridge br1 ageing=300 fdb=8192\n"
				     "  port br1 local order=0\n");
	vswitch_begin(v);
	vswitch_insert(v, "Port", "q");
	vswitch_link(v, "Port", "q", "interfaces", "Interface", "p", true);
	vswitch_link(v, "Bridge", "br1", "ports", "Port", "q", true);
	vswitch_commit(v);
	assert_null(strstr(dump(f), "port q"));
}

static void mirrors(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	vswitch_add_br(v, "br1");
	for (int i = 1; i <= 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "tap%d", i);
		vswitch_add_port(v, "br0", name, "internal");
	}
	vswitch_add_port(v, "br1", "far", "");
	vswitch_add_mirror(v, "br0", "m0", "tap2,far", "tap1,tap2", "tap3");
	vswitch_set(v, "Mirror", "m0", "select_vlan", "[\"set\",[5,6]]");
	vswitch_set(v, "Mirror", "m0", "snaplen", "100");
	vswitch_add_mirror(v, "br0", "m1", "", "", "tap2");
	vswitch_set(v, "Mirror", "m1", "select_all", "true");
	vswitch_set(v, "Mirror", "m1", "snaplen", "65535"); /* is none */
	vswitch_set(v, "Mirror", "m1", "filter", "\"icmp,tp_dst=1\"");
	vswitch_add_mirror(v, "br1", "m2", "far", "", "tap1");
	assert_non_null(strstr(
		dump(f), "  mirror m0 bit=0 src=tap2 dst=tap1,tap2 vlans=5-6 out=tap3 snaplen=100 "
			 "state=\"active\"\n"));
	assert_non_null(strstr(dump(f),
			       "  mirror m1 bit=0 all out=tap2 keeps-filter state=\"error: "
			       "filter: prerequisites not met for setting tp_dst\"\n"));
	assert_non_null(strstr(dump(f), "  mirror m2 bit=0 src=far state=\"error: output_port is "
					"not a port of this bridge\"\n"));
	/* An output port is reserved, also while its mirror is at fault; not another bridge's. */
	assert_non_null(strstr(dump(f), "port tap1 internal order=0\n"));
	assert_non_null(strstr(dump(f), "port tap2 internal order=0 reserved\n"));
	assert_non_null(strstr(dump(f), "port tap3 internal order=0 reserved\n"));
	vswitch_set(v, "Mirror", "m1", "filter", "\"icmp\"");
	vswitch_set(v, "Mirror", "m1", "external_ids", "[\"map\",[[\"bvs-filter\",\"vlan 5\"]]]");
	assert_non_null(strstr(dump(f), "  mirror m1 bit=0 all out=tap2 filter=\"icmp\" "
					"expression=\"vlan 5\" state=\"active\"\n"));
	vswitch_set(v, "Mirror", "m1", "external_ids", "[\"map\",[[\"bvs-filter\",\"vlan x\"]]]");
	assert_non_null(strstr(dump(f),
			       "keeps-filter state=\"error: external_ids:bvs-filter: x: no "
			       "such word is known, and names are not looked up\"\n"));
	vswitch_set(v, "Mirror", "m1", "filter", "[\"set\",[]]");
	vswitch_set(v, "Mirror", "m1", "external_ids", "[\"map\",[[\"bvs-x\",\"1\"]]]");
	assert_non_null(strstr(dump(f), "mirror m1 bit=0 all state=\"error: external_ids:bvs-x is "
					"not known\"\n"));
	vswitch_set(v, "Mirror", "m1", "external_ids", "[\"map\",[[\"who\",\"me\"]]]");
	assert_non_null(strstr(dump(f), "mirror m1 bit=0 all out=tap2 state=\"active\"\n"));
	vswitch_del_port(v, "br0", "tap2");
	assert_non_null(strstr(dump(f), "  mirror m0 bit=0 dst=tap1 vlans=5-6 out=tap3 snaplen=100 "
					"state=\"active\"\n"));
	assert_non_null(strstr(dump(f), "mirror m1 bit=0 all state=\"error: no output\"\n"));
	vswitch_set(v, "Mirror", "m1", "output_vlan", "99");
	assert_non_null(strstr(dump(f), "mirror m1 bit=0 all out-vlan=99 state=\"active\"\n"));
}

static void schema_without_a_column(void **state)
{
	static const char text[] =
		"{\"name\":\"Open_vSwitch\",\"version\":\"1.0.0\",\"tables\":{\"Open_vSwitch\":"
		"{\"isRoot\":true,\"columns\":{\"bridges\":{\"type\":\"string\"}}}}}";
	struct columns columns;
	struct schema *schema;
	struct error err;

	(void)state;
	assert_int_equal(schema_from_text(text, strlen(text), &schema, &err), 0);
	assert_int_equal(columns_find(schema, &columns, &err), -1);
	assert_non_null(strstr(err.text, "no column Open_vSwitch.bridges of type uuid*"));
	assert_non_null(strstr(err.text, "--db-only"));
	schema_free(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(kinds_of_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(columns_of_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(columns_of_bridges, setup, teardown),
		cmocka_unit_test_setup_teardown(bonds_are_refused_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(a_row_is_in_one_place, setup, teardown),
		cmocka_unit_test_setup_teardown(mirrors, setup, teardown),
		cmocka_unit_test(schema_without_a_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
