// SPDX-License-Identifier: Apache-2.0
/*
 * Learned addresses: what is learned, what is not, when an entry counts, and what the
 * packet path writes.  Ports 1 to 4 are trunks of bridge 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

static void set_up(struct bridge_config bridge)
{
	for (uint32_t slot = 1; slot <= 4; slot++)
		rig_put_port(slot, rig_port(slot));
	rig_link(bridge, (uint32_t[]){ 1, 2, 3, 4, 0 });
}

static void expect_flood_from_1(const struct frame *f)
{
	rig_expect(RECORD_CLONE, 2, f);
	rig_expect(RECORD_CLONE, 3, f);
	rig_expect(RECORD_REDIRECT, 4, f);
	rig_expect_end();
}

static void an_address_is_learned_and_found(void **state)
{
	struct frame there = rig_frame(9, 1, "", 0), back = rig_frame(1, 9, "", 0);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	assert_int_equal(rig_send(1, &there, TAG_IN_BYTES), 7);
	expect_flood_from_1(&there);
	assert_true(rig_get_fdb(1, 0, &value));
	assert_int_equal(value.port, 1 | 1ull << 32);
	assert_int_equal(rig_send(3, &back, TAG_IN_BYTES), 7);
	rig_expect(RECORD_REDIRECT, 1, &back);
	rig_expect_end();
	rig_send(1, &there, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 3, &there);
	rig_expect_end();
	assert_int_equal(rig_count_fdb(), 2);
	assert_int_equal(rig_fdb_count().entries, 2);
	assert_int_equal(rig_port_stats(1).rx_packets, 2);
	assert_int_equal(rig_port_stats(1).tx_packets, 1);
	assert_int_equal(rig_port_stats(1).tx_bytes, back.len);
	assert_int_equal(rig_port_stats(3).tx_packets, 2);
}

static void each_vlan_learns_on_its_own(void **state)
{
	struct frame ten = rig_frame(9, 1, "[10]", 0), twenty = rig_frame(1, 9, "[20]", 0);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	rig_send(1, &ten, TAG_IN_METADATA);
	assert_true(rig_get_fdb(1, 10, &value));
	assert_false(rig_get_fdb(1, 0, &value));
	assert_false(rig_get_fdb(1, 20, &value));
	rig_send(2, &twenty, TAG_IN_METADATA);
	rig_expect(RECORD_CLONE, 1, &twenty);
	rig_expect(RECORD_CLONE, 3, &twenty);
	rig_expect(RECORD_REDIRECT, 4, &twenty);
	rig_expect_end();
}

static void an_address_moves_with_its_frames(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	rig_send(1, &f, TAG_IN_BYTES);
	rig_send(3, &f, TAG_IN_BYTES);
	assert_true(rig_get_fdb(1, 0, &value));
	assert_int_equal((uint32_t)value.port, 3);
	assert_int_equal(rig_fdb_count().entries, 1);
}

static void odd_sources(void **state)
{
	struct frame zero = rig_frame(BROADCAST, 0, "", 0), multicast = zero;
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	memset(zero.bytes + 6, 0, 6);
	multicast.bytes[6] = 3;
	rig_send(1, &multicast, TAG_IN_BYTES);
	expect_flood_from_1(&multicast);
	assert_int_equal(rig_count_fdb(), 0);
	rig_send(1, &zero, TAG_IN_BYTES);
	expect_flood_from_1(&zero);
	assert_int_equal(rig_count_fdb(), 1);
	assert_false(rig_get_fdb(0, 0, &value)); /* 02:...:00 is another one */
}

