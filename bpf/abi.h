/* SPDX-License-Identifier: Apache-2.0 OR BSD-2-Clause OR GPL-2.0-only */
#pragma once
/*
 * What the packet programs and userspace/datapath share: the shapes of the maps'
 * keys and values.  Nothing else of bpf/ may be included by userspace, and a changed
 * layout needs a new ABI_VERSION.
 *
 * Configuration changes all at once.  Every configuration value holds two versions,
 * v[0] and v[1]; a program reads the map `epoch` once, at a packet's first instruction,
 * and looks only at v[epoch & 1] from then on.  Userspace writes the other version of
 * everything that changed (rewriting the version in use with the same bytes, which a
 * reader cannot notice), stores the new epoch, and waits for an RCU grace period before
 * it touches the version that was in use.  So each packet meets the old configuration
 * or the new one, never a mixture, whatever a change consists of.
 * The hash maps `port_of_ifindex`, `access_head` and `tunnel_head` may give a wrong slot in the few
 * instructions while userspace recycles an element: the port's own record tells
 * (ifindex, bridge, tag, addresses) and the reader must compare.
 * vlan_sets and filters are immutable: written before the first reference, reused after the
 * last.
 *
 * All numbers in host byte order unless a name ends in _be.  Slot 0 means "none".
 */
#ifdef __bpf__
#include <linux/types.h>
#else
#include <assert.h>
#include <linux/types.h>
#endif

#define ABI_VERSION 8

enum {
	PORT_SLOTS = 8192,
	BRIDGE_SLOTS = 256,
	MIRROR_SLOTS = 2048,
	MIRRORS_PER_BRIDGE = 256, /* bits in the mirror bitmaps */
	MIRROR_WORDS = MIRRORS_PER_BRIDGE / 64,
	VLAN_SETS = 1024,
	VLAN_SET_ALL = 0, /* the set number that means every VLAN: never looked up */
	FILTER_INSNS = 1 << 16,
	FILTER_MAX = 4096, /* instructions of one filter */
	FDB_ENTRIES = 1 << 20,
	SLOT_RECORDS = 16384,
};

/* map epoch: ARRAY[1] of __u32, written by userspace only. */

/* map settings: ARRAY[1].  Written by userspace before any program is attached. */
struct settings {
	__u32 abi_version;
	__u32 reentry_ifindex; /* the device whose egress program cuts and encapsulates */
	__u32 next_generation; /* userspace's: generations are never used twice */
	__u32 mark_ifindex; /* its other end: see budget.h */
	/* The device by which the kernel cuts frames into segments and completes checksums on
	 * their way to bvs_segment; 0: nothing needs that. */
	__u32 segment_ifindex;
};

/* --- ports: ARRAY[PORT_SLOTS] --- */
enum port_flag {
	/* Up, with carrier, by the latest news: names the reason of a loss.  The one thing that
	 * is written in place, in both versions, as the news arrives. */
	PORT_UP = 1 << 0,
	PORT_RESERVED = 1 << 1, /* a mirror's output port: takes part in nothing else */
	PORT_PEER = 1 << 2, /* its veth peer is in another namespace and peer_mac is current */
	PORT_MIRRORED_IN = 1 << 3, /* src_mirrors is not empty */
	PORT_MIRRORED_OUT = 1 << 4, /* dst_mirrors is not empty */
	PORT_PROTECTED = 1 << 5,
	PORT_LOCAL = 1 << 6, /* the bridge's own port */
	PORT_TUNNEL = 1 << 7, /* no device: frames leave as the slot's tunnel_config says, which
			       * knows the way; mtu is the longest frame, Ethernet and tags included */
	PORT_QUEUED = 1 << 8, /* what is sent there waits in the processor's backlog: a veth */
	PORT_METADATA = 1 << 9, /* with PORT_TUNNEL: its packets tell where the frame was met */
};

/* Port.vlan_mode, the default resolved (facts: a port with tag and no mode is access). */
enum vlan_mode {
	VLAN_TRUNK,
	VLAN_ACCESS,
	VLAN_NATIVE_TAGGED,
	VLAN_NATIVE_UNTAGGED,
	VLAN_DOT1Q_TUNNEL,
};

