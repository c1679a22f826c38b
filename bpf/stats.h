/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Counting.  Every counter is per processor, so a plain addition does.
 */
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

	barrier_var(reason); /* or clang compares a copy, which tells the verifier nothing */
	if (s && reason < N_DROP_REASONS)
		s->drops[reason]++;
}

/* Books the kernel's answer to a clone for a mirror; true if the copy is on its way.  Above
 * zero are the answers of queues, "congestion" included: a device without carrier gives it,
 * so what is known of the link (is_up) tells the two apart. */
static __always_inline bool count_copy(struct mirror_stats *s, long result, bool is_up)
{
	if (result == 0) {
		s->sent++;
		return true;
	}
	if (!is_up)
		s->dropped_no_target++;
	else if (result > 0)
		s->dropped_backlog++;
	else
		s->dropped_clone++;
	return false;
}
