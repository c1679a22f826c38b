// SPDX-License-Identifier: Apache-2.0
/*
 * Copies: several mirrors, what becomes of each copy, and that every one is accounted for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "mirror_rig.h"

static void two_mirrors_to_two_ports_make_two_copies(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);

	(void)state;
	select_src(0, 1);
	select_dst(200, 2);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_mirror(200, mirror_to(200, OUT2));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect(RECORD_CLONE, OUT2, &f);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
	check_sum(0, 1);
	check_sum(200, 1);
}

/* One copy for one destination, the older mirror's, and the younger says "merged". */
static void mirrors_with_one_output_make_one_copy(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct mirror_config a = mirror_to(3, OUT), b = mirror_to(70, OUT);

	(void)state;
	set_bit(a.same_output, 70);
	set_bit(b.same_output, 3);
	a.snaplen = 20;
	select_src(3, 1);
	select_src(70, 1);
	select_dst(70, 2);
	mirror_put_ports();
	rig_put_mirror(3, a);
	rig_put_mirror(70, b);
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, REENTRY_IFINDEX, &f);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
	assert_int_equal(rig_record(0).job_snaplen, 20);
	check_sum(70, 1);
	assert_int_equal(rig_mirror_stats(3).tx_packets, 1);
	assert_int_equal(rig_mirror_stats(70).tx_packets, 0);
	assert_int_equal(rig_mirror_stats(70).merged, 1);
}

/* As before, but the second mirror's turn comes at egress; or the first one is filtered. */
static void merging_goes_over_both_stages_and_heeds_filters(void **state)
{
	struct frame f = rig_frame(9, 1, "[10]", 0), g = rig_frame(9, 1, "[20]", 0);
	struct mirror_config a = mirror_to(0, OUT), b = mirror_to(1, OUT);

	(void)state;
	rig_put_vlan_set(3, (int[]){ 10, -1 });
	set_bit(a.same_output, 1);
	set_bit(b.same_output, 0);
	a.vlans = 3;
	select_src(0, 1);
	select_dst(1, 2);
	mirror_put_ports();
	rig_put_mirror(0, a);
	rig_put_mirror(1, b);
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_put_fdb(9, 20, 2, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	mirror_expect(&f, &f);
	assert_int_equal(rig_mirror_stats(1).merged, 1);
	rig_send(1, &g, TAG_IN_BYTES);
	mirror_expect(&g, &g);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	check_sum(0, 2);
	check_sum(1, 2);
}

static void a_protected_output_port_gets_no_copies_from_protected_ports(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	mirror_ports[1].flags |= PORT_PROTECTED;
	mirror_ports[OUT].flags |= PORT_PROTECTED;
	select_all(0);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, 2, &f);
	rig_send(2, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &f);
	check_sum(0, 2);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
}

/* Each way not to arrive has its own counter, and none touches production. */
static void every_failure_is_counted_as_what_it_is(void **state)
{
	struct frame f = rig_frame(9, 1, "", 300);
	struct mirror_stats s;

	(void)state;
	select_src(0, 1);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());

	rig_set_result(OUT, 1, 0);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	assert_int_equal(rig_mirror_stats(0).dropped_backlog, 1);
	rig_set_result(OUT, -12, 0);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	assert_int_equal(rig_mirror_stats(0).dropped_clone, 1);
	rig_set_result(OUT, 0, 0);

	mirror_ports[OUT].mtu = 299;
	mirror_put_ports();
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	assert_int_equal(rig_mirror_stats(0).dropped_mtu, 1);
	mirror_ports[OUT].mtu = 300;
	/* Without a link it is tried all the same, and the refusal put down to that. */
	mirror_ports[OUT].flags &= ~(uint32_t)PORT_UP;
	mirror_put_ports();
	rig_set_result(OUT, 1, 0);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_set_result(OUT, 0, 0);
	mirror_ports[OUT].flags |= PORT_UP;
	mirror_ports[OUT].ifindex = 0;
	mirror_put_ports();
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	assert_int_equal(rig_mirror_stats(0).dropped_no_target, 2);
	mirror_ports[OUT].ifindex = OUT;
	mirror_put_ports();
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &f);

	check_sum(0, 6);
	s = rig_mirror_stats(0);
	assert_int_equal(s.sent, 1);
	assert_int_equal(s.tx_packets, 6);
	assert_int_equal(s.tx_bytes, 6 * f.len);
	assert_int_equal(rig_port_stats(OUT).tx_packets, 1);
	assert_int_equal(rig_port_stats(2).tx_packets, 6);
}

