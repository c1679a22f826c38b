// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs as they are, except that the helpers which send write a record instead:
 * BPF_PROG_TEST_RUN shows only a verdict.  The input port's ifindex comes in skb->mark, as
 * the kernel would want a device for any other.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../../bpf/stats.h"
#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORDS);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} n_records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RESULTS);
	__type(key, __u32);
	__type(value, struct result);
} results SEC(".maps");

static __always_inline void record_bytes(struct __sk_buff *skb, struct record *r)
{
	__u32 len = skb->len < RECORD_BYTES ? skb->len : RECORD_BYTES;

	/* From 1 to RECORD_BYTES, in a way that the verifier of Linux 6.1 sees. */
	len = ((len - 1) & (RECORD_BYTES - 1)) + 1;
	bpf_skb_load_bytes(skb, 0, r->bytes, len);
}

/* The re-entry device's program would have run, and taken the job. */
static __always_inline bool record_job(__u32 ifindex, struct record *r, __u32 *zero)
{
	struct settings *set = bpf_map_lookup_elem(&settings, zero);
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, zero);

	if (!set || !job || !set->reentry_ifindex || ifindex != set->reentry_ifindex)
		return false;
	r->job_port = job->port;
	r->job_ifindex = job->ifindex;
	r->job_snaplen = job->snaplen;
	r->job_peer = job->peer;
	r->job_hops = job->hops;
	r->job_mirror = job->mirror;
	r->job_is_booked = job->is_booked;
	r->job_to_wire = job->to_wire;
	job->outcome = job->snaplen ? OUTCOME_TRUNCATED : OUTCOME_SENT;
	job->is_valid = 0;
	return true;
}

/* The re-entry device's program would let it pass; it comes back when the test says so. */
static __always_inline bool record_mark(__u32 ifindex)
{
	__u32 zero = 0;
	struct settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);

	return set && job && ifindex == set->reentry_ifindex && job->is_valid == JOB_MARK;
}

static __always_inline long record(struct __sk_buff *skb, __u32 kind, __u32 ifindex, __u64 flags)
{
	__u32 key = ifindex, *n; /* one key for all: there is little room on the stack */
	struct result *result = bpf_map_lookup_elem(&results, &key);
	struct record *r;

	if (kind == RECORD_CLONE && result && result->clone)
		return result->clone;
	if (record_mark(ifindex))
		return 0;
	key = 0;
	n = bpf_map_lookup_elem(&n_records, &key);
	if (!n)
		return -1;
	key = (*n)++;
	r = bpf_map_lookup_elem(&records, &key);
	if (!r)
		return -1;
	r->kind = kind;
	r->ifindex = ifindex;
	r->flags = flags;
	r->len = skb->len;
	r->vlan_present = skb->vlan_present;
	r->vlan_tpid = bpf_ntohs((__u16)skb->vlan_proto);
	r->vlan_tci = skb->vlan_tci;
	r->mark = skb->mark;
	for (int i = 0; i < 5; i++)
		r->cb[i] = skb->cb[i];
	r->pkt_type = skb->pkt_type;
	record_bytes(skb, r);
	key = 0;
	if (kind == RECORD_CLONE)
		return record_job(ifindex, r, &key) ? 1 : 0;
	record_job(ifindex, r, &key);
	return TC_ACT_REDIRECT;
}

static __always_inline long fake_check_mtu(__u32 ifindex)
{
	__u32 key = ifindex;
	struct result *result = bpf_map_lookup_elem(&results, &key);

	return result ? result->check_mtu : 0;
}

static __always_inline __u64 fake_ns(void)
{
	__u32 zero = 0;
	struct result *result = bpf_map_lookup_elem(&results, &zero);

	return result ? result->ns : 0;
}

static __always_inline long fake_csum_level(__u32 action)
{
	__u32 zero = 0;
	struct result *result = bpf_map_lookup_elem(&results, &zero);

	if (!result)
		return -1;
	switch (action) {
	case BPF_CSUM_LEVEL_QUERY:
		return result->checksum == CHECKSUM_VERIFIED ? 0 : -13;
	case BPF_CSUM_LEVEL_INC:
		if (result->checksum == CHECKSUM_UNKNOWN)
			result->checksum = CHECKSUM_VERIFIED;
		break;
	case BPF_CSUM_LEVEL_DEC:
		if (result->checksum == CHECKSUM_VERIFIED)
			result->checksum = CHECKSUM_UNKNOWN;
		break;
	}
	return 0;
}

static __always_inline long fake_csum_update(__u32 sum)
{
	__u32 zero = 0;
	struct result *result = bpf_map_lookup_elem(&results, &zero);

	return result && result->checksum == CHECKSUM_OF_ALL ? (long)sum : -524;
}

#define bpf_csum_level(skb, action) fake_csum_level(action)
#define bpf_csum_update(skb, sum) fake_csum_update(sum)
#define bpf_ktime_get_ns() fake_ns()
#define bpf_redirect(ifindex, flags) record(c->skb, RECORD_REDIRECT, ifindex, flags)
#define bpf_redirect_peer(ifindex, flags) record(c->skb, RECORD_PEER, ifindex, flags)
#define bpf_clone_redirect(skb, ifindex, flags) record(skb, RECORD_CLONE, ifindex, flags)
#define bpf_check_mtu(skb, ifindex, len, diff, flags) \
	((void)(skb), (void)(len), fake_check_mtu(ifindex))

#include "../../bpf/tc.bpf.c"
#undef bpf_redirect
#define bpf_redirect(ifindex, flags) record(skb, RECORD_REDIRECT, ifindex, flags)
#define LICENSE LICENSE_again
#include "../../bpf/reentry.bpf.c"
#undef LICENSE
#define LICENSE LICENSE_once_more
#include "../../bpf/decap.bpf.c"

/* A frame as test runs have it: its outer tag in the bytes. */
SEC("tc") int run_bytes(struct __sk_buff *skb)
{
	return ingress(skb, skb->mark);
}

/* As live devices have it: the outer tag in metadata. */
static __always_inline int tag_to_metadata(struct __sk_buff *skb)
{
	const __u8 *p = (const void *)(long)skb->data;
	__u32 tag = 0;

	if (p + ETHERNET_LEN + VLAN_LEN + 2 <= (const __u8 *)(long)skb->data_end)
		tag = read_be64(p + 12) >> 32;
	return is_vlan_type(tag_tpid(tag)) && (bpf_skb_vlan_pop(skb) || tag_push(skb, tag));
}

SEC("tc") int run_meta(struct __sk_buff *skb)
{
	return tag_to_metadata(skb) ? -1 : ingress(skb, skb->mark);
}

/* A tunnel's job alone: the whole program once more would be a burden to the verifier. */
SEC("tc") int run_tunnel_meta(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);

	if (!job || tag_to_metadata(skb))
		return -1;
	job->is_valid = 0;
	return send_tunnel(skb, job);
}

SEC("tc") int run_segment_meta(struct __sk_buff *skb)
{
	return tag_to_metadata(skb) ? -1 : segment(skb);
}

/* A packet for this host. */
SEC("tc") int run_decap(struct __sk_buff *skb)
{
	bpf_skb_change_type(skb, PACKET_HOST);
	return decap(skb);
}
