// SPDX-License-Identifier: Apache-2.0
/*
 * The programs themselves on veth pairs: what recorders cannot show.  Tags in live frames,
 * the real helpers' effects and answers, the re-entry device.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/libbpf.h>

#include "bvs.skel.h"
#include "live.h"

enum { MIRROR = 1 };

static int set_up_group(void **state)
{
	(void)state;
	live_open();
	return 0;
}

static int set_up(void **state)
{
	struct bvs *bvs = bvs__open_and_load();

	if (!bvs)
		return -1;
	live_use(bvs->obj, bvs->progs.bvs_ingress, bvs->progs.bvs_reentry);
	*state = bvs;
	return 0;
}

static int tear_down(void **state)
{
	bvs__destroy(*state);
	return 0;
}

static void learn(uint32_t slot, uint8_t mac)
{
	struct frame f = rig_frame(BROADCAST, mac, "", 0), got;

	live_send(slot, &f);
	for (uint32_t i = 1; i <= LIVE_PORTS; i++)
		if (i != slot)
			assert_true(live_receive(i, &got, NULL));
}

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
	learn(4, 0xa4);
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

/* Mirrors what enters port 1 to port 3. */
static void put_mirror(uint32_t snaplen, uint8_t out_mode)
{
	struct mirror_config m = { .out_port = 3, .snaplen = snaplen, .same_output = { 1 } };
	struct mirror_entry entry = { { m, m } };
	struct head_entry slot = { { MIRROR, MIRROR } };
	uint32_t key = MIRROR, bit = BRIDGE * MIRRORS_PER_BRIDGE;
	struct port_config source = live_port(1), out = live_port(3);

	source.flags |= PORT_MIRRORED_IN;
	source.src_mirrors[0] = 1;
	live_put_port(1, source);
	out.flags |= PORT_RESERVED;
	out.vlan_mode = out_mode;
	live_put_port(3, out);
	live_put("mirrors", &key, &entry);
	live_put("mirror_of_bit", &bit, &slot);
}

static void put_filter(const struct filter_insn *insns, uint32_t n)
{
	struct mirror_config m = { .out_port = 3, .filter_len = n, .same_output = { 1 } };
	struct mirror_entry entry = { { m, m } };
	uint32_t key = MIRROR;

	put_mirror(0, VLAN_TRUNK);
	for (uint32_t i = 0; i < n; i++)
		live_put("filters", &i, &insns[i]);
	live_put("mirrors", &key, &entry);
}

static struct mirror_stats get_mirror_stats(void)
{
	struct mirror_stats ret;

	live_get_sum("mirror_stats", MIRROR, &ret, sizeof(ret));
	return ret;
}

static void a_copy_arrives_beside_the_frame(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "[10 p3]", 0);

	(void)state;
	put_mirror(0, VLAN_TRUNK);
	live_send(1, &f);
	live_expect(2, &f);
	live_expect(3, &f);
	live_expect(4, &f);
	live_expect_nothing(3);
	assert_int_equal(get_mirror_stats().sent, 1);
}

static void a_cut_copy_leaves_the_frame_whole(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "[10 p3]", 500), cut = f;
	struct mirror_stats stats;

	(void)state;
	put_mirror(100, VLAN_TRUNK);
	cut.len = 100;
	for (int i = 0; i < 3; i++) {
		live_send(1, &f);
		live_expect(2, &f);
		live_expect(3, &cut);
		live_expect(4, &f);
	}
	live_expect_nothing(3);
	/* Through an access port the tag is gone before the cut. */
	put_mirror(100, VLAN_ACCESS);
	live_send(1, &f);
	live_expect(2, &f);
	cut = rig_frame(BROADCAST, 1, "", 500);
	cut.len = 100;
	live_expect(3, &cut);
	stats = get_mirror_stats();
	assert_int_equal(stats.sent, 4);
	assert_int_equal(stats.truncated, 4);
	assert_int_equal(stats.selected, 4);
	assert_int_equal(stats.tx_bytes, 4 * f.len);
}

/* The kernel does not cut into a checksum yet to be filled in: as near as it lets us. */
static void a_segmentable_frame_is_cut_too(void **state)
{
	struct frame got;

	(void)state;
	put_mirror(40, VLAN_TRUNK);
	live_send_tcp(1, 0xff, 20000, 1400);
	assert_true(live_receive(3, &got, NULL));
	assert_in_range(got.len, 40, 68);
	assert_true(live_receive(2, &got, NULL));
	assert_int_equal(got.len, 54 + 20000);
	live_send_tcp(1, 0xff, 1000, 0);
	assert_true(live_receive(3, &got, NULL));
	assert_in_range(got.len, 40, 68);
	assert_int_equal(get_mirror_stats().truncated, 2);
}

