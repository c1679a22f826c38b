// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On the egress hook of the re-entry device, a device of ours that is down and never
 * transmits: the place to change a clone without touching the frame that it was made of.
 * Runs inside the bpf_clone_redirect() that sent the clone here.  The cut clone is cloned
 * once more to its target rather than redirected, because only bpf_clone_redirect() tells
 * what became of it.
 */
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "pkt.h"
#include "stats.h"

enum { CUT_TRIES = 16, CUT_STEP = 16 };

/* The kernel refuses to cut off a header that it must still fill in a checksum for, nor
 * does it say where that ends: then cut as near as it lets us, never not at all. */
static __always_inline int cut(struct __sk_buff *skb, __u32 len)
{
	for (int i = 0; i < CUT_TRIES; i++) {
		if (len >= skb->len)
			return 0;
		if (bpf_skb_change_tail(skb, len, 0) == 0)
			return 0;
		len += CUT_STEP;
	}
	return -1;
}

static __always_inline void send_cut(struct __sk_buff *skb, const struct reentry_job *job)
{
	__u32 tag_len = skb->vlan_present ? VLAN_LEN : 0;
	__u32 slot = job->mirror;
	struct mirror_stats *stats = bpf_map_lookup_elem(&mirror_stats, &slot);

	if (!stats)
		return;
	if (job->snaplen < ETHERNET_LEN || cut(skb, job->snaplen - tag_len)) {
		stats->dropped_clone++;
		return;
	}
	/* They would leak to the target: the mark within a namespace, cb even to others. */
	skb->mark = 0;
	for (int i = 0; i < 5; i++)
		skb->cb[i] = 0;
	if (count_copy(stats, bpf_clone_redirect(skb, job->ifindex, 0), job->is_up)) {
		stats->truncated++;
		count_tx(job->port, skb->len + tag_len);
	}
}

SEC("tc") int bvs_reentry(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct reentry_job *shared = bpf_map_lookup_elem(&scratch, &zero);
	struct reentry_job job;

	/* Something else sent a frame here. */
	if (!shared || !shared->is_valid)
		return TC_ACT_SHOT;
	job = *shared;
	shared->is_valid = 0;
	send_cut(skb, &job);
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
