/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile/sticky: mirrors keep their ports when these go away and come back; whole
 * passes, as clients see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/sticky_rig.h"

/* --- a port goes and comes back --- */

static void what_it_is_bound_to_is_on_record(void **state)
{
	struct fixture *f = *state;

	BOUND("tap1 src, tap3 output");
	STATUS("active");
	set_map(f, "Interface", "tap1", "external_ids",
		"iface-id=i1,attached-mac=52:54:00:00:00:01,vm-id=v1,other=x");
	settle(f);
	BOUND("tap1 src iface-id=i1 attached-mac=52:54:00:00:00:01 vm-id=v1, tap3 output");
	set_ports(f, "m0", "select_dst_port", "tap1,tap2");
	settle(f);
	BOUND("tap1 src+dst iface-id=i1 attached-mac=52:54:00:00:00:01 vm-id=v1, "
	      "tap3 output, tap2 dst");
	/* The users' own notes stay beside it. */
	set_map(f, "Mirror", "m0", "external_ids", "who=me");
	settle(f);
	assert_non_null(strstr(get(f, "Mirror", "m0", "external_ids"), "[\"who\",\"me\"]"));
	assert_string_not_equal(record(f, "m0"), "");
}

static void a_source_comes_back(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap1");
	settle(f);
	SRC("");
	STATUS("pending: waiting for port tap1 (src)");
	/* It selects nothing: not all, not another port. */
	LINE("m0", WAITS_SRC);
	BOUND("tap1 src, tap3 output");
	add_port(f, "br0", "tap1", "");
	f->n_commits = 0;
	settle(f);
	assert_int_equal(f->n_commits, 1); /* with cur_cfg, ofport and all */
	SRC("tap1");
	STATUS("active");
	LINE("m0", ACTIVE);
	BOUND("tap1 src, tap3 output");
	assert_string_equal(get(f, "Open_vSwitch", "", "cur_cfg"),
			    get(f, "Open_vSwitch", "", "next_cfg"));
	/* And again. */
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
}

static void gone_and_back_in_one_transaction(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		vswitch_begin(&f->v);
		del_port(f, "tap1");
		add_port(f, "br0", "tap1", "");
		del_port(f, "tap3");
		add_port(f, "br0", "tap3", "");
		vswitch_commit(&f->v);
		settle(f);
		SRC("tap1");
		OUTPUT("tap3");
		LINE("m0", ACTIVE);
		STATUS("active");
	}
}

static void an_output_comes_back(void **state)
{
	struct fixture *f = *state;

	vswitch_set(&f->v, "Mirror", "m0", "output_vlan", "99");
	settle(f);
	STATUS("active"); /* the port wins */
	del_port(f, "tap3");
	settle(f);
	OUTPUT("");
	/* The VLAN does not take over: copies for a port are not for whoever listens there. */
	STATUS("pending: waiting for port tap3 (output)");
	LINE("m0", "src=tap1 state=\"pending: waiting for port tap3 (output)\"");
	add_port(f, "br0", "tap3", "");
	settle(f);
	OUTPUT("tap3");
	LINE("m0", ACTIVE);
	assert_non_null(strstr(fake_datapath_model(f->dp), "port tap3 internal"));
	assert_non_null(strstr(fake_datapath_model(f->dp), " reserved\n"));
}

static void the_others_are_copied_meanwhile(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "select_dst_port", "tap1,tap2");
	settle(f);
	del_port(f, "tap1");
	settle(f);
	LINE("m0", "dst=tap2 out=tap3 state=\"pending: waiting for port tap1 (src+dst)\"");
	del_port(f, "tap2");
	settle(f);
	STATUS("pending: waiting for ports tap1 (src+dst), tap2 (dst)");
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
	DST("tap1");
	STATUS("pending: waiting for port tap2 (dst)");
	add_port(f, "br0", "tap2", "");
	settle(f);
	DST("tap1,tap2");
	STATUS("active");
}

