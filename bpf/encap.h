/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Into a tunnel: the port's header, filled in from the frame, goes before a clone of it on
 * the re-entry device, and the whole to the underlay's device.  The frame's tags go inside.
 */
#include "cut.h"
#include "fragment.h"
#include "segment.h"

/* One frame on its way in; its values are in the work's memory. */
struct encap {
	struct __sk_buff *skb;
	struct reentry_job *job;
	struct tunnel_work *w;
	const struct tunnel_config *t;
	__u32 gso_size;
};

/* Most are GRE's over IPv4, of at most 50 bytes. */
static __always_inline void encap_template(const struct encap *e)
{
	enum { MOST = 56 };

	copy_words(e->w->head, e->t->head, MOST);
	if (unlikely(e->t->head_len > MOST))
		copy_words(e->w->head + MOST, e->t->head + MOST, TUNNEL_HEAD - MOST);
}

/* Where the tags go in w->head: behind the addresses. */
static __always_inline __u8 *encap_l2(const struct encap *e, __u32 at)
{
	__u32 off = e->t->head_len + at;

	barrier_var(off);
	if (off > sizeof(e->w->head) - 16)
		off = sizeof(e->w->head) - 16; /* never: for the verifier */
	return e->w->head + off;
}

/* Takes the tags out of the metadata, outermost first; what lies under one in the bytes moves
 * up into the metadata.  -1: too many, or no memory. */
static __always_inline int encap_tags(struct encap *e)
{
	struct __sk_buff *skb = e->skb;

	for (int i = 0; i < TUNNEL_TAGS && skb->vlan_present; i++) {
		__u16 tpid = bpf_ntohs((__u16)skb->vlan_proto), tci = (__u16)skb->vlan_tci;
		__u8 *to = encap_l2(e, 12 + i * VLAN_LEN);

		put_be16(to, tpid);
		put_be16(to + 2, tci);
		if (i == 0 && tpid == TPID_8021Q) {
			e->w->frame.has_vid = true;
			e->w->frame.vid = tci & TCI_VID;
		}
		e->w->frame.tags_len += VLAN_LEN;
		if (bpf_skb_vlan_pop(skb))
			return -1;
	}
	return skb->vlan_present ? -1 : 0;
}

/* The frame's first bytes, into the work's memory; what is not there is 0. */
static __always_inline int encap_load(struct encap *e)
{
	const __u8 *p = (const void *)(long)e->skb->data;
	struct tunnel_work *w = e->w;

	if (likely(p + ETHERNET_LEN + sizeof(w->l3) <= (const __u8 *)(long)e->skb->data_end)) {
		copy_words(w->l2, p, 16);
		copy_words(w->l3, p + ETHERNET_LEN, 8);
		*(__u32 *)(w->l3 + 8) = *(const __u32 *)(p + ETHERNET_LEN + 8);
		return 0;
	}
	if (bpf_skb_load_bytes(e->skb, 0, w->l2, ETHERNET_LEN))
		return -1;
	if (bpf_skb_load_bytes(e->skb, ETHERNET_LEN, w->l3, sizeof(w->l3)))
		__builtin_memset(w->l3, 0, sizeof(w->l3));
	return 0;
}

/* Is the room made behind the Ethernet header, which stays in front, by bpf_skb_adjust_room()?
 * What is to be segmented must be known to the kernel as a packet in a tunnel, and so should be
 * IPv6, whose protocol the skb would tell of the outer packet otherwise; for the rest that is
 * dearer, and not to be had for what is no IP. */
static __always_inline bool encap_grows_inside(const struct encap *e)
{
	return e->gso_size || e->w->frame.type == IPV6_TYPE;
}

/* The Ethernet header goes before the tags that came out of the metadata. */
static __always_inline void encap_addresses(struct encap *e)
{
	__u8 *to = encap_l2(e, 0), *type = encap_l2(e, 12 + e->w->frame.tags_len);

	copy_words(to, e->w->l2, 8);
	*(__u32 *)(to + 8) = *(const __u32 *)(e->w->l2 + 8);
	*(__u16 *)type = *(const __u16 *)(e->w->l2 + 12);
}

