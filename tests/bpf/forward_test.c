// SPDX-License-Identifier: Apache-2.0
/*
 * Sending: who is in a flood, which helper sends, what is too large, which records are
 * looked at, and the counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

static const uint8_t MAC_9[] = { 2, 0, 0, 0, 0, 9 };

static void set_up(void)
{
	for (uint32_t slot = 1; slot <= 4; slot++)
		rig_put_port(slot, rig_port(slot));
	rig_link(rig_bridge(), (uint32_t[]){ 1, 2, 3, 4, 0 });
}

static struct port_config trunk(uint32_t slot, uint32_t next, uint32_t flags)
{
	struct port_config p = rig_port(slot);

	p.next = next;
	p.flags |= flags;
	return p;
}

static void a_flood_spares_the_input_and_reserved_ports(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	set_up();
	rig_put_port(3, trunk(3, 4, PORT_RESERVED));
	assert_int_equal(rig_send(2, &f, TAG_IN_BYTES), 7);
	rig_expect(RECORD_CLONE, 1, &f);
	rig_expect(RECORD_REDIRECT, 4, &f);
	rig_expect_end();
}

static void what_a_reserved_port_receives_is_dropped_and_not_learned(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	set_up();
	rig_put_port(1, trunk(1, 2, PORT_RESERVED));
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_count_fdb(), 0);
	assert_int_equal(rig_port_stats(1).rx_packets, 1);
	assert_int_equal(rig_port_stats(1).drops[DROP_RESERVED_PORT], 1);
}

static void protected_ports_do_not_see_each_other(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0), u = rig_frame(9, 1, "", 0);

	(void)state;
	set_up();
	rig_put_port(1, trunk(1, 2, PORT_PROTECTED));
	rig_put_port(3, trunk(3, 4, PORT_PROTECTED));
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, 2, &f);
	rig_expect(RECORD_REDIRECT, 4, &f);
	rig_expect_end();
	rig_send(2, &f, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, 1, &f);
	rig_expect(RECORD_CLONE, 3, &f);
	rig_expect(RECORD_REDIRECT, 4, &f);
	rig_put_fdb(9, 0, 3, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &u, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_port_stats(1).drops[DROP_PROTECTED], 1);
}

static void access_ports_of_other_vlans_cost_nothing(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);
	uint32_t slots[41] = { 0 };

	(void)state;
	for (uint32_t slot = 1; slot <= 40; slot++) {
		struct port_config p = rig_port(slot);

		p.vlan_mode = VLAN_ACCESS;
		p.tag = slot % 2 ? 10 : 20;
		rig_put_port(slot, p);
		slots[slot - 1] = slot;
	}
	rig_link(rig_bridge(), slots);
	rig_send(1, &f, TAG_IN_BYTES);
	for (uint32_t slot = 3; slot < 39; slot += 2)
		rig_expect(RECORD_CLONE, slot, &f);
	rig_expect(RECORD_REDIRECT, 39, &f);
	rig_expect_end();
}

/* A list's head that was recycled under the reader: the member's record says so. */
static void a_head_of_another_list_is_not_believed(void **state)
{
	struct port_config p = rig_port(1), foreign = rig_port(2);
	struct frame f = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	p.vlan_mode = VLAN_ACCESS;
	p.tag = 10;
	rig_put_port(1, p);
	rig_link(rig_bridge(), (uint32_t[]){ 1, 0 });
	foreign.vlan_mode = VLAN_ACCESS;
	foreign.tag = 20;
	rig_put_port(2, foreign);
	rig_put_head(10, 2);
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	foreign.tag = 10;
	foreign.bridge = 2;
	rig_put_port(2, foreign);
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_port_stats(1).drops[DROP_NO_OUTPUT], 2);
}

static void a_frame_of_no_port_of_ours_is_dropped(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);
	struct port_config p = rig_port(1);

	(void)state;
	set_up();
	assert_int_equal(rig_send(99, &f, TAG_IN_BYTES), 2);
	/* The hash element leads to a slot that is another device's by now. */
	p.next = 2;
	rig_put_port(1, p);
	p.ifindex = 50;
	rig_put_port_version(1, 0, p);
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	p.ifindex = 1;
	p.bridge = 0;
	rig_put_port_version(1, 0, p);
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_count_fdb(), 0);
	assert_int_equal(rig_port_stats(0).drops[DROP_NOT_CONFIGURED], 3);
	assert_int_equal(rig_port_stats(1).rx_packets, 0);
}