static void two_mirrors_of_one_port(void **state)
{
	struct fixture *f = *state;

	vswitch_add_mirror(&f->v, "br0", "m1", "tap3", "tap1,tap2", "tap4");
	settle(f);
	del_port(f, "tap1");
	del_port(f, "tap3");
	settle(f);
	LINE("m0", "state=\"pending: waiting for ports tap1 (src), tap3 (output)\"");
	LINE("m1", "dst=tap2 out=tap4 state=\"pending: waiting for ports tap3 (src), tap1 (dst)\"");
	add_port(f, "br0", "tap3", "");
	add_port(f, "br0", "tap1", "");
	settle(f);
	LINE("m0", ACTIVE);
	LINE("m1", "src=tap3 dst=tap1,tap2 out=tap4 state=\"active\"");
	SRC("tap1");
	check_ports(f, "m1", "select_dst_port", "tap1,tap2");
	check_ports(f, "m1", "select_src_port", "tap3");
}

static void a_process_dies_in_between(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Interface", "tap1", "external_ids", "iface-id=i1");
	settle(f);
	del_port(f, "tap1");
	settle(f);
	restart(f);
	settle(f);
	STATUS("pending: waiting for port tap1 (src)");
	add_port(f, "br0", "tap1", "iface-id=i1");
	settle(f);
	SRC("tap1");
	/* It dies with the loss committed, before a pass. */
	del_port(f, "tap1");
	restart(f);
	settle(f);
	STATUS("pending: waiting for port tap1 (src)");
	add_port(f, "br0", "tap1", "iface-id=i1");
	restart(f);
	settle(f);
	SRC("tap1");
	STATUS("active");
	/* Both while none runs. */
	stop(f);
	vswitch_begin(&f->v);
	del_port(f, "tap1");
	add_port(f, "br0", "tap1", "iface-id=i1");
	vswitch_commit(&f->v);
	start(f);
	settle(f);
	SRC("tap1");
	f->n_commits = 0;
	restart(f);
	settle(f);
	assert_int_equal(f->n_commits, 0); /* nothing changed, nothing is written */
}

static void own_writes_cause_nothing(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	f->dp->n_applied = f->n_commits = 0;
	settle(f);
	assert_int_equal(f->dp->n_applied, 0);
	assert_int_equal(f->n_commits, 0);
	fake_changed(f->dp);
	settle(f);
	assert_int_equal(f->dp->n_applied, 1);
	assert_int_equal(f->n_commits, 0);
}

static void the_file_system_is_full_in_between(void **state)
{
	struct fixture *f = *state;

	vswitch_begin(&f->v);
	set_ports(f, "m0", "select_src_port", "tap2");
	vswitch_commit(&f->v);
	del_port(f, "tap2"); /* selected and lost before any pass */
	f->is_full = true;
	settle(f);
	assert_string_not_equal(status(f), "pending: waiting for port tap2 (src)");
	f->is_full = false;
	fake_changed(f->dp);
	settle(f);
	STATUS("pending: waiting for port tap2 (src)");
	add_port(f, "br0", "tap2", "");
	settle(f);
	SRC("tap2");
}

/* --- is it the same? --- */

static void a_recycled_name_is_not_mirrored(void **state)
{
	static const char *const keys[] = { "iface-id", "attached-mac", "vm-id" };
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		char mine[64], others[64];

		snprintf(mine, sizeof(mine), "x=1,%s=mine", keys[i]);
		snprintf(others, sizeof(others), "%s=other", keys[i]);
		set_map(f, "Interface", "tap1", "external_ids", mine);
		settle(f);
		vswitch_begin(&f->v);
		del_port(f, "tap1");
		add_port(f, "br0", "tap1", others);
		vswitch_commit(&f->v);
		settle(f);
		SRC("");
		STATUS("pending: waiting for port tap1 (src, the name is another port's now)");
		assert_null(strstr(line(f, "m0"), "src=tap1"));
		del_port(f, "tap1");
		settle(f);
		add_port(f, "br0", "tap1", ""); /* without notes it may be anybody */
		settle(f);
		SRC("");
		del_port(f, "tap1");
		settle(f);
		add_port(f, "br0", "tap1", mine);
		settle(f);
		SRC("tap1");
	}
}

static void a_recycled_name_gets_no_copies(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Interface", "tap3", "external_ids", "iface-id=ids");
	settle(f);
	vswitch_begin(&f->v);
	del_port(f, "tap3");
	add_port(f, "br0", "tap3", "iface-id=tenant");
	vswitch_commit(&f->v);
	settle(f);
	OUTPUT("");
	LINE("m0", "src=tap1 state=\"pending: waiting for port tap3 (output, the name is another "
		   "port's now)\"");
	assert_null(strstr(fake_datapath_model(f->dp), "reserved")); /* it is an ordinary port */
}