static void a_destination_on_the_input_port_is_dropped_but_the_source_learned(void **state)
{
	struct frame other = rig_frame(2, 1, "", 0), own = rig_frame(1, 1, "", 0);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	rig_put_fdb(2, 0, 1, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &other, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_true(rig_get_fdb(1, 0, &value));
	assert_int_equal(rig_send(1, &own, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_port_stats(1).drops[DROP_HAIRPIN], 2);
}

static void reserved_destinations_are_dropped_unless_asked_for(void **state)
{
	const uint8_t stp[] = { 0x01, 0x80, 0xc2, 0, 0, 0 };
	struct bridge_config bridge = rig_bridge();
	struct frame f = rig_frame(9, 1, "[10]", 0);

	(void)state;
	memcpy(f.bytes, stp, 6);
	set_up(bridge);
	assert_int_equal(rig_send(1, &f, TAG_IN_METADATA), 2);
	rig_expect_end();
	assert_int_equal(rig_count_fdb(), 0);
	assert_int_equal(rig_port_stats(1).drops[DROP_RESERVED_ADDRESS], 1);
	bridge.flags = BRIDGE_FORWARD_BPDU;
	set_up(bridge);
	assert_int_equal(rig_send(1, &f, TAG_IN_METADATA), 7);
	expect_flood_from_1(&f);
	assert_int_equal(rig_count_fdb(), 1);
}

static void flood_vlans_neither_learn_nor_look_up(void **state)
{
	struct bridge_config bridge = rig_bridge();
	struct frame in = rig_frame(9, 1, "[10]", 0), out = rig_frame(9, 1, "[20]", 0);

	(void)state;
	rig_put_vlan_set(7, (int[]){ 10, -1 });
	bridge.has_flood_vlans = 1;
	bridge.flood_vlans = 7;
	set_up(bridge);
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_put_fdb(9, 20, 2, 1, rig_jiffies());
	rig_send(1, &in, TAG_IN_METADATA);
	expect_flood_from_1(&in);
	assert_int_equal(rig_count_fdb(), 2);
	rig_send(1, &out, TAG_IN_METADATA);
	rig_expect(RECORD_REDIRECT, 2, &out);
	assert_int_equal(rig_count_fdb(), 3);
}

static void a_secure_bridge_does_nothing(void **state)
{
	struct bridge_config bridge = rig_bridge();
	struct frame f = rig_frame(9, 1, "", 0);

	(void)state;
	bridge.flags = BRIDGE_SECURE;
	set_up(bridge);
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_count_fdb(), 0);
	assert_int_equal(rig_port_stats(1).drops[DROP_SECURE], 1);
}

/* An entry counts while its port's slot has the same generation, in the same bridge. */
static void another_generation_or_bridge_is_a_miss(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct port_config p = rig_port(3);

	(void)state;
	set_up(rig_bridge());
	rig_put_fdb(9, 0, 3, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 3, &f);
	rig_put_fdb(9, 0, 3, 2, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	expect_flood_from_1(&f);
	rig_put_fdb(9, 0, 3, 1, rig_jiffies());
	p.bridge = 2;
	p.next = 4;
	rig_put_port(3, p);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, 2, &f); /* port 3's own list is of no account here */
	rig_expect(RECORD_REDIRECT, 4, &f);
	rig_expect_end();
}

/* The owner of a slot is learned anew: with its own generation. */
static void a_new_generation_takes_the_entry_over(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);
	struct port_config p = rig_port(1);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	rig_send(1, &f, TAG_IN_BYTES);
	p.generation = 5;
	p.next = 2;
	rig_put_port(1, p);
	rig_send(1, &f, TAG_IN_BYTES);
	assert_true(rig_get_fdb(1, 0, &value));
	assert_int_equal(value.port, 1 | 5ull << 32);
	assert_int_equal(rig_fdb_count().entries, 1);
}

static void an_old_entry_is_a_miss(void **state)
{
	struct bridge_config bridge = rig_bridge();
	struct frame f = rig_frame(9, 1, "", 0);
	uint64_t now;

	(void)state;
	set_up(bridge);
	now = rig_jiffies();
	rig_put_fdb(9, 0, 3, 1, now - bridge.ageing + 500);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 3, &f);
	rig_put_fdb(9, 0, 3, 1, now - bridge.ageing - bridge.ageing / 64 - 2);
	rig_send(1, &f, TAG_IN_BYTES);
	expect_flood_from_1(&f);
	/* As seen by a processor that is a little behind. */
	rig_put_fdb(9, 0, 3, 1, now + 1000);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 3, &f);
}

static void seen_is_written_only_when_it_is_stale(void **state)
{
	struct bridge_config bridge = rig_bridge();
	struct frame f = rig_frame(BROADCAST, 1, "", 0);
	struct fdb_value value;
	uint64_t fresh, stale;

	(void)state;
	set_up(bridge);
	fresh = rig_jiffies() - bridge.ageing / 64 / 2;
	rig_put_fdb(1, 0, 1, 1, fresh);
	rig_send(1, &f, TAG_IN_BYTES);
	assert_true(rig_get_fdb(1, 0, &value));
	assert_int_equal(value.seen, fresh);
	stale = fresh - bridge.ageing / 64;
	rig_put_fdb(1, 0, 1, 1, stale);
	rig_send(1, &f, TAG_IN_BYTES);
	assert_true(rig_get_fdb(1, 0, &value));
	assert_true(value.seen > fresh);
	assert_int_equal(rig_fdb_count().entries, 0); /* nothing was inserted */
}

static void set_up_small(void)
{
	struct bridge_config bridge = rig_bridge();

	bridge.fdb_max = 10;
	bridge.fdb_room = 15;
	set_up(bridge);
}

static void send_from(uint8_t first, uint8_t last)
{
	for (uint8_t i = first; i <= last; i++) {
		struct frame f = rig_frame(BROADCAST, i, "", 0);

		assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 7);
	}
}

/* The newest address is learned: it is another one that userspace will take out. */
static void userspace_is_told_once_when_a_bridge_has_one_too_many(void **state)
{
	(void)state;
	set_up_small();
	send_from(1, 10);
	assert_int_equal(rig_n_signals(), 0);
	send_from(11, 12);
	assert_int_equal(rig_n_signals(), 1);
	assert_int_equal(rig_fdb_count().entries, 12);
	assert_int_equal(rig_fdb_count().learned, 12);
}