/* Reads what the header depends on. */
static __always_inline int encap_read(struct encap *e)
{
	struct tunnel_work *w = e->w;

	w->frame.vid = 0;
	w->frame.has_vid = false;
	w->frame.tags_len = 0;
	if (encap_tags(e) || encap_load(e))
		return -1;
	e->w->frame.type = get_be16(w->l2 + 12);
	e->w->frame.has_new_l2 = e->w->frame.tags_len || encap_grows_inside(e);
	if (e->w->frame.has_new_l2)
		encap_addresses(e);
	/* A frame's tag may be in its bytes: in test runs. */
	if (!e->w->frame.has_vid && !e->w->frame.tags_len && e->w->frame.type == TPID_8021Q) {
		e->w->frame.has_vid = true;
		e->w->frame.vid = get_be16(w->l3) & TCI_VID;
	}
	e->w->frame.len = e->skb->len + e->w->frame.tags_len;
	return 0;
}

static __always_inline __u8 encap_inner_tos(const struct encap *e)
{
	const __u8 *l3 = e->w->l3;

	if (e->w->frame.type == IPV4_TYPE)
		return l3[1];
	return e->w->frame.type == IPV6_TYPE ? (__u8)(l3[0] << 4 | l3[1] >> 4) : 0;
}

/* RFC 6040: "congested" is the inner packet's own news. */
static __always_inline __u8 encap_tos(const struct encap *e, __u8 configured)
{
	__u8 inner = encap_inner_tos(e), ecn = inner & ECN_MASK;
	__u8 tos = e->t->flags & TUNNEL_TOS_INHERIT ? inner : configured;

	return (tos & ~ECN_MASK) | (ecn == ECN_CE ? ECN_ECT0 : ecn);
}

static __always_inline __u8 encap_ttl(const struct encap *e, __u8 configured)
{
	if (e->t->flags & TUNNEL_TTL_INHERIT) {
		if (e->w->frame.type == IPV4_TYPE)
			return e->w->l3[8];
		if (e->w->frame.type == IPV6_TYPE)
			return e->w->l3[7];
	}
	return configured;
}

static __always_inline void encap_ipv4(struct encap *e, __u32 len)
{
	__u8 *ip = e->w->head + ETHERNET_LEN;
	__u64 sum = 0;

	ip[1] = encap_tos(e, ip[1]);
	put_be16(ip + 2, len < 65536 ? len : 65535); /* of a frame to be segmented: whatever */
	if (!(e->t->flags & TUNNEL_DF))
		put_be16(ip + 4, bpf_get_prandom_u32());
	ip[8] = encap_ttl(e, ip[8]);
	for (int i = 0; i < IPV4_LEN; i += 4)
		sum += *(const __u32 *)(ip + i);
	*(__u16 *)(ip + 10) = ~csum_fold(sum);
}

static __always_inline void encap_ipv6(struct encap *e, __u32 len)
{
	__u8 *ip = e->w->head + ETHERNET_LEN;
	__u8 tos = encap_tos(e, (__u8)(ip[0] << 4 | ip[1] >> 4));

	ip[0] = 0x60 | tos >> 4;
	ip[1] = (__u8)(tos << 4 | (ip[1] & 15));
	len -= IPV6_LEN;
	put_be16(ip + 4, len < 65536 ? len : 65535);
	ip[7] = encap_ttl(e, ip[7]);
}

enum { ERSPAN_SHORT = 60, ERSPAN_LONG = 1514, ERSPAN_TICK_NS = 100000 };
enum { SECOND_NS = 1000000000, SUBHEADER = 1 /* of the 12th byte: one follows */ };

/* Of the head, which ends with the subheader, if there is one. */
static __always_inline __u32 encap_platform(const __u8 *erspan)
{
	return erspan[11] & SUBHEADER ? erspan[12] >> 2 : PLATFORM_NONE;
}

