// SPDX-License-Identifier: Apache-2.0
/*
 * What a filter does to copies and the account.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <linux/filter.h>

#include "filter_rig.h"
#include "switch/filter.h"
#include "switch/model.h"

static void what_does_not_pass_is_filtered(void **state)
{
	struct frame tcp = filter_frame("tcp"), udp = filter_frame("udp");
	struct mirror_stats s;

	(void)state;
	filter_put_match(0, mirror_to(0, OUT), "tcp,tp_dst=443");
	rig_put_fdb(2, 0, 2, 1, rig_jiffies());
	rig_send(1, &tcp, TAG_IN_BYTES);
	mirror_expect(&tcp, &tcp);
	rig_send(1, &udp, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &udp);
	rig_expect_end();
	check_sum(0, 2);
	s = rig_mirror_stats(0);
	assert_int_equal(s.sent, 1);
	assert_int_equal(s.filtered, 1);
	assert_int_equal(s.tx_packets, 1);
	assert_int_equal(s.tx_bytes, tcp.len);
}

static void both_parts_must_pass(void **state)
{
	struct model_filter filter = filter_expression("dst port 443");
	struct frame tcp = filter_frame("tcp"), udp = filter_frame("udp"),
		     options = filter_frame("tcp-options");
	struct filter_match match;
	struct error err;

	(void)state;
	assert_int_equal(filter_parse("ip,nw_ttl=64,nw_tos=0x98,nw_proto=6", &match, &err), 0);
	filter.match = &match;
	filter_put(0, mirror_to(0, OUT), &filter);
	assert_true(filter_copies(&tcp, TAG_IN_BYTES));
	assert_true(filter_copies(&options, TAG_IN_BYTES));
	assert_false(filter_copies(&udp, TAG_IN_BYTES));
	tcp.bytes[14 + 20 + 3] = 0; /* another port */
	assert_false(filter_copies(&tcp, TAG_IN_BYTES));
	tcp = filter_frame("tcp");
	tcp.bytes[14 + 8] = 63; /* another TTL */
	assert_false(filter_copies(&tcp, TAG_IN_BYTES));
	check_sum(0, 5);
}

/* Each mirror has its own; who filters does not serve those with the same destination. */
static void several_mirrors_of_the_same_frame(void **state)
{
	struct mirror_config a = mirror_to(0, OUT), b = mirror_to(1, OUT), c = mirror_to(2, OUT2);
	struct frame tcp = filter_frame("tcp"), udp = filter_frame("udp");

	(void)state;
	set_bit(a.same_output, 1);
	set_bit(b.same_output, 0);
	select_src(1, 1);
	select_src(2, 1);
	mirror_put_ports();
	filter_put_match(0, a, "tcp");
	filter_put_match(1, b, "ip");
	filter_put_match(2, c, "udp");
	rig_put_fdb(2, 0, 2, 1, rig_jiffies());
	rig_send(1, &tcp, TAG_IN_BYTES);
	mirror_expect(&tcp, &tcp);
	rig_send(1, &udp, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &udp);
	rig_expect(RECORD_CLONE, OUT2, &udp);
	rig_expect(RECORD_REDIRECT, 2, &udp);
	rig_expect_end();
	for (uint32_t bit = 0; bit < 3; bit++)
		check_sum(bit, 2);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
	assert_int_equal(rig_mirror_stats(1).merged, 1);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	assert_int_equal(rig_mirror_stats(2).filtered, 1);
}

/* At ingress the frame as it came, at egress as it leaves; whatever the copies before have
 * done to the skb. */
static void the_frame_is_seen_as_on_the_wire(void **state)
{
	struct frame plain = filter_frame("tcp"), tagged = filter_frame("tcp-vlan");

	(void)state;
	mirror_ports[1].vlan_mode = VLAN_ACCESS; /* in VLAN 5 */
	mirror_ports[1].tag = 5;
	for (uint32_t bit = 1; bit < 4; bit++)
		select_src(bit, 1);
	for (uint32_t bit = 4; bit < 8; bit++)
		select_dst(bit, 2);
	mirror_put_ports();
	filter_put(0, mirror_to(0, OUT), &(struct model_filter){ 0 }); /* leaves with a tag */
	filter_put_match(1, mirror_to(1, OUT2), "dl_vlan=0xffff,tcp,tp_dst=443");
	filter_put_match(2, mirror_to(2, OUT), "dl_vlan=5");
	filter_put_match(3, mirror_to(3, OUT2), "dl_vlan=0xffff,tcp");
	filter_put_match(4, mirror_to(4, OUT), "dl_vlan=5,tcp,tp_dst=443");
	filter_put_match(5, mirror_to(5, OUT2), "dl_vlan=0xffff");
	struct model_filter vlan = filter_expression("vlan 5 and tcp port 443");
	struct model_filter none = filter_expression("tcp port 443 and not vlan");

	filter_put(6, mirror_to(6, OUT), &vlan);
	filter_put(7, mirror_to(7, OUT2), &none);
	rig_put_fdb(2, 5, 2, 1, rig_jiffies());
	rig_send(1, &plain, TAG_IN_METADATA);
	for (uint32_t bit = 0; bit < 8; bit++) {
		bool is_sent = bit == 0 || bit == 1 || bit == 3 || bit == 4 || bit == 6;

		if (rig_mirror_stats(bit).sent != is_sent ||
		    rig_mirror_stats(bit).filtered != !is_sent)
			fail_msg("mirror %u", bit);
		check_sum(bit, 1);
	}
	tagged.bytes[14] = 0; /* no priority, for one */
	memcpy(tagged.bytes + 18, plain.bytes + 14, plain.len - 14);
	rig_expect_somewhere(OUT, &tagged);
	rig_expect_somewhere(2, &tagged);
}

