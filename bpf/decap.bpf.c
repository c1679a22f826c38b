// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On the ingress hook of the underlay's devices: takes frames out of tunnels and hands them
 * to bvs_reentry, where they come in by the tunnel's port.  All else goes to the host.
 */
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "decap.h"

static __always_inline int enter_by(struct __sk_buff *skb, __u32 slot, __u32 version)
{
	__u32 zero = 0;
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);
	struct settings *set = bpf_map_lookup_elem(&settings, &zero);

	if (!job || !set)
		return TC_ACT_SHOT;
	/* Nothing of the job before may stay: that may have been a copy. */
	*job = (struct reentry_job){
		.is_valid = JOB_WORK, .peer = slot, .hops = 1, .version = version
	};
	return bpf_redirect(set->reentry_ifindex, 0);
}

static __always_inline int decap(struct __sk_buff *skb)
{
	struct outer o = { .skb = skb };
	__u32 zero = 0, *value = bpf_map_lookup_elem(&epoch, &zero);

	o.version = value ? *(volatile __u32 *)value & 1 : 0;
	o.w = bpf_map_lookup_elem(&tunnel_work, &zero);
	if (!o.w)
		return TC_ACT_UNSPEC;
	switch (decap_parse(&o)) {
	case OUTER_NOT_OURS:
		return TC_ACT_UNSPEC;
	case OUTER_OURS:
		if (decap_strip(&o) == 0)
			return enter_by(skb, o.slot, o.version);
		o.reason = DROP_SEND;
	}
	count_drop(o.slot, o.reason);
	return TC_ACT_SHOT;
}

SEC("tc") int bvs_decap(struct __sk_buff *skb)
{
	return decap(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
