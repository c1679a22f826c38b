// SPDX-License-Identifier: Apache-2.0
/*
 * The re-entry device's program: cuts a clone as its job says, sends it, says what became of
 * it; and a patch port's frame goes on at the other end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

enum { TARGET = 7, DROP = 2, REDIRECT = 7 };
enum {
	FILTERED = 1,
	CLONE = 3,
	NO_TARGET = 0,
	BACKLOG = 5,
	SENT = 6,
	TRUNCATED = 7
}; /* enum outcome */

static struct job cut_job(uint32_t snaplen)
{
	return (struct job){
		.is_valid = 1,
		.port = TARGET,
		.ifindex = TARGET,
		.snaplen = snaplen,
		.is_up = 1,
	};
}

/* What becomes of it is asked for if there is an account, or no link. */
static void put_asked(uint32_t has_account, uint32_t is_up)
{
	struct job job = cut_job(60);

	job.has_account = has_account;
	job.is_up = is_up;
	rig_put_job(job);
}

static void a_clone_is_cut_to_snaplen_with_its_tag(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);

	(void)state;
	for (uint32_t snaplen = 14; snaplen < f.len; snaplen++) {
		struct frame cut = f;

		cut.len = snaplen;
		rig_put_job(cut_job(snaplen));
		assert_int_equal(rig_run_reentry(&f, 0), REDIRECT);
		rig_expect(RECORD_REDIRECT, TARGET, &cut);
		rig_expect_end();
		assert_int_equal(rig_job().outcome, TRUNCATED);
	}
	assert_int_equal(rig_port_stats(TARGET).tx_packets, f.len - 14);
	assert_int_equal(rig_port_stats(TARGET).tx_bytes, (14 + f.len - 1) * (f.len - 14) / 2);
}

static void mark_and_cb_do_not_leak(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);

	(void)state;
	rig_put_job(cut_job(60));
	rig_run_reentry(&f, 0x1234);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_record(0).mark, 0);
	assert_int_equal(rig_record(0).cb[0], 0);
}

static void a_job_is_done_once_and_frames_without_one_are_dropped(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);
	struct job none = cut_job(60);

	(void)state;
	none.is_valid = 0;
	rig_put_job(none);
	assert_int_equal(rig_run_reentry(&f, 0), DROP);
	assert_int_equal(rig_n_records(), 0);
	rig_put_job(cut_job(60));
	rig_run_reentry(&f, 0);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_job().is_valid, 0);
}

static void the_kernels_answer_is_passed_on(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100), cut = f;

	(void)state;
	cut.len = 60;
	put_asked(1, 1);
	assert_int_equal(rig_run_reentry(&f, 0), DROP);
	rig_expect(RECORD_CLONE, TARGET, &cut);
	rig_expect_end();
	assert_int_equal(rig_job().outcome, TRUNCATED);
	assert_int_equal(rig_port_stats(TARGET).tx_packets, 1);
	rig_set_result(TARGET, 1, 0);
	put_asked(1, 1);
	rig_run_reentry(&f, 0);
	assert_int_equal(rig_job().outcome, BACKLOG);
	put_asked(0, 0);
	rig_run_reentry(&f, 0);
	assert_int_equal(rig_job().outcome, NO_TARGET);
	rig_set_result(TARGET, -22, 0);
	put_asked(1, 1);
	rig_run_reentry(&f, 0);
	assert_int_equal(rig_job().outcome, CLONE);
	assert_int_equal(rig_port_stats(TARGET).tx_packets, 1);
}

/* --- patch ports: 10 is the one, 11 the other, on the same bridge as ports 1 and 2 --- */

static void put_patch(void)
{
	for (uint32_t slot = 1; slot <= 2; slot++)
		rig_put_port(slot, rig_port(slot));
	for (uint32_t slot = 10; slot <= 11; slot++) {
		struct port_config p = rig_port(slot);

		p.ifindex = 0;
		p.mtu = UINT32_MAX;
		p.patch_peer = slot ^ 1;
		rig_put_port(slot, p);
	}
	rig_link(rig_bridge(), (uint32_t[]){ 1, 2, 10, 11, 0 });
}

