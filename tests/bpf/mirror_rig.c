// SPDX-License-Identifier: Apache-2.0
#include "mirror_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct port_config mirror_ports[8];
struct bridge_config mirror_bridge;

int mirror_set_up(void **state)
{
	rig_reset(state);
	for (uint32_t slot = 1; slot < 8; slot++)
		mirror_ports[slot] = rig_port(slot);
	mirror_ports[OUT].flags |= PORT_RESERVED;
	mirror_ports[OUT2].flags |= PORT_RESERVED;
	mirror_bridge = rig_bridge();
	return 0;
}

void mirror_put_ports(void)
{
	for (uint32_t slot = 1; slot <= 5; slot++)
		rig_put_port(slot, mirror_ports[slot]);
	rig_link(mirror_bridge, (uint32_t[]){ 1, 2, 3, OUT, OUT2, 0 });
}

void set_bit(__u64 *bits, uint32_t bit)
{
	bits[bit / 64] |= 1ull << (bit % 64);
}

static void select_bit(__u64 *bits, uint32_t bit)
{
	set_bit(bits, bit);
	if (bit >= 64)
		mirror_bridge.flags |= BRIDGE_MANY_MIRRORS;
}

void select_src(uint32_t bit, uint32_t slot)
{
	mirror_ports[slot].flags |= PORT_MIRRORED_IN;
	select_bit(mirror_ports[slot].src_mirrors, bit);
}

void select_dst(uint32_t bit, uint32_t slot)
{
	mirror_ports[slot].flags |= PORT_MIRRORED_OUT;
	mirror_bridge.flags |= BRIDGE_MIRROR_OUT;
	select_bit(mirror_ports[slot].dst_mirrors, bit);
}

void select_all(uint32_t bit)
{
	mirror_bridge.flags |= BRIDGE_MIRROR_ALL | BRIDGE_MIRROR_OUT;
	select_bit(mirror_bridge.all_mirrors, bit);
}

struct mirror_config mirror_to(uint32_t bit, uint32_t out)
{
	struct mirror_config m = { .generation = 1, .out_port = out };

	set_bit(m.same_output, bit);
	return m;
}

void mirror_expect(const struct frame *copy, const struct frame *frame)
{
	rig_expect(RECORD_CLONE, OUT, copy);
	rig_expect(RECORD_REDIRECT, 2, frame);
	rig_expect_end();
}

/* The identity that makes an account of it. */
void check_sum(uint32_t bit, uint64_t selected)
{
	struct mirror_stats s = rig_mirror_stats(bit);

	assert_int_equal(s.selected, selected);
	assert_int_equal(s.selected, s.filtered + s.merged + s.sent + s.dropped_backlog +
					     s.dropped_budget + s.dropped_clone +
					     s.dropped_no_target + s.dropped_mtu);
	assert_true(s.truncated <= s.sent);
}

void mirror_stay_on_processor(cpu_set_t *ret_before)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	assert_int_equal(sched_getaffinity(0, sizeof(*ret_before), ret_before), 0);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}
