// SPDX-License-Identifier: Apache-2.0
/*
 * Copies of mirrors with bvs-wire-form: which of them go through the segmenting devices, what
 * becomes of the wire frames that come out, and what is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "mirror_rig.h"

enum { GSO = 500, NO_TARGET = 0, BUDGET = 4, BACKLOG = 5, UNDER_WAY = 8 }; /* enum outcome */

static struct mirror_config wire_mirror(void)
{
	struct mirror_config m = mirror_to(0, OUT);

	m.flags = MIRROR_WIRE_FORM;
	return m;
}

static void put_wire_mirror(struct mirror_config m)
{
	select_src(0, 1);
	mirror_put_ports();
	rig_put_mirror(0, m);
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
}

/* What comes in by port 1 leaves by port 2, after its copy. */
static void expect_copy(const struct frame *f, bool is_to_wire, uint32_t snaplen)
{
	rig_expect(RECORD_CLONE, is_to_wire ? REENTRY_IFINDEX : OUT, f);
	rig_expect(RECORD_REDIRECT, 2, f);
	rig_expect_end();
	if (!is_to_wire)
		return;
	assert_int_equal(rig_record(0).job_to_wire, 1);
	assert_int_equal(rig_record(0).job_port, OUT);
	assert_int_equal(rig_record(0).job_mirror, 1);
	assert_int_equal(rig_record(0).job_is_booked, 1);
	assert_int_equal(rig_record(0).job_snaplen, snaplen);
}

static void what_is_left_to_hardware_is_made_a_wire_frame(void **state)
{
	static const enum checksum there[] = { CHECKSUM_UNKNOWN, CHECKSUM_VERIFIED,
					       CHECKSUM_OF_ALL };
	struct frame f = rig_frame(9, 1, "", 1400);

	(void)state;
	put_wire_mirror(wire_mirror());
	for (int i = 0; i < 3; i++) {
		rig_set_checksum(there[i]);
		rig_send(1, &f, TAG_IN_BYTES);
		expect_copy(&f, false, 0);
		assert_int_equal(rig_checksum(), there[i]);
	}
	rig_send_gso(1, &f, GSO);
	expect_copy(&f, true, 0);
	rig_set_checksum(CHECKSUM_DUE);
	rig_send(1, &f, TAG_IN_BYTES);
	expect_copy(&f, true, 0);
	assert_int_equal(rig_checksum(), CHECKSUM_DUE);
	/* A mirror that did not ask for it gets production as it is. */
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_send_gso(1, &f, GSO);
	expect_copy(&f, false, 0);
}

static void neither_snaplen_nor_mtu_is_about_what_is_to_be_segmented(void **state)
{
	struct frame f = rig_frame(9, 1, "", 1500);
	struct mirror_config m = wire_mirror();

	(void)state;
	m.snaplen = 100;
	mirror_ports[OUT].mtu = 50;
	put_wire_mirror(m);
	rig_send_gso(1, &f, GSO);
	expect_copy(&f, true, 100);
}

/* --- through the devices --- */

/* The copy on its way; the return is what they are sent, if anything. */
static struct record send_to_wire(const struct frame *f, uint32_t snaplen, uint32_t outcome)
{
	rig_put_job((struct job){ .is_valid = 1,
				  .port = OUT,
				  .ifindex = OUT,
				  .is_up = 1,
				  .snaplen = snaplen,
				  .mirror = 1,
				  .is_booked = 1,
				  .to_wire = 1 });
	rig_run_reentry(f, 0x1234);
	assert_int_equal(rig_job().outcome, outcome);
	if (outcome != UNDER_WAY) {
		assert_int_equal(rig_n_records(), 0);
		return (struct record){ .kind = 0 };
	}
	rig_expect(RECORD_CLONE, SEGMENT_IFINDEX, f);
	rig_expect_end();
	return rig_record(0);
}