static void the_peer_is_used_for_its_own_address_only(void **state)
{
	struct frame u = rig_frame(9, 1, "", 0), b = rig_frame(BROADCAST, 1, "", 0);
	struct frame other = rig_frame(8, 1, "", 0);
	struct port_config p = trunk(4, 0, PORT_PEER);

	(void)state;
	set_up();
	memcpy(p.peer_mac, MAC_9, 6);
	rig_put_port(4, p);
	rig_put_fdb(9, 0, 4, 1, rig_jiffies());
	rig_put_fdb(8, 0, 4, 1, rig_jiffies());
	rig_send(1, &u, TAG_IN_BYTES);
	rig_expect(RECORD_PEER, 4, &u);
	rig_expect_end();
	assert_int_equal(rig_record(0).pkt_type, 0); /* PACKET_HOST */
	assert_int_equal(rig_port_stats(4).peer_packets, 1);
	assert_int_equal(rig_port_stats(4).peer_bytes, u.len);
	assert_int_equal(rig_port_stats(4).tx_packets, 1);
	rig_send(1, &other, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 4, &other);
	rig_send(1, &b, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, 2, &b);
	rig_expect(RECORD_CLONE, 3, &b);
	rig_expect(RECORD_REDIRECT, 4, &b);
	assert_int_equal(rig_port_stats(4).peer_packets, 1);
	assert_int_equal(rig_port_stats(4).tx_packets, 3);
	p.flags &= ~(uint32_t)PORT_PEER;
	rig_put_port(4, p);
	rig_send(1, &u, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 4, &u);
}

static void too_large_for_one_port_is_dropped_there_only(void **state)
{
	struct frame fits = rig_frame(BROADCAST, 1, "[10]", 1000), large;
	struct port_config p = trunk(3, 4, 0);

	(void)state;
	set_up();
	p.mtu = 1000;
	rig_put_port(3, p);
	rig_send(1, &fits, TAG_IN_METADATA);
	rig_expect(RECORD_CLONE, 2, &fits);
	rig_expect(RECORD_CLONE, 3, &fits);
	rig_expect(RECORD_REDIRECT, 4, &fits);
	large = rig_frame(BROADCAST, 1, "[10]", 1001);
	rig_send(1, &large, TAG_IN_METADATA);
	rig_expect(RECORD_CLONE, 2, &large);
	rig_expect(RECORD_REDIRECT, 4, &large);
	rig_expect_end();
	assert_int_equal(rig_port_stats(3).drops[DROP_MTU], 1);
	/* Alike in unicast, and with the tag in the bytes. */
	large = rig_frame(9, 1, "[10]", 1001);
	fits = rig_frame(9, 1, "[10]", 1000);
	rig_put_fdb(9, 10, 3, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &large, TAG_IN_BYTES), 2);
	rig_expect_end();
	assert_int_equal(rig_send(1, &fits, TAG_IN_BYTES), 7);
}

/* Of anything but plain TCP the kernel knows the segments: its word counts. */
static void odd_segmentable_frames_are_judged_by_the_kernel(void **state)
{
	struct frame f = rig_frame(9, 1, "", 1600);

	(void)state;
	set_up();
	rig_put_fdb(9, 0, 3, 1, rig_jiffies());
	assert_int_equal(rig_send_gso(1, &f, 0), 2);
	assert_int_equal(rig_send_gso(1, &f, 1400), 7);
	rig_set_result(3, 0, 2 /* BPF_MTU_CHK_RET_SEGS_TOOBIG */);
	assert_int_equal(rig_send_gso(1, &f, 1400), 2);
	assert_int_equal(rig_port_stats(3).drops[DROP_MTU], 2);
}

/* An IPv4 header of 24 bytes or an IPv6 one, and a TCP header of 32, behind the tags. */
static struct frame tcp_frame(const char *tags, bool is_ipv6)
{
	struct frame f = rig_frame(9, 1, tags, 1600);
	uint8_t *p = f.bytes + 14 + 4 * (strlen(tags) ? 1 : 0);

	p[-2] = is_ipv6 ? 0x86 : 0x08;
	p[-1] = is_ipv6 ? 0xdd : 0x00;
	p[0] = is_ipv6 ? 0x60 : 0x46;
	p[is_ipv6 ? 6 : 9] = 6;
	p[(is_ipv6 ? 40 : 24) + 12] = 0x80;
	return f;
}

