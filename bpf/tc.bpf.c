// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The switch: on the ingress hook of every port's device.
 */
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "forward.h"

static __always_inline int ingress(struct __sk_buff *skb, __u32 ifindex)
{
	struct ctx c = { .skb = skb };

	if (!receive(&c, 0, ifindex))
		return TC_ACT_SHOT;
	decide(&c);
	return act(&c);
}

SEC("tc") int bvs_ingress(struct __sk_buff *skb)
{
	return ingress(skb, skb->ifindex);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
