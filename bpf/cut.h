/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Makes a clone shorter.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "pkt.h"

enum { CUT_TRIES = 16, CUT_STEP = 16 };

/* The kernel refuses to cut off a header that it must still fill in a checksum for, nor
 * does it say where that ends: then cut as near as it lets us, never not at all. */
static __always_inline int cut(struct __sk_buff *skb, __u32 len)
{
	if (len < ETHERNET_LEN) /* the tag counts, too */
		len = ETHERNET_LEN;
	for (int i = 0; i < CUT_TRIES; i++) {
		if (len >= skb->len)
			return 0;
		if (bpf_skb_change_tail(skb, len, 0) == 0)
			return 0;
		len += CUT_STEP;
	}
	return -1;
}