static __always_inline void encap_time(__u8 *erspan)
{
	__u64 now = bpf_ktime_get_tai_ns();

	if (encap_platform(erspan) != PLATFORM_1588) {
		put_be32(erspan + 4, (__u32)(now / ERSPAN_TICK_NS));
		return;
	}
	put_be32(erspan + 4, (__u32)(now % SECOND_NS));
	put_be32(erspan + 16, (__u32)(now / SECOND_NS));
}

/* ERSPAN's fields as the frame was met: see sight().  The number of the port is of 16 bits. */
static __always_inline void encap_metadata(struct encap *e, __u8 *erspan)
{
	const struct reentry_job *job = e->job;
	const struct port_config *port = port_get(job->sighting.port & SIGHTING_SLOT, job->version);
	__u32 word = get_be32(erspan), number = port ? port->ofport : 0;

	word |= job->sighting.word | (job->is_cut ? 1 << 10 : 0);
	if (word >> 28 == 1) {
		word &= ~(3u << 11);
		if (job->sighting.port & SIGHTING_TAGGED)
			word |= (e->w->frame.tags_len ? 3 : 2) << 11; /* it still is, or was */
		put_be32(erspan + 4, number);
	} else {
		encap_time(erspan);
		erspan[11] |= job->sighting.port & SIGHTING_EGRESS ? 8 : 0;
		if (encap_platform(erspan) == PLATFORM_PORT)
			put_be32(erspan + 16, number);
		else if (encap_platform(erspan) == PLATFORM_1588)
			put_be16(erspan + 14, number);
	}
	put_be32(erspan, word);
}

/* What ERSPAN says of the frame.  Its class of service is what a bridge of the kernel puts
 * there: the precedence bits of the second byte behind the Ethernet header. */
static __always_inline void encap_erspan(struct encap *e)
{
	__u32 at = e->t->erspan_at, word, bits = 0;
	__u8 *to;

	barrier_var(at);
	if (!at || at > TUNNEL_HEAD - 12)
		return;
	to = e->w->head + at;
	if (e->t->flags & TUNNEL_METADATA) {
		encap_metadata(e, to);
		return;
	}
	word = get_be32(to);
	word |= e->w->frame.vid << 16 | (__u32)(e->w->l3[1] >> 5) << 13 |
		(e->job->is_cut ? 1 << 10 : 0);
	if (word >> 28 == 1) {
		bits = e->w->frame.has_vid ? 3 : 0;
	} else {
		bits = e->w->frame.len < ERSPAN_SHORT ? 1 : e->w->frame.len > ERSPAN_LONG ? 2 : 0;
		put_be32(to + 4, (__u32)(bpf_ktime_get_tai_ns() / ERSPAN_TICK_NS));
	}
	put_be32(to, word | bits << 11);
}

/* Behind IP.  GRE's checksum is made when the packet is complete. */
static __always_inline void encap_l4(struct encap *e, __u32 len)
{
	__u32 at = e->t->gre_at, slot = e->job->port, *seq;
	__u8 *l4;

	barrier_var(at);
	if (at < ETHERNET_LEN + IPV4_LEN || at > ETHERNET_LEN + IPV6_LEN)
		return;
	l4 = e->w->head + at;
	if (e->t->match.kind == TUNNEL_VXLAN) {
		/* As the kernel chooses it, so that a flow takes one way. */
		put_be16(l4, 32768 + bpf_get_hash_recalc(e->skb) % 28233);
		put_be16(l4 + 4, len);
		return;
	}
	if (!(e->t->flags & TUNNEL_SEQ))
		return;
	seq = bpf_map_lookup_elem(&tunnel_seq, &slot);
	l4 += 4 + (e->t->flags & TUNNEL_CSUM ? 4 : 0) + (l4[0] & GRE_HAS_KEY >> 8 ? 4 : 0);
	if (seq)
		put_be32(l4, __sync_fetch_and_add(seq, 1));
}

