/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What copies may take of a processor's backlog.  Frames that are sent to a veth by a clone or
 * a plain redirect wait in one queue for each processor (net.core.netdev_max_backlog, 1000 by
 * default), which the kernel looks at only when a batch of frames is through our program.
 * Production goes last: copies of a batch for several mirrors would fill the queue, and the
 * production frames be lost with nobody told.  So a processor's copies stop, and are counted,
 * when as many wait as half the queue holds.
 *
 * How many wait the kernel does not tell.  A mark does: one more clone, sent along with the
 * copies to the re-entry device's other end.  The queue is first in, first out: when the mark
 * comes in there, all copies before it are through.  Copies that go through the segmenting
 * devices need none: they have a number, and are seen to come out.
 */
#include "ctx.h"
#include "offload.h"

enum {
	COPIES_WAITING = 500, /* at most */
	COPIES_MARKED = 64, /* a mark goes when so many wait and none is under way */
	/* One that takes longer was lost with all that waited.  A processor of a virtual
	 * machine may well stand still for some 10 ms in the middle of a batch. */
	MARK_MS = 100,
};

/* One that finds no room is not waited for: the next copy tries again. */
static __noinline void budget_mark(struct ctx *c, struct budget *b)
{
	struct __sk_buff *skb = c->skb;
	struct reentry_job *job;
	struct settings *set;
	__u32 zero = 0;

	job = bpf_map_lookup_elem(&scratch, &zero);
	set = bpf_map_lookup_elem(&settings, &zero);
	if (!job || !set)
		return;
	job->is_valid = JOB_MARK;
	if (!bpf_clone_redirect(skb, set->reentry_ifindex, 0)) {
		b->marked = b->waiting;
		b->marked_at = bpf_ktime_get_ns();
	}
	job->is_valid = JOB_NONE;
}

static __always_inline __u32 budget_waiting(const struct budget *b)
{
	return b->waiting + (b->segments - b->through);
}

/* Has nothing come through for so long that what is waited for must be lost? */
static __always_inline bool budget_is_stale(struct budget *b, __u64 now)
{
	if (now - b->marked_at < MARK_MS * 1000000ull ||
	    now - b->segments_at < MARK_MS * 1000000ull)
		return false;
	b->waiting = b->marked = 0;
	b->through = b->segments;
	return true;
}

/* True: one more copy may be sent to a device behind the queue. */
static __always_inline bool budget_take(struct ctx *c)
{
	__u32 zero = 0;
	struct budget *b = bpf_map_lookup_elem(&budget, &zero);

	if (!b)
		return true;
	if (unlikely(b->waiting >= COPIES_MARKED && !b->marked))
		budget_mark(c, b);
	if (unlikely(budget_waiting(b) >= COPIES_WAITING) &&
	    !budget_is_stale(b, bpf_ktime_get_ns()))
		return false;
	b->waiting++;
	return true;
}

/* Did the frame come in by the device that marks come in by?  Then it was one.  It is sent on
 * behind what was sent after it: who sends many copies of one frame and then nothing for long
 * has its budget whole again. */
static __always_inline bool budget_take_mark(struct ctx *c, __u32 ifindex)
{
	__u32 zero = 0;
	struct settings *set = bpf_map_lookup_elem(&settings, &zero);
	struct budget *b = bpf_map_lookup_elem(&budget, &zero);

	if (!set || !b || ifindex != set->mark_ifindex)
		return false;
	b->waiting -= b->marked;
	b->marked = 0;
	if (b->waiting >= COPIES_MARKED)
		budget_mark(c, b);
	return true;
}

/* --- through the segmenting devices --- */

/* True: the wire frames of one more copy may be.  If they are more than may wait, they do so
 * alone. */
static __always_inline bool budget_take_segments(const struct __sk_buff *skb, struct budget *b)
{
	__u32 n = count_wire_frames(skb), waiting = budget_waiting(b);
	__u64 now = bpf_ktime_get_ns();

	if (waiting && waiting + n > COPIES_WAITING && !budget_is_stale(b, now))
		return false;
	b->segments += n;
	b->segments_at = now;
	return true;
}

/* A wire frame of the copy with this number has come out.  How many it would have was a guess in
 * part: so each copy begins where it was thought to begin, and its number is of its first. */
static __always_inline void budget_pass_segment(struct budget *b, __u32 number)
{
	if (number != b->current) {
		b->current = number;
		b->through = number - 1;
	}
	if (b->through != b->segments)
		b->through++;
}
