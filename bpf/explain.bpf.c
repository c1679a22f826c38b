// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What would become of a frame: the packet path as it is, run by userspace on a frame that
 * it made up, with the helpers that send replaced by ones that write down.  It reads the
 * configuration in force and the addresses learned, and changes neither: its counters and
 * its table of addresses are its own, the latter with no more in it than the frame needs.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXPLAIN_RECORDS);
	__type(key, __u32);
	__type(value, struct explain_record);
} explain_records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct explain_job);
} explain_job SEC(".maps");

/* How many records there are. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} explain_n SEC(".maps");

/* The switch's own table: `fdb` is ours here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FDB_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fdb_key);
	__type(value, struct fdb_value);
} live_fdb SEC(".maps");

/* The place for one more; NULL: no more is written down. */
static __noinline struct explain_record *explain_add(__u32 event, __u32 a, __u32 b)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&explain_n, &zero), i;
	struct explain_record *r;

	if (!n)
		return NULL;
	i = (*n)++;
	r = bpf_map_lookup_elem(&explain_records, &i);
	if (!r)
		return NULL;
	r->event = event;
	r->a = a;
	r->b = b;
	r->c = 0;
	return r;
}

#define EXPLAIN(EVENT, A, B) ((void)explain_add(EVENT, A, B))

#include "fdb.h"

static __always_inline void explain_know(const struct fdb_key *key)
{
	struct fdb_value *live = bpf_map_lookup_elem(&live_fdb, key), value;

	if (!live)
		return;
	value.port = live->port;
	value.seen = live->seen;
	bpf_map_update_elem(&fdb, key, &value, BPF_ANY);
}

/* Whatever the frame can ask for. */
static __always_inline void explain_know_both(const struct ctx *c)
{
	struct fdb_key key __attribute__((aligned(8)));

	fdb_key_of(c, c->w->pkt.src, &key);
	explain_know(&key);
	fdb_key_of(c, c->w->pkt.dst, &key);
	explain_know(&key);
}

static __always_inline void explain_forget_both(const struct ctx *c)
{
	struct fdb_count *count = fdb_count_of(c);
	struct fdb_key key __attribute__((aligned(8)));

	fdb_key_of(c, c->w->pkt.src, &key);
	bpf_map_delete_elem(&fdb, &key);
	fdb_key_of(c, c->w->pkt.dst, &key);
	bpf_map_delete_elem(&fdb, &key);
	if (count)
		count->entries = 0;
}

static __always_inline void explain_frame(const struct ctx *c, struct explain_record *r)
{
	r->outer = c->w->worn.outer;
	r->inner = c->w->worn.inner;
	r->len = pkt_len(&c->w->pkt, c->w->worn);
}

/* What goes to the re-entry device is a job of its program's. */
static __noinline long explain_reentry(const struct ctx *c)
{
	struct explain_record *r;
	struct reentry_job *job;
	__u32 zero = 0;

	job = bpf_map_lookup_elem(&scratch, &zero);
	if (!job || !c)
		return -1;
	job->outcome = job->snaplen ? OUTCOME_TRUNCATED : OUTCOME_SENT;
	job->is_valid = 0;
	job->is_mirrored = 0;
	r = explain_add(job->ifindex ? EXPLAIN_SEND : EXPLAIN_PATCH,
			job->ifindex ? job->ifindex : job->peer, job->port);
	if (!r)
		return 0;
	r->c = job->snaplen;
	explain_frame(c, r);
	for (int i = 0; i < MIRROR_WORDS; i++) {
		r->done[i] = job->done[i];
		r->served[i] = job->served[i];
	}
	return 0;
}

static __always_inline long explain_send(const struct ctx *c, __u32 ifindex)
{
	__u32 zero = 0;
	struct settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct explain_record *r;

	if (set && ifindex == set->reentry_ifindex)
		return explain_reentry(c);
	r = explain_add(EXPLAIN_SEND, ifindex, 0);
	if (r)
		explain_frame(c, r);
	return 0;
}

#define bpf_redirect(ifindex, flags) explain_send(c, ifindex)
#define bpf_redirect_peer(ifindex, flags) explain_send(c, ifindex)
#define bpf_clone_redirect(skb, ifindex, flags) ((void)(skb), explain_send(c, ifindex))

#include "forward.h"

static __always_inline void explain_decision(const struct ctx *c)
{
	struct explain_record *r;

	if (!c->w->is_admitted) {
		explain_add(EXPLAIN_NOT_ADMITTED, c->w->is_dropped, c->w->reason);
		return;
	}
	r = explain_add(EXPLAIN_VLAN, c->w->is_dropped, c->w->reason);
	if (!r)
		return;
	r->outer = c->w->vlan.outer;
	r->inner = c->w->vlan.inner;
	r->c = c->out ? c->w->out_slot : 0;
}

/* The mirrors of this bridge that have had the packet on its way to a patch port. */
static __always_inline void explain_mirrors(struct ctx *c, const struct explain_job *job)
{
	if (job->bridge != c->in->bridge)
		return;
	mirror_begin(c, MIRROR_INGRESS);
	for (int i = 0; i < MIRROR_WORDS; i++) {
		c->w->done[i] = job->done[i];
		c->w->served[i] = job->served[i];
	}
}

SEC("tc") int bvs_explain(struct __sk_buff *skb)
{
	struct ctx c = { .skb = skb };
	struct explain_job *job;
	__u32 zero = 0;

	job = bpf_map_lookup_elem(&explain_job, &zero);
	if (!job || !begin(&c, job->hops, job->version))
		return -1;
	if (use_port(&c, job->port) && receive(&c)) {
		explain_mirrors(&c, job);
		/* Its VLAN is known when decide() asks, which is where it is learned. */
		c.w->vlan = vlan_enter(c.in, c.w->pkt.form);
		explain_know_both(&c);
		decide(&c);
		explain_decision(&c);
		act(&c);
		c.w->vlan = vlan_enter(c.in, c.w->pkt.form);
		explain_forget_both(&c);
	}
	end(&c);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
