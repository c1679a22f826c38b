/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * From the kernel back to the rows: what became of each port, bridge and mirror, the
 * counters, and cur_cfg.  Only cells that differ are written, into the caller's
 * transaction.
 */
#include "reconcile/report_port.h" /* struct report */

struct arena;
struct datapath;
struct model_mirror;

/* As Bridge.status has it; in the arena or the model. */
const char *report_mirror_state(const struct datapath *dp, const struct model_mirror *m,
				struct arena *arena);

/* State of everything, counters of what has none yet, and cur_cfg := next_cfg. */
void report_state(const struct report *r);
/* Counters of everything. */
void report_counters(const struct report *r);