/* Longer than snaplen as sent: through the re-entry device; otherwise straight. */
static void frames_to_be_cut_go_to_the_reentry_device(void **state)
{
	struct frame in = rig_frame(9, 1, "", 60), copy = rig_frame(9, 1, "[10]", 60);
	struct mirror_config m = mirror_to(0, OUT);

	(void)state;
	select_src(0, 1);
	mirror_ports[1].vlan_mode = VLAN_ACCESS;
	mirror_ports[1].tag = 10;
	mirror_put_ports();
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	m.snaplen = in.len + 4;
	rig_put_mirror(0, m);
	rig_send(1, &in, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &copy);
	rig_expect(RECORD_REDIRECT, 2, &copy);
	assert_int_equal(rig_mirror_stats(0).sent, 1);
	/* One byte more than wanted: the pushed tag counts. */
	m.snaplen = in.len + 3;
	rig_put_mirror(0, m);
	rig_send(1, &in, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, REENTRY_IFINDEX, &copy);
	assert_int_equal(rig_record(0).job_port, OUT);
	assert_int_equal(rig_record(0).job_ifindex, OUT);
	assert_int_equal(rig_record(0).job_snaplen, m.snaplen);
	rig_expect(RECORD_REDIRECT, 2, &copy);
	rig_expect_end();
	/* The program there answers, and counts what the port sent. */
	assert_int_equal(rig_mirror_stats(0).sent, 2);
	assert_int_equal(rig_mirror_stats(0).truncated, 1);
	assert_int_equal(rig_port_stats(OUT).tx_packets, 1);
	/* What is too large whole may fit cut. */
	mirror_ports[OUT].mtu = 40;
	mirror_put_ports();
	m.snaplen = 54;
	rig_put_mirror(0, m);
	rig_send(1, &in, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, REENTRY_IFINDEX, &copy);
	m.snaplen = 59;
	rig_put_mirror(0, m);
	rig_send(1, &in, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &copy);
	assert_int_equal(rig_mirror_stats(0).dropped_mtu, 1);
}

/* The job not taken: the re-entry device is gone. */
static void a_lost_reentry_device_is_accounted_for(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct mirror_config m = mirror_to(0, OUT);

	(void)state;
	select_src(0, 1);
	mirror_put_ports();
	m.snaplen = 20;
	rig_put_mirror(0, m);
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	rig_set_result(REENTRY_IFINDEX, -22, 0);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
	check_sum(0, 1);
	assert_int_equal(rig_mirror_stats(0).dropped_clone, 1);
}

/* All 256 at once, to two ports, of which one takes nothing. */
static void a_bridge_may_have_256_mirrors(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);

	(void)state;
	for (uint32_t bit = 0; bit < MIRRORS_PER_BRIDGE; bit++) {
		select_src(bit, 1);
		rig_put_mirror(bit, mirror_to(bit, bit % 2 ? OUT : OUT2));
	}
	mirror_put_ports();
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	rig_set_result(OUT, 1, 0);
	rig_send(1, &f, TAG_IN_BYTES);
	for (uint32_t bit = 0; bit < MIRRORS_PER_BRIDGE; bit++) {
		check_sum(bit, 1);
		assert_int_equal(rig_mirror_stats(bit).dropped_backlog, bit % 2);
	}
	for (int i = 0; i < MIRRORS_PER_BRIDGE / 2; i++)
		rig_expect(RECORD_CLONE, OUT2, &f);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
}