static void learning_stops_where_userspace_does_not_come(void **state)
{
	(void)state;
	set_up_small();
	send_from(1, 20);
	assert_int_equal(rig_count_fdb(), 15);
	assert_int_equal(rig_fdb_count().entries, 15);
	send_from(1, 15); /* known ones */
	assert_int_equal(rig_n_signals(), 1);
}

static void moves_and_takeovers_are_counted_apart(void **state)
{
	struct frame f = rig_frame(BROADCAST, 5, "", 0);

	(void)state;
	set_up(rig_bridge());
	rig_put_fdb(5, 0, 3, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	assert_int_equal(rig_fdb_count().moved, 1);
	assert_int_equal(rig_fdb_count().learned, 0);
	rig_put_fdb(5, 0, 3, 7, rig_jiffies()); /* of a port that is another one now */
	rig_send(1, &f, TAG_IN_BYTES);
	assert_int_equal(rig_fdb_count().moved, 1);
	assert_int_equal(rig_fdb_count().learned, 1);
}

static void a_static_entry_neither_ages_nor_moves(void **state)
{
	struct frame to = rig_frame(5, 1, "", 0), from = rig_frame(BROADCAST, 5, "", 0);
	struct bridge_config bridge = rig_bridge();
	uint64_t seen = FDB_STATIC | 1;
	struct fdb_value value;

	(void)state;
	bridge.ageing = 64;
	set_up(bridge);
	rig_put_fdb(5, 0, 3, 1, seen);
	assert_int_equal(rig_send(1, &to, TAG_IN_BYTES), 7);
	rig_expect(RECORD_REDIRECT, 3, &to);
	rig_send(2, &from, TAG_IN_BYTES); /* from elsewhere */
	rig_send(3, &from, TAG_IN_BYTES); /* and from where it is */
	assert_true(rig_get_fdb(5, 0, &value));
	assert_int_equal(value.seen, seen);
	assert_int_equal(value.port, 1ull << 32 | 3);
	assert_int_equal(rig_fdb_count().moved, 0);
}

/* Its port's VLANs changed: then the address is learned like any other. */
static void a_static_entry_of_another_generation_is_none(void **state)
{
	struct frame from = rig_frame(BROADCAST, 5, "", 0);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	rig_put_fdb(5, 0, 3, 9, FDB_STATIC | 1);
	rig_send(2, &from, TAG_IN_BYTES);
	assert_true(rig_get_fdb(5, 0, &value));
	assert_int_equal(value.port, 1ull << 32 | 2);
	assert_true(value.seen < FDB_STATIC);
}

/* A learned port without a device: dropped, not flooded, and the entry stays. */
static void a_port_without_link_is_not_flooded_around(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct port_config p = rig_port(3);
	struct fdb_value value;

	(void)state;
	set_up(rig_bridge());
	p.ifindex = 0;
	p.next = 4;
	rig_put_port(3, p);
	rig_put_fdb(9, 0, 3, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_true(rig_get_fdb(9, 0, &value));
	assert_int_equal(rig_port_stats(3).drops[DROP_LINK_DOWN], 1);
	assert_int_equal(rig_port_stats(3).tx_packets, 0);
}

/* A reserved destination port: dropped, not flooded. */
static void a_mirrors_output_port_gets_no_unicast(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct port_config p = rig_port(3);

	(void)state;
	set_up(rig_bridge());
	p.flags |= PORT_RESERVED;
	p.next = 4;
	rig_put_port(3, p);
	rig_put_fdb(9, 0, 3, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_port_stats(1).drops[DROP_RESERVED_PORT], 1);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_learned_and_found),
		TEST(each_vlan_learns_on_its_own),
		TEST(an_address_moves_with_its_frames),
		TEST(odd_sources),
		TEST(a_destination_on_the_input_port_is_dropped_but_the_source_learned),
		TEST(reserved_destinations_are_dropped_unless_asked_for),
		TEST(flood_vlans_neither_learn_nor_look_up),
		TEST(a_secure_bridge_does_nothing),
		TEST(another_generation_or_bridge_is_a_miss),
		TEST(a_new_generation_takes_the_entry_over),
		TEST(an_old_entry_is_a_miss),
		TEST(seen_is_written_only_when_it_is_stale),
		TEST(userspace_is_told_once_when_a_bridge_has_one_too_many),
		TEST(learning_stops_where_userspace_does_not_come),
		TEST(moves_and_takeovers_are_counted_apart),
		TEST(a_static_entry_neither_ages_nor_moves),
		TEST(a_static_entry_of_another_generation_is_none),
		TEST(a_port_without_link_is_not_flooded_around),
		TEST(a_mirrors_output_port_gets_no_unicast),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
