// SPDX-License-Identifier: Apache-2.0
/*
 * The programs themselves on veth pairs: what recorders cannot show.  Tags in live frames,
 * the real helpers' effects and answers.
 */
#include <linux/if_packet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "live.h"

static void frames_flood_and_find_their_way_back(void **state)
{
	struct frame there = rig_frame(9, 1, "", 0), back = rig_frame(1, 9, "", 0);

	(void)state;
	live_send(1, &there);
	for (uint32_t slot = 2; slot <= LIVE_PORTS; slot++)
		live_expect(slot, &there);
	live_send(3, &back);
	live_expect(1, &back);
	live_send(1, &there);
	live_expect(3, &there);
	live_expect_nothing(2);
	live_expect_nothing(4);
}

/* Port 1 is access 10, 2 trunk, 3 native-untagged 10, 4 dot1q-tunnel 10. */
static void tags_are_right_on_the_wire(void **state)
{
	const struct {
		uint32_t in;
		const char *tags, *out[LIVE_PORTS + 1];
	} rows[] = {
		{ 1, "", { [2] = "[10]", [3] = "", [4] = "" } },
		{ 1, "[0 p5]", { [2] = "[10 p5]", [3] = "", [4] = "" } },
		{ 1, "[20]", { 0 } },
		{ 2, "[10 p3]", { [1] = "", [3] = "", [4] = "" } },
		{ 2, "[88a8 10 p3]", { [1] = "", [3] = "", [4] = "" } },
		{ 2, "[20]", { [3] = "[20]" } },
		{ 2, "[10][20]", { [1] = "[20]", [3] = "[20]", [4] = "[20]" } },
		{ 2, "[88a8 10][20]", { [1] = "[20]", [3] = "[20]", [4] = "[20]" } },
		{ 3, "", { [1] = "", [2] = "[10]", [4] = "" } },
		{ 3, "[20 p3]", { [2] = "[20 p3]" } },
		{ 4, "", { [1] = "", [2] = "[88a8 10]", [3] = "" } },
		{ 4, "[20 p3]", { [2] = "[88a8 10][20 p3]", [3] = "[20 p3]" } },
		{ 4, "[88a8 20][30]", { [2] = "[88a8 10][88a8 20][30]", [3] = "[88a8 20][30]" } },
	};
	const struct access_key key = { .bridge = BRIDGE, .vlan = 10 };
	const uint8_t modes[] = { 0, VLAN_ACCESS, VLAN_TRUNK, VLAN_NATIVE_UNTAGGED,
				  VLAN_DOT1Q_TUNNEL };
	const uint32_t next[] = { 0, 4, 3, 0, 0 };
	struct head_entry head = { { 1, 1 } };
	struct bridge_config bridge = rig_bridge();

	(void)state;
	for (uint32_t slot = 1; slot <= LIVE_PORTS; slot++) {
		struct port_config p = live_port(slot);

		p.vlan_mode = modes[slot];
		p.tag = slot == 2 ? 0 : 10;
		p.next = next[slot];
		live_put_port(slot, p);
	}
	bridge.trunk_head = 2;
	live_put_bridge(BRIDGE, bridge);
	live_put("access_head", &key, &head);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame in = rig_frame(BROADCAST, 1, rows[i].tags, 0);

		live_send(rows[i].in, &in);
		for (uint32_t slot = 1; slot <= LIVE_PORTS; slot++) {
			struct frame out;

			if (!rows[i].out[slot])
				continue;
			out = rig_frame(BROADCAST, 1, rows[i].out[slot], 0);
			live_expect(slot, &out);
		}
	}
	for (uint32_t slot = 1; slot <= LIVE_PORTS; slot++)
		live_expect_nothing(slot);
}

/* u4 is in another namespace: the short way, and the frame is for its host. */
static void the_peer_gets_its_frames_the_short_way(void **state)
{
	struct port_config p = live_port(4);
	struct frame f = rig_frame(0xa4, 1, "", 0);
	struct port_stats stats;
	unsigned type;

	(void)state;
	p.flags |= PORT_PEER;
	live_set_addresses(4, &p);
	live_put_port(4, p);
	live_learn(4, 0xa4);
	live_send(1, &f);
	assert_true(live_receive(4, &f, &type));
	assert_int_equal(type, PACKET_HOST);
	f = rig_frame(0xa4, 1, "[10]", 0); /* learned in VLAN 0 only */
	live_send(1, &f);
	live_expect(4, &f);
	live_get_sum("port_stats", 4, &stats, sizeof(stats));
	assert_int_equal(stats.peer_packets, 1);
	assert_int_equal(stats.tx_packets, 2);
}

static void segments_are_measured_not_frames(void **state)
{
	struct port_config p = live_port(2);
	struct port_stats stats;
	struct frame got;

	(void)state;
	p.mtu = 1000;
	live_put_port(2, p);
	live_learn(2, 5);
	live_send_tcp(1, 5, 20000, 900);
	assert_true(live_receive(2, &got, NULL));
	assert_int_equal(got.len, 54 + 20000);
	live_send_tcp(1, 5, 20000, 1400);
	live_send_tcp(1, 5, 1000, 0);
	live_expect_nothing(2);
	live_get_sum("port_stats", 2, &stats, sizeof(stats));
	assert_int_equal(stats.drops[DROP_MTU], 2);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, live_set_up, live_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(frames_flood_and_find_their_way_back),
		TEST(tags_are_right_on_the_wire),
		TEST(the_peer_gets_its_frames_the_short_way),
		TEST(segments_are_measured_not_frames),
	};

	return cmocka_run_group_tests(tests, live_set_up_group, NULL);
}