enum priority_tags { PRIORITY_TAGS_NEVER, PRIORITY_TAGS_IF_NONZERO, PRIORITY_TAGS_ALWAYS };

struct port_config {
	__u32 ifindex; /* 0: no device */
	__u32 generation; /* of the slot and of what was learned through it */
	__u32 flags; /* enum port_flag */
	__u32 next; /* next slot in the flood list that this port is in; 0 ends it */
	__u16 bridge; /* slot; 0: not configured, frames are dropped */
	__u16 tag; /* access, native, service VLAN */
	__u16 trunks; /* vlan set; for trunk and native-* */
	__u16 cvlans; /* vlan set; for dot1q-tunnel */
	__u8 vlan_mode;
	__u8 priority_tags;
	__be16 qinq_ethertype_be;
	__u32 mtu; /* of the device, without the Ethernet header; of a veth pair the lesser one */
	__u8 peer_mac[6]; /* with PORT_PEER */
	__u16 order; /* position in the bridge by age: mirrors take the oldest port's form */
	__u32 patch_peer; /* slot of a patch port's other end; such a port has no device */
	__u32 ofport; /* number, where a tunnel of the bridge has PORT_METADATA */
	__u32 no_target; /* enum drop_reason: what frames are counted as that find no way out */
	__u32 pad[3];
	__u64 src_mirrors[MIRROR_WORDS]; /* bits of the bridge's mirrors; without select_all */
	__u64 dst_mirrors[MIRROR_WORDS];
};
struct port_entry {
	struct port_config v[2];
};

/* map port_of_ifindex: HASH, __u32 ifindex -> __u32 slot. */

/* --- bridges: ARRAY[BRIDGE_SLOTS] --- */
enum bridge_flag {
	BRIDGE_SECURE = 1 << 0, /* forward nothing; mirroring goes on */
	BRIDGE_FORWARD_BPDU = 1 << 1,
	BRIDGE_MIRROR_ALL = 1 << 2, /* all_mirrors is not empty */
	BRIDGE_MIRROR_OUT = 1 << 3, /* some port is mirrored on output, or all_mirrors */
	BRIDGE_MANY_MIRRORS = 1 << 4, /* not all of their bits are in the first word */
};

struct bridge_config {
	__u32 flags;
	__u32 generation;
	__u32 trunk_head; /* first slot of the ports that may carry several VLANs */
	__u32 fdb_max; /* entries; at one more userspace is told, and evicts */
	__u64 ageing; /* jiffies */
	__u16 flood_vlans; /* vlan set in which nothing is learned */
	__u16 has_flood_vlans; /* 0: flood_vlans is not looked at */
	__u32 fdb_room; /* entries; learning stops there, should userspace be late or away */
	__u64 all_mirrors[MIRROR_WORDS]; /* those with select_all */
};
struct bridge_entry {
	struct bridge_config v[2];
};

/* map access_head: HASH -> struct head_entry: the ports with vlan_mode access (and
 * dot1q-tunnel) of one VLAN, linked by port_config.next. */
struct access_key {
	__u16 bridge;
	__u16 vlan;
};
struct head_entry {
	__u32 v[2];
};

/* --- mirrors --- */
/* map mirror_of_bit: ARRAY[BRIDGE_SLOTS * MIRRORS_PER_BRIDGE] of struct head_entry: the
 * mirror slot of (bridge, bit).  Lower bits are older mirrors. */

/* What becomes of a frame that does not fit into a tunnel's packet. */
enum too_long { TOO_LONG_DEFAULT, TOO_LONG_CUT, TOO_LONG_FRAGMENT, TOO_LONG_DROP };

enum mirror_flag {
	MIRROR_WIRE_FORM = 1 << 0, /* of what is yet to be segmented, or summed up, it sends
				    * what a wire would carry; snaplen is about that */
	MIRROR_ACCOUNT = 1 << 1, /* what becomes of each copy is found out, also where that
				  * takes a clone more */
};