static void notes_may_come_later(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Interface", "tap1", "external_ids", "iface-id=i1");
	settle(f);
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
	set_map(f, "Interface", "tap1", "external_ids", "iface-id=i2");
	settle(f);
	SRC("");
	set_map(f, "Interface", "tap1", "external_ids", "iface-id=i1,vm-id=any");
	settle(f);
	SRC("tap1");
	BOUND("tap1 src iface-id=i1 vm-id=any, tap3 output");
}

static void notes_of_the_last_moment_count(void **state)
{
	struct fixture *f = *state;

	/* Between two passes: notes, then the loss. */
	set_map(f, "Interface", "tap1", "external_ids", "iface-id=late");
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "iface-id=other");
	settle(f);
	SRC("");
	del_port(f, "tap1");
	add_port(f, "br0", "tap1", "iface-id=late");
	settle(f);
	SRC("tap1");
}

static void notes_of_others_cause_no_pass(void **state)
{
	struct fixture *f = *state;

	f->dp->n_applied = 0;
	set_map(f, "Interface", "tap1", "external_ids", "PortData=x,iface-status=active");
	settle(f);
	assert_int_equal(f->dp->n_applied, 0);
	set_map(f, "Interface", "tap1", "external_ids", "vm-id=x");
	settle(f);
	assert_int_equal(f->dp->n_applied, 1);
	set_map(f, "Interface", "tap1", "external_ids", "vm-id=x,PortData=y");
	settle(f);
	assert_int_equal(f->dp->n_applied, 1);
	/* Without mirrors nobody asks. */
	vswitch_set_refs(&f->v, "Bridge", "br0", "mirrors", "Mirror", "");
	settle(f);
	f->dp->n_applied = 0;
	set_map(f, "Interface", "tap1", "external_ids", "vm-id=y");
	settle(f);
	assert_int_equal(f->dp->n_applied, 0);
}

/* --- other bridges --- */

static void not_from_another_bridge(void **state)
{
	struct fixture *f = *state;

	vswitch_begin(&f->v);
	del_port(f, "tap1");
	add_port(f, "br1", "tap1", "");
	vswitch_commit(&f->v);
	settle(f);
	SRC("");
	STATUS("pending: waiting for port tap1 (src, it is on another bridge)");
	vswitch_del_port(&f->v, "br1", "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
	/* The row itself moves: it stays in the column, and is ignored there as stock does. */
	vswitch_begin(&f->v);
	vswitch_link(&f->v, "Bridge", "br0", "ports", "Port", "tap1", false);
	vswitch_link(&f->v, "Bridge", "br1", "ports", "Port", "tap1", true);
	vswitch_commit(&f->v);
	settle(f);
	SRC("tap1");
	LINE("m0", "out=tap3 state=\"pending: nothing is selected\"");
	vswitch_del_port(&f->v, "br1", "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
	LINE("m0", ACTIVE);
}

static void a_mirror_of_two_bridges(void **state)
{
	struct fixture *f = *state;

	vswitch_begin(&f->v);
	vswitch_link(&f->v, "Bridge", "br1", "mirrors", "Mirror", "m0", true);
	vswitch_commit(&f->v);
	settle(f);
	assert_string_equal(get(f, "Bridge", "br1", "status"),
			    "[\"map\",[[\"mirror-m0\",\"error: the mirror belongs to another "
			    "bridge, too\"]]]");
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br1", "tap1", "");
	settle(f);
	SRC("");
	STATUS("pending: waiting for port tap1 (src, it is on another bridge)");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, sticky_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_it_is_bound_to_is_on_record),
		TEST(a_source_comes_back),
		TEST(gone_and_back_in_one_transaction),
		TEST(an_output_comes_back),
		TEST(the_others_are_copied_meanwhile),
		TEST(two_mirrors_of_one_port),
		TEST(a_process_dies_in_between),
		TEST(own_writes_cause_nothing),
		TEST(the_file_system_is_full_in_between),
		TEST(a_recycled_name_is_not_mirrored),
		TEST(a_recycled_name_gets_no_copies),
		TEST(notes_may_come_later),
		TEST(notes_of_the_last_moment_count),
		TEST(notes_of_others_cause_no_pass),
		TEST(not_from_another_bridge),
		TEST(a_mirror_of_two_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
