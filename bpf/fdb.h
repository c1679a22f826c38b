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

static __always_inline struct fdb_count *fdb_count_of(const struct ctx *c)
{
	__u32 bridge = c->in->bridge;

	return bpf_map_lookup_elem(&fdb_count, &bridge);
}

/* One entry more than the bridge may have is learned all the same, as the newest address is
 * worth more than the one that was silent longest, which userspace then takes out. */
static __always_inline void fdb_insert(const struct ctx *c, const struct fdb_key *key, __u64 port,
				       __u64 now)
{
	struct fdb_value value = { .port = port, .seen = now };
	struct fdb_count *count = fdb_count_of(c);
	__u32 bridge = key->bridge;

	if (!count || count->entries >= c->bridge->fdb_room)
		return;
	if (bpf_map_update_elem(&fdb, key, &value, BPF_NOEXIST))
		return;
	EXPLAIN(EXPLAIN_LEARNS, 0, 0);
	__sync_fetch_and_add(&count->learned, 1);
	if (__sync_fetch_and_add(&count->entries, 1) == c->bridge->fdb_max)
		bpf_ringbuf_output(&signals, &bridge, sizeof(bridge), 0);
}

/* Is this the word of a port as it is now?  Otherwise the entry counts for nothing. */
static __always_inline bool fdb_is_current(const struct ctx *c, __u64 word)
{
	const struct port_config *port = port_get((__u32)word, c->w->version);

	return port && port->generation == word >> 32 && port->bridge == c->in->bridge;
}

static __always_inline void fdb_move(const struct ctx *c, struct fdb_value *value, __u64 port,
				     __u64 now)
{
	bool is_current = fdb_is_current(c, value->port);
	struct fdb_count *count = fdb_count_of(c);

	if (is_current && value->seen >= FDB_STATIC)
		return;
	EXPLAIN(is_current ? EXPLAIN_MOVES : EXPLAIN_LEARNS, (__u32)value->port, 0);
	*(volatile __u64 *)&value->seen = now;
	*(volatile __u64 *)&value->port = port;
	if (count)
		__sync_fetch_and_add(is_current ? &count->moved : &count->learned, 1);
}

static __always_inline void fdb_learn(const struct ctx *c)
{
	__u64 port = fdb_port_word(c->w->in_slot, c->in);
	__u64 now = bpf_jiffies64();
	struct fdb_value *value;
	struct fdb_key key __attribute__((aligned(8)));

	fdb_key_of(c, c->w->pkt.src, &key);
	value = bpf_map_lookup_elem(&fdb, &key);
	if (unlikely(!value))
		fdb_insert(c, &key, port, now);
	else if (unlikely(value->port != port))
		fdb_move(c, value, port, now);
	/* Signed: a static entry is seen in the future. */
	else if ((__s64)(now - value->seen) > (__s64)fdb_granularity(c->bridge))
		*(volatile __u64 *)&value->seen = now;
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
	/* Another processor's later "now" gives a negative age, as a static entry has. */
	if ((__s64)age > (__s64)(c->bridge->ageing + fdb_granularity(c->bridge)))
		return false;
	slot = (__u32)word;
	port = port_get(slot, c->w->version);
	/* The comparison with the VLAN also covers an element that was recycled meanwhile. */
	if (!port || port->generation != word >> 32 || port->bridge != c->in->bridge ||
	    !vlan_is_fed(port, tag_vid(c->w->vlan.outer)))
		return false;
	c->out = port;
	c->w->out_slot = slot;
	return true;
}
