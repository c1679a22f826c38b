// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The whole pipeline on the egress hook of the re-entry device: how patch ports, RSPAN and
 * chains of mirrors will come.  A prototype for tests.  A port without a device is a patch
 * port here, and its `order` the slot of its other end; `patched` says to the next run of
 * the pipeline where it is and how deep.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/forward.h"

struct patched {
	__u32 is_valid;
	__u32 slot;
	__u32 hops;
	__u32 version;
	__u64 done[MIRROR_WORDS];
	__u64 served[MIRROR_WORDS];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct patched);
} patched SEC(".maps");

static __always_inline void take_mirrors(struct ctx *c, const struct patched *job)
{
	c->w->is_mirrored = true;
	c->w->is_egress = false;
	for (int w = 0; w < MIRROR_WORDS; w++) {
		c->w->done[w] = job->done[w];
		c->w->served[w] = job->served[w];
	}
}

/* Through a patch port: the same frame again, as if received by the other end. */
static __always_inline int act_patch(struct ctx *c, __u32 hops)
{
	__u32 zero = 0;
	struct patched *job = bpf_map_lookup_elem(&patched, &zero);
	struct settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct vlan_form form = vlan_leave(c->out, &c->w->vlan);

	if (!job || !set || hops + 1 >= NESTING) {
		count_drop(c->w->in_slot, DROP_LOOP);
		return TC_ACT_SHOT;
	}
	mirror_begin(c);
	if (wear(c, form))
		return TC_ACT_SHOT;
	for (int w = 0; w < MIRROR_WORDS; w++) {
		job->done[w] = c->w->done[w];
		job->served[w] = c->w->served[w];
	}
	job->slot = c->out->order;
	job->hops = hops + 1;
	job->version = c->w->version;
	job->is_valid = 1;
	count_tx(c->w->out_slot, pkt_len(&c->w->pkt, form));
	bpf_clone_redirect(c->skb, set->reentry_ifindex, 0);
	job->is_valid = 0;
	return TC_ACT_SHOT;
}

static __always_inline int pipeline(struct ctx *c, __u32 hops)
{
	if (!receive(c))
		return TC_ACT_SHOT;
	decide(c);
	if (!c->w->is_dropped && c->out && !c->out->ifindex) {
		mirror_ingress(c);
		return act_patch(c, hops);
	}
	return act(c);
}

SEC("tc") int pipeline_ingress(struct __sk_buff *skb)
{
	__u32 zero = 0, *version = bpf_map_lookup_elem(&epoch, &zero);
	struct ctx c = { .skb = skb };
	int verdict = TC_ACT_SHOT;

	if (!version || !begin(&c, 0, *version))
		return TC_ACT_SHOT;
	if (use_device(&c, skb->ifindex))
		verdict = pipeline(&c, 0);
	end(&c);
	return verdict;
}

SEC("tc") int pipeline_reentry(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct patched *shared = bpf_map_lookup_elem(&patched, &zero);
	struct ctx c = { .skb = skb };
	struct patched job;
	int verdict = TC_ACT_SHOT;

	if (!shared || !shared->is_valid)
		return TC_ACT_SHOT;
	job = *shared;
	shared->is_valid = 0;
	if (!begin(&c, job.hops, job.version))
		return TC_ACT_SHOT;
	take_mirrors(&c, &job);
	if (use_port(&c, job.slot))
		verdict = pipeline(&c, job.hops);
	end(&c);
	return verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