static __always_inline __u64 encap_room_flags(const struct encap *e)
{
	__u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |
		      BPF_F_ADJ_ROOM_ENCAP_L2((__u64)(ETHERNET_LEN + e->w->frame.tags_len));

	flags |= e->t->flags & TUNNEL_IPV6 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV6
					   : BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;
	return flags | (e->t->match.kind == TUNNEL_VXLAN ? BPF_F_ADJ_ROOM_ENCAP_L4_UDP
							 : BPF_F_ADJ_ROOM_ENCAP_L4_GRE);
}

/* Room for the header and the tags. */
static __always_inline int encap_grow(const struct encap *e)
{
	__u32 room = e->t->head_len + e->w->frame.tags_len;

	if (encap_grows_inside(e)) {
		if (!bpf_skb_adjust_room(e->skb, room, BPF_ADJ_ROOM_MAC, encap_room_flags(e)))
			return 0;
		if (e->gso_size)
			return -1;
	}
	return bpf_skb_change_head(e->skb, room, 0);
}

/* Of UDP's pseudo header; the length is in the packet already. */
static __always_inline __u32 encap_pseudo(const struct encap *e, __u32 len)
{
	const __u8 *ip = e->w->head + ETHERNET_LEN;

	return csum_fold((__u64)(e->t->flags & TUNNEL_IPV6 ? csum_words(ip + 8, 32)
							   : csum_words(ip + 12, 8)) +
			 bpf_htons(OUTER_UDP) + bpf_htons((__u16)len));
}

static __always_inline int encap_csum(const struct encap *e)
{
	bool is_udp = e->t->match.kind == TUNNEL_VXLAN;
	__u32 at = e->t->gre_at, len = e->skb->len - at;
	int sum = csum_packet(e->skb, at, e->skb->len);
	__u16 field;

	if (sum < 0)
		return -1;
	field = ~csum_fold((__u64)sum + (is_udp ? encap_pseudo(e, len) : 0));
	/* With UDP 0 would say that there is none. */
	if (is_udp && !field)
		field = 0xffff;
	return bpf_skb_store_bytes(e->skb, at + (is_udp ? 6 : 4), &field, sizeof(field), 0) ? -1
											    : 0;
}

/* Makes the packet. */
static __always_inline int encap_wrap(struct encap *e)
{
	const struct tunnel_config *t = e->t;
	struct tunnel_work *w = e->w;
	__u32 len = t->head_len + w->frame.len, rest;

	if (t->flags & TUNNEL_IPV6)
		encap_ipv6(e, len - ETHERNET_LEN);
	else
		encap_ipv4(e, len - ETHERNET_LEN);
	encap_l4(e, len - t->gre_at);
	encap_erspan(e);
	if (encap_grow(e))
		return -1;
	/* One less, so that the verifier of Linux 6.1 sees that it is not 0. */
	rest = t->head_len - 1;
	if (w->frame.has_new_l2)
		rest += ETHERNET_LEN + w->frame.tags_len;
	barrier_var(rest);
	if (rest >= sizeof(w->head))
		return -1;
	return bpf_skb_store_bytes(e->skb, 0, w->head, rest + 1, 0);
}

/* The longest frame that one packet carries. */
static __always_inline __u32 encap_room(const struct encap *e)
{
	return e->t->mtu + ETHERNET_LEN - e->t->head_len;
}

enum { SEGMENT_HEADERS = ETHERNET_LEN + 2 * VLAN_LEN + 60 + 60 };

/* Must the kernel finish the frame first?  No sum can be made of what has to be segmented, or
 * has a checksum inside that is yet to be made. */