/* map mirrors: ARRAY[MIRROR_SLOTS] */
struct mirror_config {
	__u32 generation;
	__u32 out_port; /* port slot; 0: none, or the copies go to out_vlan */
	__u32 snaplen; /* 0: whole frames */
	__u16 out_vlan; /* RSPAN: to the ports that carry it; 0: none */
	__u16 vlans; /* vlan set; VLAN_SET_ALL: whatever VLAN */
	__u32 filter; /* the first instruction of its filter, and how many there are; */
	__u32 filter_len; /* 0: none, it takes every frame */
	__u32 too_long; /* enum too_long: into a tunnel */
	__u32 flags; /* enum mirror_flag */
	__u64 same_output[MIRROR_WORDS]; /* bits of mirrors with this destination, own included */
};
struct mirror_entry {
	struct mirror_config v[2];
};

/* --- tunnels --- */
enum tunnel_kind { TUNNEL_GRE = 1, TUNNEL_ERSPAN, TUNNEL_VXLAN };

enum tunnel_flag {
	TUNNEL_IPV6 = 1 << 0, /* underlay */
	TUNNEL_CSUM = 1 << 1, /* of GRE, which follows its first word, or of UDP */
	TUNNEL_SEQ = 1 << 2, /* GRE: the header's last word is a sequence number */
	TUNNEL_TOS_INHERIT = 1 << 3,
	TUNNEL_TTL_INHERIT = 1 << 4,
	TUNNEL_DF = 1 << 5, /* never cut into fragments */
	TUNNEL_FIXED_LOCAL = 1 << 6, /* receives at the address `local` only */
	TUNNEL_WIRE_FRAMES = 1 << 7, /* cannot carry what is yet to be segmented */
	TUNNEL_METADATA = 1 << 8, /* ERSPAN's fields are each frame's own, not the head's */
	TUNNEL_MARKED = 1 << 9, /* its packets may come in by a port of ours: see tunnel_mark() */
};

/* How a received key is compared. */
enum tunnel_key_rule {
	TUNNEL_KEY_NONE,
	TUNNEL_KEY_EXACT,
	TUNNEL_KEY_ANY,
	TUNNEL_ENDPOINT, /* no tunnel's: see tunnel_head */
};

/* Addresses as IPv6 has them, in network order; IPv4 ones mapped (::ffff:a.b.c.d). */
struct tunnel_match {
	__u16 kind; /* enum tunnel_kind */
	__be16 port_be; /* VXLAN: of the destination */
	__u32 key_rule;
	__u32 key;
	__be32 remote[4];
};

/* What the subheader of ERSPAN's third type is, by its first six bits: the port of the frame;
 * or that, and the time's seconds, of which the header has the nanoseconds then. */
enum erspan_platform { PLATFORM_NONE, PLATFORM_PORT = 1, PLATFORM_1588 = 5 };

enum { TUNNEL_HEAD = 88 };

/* map tunnels: ARRAY[PORT_SLOTS], the slot is the port's. */
struct tunnel_config {
	struct tunnel_match match; /* of what is received */
	__u32 next; /* slot of the next one with the same tunnel_hash(&match); 0 ends it */
	__be32 local[4]; /* the source address */
	__u32 flags; /* enum tunnel_flag */
	__u32 ifindex; /* the underlay's device; 0: no way, nothing can be sent */
	__u32 mtu; /* of the underlay: the longest IP packet */
	__u32 underlay; /* the device, also where there is no next hop */
	/* What goes before a frame, Ethernet header included: whole but for lengths,
	 * checksums, sequence and what is taken from the frame. */
	__u8 head_len;
	__u8 gre_at; /* offset in head of what follows IP */
	__u8 erspan_at; /* of the ERSPAN header; 0: none */
	__u8 pad;
	__u8 head[TUNNEL_HEAD];
};
struct tunnel_entry {
	struct tunnel_config v[2];
};

