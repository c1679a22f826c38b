// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The switch: on the ingress hook of every port's device.
 */
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "forward.h"

static __always_inline __u32 read_epoch(void)
{
	__u32 zero = 0, *value = bpf_map_lookup_elem(&epoch, &zero);

	return value ? *(volatile __u32 *)value : 0;
}

static __always_inline int ingress(struct __sk_buff *skb, __u32 ifindex)
{
	struct ctx c = { .skb = skb };
	int verdict = TC_ACT_SHOT;

	if (!begin(&c, 0, read_epoch()))
		return TC_ACT_SHOT;
	if (likely(use_device(&c, ifindex))) {
		if (receive(&c))
			verdict = forward(&c);
	} else if (!budget_take_mark(&c, ifindex)) {
		count_drop(0, DROP_NOT_CONFIGURED);
	}
	end(&c);
	return verdict;
}

SEC("tc") int bvs_ingress(struct __sk_buff *skb)
{
	return ingress(skb, skb->ifindex);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
