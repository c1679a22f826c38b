/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * What both directions of tunnels need: records by slot, memory for headers, and the
 * checksum over a packet.
 */
#include <bpf/bpf_endian.h>

#include "ctx.h"

enum {
	IPV4_TYPE = 0x0800,
	IPV6_TYPE = 0x86dd,
	IPV4_LEN = 20,
	IPV6_LEN = 40,
	OUTER_UDP = 17,
	OUTER_GRE = 47,
	GRE_TEB = 0x6558,
	GRE_ERSPAN = 0x88be, /* type I and II */
	GRE_ERSPAN3 = 0x22eb,
	GRE_HAS_CSUM = 0x8000,
	GRE_HAS_KEY = 0x2000,
	GRE_HAS_SEQ = 0x1000,
	ECN_MASK = 3,
	ECN_ECT0 = 2,
	ECN_CE = 3,
	TUNNEL_TAGS = 4, /* of one frame, written into its bytes */
	CSUM_CHUNK = 512, /* the most that bpf_csum_diff() takes */
	CSUM_CHUNKS = 65536 / CSUM_CHUNK,
};

/* A frame on its way into a tunnel, beside what its job says. */
struct tunnel_frame {
	__u32 len; /* tags included */
	__u32 tags_len;
	__u32 vid; /* of an 802.1Q tag that is outermost */
	bool has_vid;
	bool has_new_l2; /* its Ethernet header is made anew: the room is behind that, or tags are */
	__u16 type; /* behind the tags */
};

/* A packet that is sent in pieces. */
struct fragmentation {
	__u32 ifindex;
	__u32 len; /* behind the IP header, of all */
	__u32 size; /* of one, a multiple of eight */
	__u32 outcome;
};

/* Headers under construction or being read; not on the stack, for the same reason as `work`. */
struct tunnel_work {
	__u16 pad;
	__u8 head[TUNNEL_HEAD + ETHERNET_LEN + TUNNEL_TAGS * VLAN_LEN]; /* IP is aligned */
	__u8 l2[20]; /* of the frame inside */
	__u8 l3[12]; /* and the beginning of what it carries */
	__u8 chunk[CSUM_CHUNK];
	struct tunnel_frame frame;
	struct fragmentation fragments;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tunnel_work);
} tunnel_work BVS_MAP;

RECORD_GET(tunnel, tunnels)

/* As words, wherever they are: see read_be64().  len: a multiple of eight. */
static __always_inline void copy_words(void *to, const void *from, __u32 len)
{
	for (__u32 i = 0; i < len; i += 8)
		*(__u64 *)(to + i) = *(const __u64 *)(from + i);
}

static __always_inline void put_be16(__u8 *to, __u32 value)
{
	*(__be16 *)to = bpf_htons((__u16)value);
}

static __always_inline void put_be32(__u8 *to, __u32 value)
{
	*(__be32 *)to = bpf_htonl(value);
}

static __always_inline __u16 get_be16(const __u8 *from)
{
	return bpf_ntohs(*(const __be16 *)from);
}

static __always_inline __u32 get_be32(const __u8 *from)
{
	return bpf_ntohl(*(const __be32 *)from);
}

static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)((sum & 0xffff) + (sum >> 16));
}

/* Of an even number of bytes; as in memory, not folded. */
static __always_inline __u32 csum_words(const __u8 *from, __u32 len)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < len; i += 2) {
		__u16 word;

		__builtin_memcpy(&word, from + i, sizeof(word));
		sum += word;
	}
	return sum;
}

struct csum_walk {
	struct __sk_buff *skb;
	struct tunnel_work *w;
	__u32 at;
	__u32 end;
	__s64 sum;
};

static long csum_step(__u32 i, void *arg)
{
	struct csum_walk *walk = arg;
	__u32 len = walk->end - walk->at;

	if (walk->at >= walk->end)
		return 1;
	if (len >= CSUM_CHUNK)
		len = CSUM_CHUNK;
	else
		__builtin_memset(walk->w->chunk, 0, CSUM_CHUNK);
	/* From 1 to CSUM_CHUNK, in a way that the verifier of Linux 6.1 sees. */
	len = ((len - 1) & (CSUM_CHUNK - 1)) + 1;
	if (bpf_skb_load_bytes(walk->skb, walk->at, walk->w->chunk, len)) {
		walk->sum = -1;
		return 1;
	}
	walk->sum = bpf_csum_diff(NULL, 0, (__be32 *)walk->w->chunk, CSUM_CHUNK, walk->sum);
	walk->at += len;
	return walk->sum < 0;
}

/* The one's complement sum of the packet's bytes from `at` on, up to `end`, as in memory;
 * negative: the packet ends before.  Like other functions here it is not static so that the
 * verifier looks at it once, and not after each way to get to it. */
__attribute__((weak)) __noinline int csum_packet(struct __sk_buff *skb, __u32 at, __u32 end)
{
	struct csum_walk walk = { .skb = skb, .at = at, .end = end };
	__u32 zero = 0;

	walk.w = bpf_map_lookup_elem(&tunnel_work, &zero);
	if (!walk.w)
		return -1;
	bpf_loop(CSUM_CHUNKS, csum_step, &walk, 0);
	return walk.sum < 0 ? -1 : csum_fold((__u64)walk.sum);
}
