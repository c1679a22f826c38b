// SPDX-License-Identifier: Apache-2.0
/*
 * Copies on veth pairs: what recorders cannot show.  Cuts by the re-entry device, what the
 * kernel answers, how much its backlog holds.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#include "live.h"

/* Mirrors what enters port 1 to port 3. */
static void put_mirror(uint32_t snaplen, uint8_t out_mode)
{
	struct port_config source = live_port(1), out = live_port(3);

	source.flags |= PORT_MIRRORED_IN;
	source.src_mirrors[0] = 1;
	live_put_port(1, source);
	out.flags |= PORT_RESERVED;
	out.vlan_mode = out_mode;
	live_put_port(3, out);
	live_put_mirror(0, (struct mirror_config){ .out_port = 3, .snaplen = snaplen });
}

static void put_filter(const struct filter_insn *insns, uint32_t n)
{
	put_mirror(0, VLAN_TRUNK);
	for (uint32_t i = 0; i < n; i++)
		live_put("filters", &i, &insns[i]);
	live_put_mirror(0, (struct mirror_config){ .out_port = 3, .filter_len = n });
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
	assert_int_equal(live_mirror_stats(0).sent, 1);
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
	stats = live_mirror_stats(0);
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
	assert_int_equal(live_mirror_stats(0).truncated, 2);
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
	assert_int_equal(live_mirror_stats(0).sent, 2);
	assert_int_equal(live_mirror_stats(0).filtered, 3);
}

static void a_copy_that_the_target_refuses_is_counted(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "", 300);
	struct mirror_stats stats;

	(void)state;
	put_mirror(0, VLAN_TRUNK);
	live_run("ip link set u3 down");
	live_send(1, &f);
	live_put_mirror(
		0, (struct mirror_config){ .out_port = 3, .snaplen = 50, .flags = MIRROR_ACCOUNT });
	live_send(1, &f);
	live_run("ip link set u3 up");
	for (int i = 0; i < 2; i++) {
		live_expect(2, &f);
		live_expect(4, &f);
	}
	stats = live_mirror_stats(0);
	assert_int_equal(stats.selected, 2);
	assert_int_equal(stats.sent + stats.truncated, 0);
	assert_int_equal(stats.dropped_backlog + stats.dropped_clone, 2);
}

/* RSPAN over every port, with and without a cut; also back to where the frame came from. */
static void copies_in_a_vlan_reach_all_its_ports(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 500), copy = rig_frame(9, 1, "[99 p3]", 500);
	struct mirror_config m = { .out_vlan = 99 };
	struct port_config p = live_port(1);

	(void)state;
	p.flags |= PORT_MIRRORED_IN;
	p.src_mirrors[0] = 1;
	live_put_port(1, p);
	for (m.snaplen = 0; m.snaplen <= 100; m.snaplen += 100) {
		live_put_mirror(0, m);
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
	assert_int_equal(live_mirror_stats(0).sent, 2);
	assert_int_equal(live_mirror_stats(0).truncated, 1);
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
		p = live_port(outs[i] < 5 ? outs[i] : 4);
		if (outs[i] == 5)
			p.ifindex = if_nametoindex("p5");
		p.flags |= PORT_RESERVED | PORT_QUEUED;
		live_put_port(outs[i], p);
		live_put_mirror(i, (struct mirror_config){ .out_port = outs[i] });
	}
}

static struct mirror_stats sum_of_three(void)
{
	struct mirror_stats sum = { 0 }, s;

	for (uint32_t i = 0; i < 3; i++) {
		s = live_mirror_stats(i);
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
	live_learn(2, 9);
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
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, live_set_up, live_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_copy_arrives_beside_the_frame),
		TEST(a_cut_copy_leaves_the_frame_whole),
		TEST(a_segmentable_frame_is_cut_too),
		TEST(a_filter_reads_all_of_a_frame),
		TEST(a_copy_that_the_target_refuses_is_counted),
		TEST(copies_in_a_vlan_reach_all_its_ports),
		TEST(copies_of_a_batch_leave_room_for_its_frames),
	};

	return cmocka_run_group_tests(tests, live_set_up_group, NULL);
}