static void only_the_active_version_of_a_mirror_counts(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);

	(void)state;
	select_src(0, 1);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_mirror_version(1, 1, mirror_to(0, OUT2));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	for (uint32_t epoch = 0; epoch < 4; epoch++) {
		rig_set_epoch(epoch);
		rig_send(1, &f, TAG_IN_BYTES);
		rig_expect(RECORD_CLONE, epoch % 2 ? OUT2 : OUT, &f);
		rig_expect(RECORD_REDIRECT, 2, &f);
		rig_expect_end();
	}
}

/* Each frame goes its way, copied or not. */
static void send_many(int n)
{
	struct frame f = rig_frame(9, 1, "", 0);

	for (int i = 0; i < n; i++) {
		struct record r;

		rig_send(1, &f, TAG_IN_BYTES);
		r = rig_record(0);
		if (r.kind == RECORD_CLONE)
			r = rig_record(1);
		assert_int_equal(r.kind, RECORD_REDIRECT);
		assert_int_equal(r.ifindex, 2);
	}
}

static void mark_comes_in(void)
{
	struct frame f = rig_frame(9, 1, "", 0);

	rig_send(MARK_IFINDEX, &f, TAG_IN_BYTES);
	rig_expect_end();
}

static void no_more_copies_wait_than_leave_room_for_production(void **state)
{
	cpu_set_t before;

	(void)state;
	mirror_stay_on_processor(&before);
	select_src(0, 1);
	mirror_ports[OUT].flags |= PORT_QUEUED;
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	send_many(600);
	assert_int_equal(rig_mirror_stats(0).sent, 500);
	assert_int_equal(rig_mirror_stats(0).dropped_budget, 100);
	mark_comes_in(); /* it went behind the first 64, and goes now behind 436 */
	send_many(100);
	assert_int_equal(rig_mirror_stats(0).sent, 564);
	mark_comes_in();
	send_many(500);
	assert_int_equal(rig_mirror_stats(0).sent, 1000);
	/* Each goes behind what was sent after it, until little is left. */
	mark_comes_in();
	mark_comes_in();
	mark_comes_in();
	mark_comes_in(); /* one that nobody waits for means nothing */
	send_many(600);
	assert_int_equal(rig_mirror_stats(0).sent, 1500);
	/* One that is lost is not waited for, */
	rig_set_clock(99 * 1000 * 1000);
	send_many(1);
	assert_int_equal(rig_mirror_stats(0).sent, 1500);
	rig_set_clock(100 * 1000 * 1000);
	send_many(600);
	assert_int_equal(rig_mirror_stats(0).sent, 2000);
	/* and one that finds no room is sent again. */
	rig_set_result(REENTRY_IFINDEX, 1, 0);
	mark_comes_in();
	send_many(100);
	assert_int_equal(rig_mirror_stats(0).sent, 2000 + 64);
	rig_set_result(REENTRY_IFINDEX, 0, 0);
	send_many(1);
	mark_comes_in();
	send_many(600);
	assert_int_equal(rig_mirror_stats(0).sent, 2000 + 64 + 500);
	check_sum(0, 600 + 100 + 500 + 600 + 1 + 600 + 100 + 1 + 600);
	rig_set_clock(0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

static void copies_that_no_queue_takes_have_no_budget(void **state)
{
	(void)state;
	select_src(0, 1);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	send_many(1100);
	assert_int_equal(rig_mirror_stats(0).sent, 1100);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, mirror_set_up)
	const struct CMUnitTest tests[] = {
		TEST(two_mirrors_to_two_ports_make_two_copies),
		TEST(mirrors_with_one_output_make_one_copy),
		TEST(merging_goes_over_both_stages_and_heeds_filters),
		TEST(a_protected_output_port_gets_no_copies_from_protected_ports),
		TEST(every_failure_is_counted_as_what_it_is),
		TEST(frames_to_be_cut_go_to_the_reentry_device),
		TEST(a_lost_reentry_device_is_accounted_for),
		TEST(no_more_copies_wait_than_leave_room_for_production),
		TEST(copies_that_no_queue_takes_have_no_budget),
		TEST(a_bridge_may_have_256_mirrors),
		TEST(only_the_active_version_of_a_mirror_counts),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