static void each_wire_frame_is_sent_and_counted_when_it_comes_out(void **state)
{
	struct frame whole = rig_frame(9, 1, "", 1500), f = rig_frame(9, 1, "[10 p3]", GSO);
	struct record r;

	(void)state;
	put_wire_mirror(wire_mirror());
	r = send_to_wire(&whole, 0, UNDER_WAY);
	assert_int_equal(rig_mirror_stats(0).selected, 0);
	for (uint32_t i = 1; i <= 3; i++) {
		rig_run_segment(&f, &r);
		rig_expect(RECORD_CLONE, OUT, &f);
		rig_expect_end();
		assert_int_equal(rig_record(0).mark, 0);
		for (int k = 0; k < 5; k++)
			assert_int_equal(rig_record(0).cb[k], 0);
		assert_int_equal(rig_mirror_stats(0).selected, i);
		assert_int_equal(rig_mirror_stats(0).sent, i);
		assert_int_equal(rig_port_stats(OUT).tx_packets, i);
		assert_int_equal(rig_port_stats(OUT).tx_bytes, i * f.len);
	}
}

static void snaplen_cuts_the_wire_frames_that_are_longer(void **state)
{
	struct frame whole = rig_frame(9, 1, "", 1500), f = rig_frame(9, 1, "", GSO), cut = f;
	struct record r;

	(void)state;
	put_wire_mirror(wire_mirror());
	r = send_to_wire(&whole, 100, UNDER_WAY);
	rig_run_segment(&f, &r);
	cut.len = 100;
	rig_expect(RECORD_CLONE, OUT, &cut);
	f = rig_frame(9, 1, "", 100 - 14);
	rig_run_segment(&f, &r);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect_end();
	assert_int_equal(rig_mirror_stats(0).sent, 2);
	assert_int_equal(rig_mirror_stats(0).truncated, 1);
}

static void each_failure_behind_the_devices_is_counted_as_what_it_is(void **state)
{
	struct frame f = rig_frame(9, 1, "", 1500), longer = rig_frame(9, 1, "", 1501);
	struct mirror_stats s;
	struct record r;

	(void)state;
	put_wire_mirror(wire_mirror());
	r = send_to_wire(&f, 0, UNDER_WAY);
	rig_run_segment(&longer, &r);
	rig_expect_end();
	rig_set_result(OUT, 1, 0);
	rig_run_segment(&f, &r);
	rig_set_result(OUT, -12, 0);
	rig_run_segment(&f, &r);
	mirror_ports[OUT].flags &= ~(uint32_t)PORT_UP;
	rig_put_port(OUT, mirror_ports[OUT]);
	rig_run_segment(&f, &r);
	s = rig_mirror_stats(0);
	assert_int_equal(s.selected, 4);
	assert_int_equal(s.dropped_mtu, 1);
	assert_int_equal(s.dropped_backlog, 1);
	assert_int_equal(s.dropped_clone, 1);
	assert_int_equal(s.dropped_no_target, 1);
	assert_int_equal(s.sent, 0);
	assert_int_equal(rig_port_stats(OUT).tx_packets, 0);
}

/* What comes out when the port or the mirror is another one's by now is nobody's. */
static void the_slots_of_the_order_may_have_been_given_away(void **state)
{
	struct mirror_config m = wire_mirror();
	struct frame f = rig_frame(9, 1, "", 100);
	struct record r;

	(void)state;
	put_wire_mirror(m);
	r = send_to_wire(&f, 0, UNDER_WAY);
	mirror_ports[OUT].generation++;
	rig_put_port(OUT, mirror_ports[OUT]);
	rig_run_segment(&f, &r);
	rig_expect_end();
	mirror_ports[OUT].generation--;
	rig_put_port(OUT, mirror_ports[OUT]);
	m.generation++;
	rig_put_mirror(0, m);
	rig_run_segment(&f, &r);
	rig_expect_end();
	assert_int_equal(rig_mirror_stats(0).selected, 0);
	m.generation--;
	rig_put_mirror(0, m);
	rig_run_segment(&f, &r);
	rig_expect(RECORD_CLONE, OUT, &f);
	/* A frame that somebody else sent there. */
	r.mark = 0;
	rig_run_segment(&f, &r);
	rig_expect_end();
}

