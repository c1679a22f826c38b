/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile: whole passes, from a client's transaction to what is in force, and the port
 * numbers that it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/reconcile_rig.h"

static void add_br_and_ports(void **state)
{
	struct fixture *f = *state;

	fake_datapath_add_device(f->dp, "eth0", "00:00:5e:00:00:07");
	vswitch_add_br(&f->v, "br0");
	settle(f);
	ROOT("cur_cfg", "1");
	INTERFACE("br0", "ofport", "65534");
	INTERFACE("br0", "error", EMPTY);
	vswitch_add_port(&f->v, "br0", "eth0", "");
	settle(f);
	ROOT("cur_cfg", "2");
	INTERFACE("eth0", "ofport", "1");
	INTERFACE("eth0", "ifindex", "102");
	INTERFACE("eth0", "mac_in_use", "\"00:00:5e:00:00:07\"");
	INTERFACE("eth0", "mtu", "1500");
	INTERFACE("eth0", "admin_state", "\"up\"");
	INTERFACE("eth0", "link_state", "\"up\"");
	INTERFACE("eth0", "link_speed", "10000000000");
	INTERFACE("eth0", "duplex", "\"full\"");
	INTERFACE("eth0", "link_resets", "1");
	INTERFACE("eth0", "status",
		  "[\"map\",[[\"driver_name\",\"veth\"],[\"driver_version\",\"1.0\"],"
		  "[\"firmware_version\",\"\"]]]");
	INTERFACE("eth0", "statistics",
		  "[\"map\",[[\"collisions\",0],[\"rx_bytes\",0],[\"rx_crc_err\",0],"
		  "[\"rx_dropped\",0],[\"rx_errors\",0],[\"rx_frame_err\",0],"
		  "[\"rx_missed_errors\",0],[\"rx_multicast_packets\",0],[\"rx_over_err\",0],"
		  "[\"rx_packets\",0],[\"tx_bytes\",0],[\"tx_dropped\",0],[\"tx_errors\",0],"
		  "[\"tx_packets\",0]]]");
	GET("Bridge", "br0", "datapath_version", "\"1.2.3\"");
}

static void missing_device_comes_late_and_goes(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "eth7", "");
	vswitch_add_port(&f->v, "br0", "i0", "internal");
	settle(f);
	ROOT("cur_cfg", "3");
	INTERFACE("eth7", "ofport", "-1");
	INTERFACE("eth7", "error", "\"could not open network device eth7 (No such device)\"");
	INTERFACE("eth7", "mtu", EMPTY);
	INTERFACE("i0", "ofport", "1"); /* the one that failed took none */
	fake_datapath_add_device(f->dp, "eth7", "00:00:5e:00:00:07");
	settle(f);
	INTERFACE("eth7", "ofport", "2");
	INTERFACE("eth7", "error", EMPTY);
	fake_datapath_del_device(f->dp, "eth7");
	settle(f);
	INTERFACE("eth7", "ofport", "-1");
	INTERFACE("eth7", "statistics", "[\"map\",[]]");
	INTERFACE("eth7", "link_state", EMPTY);
	vswitch_add_port(&f->v, "br0", "i1", "internal");
	fake_datapath_add_device(f->dp, "eth7", "00:00:5e:00:00:07");
	settle(f);
	INTERFACE("i1", "ofport", "3");
	INTERFACE("eth7", "ofport", "2"); /* its own again */
}

static void types_not_implemented_say_so(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "gnv0", "geneve");
	settle(f);
	ROOT("cur_cfg", "2");
	INTERFACE("gnv0", "ofport", "-1");
	INTERFACE("gnv0", "error",
		  "\"could not open network device gnv0 (type geneve is not implemented yet)\"");
	vswitch_set(&f->v, "Interface", "gnv0", "type", "\"internal\"");
	settle(f);
	INTERFACE("gnv0", "ofport", "1");
	INTERFACE("gnv0", "error", EMPTY);
}

/* facts E49: 1, 2, (20), 3, then 2 goes: 4, 5. */
static void sequence_of_ofports(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	settle(f);
	vswitch_add_port(v, "br0", "a", "internal");
	settle(f);
	vswitch_add_port(v, "br0", "b", "internal");
	settle(f);
	vswitch_begin(v);
	vswitch_add_port(v, "br0", "c", "internal");
	vswitch_set(v, "Interface", "c", "ofport_request", "20");
	vswitch_commit(v);
	settle(f);
	INTERFACE("c", "ofport", "20");
	vswitch_add_port(v, "br0", "d", "internal");
	settle(f);
	INTERFACE("d", "ofport", "3");
	vswitch_del_port(v, "br0", "b");
	settle(f);
	vswitch_add_port(v, "br0", "e", "internal");
	settle(f);
	INTERFACE("e", "ofport", "4");
	/* A new process goes on where the old one was. */
	restart(f);
	settle(f);
	vswitch_add_port(v, "br0", "g", "internal");
	settle(f);
	INTERFACE("g", "ofport", "5");
	INTERFACE("a", "ofport", "1");
	INTERFACE("c", "ofport", "20");
	vswitch_set(v, "Interface", "a", "ofport_request", "30");
	settle(f);
	INTERFACE("a", "ofport", "30");
}

static void ofports_survive_the_machine(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	settle(f);
	vswitch_add_port(&f->v, "br0", "b", "internal");
	settle(f);
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	reconcile_free(f->r);
	datapath_close(f->dp); /* what was pinned is gone, the file is not */
	f->dp = fake_datapath_new();
	start(f);
	settle(f);
	INTERFACE("b", "ofport", "1");
	INTERFACE("a", "ofport", "2");
}