static void tcp_is_judged_by_the_length_of_its_segments(void **state)
{
	const char *tags[] = { "", "[10]" };

	(void)state;
	set_up();
	rig_set_result(3, 0, 2); /* whoever asks the kernel is told "too large" */
	for (int i = 0; i < 4; i++) {
		struct frame f = tcp_frame(tags[i % 2], i / 2);
		uint32_t headers = (i / 2 ? 40 : 24) + 32;

		rig_put_fdb(9, i % 2 ? 10 : 0, 3, 1, rig_jiffies());
		rig_say("frame %d", i);
		assert_int_equal(rig_send_gso(1, &f, 1500 - headers), 7);
		rig_expect(RECORD_REDIRECT, 3, &f);
		assert_int_equal(rig_send_gso(1, &f, 1500 - headers + 1), 2);
		rig_expect_end();
	}
	assert_int_equal(rig_port_stats(3).drops[DROP_MTU], 4);
}

static void a_refused_clone_is_counted_and_the_others_go_on(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 0);

	(void)state;
	set_up();
	rig_set_result(2, -12, 0);
	assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 7);
	rig_expect(RECORD_CLONE, 3, &f);
	rig_expect(RECORD_REDIRECT, 4, &f);
	rig_expect_end();
	assert_int_equal(rig_port_stats(2).drops[DROP_SEND], 1);
	assert_int_equal(rig_port_stats(2).tx_packets, 0);
	assert_int_equal(rig_port_stats(3).tx_packets, 1);
}

static void bytes_count_the_tag_wherever_it_is(void **state)
{
	struct frame in = rig_frame(BROADCAST, 1, "[10]", 0);
	struct port_config p = rig_port(2);

	(void)state;
	rig_put_port(1, rig_port(1));
	p.vlan_mode = VLAN_ACCESS;
	p.tag = 10;
	rig_put_port(2, p);
	rig_link(rig_bridge(), (uint32_t[]){ 1, 2, 0 });
	rig_send(1, &in, TAG_IN_BYTES);
	rig_send(1, &in, TAG_IN_METADATA);
	assert_int_equal(rig_port_stats(1).rx_bytes, 2 * in.len);
	assert_int_equal(rig_port_stats(2).tx_bytes, 2 * (in.len - 4));
}

/* Everything a packet meets is of the version that the epoch names. */
static void only_the_active_version_is_looked_at(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0), tagged = rig_frame(9, 1, "[7]", 0);
	struct bridge_config bridge = rig_bridge();

	(void)state;
	/* Version 0: 1 floods to 2.  Version 1: 1 is in VLAN 7 and floods to 3. */
	for (uint32_t slot = 1; slot <= 3; slot++) {
		struct port_config p = rig_port(slot);

		rig_put_port(slot, p);
		p.generation = 2;
		if (slot == 1) {
			p.vlan_mode = VLAN_ACCESS;
			p.tag = 7;
		}
		rig_put_port_version(slot, 1, p);
	}
	bridge.trunk_head = 2;
	rig_put_bridge_version(1, 0, bridge);
	bridge.trunk_head = 3;
	rig_put_bridge_version(1, 1, bridge);

	for (uint32_t epoch = 0; epoch < 6; epoch++) {
		rig_set_epoch(epoch);
		assert_int_equal(rig_send(1, &f, TAG_IN_BYTES), 7);
		if (epoch % 2)
			rig_expect(RECORD_REDIRECT, 3, &tagged);
		else
			rig_expect(RECORD_REDIRECT, 2, &f);
		rig_expect_end();
	}
	/* What was learned under the other generation does not count. */
	rig_put_fdb(9, 0, 3, 2, rig_jiffies());
	rig_put_fdb(9, 7, 2, 1, rig_jiffies());
	rig_set_epoch(0);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_set_epoch(1);
	rig_send(1, &f, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 3, &tagged);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(a_flood_spares_the_input_and_reserved_ports),
		TEST(what_a_reserved_port_receives_is_dropped_and_not_learned),
		TEST(protected_ports_do_not_see_each_other),
		TEST(access_ports_of_other_vlans_cost_nothing),
		TEST(a_head_of_another_list_is_not_believed),
		TEST(a_frame_of_no_port_of_ours_is_dropped),
		TEST(the_peer_is_used_for_its_own_address_only),
		TEST(too_large_for_one_port_is_dropped_there_only),
		TEST(odd_segmentable_frames_are_judged_by_the_kernel),
		TEST(tcp_is_judged_by_the_length_of_its_segments),
		TEST(a_refused_clone_is_counted_and_the_others_go_on),
		TEST(bytes_count_the_tag_wherever_it_is),
		TEST(only_the_active_version_is_looked_at),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