/* The byte at this place, and the word of the key with the ports, are what they should be. */
static void put_two_looks(uint32_t at, uint8_t byte, uint32_t ports)
{
	const struct filter_insn insns[] = {
		{ .code = FILTER_MATCH, .jt = 5, .k = ports, .mask = ~0u },
		{ .code = BPF_LD | BPF_B | BPF_ABS, .k = at },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .jf = 1, .k = byte },
		{ .code = BPF_RET | BPF_K, .k = 1 },
		{ .code = BPF_RET | BPF_K, .k = 0 },
	};

	put_filter(insns, 5);
}

/* What a live frame keeps in pages of its own, and the tag that is not in its bytes. */
static void a_filter_reads_all_of_a_frame(void **state)
{
	struct frame tagged = rig_frame(BROADCAST, 1, "[10 p3]", 0), got;
	const uint32_t ports = htonl(7 << 16 | 9);

	(void)state;
	for (uint32_t at = 54 + 19990; at < 54 + 20010; at += 13) {
		put_two_looks(at, 0, ports);
		live_send_tcp(1, 0xff, 20000, 1400);
		assert_true(live_receive(2, &got, NULL));
		if (at < 54 + 20000)
			assert_true(live_receive(3, &got, NULL));
		else
			live_expect_nothing(3);
	}
	put_two_looks(54 + 19990, 1, ports);
	live_send_tcp(1, 0xff, 20000, 1400);
	put_two_looks(54 + 19990, 0, htonl(9));
	live_send_tcp(1, 0xff, 20000, 1400);
	live_expect_nothing(3);
	put_two_looks(15, 10, 0);
	live_send(1, &tagged);
	live_expect(3, &tagged);
	assert_int_equal(get_mirror_stats().sent, 2);
	assert_int_equal(get_mirror_stats().filtered, 3);
}

static void segments_are_measured_not_frames(void **state)
{
	struct port_config p = live_port(2);
	struct port_stats stats;
	struct frame got;

	(void)state;
	p.mtu = 1000;
	live_put_port(2, p);
	learn(2, 5);
	live_send_tcp(1, 5, 20000, 900);
	assert_true(live_receive(2, &got, NULL));
	assert_int_equal(got.len, 54 + 20000);
	live_send_tcp(1, 5, 20000, 1400);
	live_send_tcp(1, 5, 1000, 0);
	live_expect_nothing(2);
	live_get_sum("port_stats", 2, &stats, sizeof(stats));
	assert_int_equal(stats.drops[DROP_MTU], 2);
}

static void a_copy_that_the_target_refuses_is_counted(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 300);
	struct mirror_stats stats;

	(void)state;
	put_mirror(0, VLAN_TRUNK);
	live_run("ip link set u3 down");
	live_send(1, &f);
	put_mirror(50, VLAN_TRUNK);
	live_send(1, &f);
	live_run("ip link set u3 up");
	for (int i = 0; i < 2; i++) {
		live_expect(2, &f);
		live_expect(4, &f);
	}
	stats = get_mirror_stats();
	assert_int_equal(stats.selected, 2);
	assert_int_equal(stats.sent + stats.truncated, 0);
	assert_int_equal(stats.dropped_backlog + stats.dropped_clone, 2);
}

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
	struct mirror_config m = { .out_port = 10, .snaplen = 100, .same_output = { 1 } };
	struct mirror_entry entry = { { m, m } };
	struct head_entry slot = { { MIRROR, MIRROR } };
	uint32_t key = MIRROR, bit = BRIDGE * MIRRORS_PER_BRIDGE;
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
	live_put("mirrors", &key, &entry);
	live_put("mirror_of_bit", &bit, &slot);
	live_send(1, &f);
	cut.len = 100;
	live_expect(2, &cut);
	cut.len = 518;
	live_expect(3, &cut);
	live_expect(4, &cut);
	assert_int_equal(get_mirror_stats().sent, 1);
	assert_int_equal(get_mirror_stats().truncated, 1);
}