static void one_pass_for_many_transactions(void **state)
{
	struct fixture *f = *state;
	unsigned int n_applied;

	vswitch_add_br(&f->v, "br0");
	settle(f);
	n_applied = f->dp->n_applied;
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		vswitch_add_port(&f->v, "br0", name, "internal");
	}
	f->n_commits = 0;
	settle(f);
	assert_int_equal(f->dp->n_applied, n_applied + 1);
	assert_int_equal(f->n_commits, 1);
	INTERFACE("p2", "ofport", "3"); /* those that come at once by name, as people count */
	INTERFACE("p10", "ofport", "11");
}

/* At most ten retries. */
static void wait_for(struct fixture *f, const char *cur_cfg)
{
	for (int i = 0; i < 10 && strcmp(get(f, "Open_vSwitch", "", "cur_cfg"), cur_cfg); i++) {
		loop_turn(f->loop, 1);
		settle(f);
	}
}

static void cur_cfg_waits_for_the_kernel(void **state)
{
	struct fixture *f = *state;

	f->dp->apply_error = "no memory";
	vswitch_add_br(&f->v, "br0");
	settle(f);
	ROOT("cur_cfg", "0");
	INTERFACE("br0", "ofport", EMPTY);
	f->dp->apply_error = NULL;
	settle(f);
	ROOT("cur_cfg", "0"); /* until the time to try again, or any change */
	f->dp->slot_error = "no memory";
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	ROOT("cur_cfg", "0");
	f->dp->slot_error = NULL;
	wait_for(f, "2");
	ROOT("cur_cfg", "2");
	INTERFACE("a", "ofport", "1");
	/* In force when it is said: ofport, error and cur_cfg came together. */
	assert_non_null(strstr(f->dp->events.data, "apply"));
}

/* No event tells when a device that could not be made can be. */
static void internal_devices_are_tried_again(void **state)
{
	struct fixture *f = *state;

	f->dp->device_error = "no memory";
	vswitch_add_br(&f->v, "br0");
	settle(f);
	ROOT("cur_cfg", "1");
	INTERFACE("br0", "error", "\"no memory\"");
	f->dp->device_error = NULL;
	loop_turn(f->loop, 1);
	settle(f);
	INTERFACE("br0", "ofport", "65534");
	INTERFACE("br0", "error", EMPTY);
}

static void cur_cfg_waits_for_the_file(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	f->is_full = true;
	settle(f);
	ROOT("cur_cfg", "0");
	f->is_full = false;
	wait_for(f, "1");
	ROOT("cur_cfg", "1");
}

/* facts B13: only the changed port's addresses are forgotten, and not at a restart. */
static void changed_vlans_flush_that_port(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;
	uint32_t a, b;

	vswitch_add_br(v, "br0");
	vswitch_add_port(v, "br0", "a", "internal");
	vswitch_add_port(v, "br0", "b", "internal");
	settle(f);
#define GENERATION(NAME) (fake_datapath_slot(f->dp, NAME)->generation)
	a = GENERATION("a");
	b = GENERATION("b");
	vswitch_set(v, "Port", "a", "external_ids", "[\"map\",[[\"a\",\"b\"]]]");
	vswitch_set(v, "Port", "a", "other_config", "[\"map\",[[\"priority-tags\",\"never\"]]]");
	vswitch_set(v, "Bridge", "br0", "other_config", "[\"map\",[[\"mac-aging-time\",\"15\"]]]");
	vswitch_add_mirror(v, "br0", "m", "a", "", "b");
	settle(f);
	assert_int_equal(GENERATION("a"), a);
	vswitch_set(v, "Port", "a", "other_config", "[\"map\",[[\"priority-tags\",\"always\"]]]");
	settle(f);
	assert_true(GENERATION("a") > a);
	a = GENERATION("a");
	vswitch_set(v, "Port", "a", "tag", "5");
	settle(f);
	assert_true(GENERATION("a") > a);
	a = GENERATION("a");
	vswitch_set(v, "Port", "a", "protected", "true");
	settle(f);
	assert_true(GENERATION("a") > a);
	a = GENERATION("a");
	restart(f);
	settle(f);
	assert_int_equal(GENERATION("a"), a);
	assert_int_equal(GENERATION("b"), b);
	vswitch_set(v, "Port", "a", "vlan_mode", "\"native-untagged\"");
	settle(f);
	assert_true(GENERATION("a") > a);
	assert_int_equal(GENERATION("b"), b);
}

static void what_is_gone_is_forgotten_afterwards(void **state)
{
	struct fixture *f = *state;
	size_t n_events;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	n_events = f->dp->events.len;
	vswitch_del_br(&f->v, "br0");
	settle(f);
	assert_string_equal(f->dp->events.data + n_events, "apply delete delete delete ");
	assert_int_equal(f->dp->n_slots, 0);
	assert_string_equal(fake_datapath_model(f->dp), "");
	ROOT("cur_cfg", "3");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(add_br_and_ports),
		TEST(missing_device_comes_late_and_goes),
		TEST(types_not_implemented_say_so),
		TEST(sequence_of_ofports),
		TEST(ofports_survive_the_machine),
		TEST(one_pass_for_many_transactions),
		TEST(cur_cfg_waits_for_the_kernel),
		TEST(cur_cfg_waits_for_the_file),
		TEST(internal_devices_are_tried_again),
		TEST(changed_vlans_flush_that_port),
		TEST(what_is_gone_is_forgotten_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