static __always_inline bool encap_needs_wire(const struct encap *e)
{
	const struct reentry_job *job = e->job;
	__u32 len = e->skb->len + (e->skb->vlan_present ? VLAN_LEN : 0);

	if (job->is_wire)
		return false;
	if (e->t->flags & TUNNEL_CSUM && !is_wire_frame(e->skb))
		return true;
	if (!e->gso_size)
		return job->too_long == TOO_LONG_FRAGMENT && len > encap_room(e);
	return e->t->flags & TUNNEL_WIRE_FRAMES ||
	       (job->too_long != TOO_LONG_DROP && e->gso_size + SEGMENT_HEADERS > encap_room(e));
}

/* After encap_read(): the tags are out of the skb. */
static __always_inline int encap_cut(struct encap *e)
{
	struct tunnel_frame *f = &e->w->frame;

	if (cut(e->skb, encap_room(e) - f->tags_len))
		return -1;
	f->len = e->skb->len + f->tags_len;
	e->job->is_cut = true;
	return f->len <= encap_room(e) ? 0 : -1;
}

/* Which of both it is for a frame of the switch's own traffic. */
static __always_inline __u32 encap_too_long(const struct encap *e, __u32 asked)
{
	if (asked != TOO_LONG_DEFAULT)
		return asked;
	return e->t->flags & TUNNEL_DF ? TOO_LONG_DROP : TOO_LONG_FRAGMENT;
}

/* Makes the packet, and sends it if it must be asked what becomes of it.  Returns enum outcome;
 * SENT with *ret_leaves_by: it has yet to be redirected there. */
static __always_inline __u32 encap_send(struct encap *e, __u32 *ret_leaves_by)
{
	struct tunnel_frame *f = &e->w->frame;
	struct reentry_job *job = e->job;
	struct __sk_buff *skb = e->skb;
	bool is_long = false;

	encap_template(e);
	if (encap_read(e))
		return OUTCOME_CLONE;
	if (!e->gso_size && f->len > encap_room(e)) {
		if (job->too_long == TOO_LONG_DROP)
			return OUTCOME_MTU;
		is_long = job->too_long == TOO_LONG_FRAGMENT;
		if (!is_long && encap_cut(e))
			return OUTCOME_MTU;
	}
	if (encap_wrap(e))
		return OUTCOME_CLONE;
	if (e->t->flags & TUNNEL_CSUM && encap_csum(e))
		return OUTCOME_CLONE;
	if (e->t->flags & TUNNEL_MARKED)
		skb->mark = tunnel_mark(e->t->ifindex);
	if (is_long)
		return (__u32)fragment_send(skb, job, e->w, e->t);
	if (must_ask(job->has_account, job->is_up))
		return outcome_of(bpf_clone_redirect(skb, e->t->ifindex, 0), job->is_up);
	*ret_leaves_by = e->t->ifindex;
	return OUTCOME_SENT;
}

/* Sends the clone, which may be cut already, as the job says, and answers it.  Returns the device
 * that the finished packet has yet to be redirected to; 0: none, it has been seen to. */
__noinline int tunnel_send(struct __sk_buff *skb, struct reentry_job *job)
{
	__u32 zero = 0, leaves_by = 0, outcome;
	struct encap e = { .skb = skb, .job = job, .gso_size = skb->gso_size };

	if (!job)
		return 0;
	job->outcome = OUTCOME_CLONE;
	e.w = bpf_map_lookup_elem(&tunnel_work, &zero);
	e.t = tunnel_get(job->port, job->version);
	if (!e.w || !e.t)
		return 0;
	if (!e.t->ifindex) {
		job->outcome = OUTCOME_NO_TARGET;
		return 0;
	}
	job->too_long = encap_too_long(&e, job->too_long);
	if (encap_needs_wire(&e)) {
		job->outcome = segment_send(skb, job, 0);
		return 0;
	}
	outcome = encap_send(&e, &leaves_by);
	if (outcome == OUTCOME_SENT) {
		count_tx(job->port, e.w->frame.len);
		if (job->is_cut)
			outcome = OUTCOME_TRUNCATED;
	}
	job->outcome = outcome;
	return (int)leaves_by;
}
