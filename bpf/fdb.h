/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Learned addresses.  A frame that tells nothing new writes nothing: `seen` is refreshed
 * only when it is a 64th of the ageing time old, and ageing waits that much longer, so an
 * address that keeps talking is never lost early.
 */
#include "ctx.h"

static __always_inline __u64 fdb_granularity(const struct bridge_config *bridge)
{
	return bridge->ageing / 64;
}

static __always_inline __u64 fdb_port_word(__u32 slot, const struct port_config *port)
{
	return (__u64)port->generation << 32 | slot;
}

/* Written in one go: the look-up reads words, and would wait for bytes to be put together. */
static __always_inline void fdb_key_of(const struct ctx *c, __u64 mac, struct fdb_key *ret)
{
	__u64 word = mac << 16;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	word = __builtin_bswap64(word) | (__u64)tag_vid(c->w->vlan.outer) << 48;
#else
	word |= tag_vid(c->w->vlan.outer);
#endif
	*(__u64 *)ret = word; /* mac, vlan */
	ret->bridge = c->in->bridge;
}

/* At the bridge's limit a new address is not learned: it stays unknown, and floods. */
static __always_inline void fdb_insert(const struct ctx *c, const struct fdb_key *key, __u64 port,
				       __u64 now)
{
	struct fdb_value value = { .port = port, .seen = now };
	__u32 bridge = key->bridge;
	__u64 *count = bpf_map_lookup_elem(&fdb_count, &bridge);

	if (!count || *count >= c->bridge->fdb_max)
		return;
	if (bpf_map_update_elem(&fdb, key, &value, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void fdb_learn(const struct ctx *c)
{
	__u64 port = fdb_port_word(c->w->in_slot, c->in);
	__u64 now = bpf_jiffies64();
	struct fdb_value *value;
	struct fdb_key key __attribute__((aligned(8)));

	fdb_key_of(c, c->w->pkt.src, &key);
	value = bpf_map_lookup_elem(&fdb, &key);
	if (unlikely(!value)) {
		fdb_insert(c, &key, port, now);
		return;
	}
	if (unlikely(value->port != port)) {
		*(volatile __u64 *)&value->seen = now;
		*(volatile __u64 *)&value->port = port;
	} else if (now - value->seen > fdb_granularity(c->bridge)) {
		*(volatile __u64 *)&value->seen = now;
	}
}

/* Where the destination is: sets c->out and c->w->out_slot if that is known. */
static __always_inline bool fdb_lookup(struct ctx *c)
{
	const struct port_config *port;
	struct fdb_value *value;
	struct fdb_key key __attribute__((aligned(8)));
	__u64 word, age;
	__u32 slot;

	fdb_key_of(c, c->w->pkt.dst, &key);
	value = bpf_map_lookup_elem(&fdb, &key);
	if (!value)
		return false;
	word = *(volatile __u64 *)&value->port;
	age = bpf_jiffies64() - *(volatile __u64 *)&value->seen;
	/* Another processor's later "now" gives a negative age. */
	if ((__s64)age > (__s64)(c->bridge->ageing + fdb_granularity(c->bridge)))
		return false;
	slot = (__u32)word;
	port = port_get(slot, c->w->version);
	/* The comparison with the VLAN also covers an element that was recycled meanwhile. */
	if (!port || port->generation != word >> 32 || port->bridge != c->in->bridge ||
	    !vlan_is_carried(port, tag_vid(c->w->vlan.outer)))
		return false;
	c->out = port;
	c->w->out_slot = slot;
	return true;
}