/* RSPAN over every port, with and without a cut; also back to where the frame came from. */
static void copies_in_a_vlan_reach_all_its_ports(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 500), copy = rig_frame(9, 1, "[99 p3]", 500);
	struct mirror_config m = { .out_vlan = 99, .same_output = { 1 } };
	struct head_entry slot = { { MIRROR, MIRROR } };
	uint32_t key = MIRROR, bit = BRIDGE * MIRRORS_PER_BRIDGE;
	struct port_config p = live_port(1);

	(void)state;
	p.flags |= PORT_MIRRORED_IN;
	p.src_mirrors[0] = 1;
	live_put_port(1, p);
	live_put("mirror_of_bit", &bit, &slot);
	for (m.snaplen = 0; m.snaplen <= 100; m.snaplen += 100) {
		struct mirror_entry entry = { { m, m } };

		live_put("mirrors", &key, &entry);
		live_send(1, &f);
		if (m.snaplen)
			copy.len = m.snaplen;
		live_expect(1, &copy);
		for (uint32_t i = 2; i <= LIVE_PORTS; i++) {
			live_expect(i, &copy);
			live_expect(i, &f);
		}
	}
	for (uint32_t i = 1; i <= LIVE_PORTS; i++)
		live_expect_nothing(i);
	assert_int_equal(get_mirror_stats().sent, 2);
	assert_int_equal(get_mirror_stats().truncated, 1);
}

/* Mirrors what enters port 1 to the ports 3, 4 and 5, production goes to 2. */
static void put_three_mirrors(void)
{
	const uint32_t outs[] = { 3, 4, 5 };
	struct port_config source = live_port(1), p;

	source.flags |= PORT_MIRRORED_IN;
	source.src_mirrors[0] = 7;
	live_put_port(1, source);
	p = live_port(2);
	p.flags |= PORT_QUEUED;
	live_put_port(2, p);
	for (uint32_t i = 0; i < 3; i++) {
		struct mirror_config m = { .out_port = outs[i], .same_output = { 1u << i } };
		struct mirror_entry entry = { { m, m } };
		uint32_t key = MIRROR + i, bit = BRIDGE * MIRRORS_PER_BRIDGE + i;
		struct head_entry slot = { { key, key } };

		p = live_port(outs[i] < 5 ? outs[i] : 4);
		if (outs[i] == 5)
			p.ifindex = if_nametoindex("p5");
		p.flags |= PORT_RESERVED | PORT_QUEUED;
		live_put_port(outs[i], p);
		live_put("mirrors", &key, &entry);
		live_put("mirror_of_bit", &bit, &slot);
	}
}

static struct mirror_stats sum_of_three(void)
{
	struct mirror_stats sum = { 0 }, s;

	for (uint32_t i = 0; i < 3; i++) {
		live_get_sum("mirror_stats", MIRROR + i, &s, sizeof(s));
		sum.selected += s.selected;
		sum.sent += s.sent;
		sum.dropped_budget += s.dropped_budget;
	}
	return sum;
}

/* More copies than the backlog holds, all before the first frame behind it is looked at. */
static void copies_of_a_batch_leave_room_for_its_frames(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct mirror_stats before, after;
	uint64_t received;

	(void)state;
	live_run("ip link add p5 type veth peer name u5 && ip link set p5 up && "
		 "ip link set u5 up");
	learn(2, 9);
	put_three_mirrors();
	received = live_received(2);
	live_send_batch(1, &f, 256);
	for (int i = 0; i < 1000 && live_received(2) < received + 256; i++)
		usleep(1000);
	assert_int_equal(live_received(2), received + 256);
	before = sum_of_three();
	assert_int_equal(before.selected, 3 * 256);
	assert_int_equal(before.sent + before.dropped_budget, 3 * 256);
	assert_true(before.sent >= 64 && before.dropped_budget > 0);
	/* They are through, and it goes on. */
	for (int i = 0; i < 100; i++)
		live_send(1, &f);
	after = sum_of_three();
	assert_int_equal(after.sent - before.sent, 3 * 100);
	live_run("ip link del p5");
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(frames_flood_and_find_their_way_back),
		TEST(tags_are_right_on_the_wire),
		TEST(the_peer_gets_its_frames_the_short_way),
		TEST(a_copy_arrives_beside_the_frame),
		TEST(a_cut_copy_leaves_the_frame_whole),
		TEST(a_segmentable_frame_is_cut_too),
		TEST(a_filter_reads_all_of_a_frame),
		TEST(segments_are_measured_not_frames),
		TEST(a_copy_that_the_target_refuses_is_counted),
		TEST(frames_pass_a_patch_and_are_learned_on_both_sides),
		TEST(a_ring_of_patches_ends),
		TEST(a_cut_copy_passes_a_patch),
		TEST(copies_in_a_vlan_reach_all_its_ports),
		TEST(copies_of_a_batch_leave_room_for_its_frames),
	};

	return cmocka_run_group_tests(tests, set_up_group, NULL);
}