/* map tunnel_head: HASH, tunnel_hash() -> struct head_entry: a list by tunnel_config.next.
 * Also, under the hash of what an endpoint is (TUNNEL_ENDPOINT, key: the underlay's ifindex,
 * remote: the local address), the slot of a tunnel that has it, which the reader compares.
 * Element 0 holds enum tunnel_setting. */
enum tunnel_setting { TUNNEL_DROP_UNMATCHED = 1 };

static inline __attribute__((always_inline)) __u32 tunnel_hash(const struct tunnel_match *m)
{
	__u32 words[] = { m->kind | (__u32)m->port_be << 16,
			  m->key_rule,
			  m->key_rule == TUNNEL_KEY_EXACT || m->key_rule == TUNNEL_ENDPOINT ? m->key
											    : 0,
			  m->remote[0],
			  m->remote[1],
			  m->remote[2],
			  m->remote[3] };
	__u32 h = 0x9e3779b9;

	for (int i = 0; i < 7; i++) {
		h = (h ^ words[i]) * 0x85ebca6b;
		h ^= h >> 15;
	}
	return h ? h : 1;
}

/* The mark of a packet while it is in a device that leads into the switch again: so it is
 * known by which device the tunnel sent it that it came out of. */
static inline __attribute__((always_inline)) __u32 tunnel_mark(__u32 ifindex)
{
	return 0xb5c00000 | (ifindex & 0xfffff);
}

/* map tunnel_seq: ARRAY[PORT_SLOTS] of __u32: the next number to send.  State: counted by the
 * programs, zeroed by userspace when the slot is given out. */

/* map vlan_sets: ARRAY[VLAN_SETS], bit vid % 64 of word vid / 64 */
struct vlan_set {
	__u64 bits[64];
};

/* What a filter can compare a frame with: each field as on the wire, and 0 where the frame has
 * none of it. */
struct frame_key {
	__u8 eth_dst[6];
	__u8 eth_src[6];
	__u8 vlan_tci[2]; /* with KEY_TAGGED */
	__u8 eth_type[2];
	__u8 nw_proto; /* of ARP: the operation */
	__u8 nw_tos;
	__u8 nw_ttl;
	__u8 nw_frag; /* enum key_frag */
	__u8 tp_src[2]; /* ICMP: type ... */
	__u8 tp_dst[2]; /* ... and code */
	__u8 tcp_flags[2];
	__u8 pad[2];
	__u8 ipv6_label[4];
	__u8 nw_src[4]; /* also of ARP */
	__u8 nw_dst[4];
	__u8 ipv6_src[16];
	__u8 ipv6_dst[16];
	__u8 nd_target[16];
	__u8 arp_sha[6]; /* also of neighbour discovery: the options' addresses */
	__u8 arp_tha[6];
};
enum { KEY_TAGGED = 0x10, /* in vlan_tci[0] */ KEY_WORDS = 25 };
enum key_frag { KEY_FRAG = 1, KEY_FRAG_LATER = 2 };

/* map filters: ARRAY[FILTER_INSNS].  A filter is a run of instructions, those of classic BPF
 * (codes in linux/bpf_common.h; a frame passes where another number than 0 is returned)
 * and FILTER_MATCH. */
enum {
	/* On to the next one if word jt of the frame's key, and'ed with mask, is k; otherwise
	 * the frame does not pass.  All as in memory. */
	FILTER_MATCH = 0x100,
};
struct filter_insn {
	__u16 code;
	__u8 jt, jf;
	__u32 k;
	__u32 mask;
};

/* --- state, never part of the configuration --- */
/* map fdb: HASH[FDB_ENTRIES].  Written by the programs; swept by userspace.  An entry
 * counts only while port_config.generation of its slot equals its own, in the same
 * bridge, and it is younger than the bridge's ageing and a 64th of it: a frame refreshes
 * `seen` only when it is a 64th of the ageing old. */
struct fdb_key {
	__u8 mac[6];
	__u16 vlan;
	__u32 bridge;
};
struct fdb_value {
	__u64 port; /* slot | generation << 32: one aligned store moves an address */
	__u64 seen; /* jiffies64; or-ed with FDB_STATIC of those that userspace has put there */
};
/* Neither moved by frames nor too old ever: to be in the future is to be young. */
#define FDB_STATIC (1ull << 62)