/* The copy counts once, as lost; what of it came through is not sent after all. */
static void a_copy_that_the_devices_do_not_take_whole_is_lost_whole(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);
	struct record r, next;
	cpu_set_t before;

	(void)state;
	mirror_stay_on_processor(&before);
	put_wire_mirror(wire_mirror());
	r = send_to_wire(&f, 0, UNDER_WAY);
	rig_run_segment(&f, &r);
	rig_set_result(SEGMENT_IFINDEX, 1, 0);
	send_to_wire(&f, 0, BACKLOG);
	rig_set_result(SEGMENT_IFINDEX, 0, 0);
	next = send_to_wire(&f, 0, UNDER_WAY);
	/* The lost one's number is the one between. */
	r = next;
	r.cb[2]--;
	rig_run_segment(&f, &r);
	rig_expect_end();
	rig_run_segment(&f, &next);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect_end();
	assert_int_equal(rig_mirror_stats(0).sent, 2);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* 500 may wait for a processor, through the devices or not. */
static void wire_frames_leave_room_for_production(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);
	struct record r;
	cpu_set_t before;

	(void)state;
	mirror_stay_on_processor(&before);
	mirror_ports[OUT].flags |= PORT_QUEUED;
	put_wire_mirror(wire_mirror());
	for (int i = 0; i < 500; i++)
		r = send_to_wire(&f, 0, UNDER_WAY);
	send_to_wire(&f, 0, BUDGET);
	/* Nor is there room for others, or for those on the next part of their way ... */
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
	assert_int_equal(rig_mirror_stats(0).dropped_budget, 1);
	/* ... but when one has come out, so have those before it. */
	rig_run_segment(&f, &r);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect_end();
	r = send_to_wire(&f, 0, UNDER_WAY);
	/* What does not come out in 100 ms does not come. */
	for (int i = 0; i < 498; i++)
		send_to_wire(&f, 0, UNDER_WAY);
	send_to_wire(&f, 0, BUDGET);
	rig_set_clock(100 * 1000 * 1000);
	send_to_wire(&f, 0, UNDER_WAY);
	rig_set_clock(0);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* --- in a VLAN --- */

static void of_the_copies_in_a_vlan_one_is_booked(void **state)
{
	struct mirror_config m = {
		.generation = 1, .out_vlan = 99, .flags = MIRROR_WIRE_FORM, .same_output = { 1 }
	};
	struct frame f = rig_frame(9, 1, "", 1400);
	uint32_t booked = 0;

	(void)state;
	put_wire_mirror(m);
	rig_send_gso(1, &f, GSO);
	/* Ports 1 to 3, and production. */
	assert_int_equal(rig_n_records(), 4);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rig_record(i).ifindex, REENTRY_IFINDEX);
		assert_int_equal(rig_record(i).job_to_wire, 1);
		booked += rig_record(i).job_is_booked;
	}
	assert_int_equal(booked, 1);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, mirror_set_up)
	const struct CMUnitTest tests[] = {
		TEST(what_is_left_to_hardware_is_made_a_wire_frame),
		TEST(neither_snaplen_nor_mtu_is_about_what_is_to_be_segmented),
		TEST(each_wire_frame_is_sent_and_counted_when_it_comes_out),
		TEST(snaplen_cuts_the_wire_frames_that_are_longer),
		TEST(each_failure_behind_the_devices_is_counted_as_what_it_is),
		TEST(the_slots_of_the_order_may_have_been_given_away),
		TEST(a_copy_that_the_devices_do_not_take_whole_is_lost_whole),
		TEST(wire_frames_leave_room_for_production),
		TEST(of_the_copies_in_a_vlan_one_is_booked),
	};

	return cmocka_run_group_tests_name("wire_form", tests, rig_setup, rig_teardown);
}
