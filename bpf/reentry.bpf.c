// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * On the egress hook of the re-entry device, a device of ours that is down and never
 * transmits: the place to change a clone without touching the frame that it was made of, and
 * where a frame that left by a patch port or came out of a tunnel enters the switch again.
 * Runs inside the bpf_clone_redirect() that sent the clone here.  Where it must be found out what
 * becomes of the result, that is cloned once more rather than redirected: only
 * bpf_clone_redirect() tells.
 */
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>

#include "encap.h"
#include "forward.h"

static __always_inline int send_cut(struct __sk_buff *skb, struct reentry_job *job)
{
	bool is_asked = must_ask(job->has_account, job->is_up);
	__u32 outcome = OUTCOME_SENT;

	if (is_asked)
		outcome = outcome_of(bpf_clone_redirect(skb, job->ifindex, 0), job->is_up);
	job->outcome = outcome == OUTCOME_SENT ? OUTCOME_TRUNCATED : outcome;
	if (outcome == OUTCOME_SENT)
		count_tx(job->port, skb->len + (skb->vlan_present ? VLAN_LEN : 0));
	return is_asked ? TC_ACT_SHOT : bpf_redirect(job->ifindex, 0);
}

/* Has the frame come out of this tunnel, or out of another one by the same device, and into the
 * switch again?  It would for ever, and grow, or be cut, each time. */
static __always_inline bool is_own_packet(const struct reentry_job *job, __u32 mark)
{
	const struct tunnel_config *t;

	if (likely(!mark))
		return false;
	t = tunnel_get(job->port, job->version);
	if (!t || mark != tunnel_mark(t->ifindex))
		return false;
	count_drop(job->port, DROP_LOOP);
	return true;
}

static __always_inline int send_tunnel(struct __sk_buff *skb, struct reentry_job *job)
{
	__u32 leaves_by;

	job->is_cut = job->snaplen != 0;
	job->is_wire = false;
	leaves_by = tunnel_send(skb, job);
	return leaves_by ? bpf_redirect(leaves_by, 0) : TC_ACT_SHOT;
}

static __noinline __u32 send_to_wire(struct __sk_buff *skb, struct reentry_job *job)
{
	job->is_cut = false;
	return segment_send(skb, job, job->snaplen);
}

/* What the mirrors of this bridge have seen to goes along a patch within it. */
static __always_inline void take_mirrors(struct ctx *c, const struct reentry_job *job)
{
	if (!job->is_mirrored || job->bridge != c->in->bridge)
		return;
	mirror_begin(c, MIRROR_INGRESS);
	for_mirror_words (c, i) {
		c->w->done[i] = job->done[i];
		c->w->served[i] = job->served[i];
	}
}

static __always_inline void give_mirrors(const struct ctx *c, __u32 bridge, struct reentry_job *job)
{
	job->is_mirrored = c->w->is_mirrored && c->in && bridge == c->in->bridge;
	if (!job->is_mirrored || !c->bridge)
		return;
	for_mirror_words (c, i) {
		job->done[i] = c->w->done[i];
		job->served[i] = c->w->served[i];
	}
}

/* The frame comes in by the patch port's other end, or by the tunnel that it was in; cut or
 * not, of the latter nobody has read anything. */
static __always_inline int enter(struct __sk_buff *skb, struct reentry_job *job, bool is_cut)
{
	struct vlan_form view = { .outer = job->outer, .inner = job->inner };
	__u32 bridge = job->bridge, slot = job->peer;
	struct ctx c = { .skb = skb };
	int verdict = TC_ACT_SHOT;

	if (job->port)
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

static __always_inline int reentry(struct __sk_buff *skb)
{
	__u32 zero = 0, tag_len = skb->vlan_present ? VLAN_LEN : 0, snaplen, mark = skb->mark;
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);

	/* Something else sent a frame here. */
	if (!job || !job->is_valid)
		return TC_ACT_SHOT;
	if (job->is_valid == JOB_MARK)
		return TC_ACT_OK;
	job->is_valid = 0;
	if (job->is_tunnel && is_own_packet(job, mark)) {
		job->outcome = OUTCOME_FILTERED;
		return TC_ACT_SHOT;
	}
	if (job->to_wire) {
		job->outcome = send_to_wire(skb, job);
		return TC_ACT_SHOT;
	}
	snaplen = job->snaplen;
	if (snaplen) {
		if (snaplen < ETHERNET_LEN || cut(skb, snaplen - tag_len))
			return TC_ACT_SHOT; /* the answer is OUTCOME_CLONE already */
	}
	if (snaplen || job->is_tunnel) {
		/* They would leak to the target: the mark within a namespace, cb even to
		 * others. */
		skb->mark = 0;
		for (int i = 0; i < 5; i++)
			skb->cb[i] = 0;
	}
	if (job->is_tunnel)
		return send_tunnel(skb, job);
	if (!job->ifindex)
		return enter(skb, job, snaplen || !job->port);
	return send_cut(skb, job);
}

SEC("tc") int bvs_reentry(struct __sk_buff *skb)
{
	return reentry(skb);
}

/* --- on the far end of the segmenting devices: wire frames --- */

/* To a device. */
static __always_inline __u32 send_wire(struct __sk_buff *skb, const struct port_config *port,
				       const struct reentry_job *job)
{
	struct ctx c = { .skb = skb };
	__u32 outcome;

	if (skb->len - ETHERNET_LEN > port->mtu)
		return OUTCOME_MTU;
	if (port->flags & PORT_QUEUED && !budget_take(&c))
		return OUTCOME_BUDGET;
	outcome = outcome_of(bpf_clone_redirect(skb, port->ifindex, 0), port->flags & PORT_UP);
	if (outcome != OUTCOME_SENT)
		return outcome;
	count_tx(job->port, skb->len + (skb->vlan_present ? VLAN_LEN : 0));
	return job->is_cut ? OUTCOME_TRUNCATED : OUTCOME_SENT;
}

static __always_inline __u32 go_on(struct __sk_buff *skb, struct reentry_job *job)
{
	__u32 tag_len = skb->vlan_present ? VLAN_LEN : 0;
	const struct port_config *port = port_get(job->port, job->version);

	if (!port)
		return OUTCOME_CLONE;
	if (job->snaplen >= ETHERNET_LEN && skb->len + tag_len > job->snaplen) {
		if (cut(skb, job->snaplen - tag_len))
			return OUTCOME_CLONE;
		job->is_cut = true;
	}
	if (port->flags & PORT_TUNNEL) {
		tunnel_send(skb, job);
		return job->outcome;
	}
	return port->ifindex ? send_wire(skb, port, job) : OUTCOME_NO_TARGET;
}

static __always_inline int segment(struct __sk_buff *skb)
{
	__u32 zero = 0, outcome, *value = bpf_map_lookup_elem(&epoch, &zero);
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);
	struct mirror_stats *stats;

	if (!value || !job || !segment_take(skb, *(volatile __u32 *)value & 1, job))
		return TC_ACT_SHOT;
	outcome = go_on(skb, job);
	stats = bpf_map_lookup_elem(&mirror_stats, &job->mirror);
	if (job->mirror && job->is_booked && stats)
		count_outcome(stats, outcome);
	else if (!job->mirror)
		count_not_sent(job->port, outcome);
	return TC_ACT_SHOT;
}

SEC("tc") int bvs_segment(struct __sk_buff *skb)
{
	return segment(skb);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