/* A flood: in the form of the oldest port that the mirror selects. */
static void an_egress_filter_on_a_flood(void **state)
{
	struct frame f = filter_frame("tcp");

	(void)state;
	f.bytes[0] = 0xff; /* multicast */
	mirror_ports[1] = rig_port(1);
	mirror_ports[1].vlan_mode = mirror_ports[3].vlan_mode = VLAN_ACCESS;
	mirror_ports[1].tag = mirror_ports[3].tag = 5;
	select_dst(0, 2); /* a trunk */
	select_dst(0, 3);
	mirror_put_ports();
	filter_put_match(0, mirror_to(0, OUT), "dl_vlan=5");
	assert_true(filter_copies(&f, TAG_IN_BYTES));
	mirror_ports[2].order = 9;
	mirror_put_ports();
	assert_false(filter_copies(&f, TAG_IN_BYTES));
	filter_put_match(0, mirror_to(0, OUT), "dl_vlan=0xffff");
	assert_true(filter_copies(&f, TAG_IN_BYTES));
	check_sum(0, 3);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
}

/* Both versions, as of the mirror's record: the filter flips with the epoch. */
static void the_filter_is_of_the_packets_version(void **state)
{
	struct mirror_config tight, loose = mirror_to(0, OUT);
	struct frame udp = filter_frame("udp");
	struct filter_insn reject = { .code = BPF_RET | BPF_K, .k = 0 };

	(void)state;
	rig_put_filter(99, &reject, 1);
	rig_put_mirror(0, loose);
	tight = loose;
	tight.filter = 99;
	tight.filter_len = 1;
	rig_put_mirror_version(1, 1, tight);
	assert_true(filter_copies(&udp, TAG_IN_BYTES));
	rig_set_epoch(1);
	assert_false(filter_copies(&udp, TAG_IN_BYTES));
	rig_set_epoch(2);
	assert_true(filter_copies(&udp, TAG_IN_BYTES));
}

/* A copy that is copied on is judged by its own tags. */
static void a_chain_is_filtered_at_each_link(void **state)
{
	struct frame f = filter_frame("tcp");
	struct mirror_config rspan = mirror_to(0, 0);

	(void)state;
	rspan.out_port = 0;
	rspan.out_vlan = 99;
	select_dst(1, 3);
	mirror_put_ports();
	rig_put_mirror(0, rspan);
	filter_put_match(1, mirror_to(1, OUT), "dl_vlan=99,tcp");
	rig_put_fdb(2, 0, 2, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	filter_put_match(1, mirror_to(1, OUT), "dl_vlan=98,tcp");
	rig_send(1, &f, TAG_IN_BYTES);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	assert_int_equal(rig_mirror_stats(1).filtered,
			 0); /* as by VLAN: booked where it is first seen */
}

static void a_filter_that_cannot_be_run_lets_nothing_pass(void **state)
{
	static const struct filter_insn bad[] = {
		{ .code = BPF_LD | BPF_W | BPF_ABS, .k = 0xfffff000 },
		{ .code = BPF_JMP | BPF_JA, .k = 0x7fffffff },
		{ .code = BPF_LD | 0xe0 },
		{ .code = BPF_ALU | 0xe0 },
	};
	struct mirror_config m = mirror_to(0, OUT);
	struct frame f = filter_frame("tcp");

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct filter_insn pass = { .code = BPF_RET | BPF_K, .k = 1 };

		rig_put_filter(FILTER_INSNS - 2, &bad[i], 1);
		rig_put_filter(FILTER_INSNS - 1, &pass, 1);
		m.filter = FILTER_INSNS - 2;
		m.filter_len = 2;
		rig_put_mirror(0, m);
		assert_false(filter_copies(&f, TAG_IN_BYTES));
		m.filter = FILTER_INSNS - 1;
		m.filter_len = 1;
		rig_put_mirror(0, m);
		assert_true(filter_copies(&f, TAG_IN_BYTES));
	}
}

/* Of a frame that is to be segmented the header may not know the length. */
static void segmentable_frames_have_a_key(void **state)
{
	struct frame f = filter_frame("tcp");

	(void)state;
	f.bytes[16] = f.bytes[17] = 0;
	filter_put_match(0, mirror_to(0, OUT), "tcp,tp_dst=443");
	assert_false(filter_copies(&f, TAG_IN_BYTES));
	rig_send_gso(1, &f, 10);
	assert_int_equal(rig_mirror_stats(0).sent, 1);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, filter_set_up, filter_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_does_not_pass_is_filtered),
		TEST(both_parts_must_pass),
		TEST(several_mirrors_of_the_same_frame),
		TEST(the_frame_is_seen_as_on_the_wire),
		TEST(an_egress_filter_on_a_flood),
		TEST(the_filter_is_of_the_packets_version),
		TEST(a_chain_is_filtered_at_each_link),
		TEST(a_filter_that_cannot_be_run_lets_nothing_pass),
		TEST(segmentable_frames_have_a_key),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
