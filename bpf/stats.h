/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Counting.  Every counter is per processor, so a plain addition does.
 */
#include <stdbool.h>

#include "maps.h"

static __always_inline void count_rx(__u32 slot, __u32 len)
{
	struct port_stats *s = bpf_map_lookup_elem(&port_stats, &slot);

	if (s) {
		s->rx_packets++;
		s->rx_bytes += len;
	}
}

static __always_inline void count_tx(__u32 slot, __u32 len)
{
	struct port_stats *s = bpf_map_lookup_elem(&port_stats, &slot);

	if (s) {
		s->tx_packets++;
		s->tx_bytes += len;
	}
}

static __always_inline void count_tx_peer(__u32 slot, __u32 len)
{
	struct port_stats *s = bpf_map_lookup_elem(&port_stats, &slot);

	if (s) {
		s->tx_packets++;
		s->tx_bytes += len;
		s->peer_packets++;
		s->peer_bytes += len;
	}
}

static __always_inline void count_drop(__u32 slot, __u32 reason)
{
	struct port_stats *s = bpf_map_lookup_elem(&port_stats, &slot);

	EXPLAIN(EXPLAIN_DROP, slot, reason);
	barrier_var(reason); /* or clang compares a copy, which tells the verifier nothing */
	if (s && reason < N_DROP_REASONS)
		s->drops[reason]++;
}

/* The kernel's answer to a clone.  Above zero are the answers of queues, "congestion"
 * included: a device without carrier gives it, so what is known of the link (is_up) tells
 * the two apart. */
static __always_inline __u32 outcome_of(long result, bool is_up)
{
	if (result == 0)
		return OUTCOME_SENT;
	if (!is_up)
		return OUTCOME_NO_TARGET;
	return result > 0 ? OUTCOME_BACKLOG : OUTCOME_CLONE;
}

/* Must the kernel be asked what becomes of a clone?  That takes one more clone.  Otherwise, as
 * with production through any port, what a device's own queue drops the device counts. */
static __always_inline bool must_ask(bool has_account, bool is_up)
{
	return has_account || !is_up;
}

/* What a frame is counted as that a port did not send; some are counted where they are found. */
static __always_inline void count_not_sent(__u32 slot, __u32 outcome)
{
	__u32 reason = outcome == OUTCOME_MTU	      ? DROP_MTU
		       : outcome == OUTCOME_BACKLOG   ? DROP_QUEUE
		       : outcome == OUTCOME_NO_TARGET ? DROP_LINK_DOWN
						      : DROP_SEND;

	if (outcome < OUTCOME_SENT && outcome != OUTCOME_FILTERED)
		count_drop(slot, reason);
}

static __always_inline void count_outcome(struct mirror_stats *s, __u32 outcome)
{
	EXPLAIN(EXPLAIN_OUTCOME, outcome, 0);
	if (outcome == OUTCOME_UNDER_WAY)
		return;
	s->selected++;
	switch ((enum outcome)outcome) {
	case OUTCOME_NO_TARGET:
		s->dropped_no_target++;
		break;
	case OUTCOME_FILTERED:
		s->filtered++;
		break;
	case OUTCOME_MTU:
		s->dropped_mtu++;
		break;
	case OUTCOME_CLONE:
		s->dropped_clone++;
		break;
	case OUTCOME_BUDGET:
		s->dropped_budget++;
		break;
	case OUTCOME_BACKLOG:
		s->dropped_backlog++;
		break;
	case OUTCOME_TRUNCATED:
		s->truncated++;
		s->sent++;
		break;
	case OUTCOME_SENT:
		s->sent++;
		break;
	case OUTCOME_UNDER_WAY:
		break;
	}
}
