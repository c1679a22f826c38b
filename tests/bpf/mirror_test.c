// SPDX-License-Identifier: Apache-2.0
/*
 * Copies: which frames, how often, in what form, before the production frame.  Ports 1 to 3
 * are trunks, port 4 is the mirrors' output port.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "mirror_rig.h"

static void a_source_port_is_copied_once_before_production(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 0);
	struct mirror_stats s;

	(void)state;
	select_src(0, 1);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	for (int place = TAG_IN_BYTES; place <= TAG_IN_METADATA; place++) {
		assert_int_equal(rig_send(1, &f, (enum tag_place)place), 7);
		mirror_expect(&f, &f);
	}
	/* The other way is not selected. */
	f = rig_frame(1, 9, "[10 p3]", 0);
	rig_send(2, &f, TAG_IN_METADATA);
	rig_expect(RECORD_REDIRECT, 1, &f);
	rig_expect_end();
	check_sum(0, 2);
	s = rig_mirror_stats(0);
	assert_int_equal(s.sent, 2);
	assert_int_equal(s.tx_packets, 2);
	assert_int_equal(s.tx_bytes, 2 * f.len);
	assert_int_equal(rig_port_stats(OUT).tx_packets, 2);
	assert_int_equal(rig_port_stats(OUT).tx_bytes, 2 * f.len);
}

static void a_destination_port_is_copied_in_unicast_and_flood(void **state)
{
	struct frame u = rig_frame(9, 1, "", 0), b = rig_frame(BROADCAST, 1, "", 0);
	struct frame other = rig_frame(8, 1, "", 0);

	(void)state;
	select_dst(0, 2);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	rig_put_fdb(8, 0, 3, 1, rig_jiffies());
	rig_send(1, &u, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &u);
	rig_expect(RECORD_REDIRECT, 2, &u);
	rig_send(1, &b, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &b);
	rig_expect(RECORD_CLONE, 2, &b);
	rig_expect(RECORD_REDIRECT, 3, &b);
	rig_send(1, &other, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 3, &other);
	rig_expect_end();
	/* What comes from the port does not leave by it. */
	rig_send(2, &b, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, 1, &b);
	rig_expect(RECORD_REDIRECT, 3, &b);
	rig_expect_end();
	check_sum(0, 2);
}

static void both_directions_and_all_ports_still_make_one_copy(void **state)
{
	struct frame b = rig_frame(BROADCAST, 1, "[10]", 0), u = rig_frame(9, 1, "[10]", 0);

	(void)state;
	for (uint32_t slot = 1; slot <= 3; slot++) {
		select_src(0, slot);
		select_dst(0, slot);
	}
	select_all(0);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_send(1, &b, TAG_IN_METADATA);
	rig_expect(RECORD_CLONE, OUT, &b);
	rig_expect(RECORD_CLONE, 2, &b);
	rig_expect(RECORD_REDIRECT, 3, &b);
	rig_expect_end();
	rig_send(1, &u, TAG_IN_METADATA);
	mirror_expect(&u, &u);
	check_sum(0, 2);
}

/* select_all takes the form in which the frame came, not one in which it leaves. */
static void select_all_copies_the_ingress_form(void **state)
{
	struct frame in = rig_frame(BROADCAST, 1, "[10 p3]", 0);
	struct frame bare = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	select_all(0);
	mirror_ports[2].vlan_mode = VLAN_ACCESS;
	mirror_ports[2].tag = 10;
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_send(1, &in, TAG_IN_METADATA);
	rig_expect(RECORD_CLONE, OUT, &in);
	rig_expect(RECORD_CLONE, 3, &in);
	rig_expect(RECORD_REDIRECT, 2, &bare);
	rig_expect_end();
	/* And an access port's frame shows its VLAN. */
	rig_send(2, &bare, TAG_IN_METADATA);
	in = rig_frame(BROADCAST, 1, "[10]", 0);
	rig_expect(RECORD_CLONE, OUT, &in);
}

