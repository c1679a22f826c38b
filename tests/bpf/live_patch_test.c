// SPDX-License-Identifier: Apache-2.0
/*
 * Patch ports between veth pairs: frames enter again by the re-entry device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "live.h"

static void put_patch_port(uint32_t slot, uint32_t peer, uint16_t bridge, uint32_t next)
{
	struct port_config p = rig_port(slot);

	p.ifindex = 0;
	p.mtu = UINT32_MAX;
	p.patch_peer = peer;
	p.bridge = bridge;
	p.next = next;
	live_put_port(slot, p);
}

/* Bridge 1: p1 (access 10), p3, p4, patch port 10.  Bridge 2: its other end 11, p2, patch
 * port 20.  Bridge 3: its other end 21 alone. */
static void put_patches(void)
{
	struct bridge_config bridge = rig_bridge();
	const struct access_key key = { .bridge = BRIDGE, .vlan = 10 };
	struct head_entry head = { { 1, 1 } };
	struct port_config p;

	put_patch_port(10, 11, BRIDGE, 0);
	put_patch_port(11, 10, 2, 20);
	put_patch_port(20, 21, 2, 0);
	put_patch_port(21, 20, 3, 0);
	p = live_port(1);
	p.vlan_mode = VLAN_ACCESS;
	p.tag = 10;
	p.next = 0;
	live_put_port(1, p);
	p = live_port(2);
	p.bridge = 2;
	p.next = 11;
	live_put_port(2, p);
	p = live_port(4);
	p.next = 10;
	live_put_port(4, p);
	live_put("access_head", &key, &head);
	bridge.trunk_head = 3;
	live_put_bridge(BRIDGE, bridge);
	bridge.trunk_head = 2;
	live_put_bridge(2, bridge);
	bridge.trunk_head = 21;
	live_put_bridge(3, bridge);
}

static void frames_pass_a_patch_and_are_learned_on_both_sides(void **state)
{
	struct frame there = rig_frame(9, 1, "", 300), tagged = rig_frame(9, 1, "[10]", 300);
	struct frame back = rig_frame(1, 9, "[10]", 300), bare = rig_frame(1, 9, "", 300);
	struct port_stats stats;

	(void)state;
	put_patches();
	live_send(1, &there);
	for (uint32_t slot = 2; slot <= LIVE_PORTS; slot++)
		live_expect(slot, &tagged);
	for (int i = 0; i < 3; i++) {
		live_send(2, &back);
		live_expect(1, &bare);
		live_send(1, &there);
		live_expect(2, &tagged);
	}
	for (uint32_t slot = 1; slot <= LIVE_PORTS; slot++)
		live_expect_nothing(slot);
	live_get_sum("port_stats", 11, &stats, sizeof(stats));
	assert_int_equal(stats.rx_packets, 4);
	assert_int_equal(stats.rx_bytes, 4 * tagged.len);
	assert_int_equal(stats.tx_packets, 3);
	live_get_sum("port_stats", 21, &stats, sizeof(stats));
	assert_int_equal(stats.rx_packets, 1); /* that flood */
	assert_int_equal(stats.drops[DROP_NO_OUTPUT], 1);
}

/* A ring: 30 leads to 31, where the address is known to be at 30 again. */
static void a_ring_of_patches_ends(void **state)
{
	struct frame f = rig_frame(9, 1, "", 300);
	struct fdb_key key = { .mac = { 2, 0, 0, 0, 0, 9 }, .vlan = 0, .bridge = BRIDGE };
	struct fdb_value value = { .port = 30 | 1ull << 32, .seen = ~0ull >> 2 };
	struct port_stats stats;

	(void)state;
	put_patch_port(30, 31, BRIDGE, 0);
	put_patch_port(31, 30, BRIDGE, 0);
	live_put("fdb", &key, &value);
	live_send(1, &f);
	live_expect_nothing(2);
	live_get_sum("port_stats", 31, &stats, sizeof(stats));
	assert_int_equal(stats.rx_packets, 4);
	live_get_sum("port_stats", 30, &stats, sizeof(stats));
	assert_int_equal(stats.tx_packets, 4);
	assert_int_equal(stats.drops[DROP_LOOP], 1);
	/* And a storm dies: two patches within the bridge. */
	live_put_port(30, (struct port_config){ 0 });
	put_patch_port(40, 41, BRIDGE, 41);
	put_patch_port(41, 40, BRIDGE, 0);
	live_put_port(4, (struct port_config){ .ifindex = live_port(4).ifindex,
					       .generation = 1,
					       .flags = PORT_UP,
					       .bridge = BRIDGE,
					       .mtu = 1500,
					       .next = 40 });
	f = rig_frame(BROADCAST, 7, "", 300);
	live_send(1, &f);
	/* Once by itself, twice at each depth of the two ways through. */
	for (int i = 0; i < 1 + 2 * 4; i++)
		live_expect(2, &f);
	live_expect_nothing(2);
}

/* A copy that is cut, and goes on behind a patch. */
static void a_cut_copy_passes_a_patch(void **state)
{
	struct frame f = rig_frame(9, 1, "", 500), cut = rig_frame(9, 1, "[10]", 500);
	struct port_config p;

	(void)state;
	put_patches();
	put_patch_port(10, 11, BRIDGE, 0);
	p = live_port(4);
	p.next = 0;
	live_put_port(4, p);
	p = live_port(1);
	p.vlan_mode = VLAN_ACCESS;
	p.tag = 10;
	p.next = 0;
	p.flags |= PORT_MIRRORED_IN;
	p.src_mirrors[0] = 1;
	live_put_port(1, p);
	live_put_mirror(0, (struct mirror_config){ .out_port = 10, .snaplen = 100 });
	live_send(1, &f);
	cut.len = 100;
	live_expect(2, &cut);
	cut.len = 518;
	live_expect(3, &cut);
	live_expect(4, &cut);
	assert_int_equal(live_mirror_stats(0).sent, 1);
	assert_int_equal(live_mirror_stats(0).truncated, 1);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, live_set_up, live_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(frames_pass_a_patch_and_are_learned_on_both_sides),
		TEST(a_ring_of_patches_ends),
		TEST(a_cut_copy_passes_a_patch),
	};

	return cmocka_run_group_tests(tests, live_set_up_group, NULL);
}
