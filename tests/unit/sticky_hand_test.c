/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile/sticky: what clients do to a mirror's columns and record by hand is their will. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/sticky_rig.h"

static void taken_out_is_taken_out(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "select_dst_port", "tap1,tap2");
	settle(f);
	set_ports(f, "m0", "select_src_port", "");
	settle(f);
	BOUND("tap1 dst, tap3 output, tap2 dst");
	set_ports(f, "m0", "output_port", "");
	settle(f);
	BOUND("tap1 dst, tap2 dst");
	STATUS("error: no output");
	for (int i = 1; i <= 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "tap%d", i);
		del_port(f, name);
		settle(f);
		add_port(f, "br0", name, "");
		settle(f);
	}
	SRC("");
	DST("tap1,tap2");
	OUTPUT("");
}

static void taken_out_after_a_return(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
	set_ports(f, "m0", "select_src_port", "");
	settle(f);
	BOUND("tap3 output");
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
}

static void taken_out_and_then_deleted(void **state)
{
	struct fixture *f = *state;

	/* Between two passes: only the order of the commits tells. */
	set_ports(f, "m0", "select_src_port", "");
	del_port(f, "tap1");
	settle(f);
	BOUND("tap3 output");
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
	set_ports(f, "m0", "output_port", "");
	del_port(f, "tap3");
	add_port(f, "br0", "tap3", "");
	settle(f);
	OUTPUT("");
	STATUS("error: no output");
}

static void taken_out_while_no_process_runs(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "select_dst_port", "tap2");
	stop(f); /* dies before its pass */
	set_ports(f, "m0", "select_src_port", "");
	start(f);
	settle(f);
	BOUND("tap3 output, tap2 dst");
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
}

static void put_in_and_lost_before_a_pass(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "select_src_port", "tap1,tap4");
	set_map(f, "Interface", "tap4", "external_ids", "vm-id=v4");
	del_port(f, "tap4");
	settle(f);
	STATUS("pending: waiting for port tap4 (src)");
	add_port(f, "br0", "tap4", "vm-id=v5");
	settle(f);
	SRC("tap1");
	del_port(f, "tap4");
	add_port(f, "br0", "tap4", "vm-id=v4");
	settle(f);
	SRC("tap1,tap4");
}

static void taken_out_and_put_back_in(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "select_src_port", "");
	set_ports(f, "m0", "select_src_port", "tap1");
	del_port(f, "tap1");
	settle(f);
	STATUS("pending: waiting for port tap1 (src)");
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
}

/* The rows cannot tell it from a loss: it is one. */
static void cleared_and_deleted_at_once(void **state)
{
	struct fixture *f = *state;

	vswitch_begin(&f->v);
	set_ports(f, "m0", "select_src_port", "");
	del_port(f, "tap1");
	vswitch_commit(&f->v);
	settle(f);
	STATUS("pending: waiting for port tap1 (src)");
	/* Clearing what is empty says nothing, either; taking the record away does. */
	set_ports(f, "m0", "select_src_port", "");
	settle(f);
	STATUS("pending: waiting for port tap1 (src)");
	set_map(f, "Mirror", "m0", "external_ids", "");
	settle(f);
	STATUS("pending: nothing is selected");
	BOUND("tap3 output");
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
}

static void record_taken_away_before_a_pass(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap1");
	set_map(f, "Mirror", "m0", "external_ids", "");
	settle(f);
	BOUND("tap3 output");
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
}

static void turned_off_and_on_again(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap1");
	settle(f);
	set_map(f, "Open_vSwitch", "", "other_config", "bvs-sticky=false");
	settle(f);
	BOUND("");
	set_map(f, "Open_vSwitch", "", "other_config", "");
	settle(f);
	BOUND("tap3 output");
	STATUS("pending: nothing is selected");
}

static void another_output_ends_the_waiting(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap3");
	settle(f);
	set_ports(f, "m0", "output_port", "tap4");
	settle(f);
	BOUND("tap1 src, tap4 output");
	add_port(f, "br0", "tap3", "");
	settle(f);
	OUTPUT("tap4");
	LINE("m0", "src=tap1 out=tap4 state=\"active\"");
	/* Also where both happens before a pass, and the new one is lost in turn. */
	del_port(f, "tap4");
	set_ports(f, "m0", "output_port", "tap3");
	del_port(f, "tap3");
	settle(f);
	STATUS("pending: waiting for port tap3 (output)");
	add_port(f, "br0", "tap4", "");
	settle(f);
	OUTPUT("");
	add_port(f, "br0", "tap3", "");
	settle(f);
	OUTPUT("tap3");
}

static void the_name_put_in_by_hand_ends_the_waiting(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Interface", "tap1", "external_ids", "vm-id=old");
	set_ports(f, "m0", "select_dst_port", "tap1");
	settle(f);
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "vm-id=new");
	set_ports(f, "m0", "select_src_port", "tap1");
	settle(f);
	STATUS("pending: waiting for port tap1 (dst, the name is another port's now)");
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "vm-id=old");
	settle(f);
	SRC("");
	DST("tap1");
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "vm-id=new");
	settle(f);
	SRC("tap1");
	DST("");
}

static void a_mirror_that_is_gone_stays_gone(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap1");
	vswitch_set_refs(&f->v, "Bridge", "br0", "mirrors", "Mirror", "");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	assert_int_equal(db_n_rows(f->v.db, vswitch_table(&f->v, "Mirror")), 0);
	vswitch_add_mirror(&f->v, "br0", "m0", "", "", "tap3");
	settle(f);
	BOUND("tap3 output");
	STATUS("pending: nothing is selected");
	vswitch_del_br(&f->v, "br0");
	settle(f);
	vswitch_add_br(&f->v, "br0");
	settle(f);
	assert_int_equal(db_n_rows(f->v.db, vswitch_table(&f->v, "Mirror")), 0);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, sticky_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(taken_out_is_taken_out),
		TEST(taken_out_after_a_return),
		TEST(taken_out_and_then_deleted),
		TEST(taken_out_while_no_process_runs),
		TEST(put_in_and_lost_before_a_pass),
		TEST(taken_out_and_put_back_in),
		TEST(cleared_and_deleted_at_once),
		TEST(record_taken_away_before_a_pass),
		TEST(turned_off_and_on_again),
		TEST(another_output_ends_the_waiting),
		TEST(the_name_put_in_by_hand_ends_the_waiting),
		TEST(a_mirror_that_is_gone_stays_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
