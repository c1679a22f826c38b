/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bpf/forward.h and all that it stands on, compiled natively: the maps are arrays, and what
 * the programs would hand to the kernel is written down.  One version of the configuration,
 * ports with ifindex == slot, no segmentation.  For one test program each: it defines.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The kernel's helpers, under their names; libbpf's header stays out. */
#define __BPF_HELPERS__
#define SEC(name)
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define __noinline __attribute__((noinline))
#define __weak __attribute__((weak))
#define barrier_var(var) asm volatile("" : "+r"(var))
static void *bpf_map_lookup_elem(const void *map, const void *key);
static long bpf_map_update_elem(void *map, const void *key, const void *value, uint64_t flags);
static long bpf_loop(uint32_t n, long (*step)(uint32_t, void *), void *arg, uint64_t flags);
struct __sk_buff;
static long bpf_clone_redirect(struct __sk_buff *skb, uint32_t ifindex, uint64_t flags);
static long bpf_redirect(uint32_t ifindex, uint64_t flags);

static inline uint64_t bpf_jiffies64(void)
{
	return 1000;
}
static inline uint64_t bpf_ktime_get_ns(void)
{
	return 0;
}
static inline long bpf_ringbuf_output(void *ring, void *data, uint64_t size, uint64_t flags)
{
	(void)ring, (void)data, (void)size, (void)flags;
	return 0;
}
static inline long bpf_skb_vlan_push(void *skb, uint16_t type, uint16_t tci)
{
	(void)skb, (void)type, (void)tci;
	return 0;
}
static inline long bpf_skb_vlan_pop(void *skb)
{
	(void)skb;
	return 0;
}
static inline long bpf_skb_load_bytes(void *skb, uint32_t at, void *to, uint32_t len)
{
	(void)skb, (void)at, (void)to, (void)len;
	return -1;
}
static inline long bpf_check_mtu(void *skb, uint32_t ifindex, uint32_t *mtu, int diff,
				 uint64_t flags)
{
	(void)skb, (void)ifindex, (void)mtu, (void)diff, (void)flags;
	return 0;
}
/* Every checksum is there, and verified. */
static inline long bpf_csum_level(void *skb, uint64_t level)
{
	(void)skb, (void)level;
	return 0;
}
static inline long bpf_csum_update(void *skb, uint32_t sum)
{
	(void)skb, (void)sum;
	return -1;
}
static inline long bpf_skb_change_type(void *skb, uint32_t type)
{
	(void)skb, (void)type;
	return 0;
}
static inline long bpf_redirect_peer(uint32_t ifindex, uint64_t flags)
{
	return bpf_redirect(ifindex, flags);
}

#include <bpf/bpf_endian.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

/* Headers for clang and the kernel's machine are not asked for more than their own warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include "forward.h"
#pragma GCC diagnostic pop

enum { PATH_SLOTS = 16, PATH_REENTRY = 99, PATH_SENT_MAX = 512 };

/* What was handed to the kernel. */
struct path_sent {
	uint32_t slot;
	struct vlan_form form;
	uint32_t snaplen; /* 0: whole */
};

static struct path {
	struct port_entry ports[PATH_SLOTS];
	struct bridge_entry bridge;
	struct mirror_entry mirrors[PATH_SLOTS];
	struct head_entry mirror_of_bit[PATH_SLOTS];
	struct head_entry access_heads[4096];
	struct vlan_set sets[PATH_SLOTS];
	struct mirror_stats mirror_stats[PATH_SLOTS];
	struct port_stats port_stats;
	struct fdb_value known; /* where `known_mac` is */
	uint64_t known_mac; /* 0: nowhere */
	struct fdb_count fdb_count;
	struct settings settings;
	struct reentry_job job;
	struct work work;
	struct path_sent sent[PATH_SENT_MAX];
	unsigned int n_sent;
} path;

static void *path_element(void *array, size_t size, uint32_t key, uint32_t n)
{
	return key < n ? (char *)array + size * key : NULL;
}

static void *path_fdb(const struct fdb_key *key)
{
	return path.known_mac && read_be64(key) >> 16 == path.known_mac ? &path.known : NULL;
}

static __noinline void *bpf_map_lookup_elem(const void *map, const void *key_)
{
	const uint32_t *key = key_;

#define ELEMENT(ARRAY, KEY) \
	path_element(ARRAY, sizeof((ARRAY)[0]), KEY, sizeof(ARRAY) / sizeof((ARRAY)[0]))
	if (map == &ports)
		return ELEMENT(path.ports, *key);
	if (map == &mirrors)
		return ELEMENT(path.mirrors, *key);
	if (map == &mirror_stats)
		return ELEMENT(path.mirror_stats, *key);
	if (map == &mirror_of_bit)
		return ELEMENT(path.mirror_of_bit, *key - MIRRORS_PER_BRIDGE);
	if (map == &vlan_sets)
		return ELEMENT(path.sets, *key);
	if (map == &access_head)
		return ELEMENT(path.access_heads, ((const struct access_key *)key_)->vlan);
#undef ELEMENT
	if (map == &fdb)
		return path_fdb(key_);
	return map == &bridges	    ? (void *)&path.bridge
	       : map == &port_stats ? (void *)&path.port_stats
	       : map == &fdb_count  ? (void *)&path.fdb_count
	       : map == &settings   ? (void *)&path.settings
	       : map == &scratch    ? (void *)&path.job
	       : map == &work	    ? (void *)&path.work
				    : NULL;
}

static long bpf_map_update_elem(void *map, const void *key, const void *value, uint64_t flags)
{
	(void)map, (void)key, (void)value, (void)flags;
	return 0; /* the table stays as the test made it */
}

static long bpf_loop(uint32_t n, long (*step)(uint32_t, void *), void *arg, uint64_t flags)
{
	(void)flags;
	for (uint32_t i = 0; i < n && !step(i, arg); i++)
		;
	return 0;
}

static void path_note(uint32_t slot, uint32_t snaplen)
{
	if (path.n_sent < PATH_SENT_MAX)
		path.sent[path.n_sent++] = (struct path_sent){ slot, path.work.worn, snaplen };
}

static long bpf_clone_redirect(struct __sk_buff *skb, uint32_t ifindex, uint64_t flags)
{
	(void)skb, (void)flags;
	if (ifindex != PATH_REENTRY) {
		path_note(ifindex, 0);
		return 0;
	}
	path_note(path.job.ifindex, path.job.snaplen);
	path.job.is_valid = 0;
	path.job.outcome = OUTCOME_TRUNCATED;
	return 0;
}

static long bpf_redirect(uint32_t ifindex, uint64_t flags)
{
	(void)flags;
	path_note(ifindex, 0);
	return TC_ACT_REDIRECT;
}

/* A frame comes in: its addresses, tags, and length with them. */
static void path_run(uint32_t slot, uint64_t dst, struct vlan_form form, uint32_t len)
{
	static struct __sk_buff skb;
	struct ctx c = { .skb = &skb };

	path.n_sent = 0;
	path.settings.reentry_ifindex = PATH_REENTRY;
	path.fdb_count = (struct fdb_count){ 0 };
	if (!begin(&c, 0, 0))
		return;
	if (use_port(&c, slot)) {
		c.w->gso_size = 0;
		c.w->pkt = (struct pkt){ .dst = dst,
					 .src = 0x020000000001,
					 .form = form,
					 .rest_len = len - form_len(&form),
					 .rest_type = 0x88b5 };
		c.w->worn = form;
		forward(&c);
	}
	end(&c);
}