static struct job patch_job(uint32_t hops)
{
	return (struct job){
		.is_valid = 1, .port = 10, .peer = 11, .hops = hops, .bridge = BRIDGE
	};
}

static void a_patch_port_hands_the_frame_to_its_other_end(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 0);

	(void)state;
	put_patch();
	rig_put_fdb(9, 10, 10, 1, rig_jiffies());
	assert_int_equal(rig_send(1, &f, TAG_IN_METADATA), DROP);
	rig_expect(RECORD_CLONE, REENTRY_IFINDEX, &f);
	rig_expect_end();
	assert_int_equal(rig_record(0).job_port, 10);
	assert_int_equal(rig_record(0).job_ifindex, 0);
	assert_int_equal(rig_record(0).job_snaplen, 0);
	assert_int_equal(rig_record(0).job_peer, 11);
	assert_int_equal(rig_record(0).job_hops, 1);
}

static struct job tagged_job(uint32_t outer, uint32_t inner, uint32_t rest_type)
{
	struct job job = patch_job(1);

	job.outer = outer;
	job.inner = inner;
	job.rest_type = rest_type;
	return job;
}

static void a_frame_that_enters_is_learned_and_forwarded(void **state)
{
	struct frame f = rig_frame(9, 1, "[10]", 0);
	struct fdb_value value;

	(void)state;
	put_patch();
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	rig_put_job(tagged_job(0x8100000a, 0, 0x88b5));
	assert_int_equal(rig_run_reentry(&f, 0), REDIRECT);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
	assert_true(rig_get_fdb(1, 10, &value));
	assert_int_equal((uint32_t)value.port, 11);
	assert_int_equal(rig_job().outcome, SENT);
	assert_int_equal(rig_port_stats(10).tx_packets, 1);
	assert_int_equal(rig_port_stats(10).tx_bytes, f.len);
	assert_int_equal(rig_port_stats(11).rx_packets, 1);
	assert_int_equal(rig_port_stats(11).rx_bytes, f.len);
	assert_int_equal(rig_port_stats(2).tx_packets, 1);
}

/* Ports 1 and 2 are an access port and a trunk; what the bridge before pushed is seen here.
 * A8: where OVS loses the second tag when a third is pushed, we do not. */
static void the_tags_in_view_stay_in_view(void **state)
{
	struct frame two = rig_frame(BROADCAST, 1, "[88a8 5][10]", 0);
	struct port_config access = rig_port(1), tunnel = rig_port(11);

	(void)state;
	put_patch();
	access.vlan_mode = VLAN_ACCESS;
	access.tag = 5;
	rig_put_port(1, access);
	rig_link(rig_bridge(), (uint32_t[]){ 1, 2, 10, 11, 0 });
	/* A service tag and a customer's: not for the access port. */
	rig_put_job(tagged_job(0x88a80005, 0x8100000a, 0x88b5));
	rig_run_reentry(&two, 0);
	rig_expect_somewhere(2, &two);
	assert_int_equal(rig_port_stats(1).tx_packets, 0);
	/* One more service tag comes on top, and nothing is lost. */
	tunnel.vlan_mode = VLAN_DOT1Q_TUNNEL;
	tunnel.tag = 7;
	rig_put_port(11, tunnel);
	rig_link(rig_bridge(), (uint32_t[]){ 1, 2, 10, 11, 0 });
	two = rig_frame(9, 1, "[88a8 5][10]", 0);
	rig_put_fdb(9, 7, 2, 1, rig_jiffies());
	rig_put_job(tagged_job(0x88a80005, 0x8100000a, 0x88b5));
	rig_run_reentry(&two, 0);
	two = rig_frame(9, 1, "[88a8 7][88a8 5][10]", 0);
	rig_expect_somewhere(2, &two);
}

/* What was payload under a tag must not be a VLAN now that the tag has gone. */
static void a_tag_that_was_hidden_is_no_vlan_behind_a_patch(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "[10]", 0);

	(void)state;
	put_patch();
	rig_put_job(tagged_job(0, 0, 0x8100));
	assert_int_equal(rig_run_reentry(&f, 0), DROP);
	rig_expect_end();
	assert_int_equal(rig_port_stats(11).drops[DROP_MALFORMED], 1);
}

