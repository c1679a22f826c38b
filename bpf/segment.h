/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Through the segmenting devices, which make wire frames of what the kernel left for hardware to do.
 * They come out later: what of the job is about each of them goes along in mark and cb, which each keeps.
 *
 * Either all wire frames of a copy go on or none: the queue between the devices takes the last
 * one only if it took those before, so the answer to that is the answer to all, and what
 * comes out of a copy that was not taken whole is dropped.
 */
#include "budget.h"
#include "stats.h"

/* The mark. */
enum {
	MARK_SLOT = 0xffff,
	MARK_TOO_LONG = 16,
	MARK_CUT = 1 << 20,
	MARK_UP = 1 << 21,
	MARK_BOOKED = 1 << 22,
};
/* What is in cb. */
enum {
	CB_MIRROR, /* and snaplen above */
	CB_GENERATIONS, /* of the port, of the mirror above: what fits */
	CB_NUMBER,
	CB_SIGHTING, /* two words */
};

static __always_inline void segment_mark(struct __sk_buff *skb, const struct reentry_job *job,
					 __u32 snaplen, __u32 number)
{
	const struct mirror_config *mirror = mirror_get(job->mirror, job->version);
	const struct port_config *port = port_get(job->port, job->version);

	skb->mark = job->port | job->too_long << MARK_TOO_LONG | (job->is_cut ? MARK_CUT : 0) |
		    (job->is_up ? MARK_UP : 0) | (job->is_booked ? MARK_BOOKED : 0);
	skb->cb[CB_MIRROR] = job->mirror | snaplen << 16;
	skb->cb[CB_GENERATIONS] =
		(port ? port->generation & 0xffff : 0) | (mirror ? mirror->generation << 16 : 0);
	skb->cb[CB_NUMBER] = number;
	skb->cb[CB_SIGHTING] = job->sighting.word;
	skb->cb[CB_SIGHTING + 1] = job->sighting.port;
}

/* The clone goes there, to have its wire frames cut to snaplen (0: not).  Returns enum outcome: of
 * a copy, OUTCOME_UNDER_WAY or why not. */
static __always_inline __u32 segment_send(struct __sk_buff *skb, const struct reentry_job *job,
					  __u32 snaplen)
{
	__u32 zero = 0, outcome, number = 0;
	struct settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct budget *b = bpf_map_lookup_elem(&budget, &zero);

	if (!set || !b || !set->segment_ifindex)
		return OUTCOME_CLONE;
	if (job->mirror) {
		number = b->segments + 1;
		if (!budget_take_segments(skb, b))
			return OUTCOME_BUDGET;
	}
	segment_mark(skb, job, snaplen, number);
	outcome = outcome_of(bpf_clone_redirect(skb, set->segment_ifindex, 0), true);
	if (!job->mirror)
		return outcome;
	if (outcome == OUTCOME_SENT)
		return OUTCOME_UNDER_WAY;
	b->lost[b->n_lost++ % 4] = number;
	return outcome;
}

static __always_inline bool segment_is_lost(const struct budget *b, __u32 number)
{
	return b->lost[0] == number || b->lost[1] == number || b->lost[2] == number ||
	       b->lost[3] == number;
}

/* Reads the job of a frame that has come out, and takes it off the frame: all that sending it
 * takes.  False: it is not for anybody, or not any more. */
static __always_inline bool segment_take(struct __sk_buff *skb, __u32 version,
					 struct reentry_job *ret)
{
	__u32 zero = 0, mark = skb->mark, number = skb->cb[CB_NUMBER];
	__u32 generations = skb->cb[CB_GENERATIONS];
	struct budget *b = bpf_map_lookup_elem(&budget, &zero);
	const struct mirror_config *mirror;
	const struct port_config *port;

	ret->version = version;
	ret->port = mark & MARK_SLOT;
	ret->mirror = skb->cb[CB_MIRROR] & 0xffff;
	ret->snaplen = skb->cb[CB_MIRROR] >> 16;
	ret->sighting.word = skb->cb[CB_SIGHTING];
	ret->sighting.port = skb->cb[CB_SIGHTING + 1];
	ret->too_long = mark >> MARK_TOO_LONG & 3;
	ret->is_cut = mark & MARK_CUT;
	ret->is_up = mark & MARK_UP;
	ret->is_booked = mark & MARK_BOOKED;
	ret->is_wire = true;
	ret->has_account = true; /* maybe not, but nothing says so */
	skb->mark = 0;
	for (int i = 0; i < 5; i++)
		skb->cb[i] = 0;
	if (!mark || !b)
		return false;
	port = port_get(ret->port, version);
	if (!port || (port->generation ^ generations) & 0xffff)
		return false;
	if (!ret->mirror)
		return true;
	budget_pass_segment(b, number);
	mirror = mirror_get(ret->mirror, version);
	return mirror && !((mirror->generation ^ generations >> 16) & 0xffff) &&
	       !segment_is_lost(b, number);
}