/* map fdb_count: ARRAY[BRIDGE_SLOTS], created with BPF_F_MMAPABLE.  Both sides add and subtract
 * by atomic operations, userspace in its mapping. */
struct fdb_count {
	__u64 entries; /* of the bridge in `fdb`: one more per insertion, one less per deletion */
	__u64 learned; /* since somebody cleared it, as the ones below */
	__u64 moved; /* to another port */
	__u64 expired; /* by age */
	__u64 evicted;
	__u64 pad[3]; /* a cache line each */
};

/* map signals: RINGBUF of __u32: the slot of a bridge whose entries have just become more
 * than fdb_max. */
enum { SIGNALS_SIZE = 4096 };

/* Why a frame, or one output of it, went nowhere. */
enum drop_reason {
	DROP_NOT_CONFIGURED,
	DROP_MALFORMED,
	DROP_VLAN,
	DROP_RESERVED_PORT,
	DROP_RESERVED_ADDRESS,
	DROP_HAIRPIN,
	DROP_SECURE,
	DROP_PROTECTED,
	DROP_NO_OUTPUT, /* nobody else carries the VLAN */
	DROP_LINK_DOWN,
	DROP_MTU,
	DROP_SEND, /* the kernel refused a clone */
	DROP_LOOP, /* too often through patch ports, or into a tunnel that it came out of */
	DROP_QUEUE, /* the next device's queue was full */
	/* Of tunnels, going in: */
	DROP_NO_ROUTE,
	DROP_NO_NEIGHBOUR,
	/* And coming out; of the first two nobody knows which tunnel: they are port 0's. */
	DROP_FRAGMENT, /* a piece of a packet */
	DROP_NO_TUNNEL, /* to an address of ours, but with another sender or key */
	DROP_CHECKSUM,
	DROP_SHORT, /* the packet ends before it should, or the frame inside has no header */
	DROP_CONGESTION, /* the underlay reports some, and the frame's sender would not hear of it */
	N_DROP_REASONS
};

/* map port_stats: PERCPU_ARRAY[PORT_SLOTS].  Bytes with the Ethernet header and tags. */
struct port_stats {
	__u64 rx_packets, rx_bytes;
	__u64 tx_packets, tx_bytes; /* handed to the device, copies included */
	__u64 peer_packets, peer_bytes; /* part of tx: sent by redirect_peer, which the
					 * device's own counters do not see */
	__u64 drops[N_DROP_REASONS]; /* at ingress: of the input port, at output: of the output */
};

/* map mirror_stats: PERCPU_ARRAY[MIRROR_SLOTS].  selected = filtered + merged + sent +
 * all dropped_*; each is counted where it happens.  A copy that the kernel makes wire frames of
 * counts as those, each when it has come out of the segmenting devices; one that is lost
 * before counts as one.  Of the copies to the ports of a VLAN the one that fared best is
 * booked, or the first that is on its way through those devices. */
struct mirror_stats {
	__u64 tx_packets, tx_bytes; /* stock meaning: frames mirrored, length as received */
	__u64 selected;
	__u64 filtered; /* by VLAN, by its filter, from a protected port to a protected one, not for RSPAN */
	__u64 merged; /* the same destination was served by another mirror */
	__u64 sent;
	__u64 truncated; /* part of sent */
	__u64 dropped_backlog; /* the target's queue was full */
	__u64 dropped_budget; /* kept back: production needs its room in the backlog */
	__u64 dropped_clone; /* any other refusal by the kernel */
	__u64 dropped_no_target; /* no output port, or its device is away or down */
	__u64 dropped_mtu;
};

/* What became of a copy.  Of several the greatest is booked. */
enum outcome {
	OUTCOME_NO_TARGET,
	OUTCOME_FILTERED,
	OUTCOME_MTU,
	OUTCOME_CLONE,
	OUTCOME_BUDGET,
	OUTCOME_BACKLOG,
	OUTCOME_SENT,
	OUTCOME_TRUNCATED,
	OUTCOME_UNDER_WAY, /* in the segmenting devices: it is counted when it comes out */
};