static void the_peer_of_a_veth_is_for_frames_that_came_from_a_device(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct port_config p = rig_port(2);

	(void)state;
	put_patch();
	p.flags |= PORT_PEER;
	memcpy(p.peer_mac, f.bytes, 6);
	rig_put_port(2, p);
	rig_put_fdb(9, 0, 2, 1, rig_jiffies());
	rig_put_job(patch_job(1));
	rig_run_reentry(&f, 0);
	rig_expect(RECORD_REDIRECT, 2, &f);
	rig_expect_end();
}

static void the_fifth_patch_port_is_not_passed(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);

	(void)state;
	put_patch();
	rig_put_fdb(9, 0, 10, 1, rig_jiffies());
	rig_put_job(patch_job(3));
	rig_run_reentry(&f, 0);
	rig_expect(RECORD_CLONE, REENTRY_IFINDEX, &f);
	rig_expect_end();
	assert_int_equal(rig_record(0).job_hops, 4);
	rig_put_job(patch_job(4));
	assert_int_equal(rig_run_reentry(&f, 0), DROP);
	rig_expect_end();
	assert_int_equal(rig_port_stats(10).drops[DROP_LOOP], 1);
}

static void a_flood_goes_through_patch_ports_too(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "[10]", 0);

	(void)state;
	put_patch();
	rig_send(1, &f, TAG_IN_METADATA);
	rig_expect_somewhere(2, &f);
	rig_expect_somewhere(REENTRY_IFINDEX, &f);
	rig_expect_somewhere(REENTRY_IFINDEX, &f);
	rig_expect_end();
}

static void put_mirror(void)
{
	struct mirror_config m = { .generation = 1, .out_port = 2, .same_output = { 1 } };
	struct port_config p = rig_port(11);

	p.ifindex = 0;
	p.patch_peer = 10;
	p.flags |= PORT_MIRRORED_IN;
	p.src_mirrors[0] = 1;
	rig_put_port(11, p);
	p = rig_port(2);
	p.flags |= PORT_RESERVED;
	rig_put_port(2, p);
	rig_put_mirror(0, m);
}

/* A patch within a bridge: what was mirrored before it is not mirrored again behind it, and
 * the other way round. */
static void mirrors_of_the_same_bridge_fire_once(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct job job = patch_job(1);

	(void)state;
	put_patch();
	put_mirror();
	rig_put_fdb(9, 0, 1, 1, rig_jiffies());
	rig_put_job(job);
	rig_run_reentry(&f, 0);
	rig_expect(RECORD_CLONE, 2, &f);
	rig_expect(RECORD_REDIRECT, 1, &f);
	rig_expect_end();
	assert_int_equal(rig_job().is_mirrored, 1);
	assert_int_equal(rig_job().done[0], 1);
	assert_int_equal(rig_job().served[0], 1);

	job.is_mirrored = 1;
	job.done[0] = 1;
	rig_put_job(job);
	rig_run_reentry(&f, 0);
	rig_expect(RECORD_REDIRECT, 1, &f);
	rig_expect_end();
	/* Another bridge's mirrors are others. */
	job.bridge = 2;
	rig_put_job(job);
	rig_run_reentry(&f, 0);
	rig_expect(RECORD_CLONE, 2, &f);
	rig_expect(RECORD_REDIRECT, 1, &f);
	rig_expect_end();
	assert_int_equal(rig_job().is_mirrored, 0);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(a_clone_is_cut_to_snaplen_with_its_tag),
		TEST(mark_and_cb_do_not_leak),
		TEST(a_job_is_done_once_and_frames_without_one_are_dropped),
		TEST(the_kernels_answer_is_passed_on),
		TEST(a_patch_port_hands_the_frame_to_its_other_end),
		TEST(a_frame_that_enters_is_learned_and_forwarded),
		TEST(the_tags_in_view_stay_in_view),
		TEST(a_tag_that_was_hidden_is_no_vlan_behind_a_patch),
		TEST(the_peer_of_a_veth_is_for_frames_that_came_from_a_device),
		TEST(the_fifth_patch_port_is_not_passed),
		TEST(a_flood_goes_through_patch_ports_too),
		TEST(mirrors_of_the_same_bridge_fire_once),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
