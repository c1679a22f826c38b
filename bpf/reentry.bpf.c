// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On the egress hook of the re-entry device, a device of ours that is down and never
 * transmits: the place to change a clone without touching the frame that it was made of, and
 * where a frame that left by a patch port enters the switch again.  Runs inside the
 * bpf_clone_redirect() that sent the clone here.  The cut clone is cloned once more to its
 * target rather than redirected, because only bpf_clone_redirect() tells what became of it.
 */
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "forward.h"

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

static __always_inline __u32 send_cut(struct __sk_buff *skb, const struct reentry_job *job)
{
	__u32 outcome = outcome_of(bpf_clone_redirect(skb, job->ifindex, 0), job->is_up);

	if (outcome != OUTCOME_SENT)
		return outcome;
	count_tx(job->port, skb->len + (skb->vlan_present ? VLAN_LEN : 0));
	return OUTCOME_TRUNCATED;
}

/* What the mirrors of this bridge have seen to goes along a patch within it. */
static __always_inline void take_mirrors(struct ctx *c, const struct reentry_job *job)
{
	if (!job->is_mirrored || job->bridge != c->in->bridge)
		return;
	mirror_begin(c, MIRROR_INGRESS);
	for (int i = 0; i < MIRROR_WORDS; i++) {
		c->w->done[i] = job->done[i];
		c->w->served[i] = job->served[i];
	}
}

static __always_inline void give_mirrors(const struct ctx *c, __u32 bridge, struct reentry_job *job)
{
	job->is_mirrored = c->w->is_mirrored && c->in && bridge == c->in->bridge;
	for (int i = 0; i < MIRROR_WORDS; i++) {
		job->done[i] = c->w->done[i];
		job->served[i] = c->w->served[i];
	}
}

/* The frame comes in by the patch port's other end. */
static __always_inline int enter(struct __sk_buff *skb, struct reentry_job *job, bool is_cut)
{
	struct vlan_form view = { .outer = job->outer, .inner = job->inner };
	__u32 bridge = job->bridge, slot = job->peer;
	struct ctx c = { .skb = skb };
	int verdict = TC_ACT_SHOT;

	count_tx(job->port, skb->len + (skb->vlan_present ? VLAN_LEN : 0));
	job->outcome = is_cut ? OUTCOME_TRUNCATED : OUTCOME_SENT;
	if (!begin(&c, job->hops, job->version)) {
		job->is_mirrored = 0;
		return TC_ACT_SHOT;
	}
	if (!use_port(&c, slot)) {
		count_drop(0, DROP_NOT_CONFIGURED);
	} else if (is_cut ? receive(&c) : receive_patched(&c, view, job->rest_type)) {
		take_mirrors(&c, job);
		verdict = forward(&c);
	}
	give_mirrors(&c, bridge, job);
	/* The job is a later one's by now. */
	job->outcome = is_cut ? OUTCOME_TRUNCATED : OUTCOME_SENT;
	job->is_valid = 0;
	end(&c);
	return verdict;
}

SEC("tc") int bvs_reentry(struct __sk_buff *skb)
{
	__u32 zero = 0, tag_len = skb->vlan_present ? VLAN_LEN : 0, snaplen;
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);

	/* Something else sent a frame here. */
	if (!job || !job->is_valid)
		return TC_ACT_SHOT;
	if (job->is_valid == JOB_MARK)
		return TC_ACT_OK;
	job->is_valid = 0;
	snaplen = job->snaplen;
	if (snaplen) {
		if (snaplen < ETHERNET_LEN || cut(skb, snaplen - tag_len))
			return TC_ACT_SHOT; /* the answer is OUTCOME_CLONE already */
		/* They would leak to the target: the mark within a namespace, cb even to
		 * others. */
		skb->mark = 0;
		for (int i = 0; i < 5; i++)
			skb->cb[i] = 0;
	}
	if (!job->ifindex)
		return enter(skb, job, snaplen != 0);
	job->outcome = send_cut(skb, job);
	return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