/* map slots: HASH[SLOT_RECORDS].  Userspace's own memory of which slot is whose, here so
 * that it lives as long as the configuration that speaks of slots. */
enum slot_kind { SLOT_BRIDGE = 1, SLOT_PORT, SLOT_MIRROR };
struct slot_key {
	__u8 kind;
	__u8 uuid[16];
	__u8 pad[3];
};
struct slot_value {
	__u32 slot;
	__u32 generation;
	__u32 extra; /* ports: ofport, above bit 16 the rank by age; mirrors: bit; bridges: last ofport */
	__u32 owner; /* mirrors and ports: slot of the bridge */
};

/* --- explaining --- */
/* What explain.bpf.c writes down of one frame's way through one bridge, in order. */
enum explain_event {
	EXPLAIN_NOT_ADMITTED, /* by the input port's rules; a, b as below */
	EXPLAIN_VLAN, /* outer, inner: the tags inside the bridge; a: it has a reason to be
		       * dropped, and b is that, enum drop_reason; c: known destination, or 0 */
	EXPLAIN_LEARNS, /* the source */
	EXPLAIN_MOVES, /* it was known at port a */
	EXPLAIN_DROP, /* a: port, b: enum drop_reason */
	EXPLAIN_MIRROR, /* a: slot, b: 0 for what came in, 1 for what leaves, 2 for a copy that
			 * leaves; it is about this one until the next, or EXPLAIN_PRODUCTION */
	EXPLAIN_WHY, /* a: enum explain_why, for what the outcome does not tell */
	EXPLAIN_OUTCOME, /* a: enum outcome */
	EXPLAIN_PRODUCTION, /* the mirrors have had their turn */
	EXPLAIN_SEND, /* a: ifindex, b: port or 0, c: snaplen; outer, inner, len: the frame */
	EXPLAIN_PATCH, /* b: port, c: snaplen, a: the port at the other end */
};
enum explain_why {
	EXPLAIN_MERGED = 1,
	EXPLAIN_OTHER_VLAN, /* not in select_vlan */
	EXPLAIN_PROTECTED,
	EXPLAIN_IN_OUTPUT_VLAN, /* already */
	EXPLAIN_RESERVED_ADDRESS, /* which no output VLAN gets */
	EXPLAIN_FILTER, /* does not match */
};
enum { EXPLAIN_RECORDS = 1024 };

struct explain_record {
	__u32 event; /* enum explain_event */
	__u32 a, b, c;
	__u32 outer, inner; /* tags as in pkt.h */
	__u32 len;
	__u32 pad;
};

/* The bridge's mirrors that have had the packet by then, of an EXPLAIN_PATCH, and those whose
 * output has had a copy: map explain_patches, by the same number as the record. */
struct explain_patch {
	__u64 done[MIRROR_WORDS], served[MIRROR_WORDS];
};

/* What is asked for: map explain_job, ARRAY[1]. */
struct explain_job {
	__u32 port; /* slot, where the frame comes in */
	__u32 version; /* of the configuration */
	__u32 hops; /* patch ports on its way */
	__u32 pad;
};

#ifndef __bpf__
static_assert(sizeof(struct port_config) == 128, "two cache lines");
static_assert(sizeof(struct bridge_config) == 64, "layout");
static_assert(sizeof(struct mirror_config) == 64, "layout");
static_assert(sizeof(struct frame_key) == KEY_WORDS * 4, "compared by words");
static_assert(sizeof(struct filter_insn) == 12, "no padding: it is compared");
static_assert(sizeof(struct tunnel_config) == 156, "layout");
static_assert(sizeof(struct fdb_key) == 12, "no padding: it is hashed");
static_assert(sizeof(struct fdb_count) == 64, "layout");
static_assert(sizeof(struct slot_key) == 20, "no padding: it is hashed");
#endif
