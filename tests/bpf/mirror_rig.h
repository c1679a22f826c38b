/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The rig with mirrors: bridge 1 has ports 1 to 3, trunks, and the mirrors' output ports OUT
 * and OUT2.  A test changes the records below, then writes them by mirror_put_ports().
 */
#include <sched.h>

#include "rig.h"

enum { OUT = 4, OUT2 = 5 };

extern struct port_config mirror_ports[8]; /* by slot */
extern struct bridge_config mirror_bridge;

int mirror_set_up(void **state);
void mirror_put_ports(void);

void select_src(uint32_t bit, uint32_t slot);
void select_dst(uint32_t bit, uint32_t slot);
void select_all(uint32_t bit);
void set_bit(__u64 *bits, uint32_t bit);
/* A record for the mirror at this bit: whole frames of all VLANs to the port. */
struct mirror_config mirror_to(uint32_t bit, uint32_t out);

/* Two frames were sent and no more: the copy to OUT, then the frame to port 2. */
void mirror_expect(const struct frame *copy, const struct frame *frame);
/* So many frames were selected, and the rest of the account adds up to them. */
void check_sum(uint32_t bit, uint64_t selected);
/* Budgets are a processor's own: until sched_setaffinity() with *ret_before the test runs on one. */
void mirror_stay_on_processor(cpu_set_t *ret_before);
