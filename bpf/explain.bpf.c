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

int explain_add(__u32 event, __u32 a, __u32 b);
#define EXPLAIN(EVENT, A, B) ((void)explain_add(EVENT, A, B))

#include "stats.h"

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EXPLAIN_RECORDS);
	__type(key, __u32);
	__type(value, struct explain_patch);
} explain_patches SEC(".maps");

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

/* The number of the next record; the place for it, or NULL: no more is written down. */
static __always_inline struct explain_record *explain_next(__u32 *ret_i)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&explain_n, &zero);

	if (!n)
		return NULL;
	*ret_i = (*n)++;
	return bpf_map_lookup_elem(&explain_records, ret_i);
}

/* Global functions, of which the verifier is sure once and not at every call. */
__noinline int explain_put(const struct explain_record *r)
{
	struct explain_record *to;
	__u32 i;

	to = explain_next(&i);
	if (!r || !to)
		return -1;
	*to = *r;
	return 0;
}

__noinline int explain_add(__u32 event, __u32 a, __u32 b)
{
	struct explain_record *to;
	__u32 i;

	to = explain_next(&i);
	if (!to)
		return -1;
	to->event = event;
	to->a = a;
	to->b = b;
	to->c = 0;
	return 0;
}

/* What goes to the re-entry device is a job of its program's. */
static __always_inline int explain_reentry(__u32 outer, __u32 inner, __u32 len)
{
	__u32 zero = 0, i;
	struct reentry_job *job = bpf_map_lookup_elem(&scratch, &zero);
	struct explain_record *r;
	struct explain_patch *p;

	r = explain_next(&i);
	if (!job || !r)
		return -1;
	job->outcome = job->snaplen ? OUTCOME_TRUNCATED : OUTCOME_SENT;
	job->is_valid = 0;
	job->is_mirrored = 0;
	r->event = job->ifindex ? EXPLAIN_SEND : EXPLAIN_PATCH;
	r->a = job->ifindex ? job->ifindex : job->peer;
	r->b = job->port;
	r->c = job->snaplen;
	r->outer = outer;
	r->inner = inner;
	r->len = len;
	p = bpf_map_lookup_elem(&explain_patches, &i);
	if (!p)
		return -1;
	for (int w = 0; w < MIRROR_WORDS; w++) {
		p->done[w] = job->done[w];
		p->served[w] = job->served[w];
	}
	return 0;
}

__noinline int explain_sent(__u32 ifindex, __u32 outer, __u32 inner, __u32 len)
{
	struct explain_record *r;
	struct settings *set;
	__u32 zero = 0, i;

	set = bpf_map_lookup_elem(&settings, &zero);
	if (set && ifindex == set->reentry_ifindex)
		return explain_reentry(outer, inner, len);
	r = explain_next(&i);
	if (!r)
		return -1;
	r->event = EXPLAIN_SEND;
	r->a = ifindex;
	r->b = 0;
	r->c = 0;
	r->outer = outer;
	r->inner = inner;
	r->len = len;
	return 0;
}

#include "fdb.h"

/* Userspace takes it out again. */
__noinline int explain_know(const struct fdb_key *key)
{
	struct fdb_value *live, value;
	struct fdb_key k; /* on the stack, where Linux 6.1 wants keys to be */

	if (!key)
		return -1;
	k = *key;
	live = bpf_map_lookup_elem(&live_fdb, &k);
	if (!live)
		return 0;
	value.port = live->port;
	value.seen = live->seen;
	return bpf_map_update_elem(&fdb, &k, &value, BPF_NOEXIST);
}

static __always_inline void explain_learn(const struct ctx *c)
{
	struct fdb_key key __attribute__((aligned(8)));

	fdb_key_of(c, c->w->pkt.src, &key);
	explain_know(&key);
	fdb_learn(c);
}

static __always_inline bool explain_lookup(struct ctx *c)
{
	struct fdb_key key __attribute__((aligned(8)));

	fdb_key_of(c, c->w->pkt.dst, &key);
	explain_know(&key);
	return fdb_lookup(c);
}

#define fdb_learn explain_learn
#define fdb_lookup explain_lookup

static __always_inline long explain_send(const struct ctx *c, __u32 ifindex)
{
	explain_sent(ifindex, c->w->worn.outer, c->w->worn.inner, pkt_len(&c->w->pkt, &c->w->worn));
	return 0;
}

#define bpf_redirect(ifindex, flags) explain_send(c, ifindex)
#define bpf_redirect_peer(ifindex, flags) explain_send(c, ifindex)
#define bpf_clone_redirect(skb, ifindex, flags) ((void)(skb), explain_send(c, ifindex))

#include "forward.h"

static __always_inline void explain_decision(const struct ctx *c)
{
	struct explain_record r = { .event = EXPLAIN_NOT_ADMITTED,
				    .a = c->w->is_dropped,
				    .b = c->w->reason };

	if (c->w->is_admitted) {
		r.event = EXPLAIN_VLAN;
		r.c = c->out ? c->w->out_slot : 0;
		r.outer = c->w->vlan.outer;
		r.inner = c->w->vlan.inner;
	}
	explain_put(&r);
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
		decide(&c);
		explain_decision(&c);
		act(&c);
	}
	end(&c);
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
