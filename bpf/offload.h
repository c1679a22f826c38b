/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What the kernel left for hardware to do: segments, checksums.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Is a checksum in it yet to be made (the kernel's CHECKSUM_PARTIAL)?  No helper tells, but each of
 * the three other states gives itself away: "verified" has a level, "nothing is known" gets
 * one, which is taken back, and "the sum of all bytes is known" can be added to.  Looked at by
 * the verifier on its own, or its four ways would each be followed through all that comes
 * after. */
__weak __noinline int checksum_is_due(struct __sk_buff *skb)
{
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0)
		return 0;
	bpf_csum_level(skb, BPF_CSUM_LEVEL_INC);
	if (bpf_csum_level(skb, BPF_CSUM_LEVEL_QUERY) >= 0) {
		bpf_csum_level(skb, BPF_CSUM_LEVEL_DEC);
		return 0;
	}
	return bpf_csum_update(skb, 0) < 0;
}

static __always_inline bool is_wire_frame(struct __sk_buff *skb)
{
	return !skb->gso_size && !checksum_is_due(skb);
}

/* How many it will be on the wire; of what came from a virtual machine the kernel has not
 * counted them. */
static __always_inline __u32 count_wire_frames(const struct __sk_buff *skb)
{
	if (!skb->gso_size)
		return 1;
	return skb->gso_segs ? skb->gso_segs : skb->len / skb->gso_size + 1;
}
