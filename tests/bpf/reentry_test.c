// SPDX-License-Identifier: Apache-2.0
/*
 * The re-entry device's program: cuts a clone as its job says, sends it, accounts for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

enum { MIRROR = 3, BIT = MIRROR - 1, TARGET = 7, DROP = 2 };

static void a_clone_is_cut_to_snaplen_with_its_tag(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);
	struct mirror_stats s;

	(void)state;
	for (uint32_t snaplen = 14; snaplen < f.len; snaplen++) {
		struct frame cut = f;

		cut.len = snaplen;
		rig_put_job(1, MIRROR, TARGET, snaplen);
		assert_int_equal(rig_run_reentry(&f, 0), DROP);
		rig_expect(RECORD_CLONE, TARGET, &cut);
		rig_expect_end();
	}
	s = rig_mirror_stats(BIT);
	assert_int_equal(s.sent, f.len - 14);
	assert_int_equal(s.truncated, f.len - 14);
	assert_int_equal(s.selected, 0); /* that is the other program's */
	assert_int_equal(rig_port_stats(TARGET).tx_packets, f.len - 14);
	assert_int_equal(rig_port_stats(TARGET).tx_bytes, (14 + f.len - 1) * (f.len - 14) / 2);
}

static void mark_and_cb_do_not_leak(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);

	(void)state;
	rig_put_job(1, MIRROR, TARGET, 60);
	rig_run_reentry(&f, 0x1234);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_record(0).mark, 0);
	assert_int_equal(rig_record(0).cb0, 0);
}

static void a_job_is_done_once_and_frames_without_one_are_dropped(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);

	(void)state;
	rig_put_job(0, MIRROR, TARGET, 60);
	assert_int_equal(rig_run_reentry(&f, 0), DROP);
	assert_int_equal(rig_n_records(), 0);
	rig_put_job(1, MIRROR, TARGET, 60);
	rig_run_reentry(&f, 0);
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_mirror_stats(BIT).sent, 1);
}

static void the_kernels_answer_is_what_is_counted(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);
	struct mirror_stats s;

	(void)state;
	rig_set_result(TARGET, 1, 0);
	rig_put_job(1, MIRROR, TARGET, 60);
	rig_run_reentry(&f, 0);
	rig_set_result(TARGET, -22, 0);
	rig_put_job(1, MIRROR, TARGET, 60);
	rig_run_reentry(&f, 0);
	s = rig_mirror_stats(BIT);
	assert_int_equal(s.dropped_backlog, 1);
	assert_int_equal(s.dropped_clone, 1);
	assert_int_equal(s.sent + s.truncated, 0);
	assert_int_equal(rig_port_stats(TARGET).tx_packets, 0);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(a_clone_is_cut_to_snaplen_with_its_tag),
		TEST(mark_and_cb_do_not_leak),
		TEST(a_job_is_done_once_and_frames_without_one_are_dropped),
		TEST(the_kernels_answer_is_what_is_counted),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