/* The output port's own mode makes the form; its trunks are no filter. */
static void the_output_port_tags_as_it_does(void **state)
{
	const struct {
		uint8_t mode;
		uint16_t tag, trunks;
		const char *expected;
	} rows[] = {
		{ VLAN_TRUNK, 0, 0, "[10 p3]" },
		{ VLAN_TRUNK, 0, 1, "[10 p3]" },
		{ VLAN_ACCESS, 10, 0, "" },
		{ VLAN_ACCESS, 99, 0, "" },
		{ VLAN_NATIVE_UNTAGGED, 10, 1, "" },
		{ VLAN_NATIVE_UNTAGGED, 99, 1, "[10 p3]" },
		{ VLAN_NATIVE_TAGGED, 10, 1, "[10 p3]" },
		{ VLAN_DOT1Q_TUNNEL, 99, 0, "" },
	};
	struct frame in = rig_frame(9, 1, "[10 p3]", 0);

	(void)state;
	rig_put_vlan_set(1, (int[]){ 99, -1 });
	select_src(0, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame copy = rig_frame(9, 1, rows[i].expected, 0);

		mirror_ports[OUT].vlan_mode = rows[i].mode;
		mirror_ports[OUT].tag = rows[i].tag;
		mirror_ports[OUT].trunks = rows[i].trunks;
		mirror_put_ports();
		rig_put_mirror(0, mirror_to(0, OUT));
		rig_put_fdb(9, 10, 2, 1, rig_jiffies());
		rig_say("row %zu", i);
		rig_send(1, &in, TAG_IN_METADATA);
		mirror_expect(&copy, &in);
	}
}

/* At egress the copy is of what leaves, as the same port would read it. */
static void an_egress_copy_lost_what_the_port_does_not_show(void **state)
{
	struct frame in = rig_frame(9, 1, "[10 p3]", 0), out = rig_frame(9, 1, "", 0);
	struct frame copy = rig_frame(9, 1, "[10]", 0);

	(void)state;
	select_dst(0, 2);
	mirror_ports[2].vlan_mode = VLAN_ACCESS;
	mirror_ports[2].tag = 10;
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_send(1, &in, TAG_IN_METADATA);
	mirror_expect(&copy, &out);
	/* The statistics tell the length as received all the same. */
	assert_int_equal(rig_mirror_stats(0).tx_bytes, in.len);
}

/* Of several flooded ports the one that was added first gives the form. */
static void a_flood_is_copied_in_the_oldest_ports_form(void **state)
{
	struct frame in = rig_frame(BROADCAST, 1, "[10 p3]", 0);
	struct frame lost = rig_frame(BROADCAST, 1, "[10]", 0);

	(void)state;
	select_dst(0, 2); /* access: the priority is lost */
	select_dst(0, 3); /* trunk: kept */
	mirror_ports[2].vlan_mode = VLAN_ACCESS;
	mirror_ports[2].tag = 10;
	for (int access_is_older = 0; access_is_older <= 1; access_is_older++) {
		mirror_ports[2].order = access_is_older ? 0 : 9;
		mirror_put_ports();
		rig_put_mirror(0, mirror_to(0, OUT));
		rig_send(1, &in, TAG_IN_METADATA);
		rig_expect(RECORD_CLONE, OUT, access_is_older ? &lost : &in);
		assert_int_equal(rig_n_records(), 3);
	}
	check_sum(0, 2);
}

static void select_vlan_is_of_the_vlan_inside_the_switch(void **state)
{
	struct frame native = rig_frame(9, 1, "", 0), tagged = rig_frame(9, 1, "[20]", 0);
	struct mirror_config m = mirror_to(0, OUT);
	struct frame copy = rig_frame(9, 1, "[10]", 0);

	(void)state;
	rig_put_vlan_set(3, (int[]){ 10, -1 });
	select_src(0, 1);
	mirror_ports[1].vlan_mode = VLAN_NATIVE_UNTAGGED;
	mirror_ports[1].tag = 10;
	mirror_put_ports();
	m.vlans = 3;
	rig_put_mirror(0, m);
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_put_fdb(9, 20, 2, 1, rig_jiffies());
	rig_send(1, &native, TAG_IN_BYTES);
	mirror_expect(&copy, &copy);
	rig_send(1, &tagged, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &tagged);
	rig_expect_end();
	check_sum(0, 2);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
	assert_int_equal(rig_mirror_stats(0).tx_packets, 1);
}

static void what_the_input_vlan_refuses_is_not_copied(void **state)
{
	struct frame f = rig_frame(9, 1, "[20]", 0);

	(void)state;
	select_src(0, 1);
	select_all(0);
	mirror_ports[1].vlan_mode = VLAN_ACCESS;
	mirror_ports[1].tag = 10;
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_send(1, &f, TAG_IN_METADATA);
	rig_expect_end();
	check_sum(0, 0);
}

/* Dropped later: hairpin, reserved address, secure, no destination. */
static void what_is_dropped_later_is_copied_at_ingress(void **state)
{
	const uint8_t stp[] = { 0x01, 0x80, 0xc2, 0, 0, 0 };
	struct frame hairpin = rig_frame(9, 1, "", 0), reserved = hairpin;

	(void)state;
	memcpy(reserved.bytes, stp, 6);
	select_src(0, 1);
	select_dst(0, 2);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 0, 1, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &hairpin, TAG_IN_BYTES), 2);
	rig_expect(RECORD_CLONE, OUT, &hairpin);
	rig_expect_end();
	assert_int_equal(rig_send(1, &reserved, TAG_IN_BYTES), 2);
	rig_expect(RECORD_CLONE, OUT, &reserved);
	rig_expect_end();
	assert_int_equal(rig_send(3, &reserved, TAG_IN_BYTES), 2);
	rig_expect_end(); /* it never leaves by port 2 */
	mirror_bridge.flags |= BRIDGE_SECURE;
	mirror_put_ports();
	assert_int_equal(rig_send(1, &hairpin, TAG_IN_BYTES), 2);
	rig_expect(RECORD_CLONE, OUT, &hairpin);
	rig_expect_end();
	check_sum(0, 3);
}

static void a_frame_with_nowhere_to_go_is_copied(void **state)
{
	struct frame f = rig_frame(9, 1, "[30]", 0);

	(void)state;
	rig_put_vlan_set(1, (int[]){ 10, -1 });
	mirror_ports[2].trunks = 1;
	mirror_ports[3].trunks = 1;
	select_src(0, 1);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	assert_int_equal(rig_send(1, &f, TAG_IN_METADATA), 2);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect_end();
	assert_int_equal(rig_port_stats(1).drops[DROP_NO_OUTPUT], 1);
}

/* The egress copy is of the decision: a port without link, or too small, does not hide it. */
static void an_output_that_fails_is_copied(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);

	(void)state;
	select_dst(0, 2);
	mirror_ports[2].ifindex = 0;
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect_end();
	assert_int_equal(rig_port_stats(2).drops[DROP_LINK_DOWN], 1);
}

/* The output port as its own source: nothing comes out. */
static void an_output_port_takes_part_in_nothing_else(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	select_src(0, OUT);
	select_dst(0, OUT);
	select_all(1);
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_mirror(1, mirror_to(1, OUT2));
	assert_int_equal(rig_send(OUT, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT2, &f);
	rig_expect(RECORD_CLONE, 2, &f);
	rig_expect(RECORD_REDIRECT, 3, &f);
	rig_expect_end();
	check_sum(0, 0);
	check_sum(1, 1);
	assert_int_equal(rig_count_fdb(), 1);
}

static void the_peer_is_used_after_the_copies(void **state)
{
	struct frame f = rig_frame(9, 1, "[10]", 0), bare = rig_frame(9, 1, "", 0);

	(void)state;
	select_src(0, 1);
	mirror_ports[2].flags |= PORT_PEER;
	memcpy(mirror_ports[2].peer_mac, f.bytes, 6);
	mirror_ports[2].vlan_mode = VLAN_ACCESS;
	mirror_ports[2].tag = 10;
	mirror_put_ports();
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_METADATA);
	rig_expect(RECORD_CLONE, OUT, &f);
	rig_expect(RECORD_PEER, 2, &bare);
	rig_expect_end();
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, mirror_set_up)
	const struct CMUnitTest tests[] = {
		TEST(a_source_port_is_copied_once_before_production),
		TEST(a_destination_port_is_copied_in_unicast_and_flood),
		TEST(both_directions_and_all_ports_still_make_one_copy),
		TEST(select_all_copies_the_ingress_form),
		TEST(the_output_port_tags_as_it_does),
		TEST(an_egress_copy_lost_what_the_port_does_not_show),
		TEST(a_flood_is_copied_in_the_oldest_ports_form),
		TEST(select_vlan_is_of_the_vlan_inside_the_switch),
		TEST(what_the_input_vlan_refuses_is_not_copied),
		TEST(what_is_dropped_later_is_copied_at_ingress),
		TEST(a_frame_with_nowhere_to_go_is_copied),
		TEST(an_output_that_fails_is_copied),
		TEST(an_output_port_takes_part_in_nothing_else),
		TEST(the_peer_is_used_after_the_copies),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
