// SPDX-License-Identifier: Apache-2.0
/*
 * Filters: the program's reading of a frame is compared, byte for byte, with the reference
 * (switch/filter_key) and its verdict on tcpdump expressions with libpcap's own, on frames
 * that are whole, cut off anywhere and damaged at random.  And what a filter does to
 * copies and the account.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pcap/pcap.h>

#include "base/arena.h"
#include "datapath/compile_filter.h"
#include "datapath/expression.h"
#include "datapath/filters.h"
#include "datapath/image.h"
#include "filter_frames.h"
#include "mirror_rig.h"
#include "switch/filter.h"
#include "switch/model.h"

enum { ROUNDS = 2000 };

static struct arena *arena;

/* The mirror at this bit gets the filter; its instructions go to a place of their own. */
static void put_filter(uint32_t bit, struct mirror_config config, const struct model_filter *filter)
{
	struct model_mirror m = { .name = "m", .filter = *filter };
	struct filters *filters = filters_new();
	struct image *none = image_new();
	struct error err;

	image_seal(none);
	filters_begin(filters, none);
	if (compile_filter(&m, filters, &config, &err))
		fail_msg("%s", err.text);
	rig_put_filter(bit * FILTER_MAX, &filters->insns[config.filter], config.filter_len);
	config.filter = bit * FILTER_MAX;
	rig_put_mirror(bit, config);
	filters_free(filters);
	image_free(none);
}

static void put_match(uint32_t bit, struct mirror_config config, const char *text)
{
	struct filter_match match;
	struct error err;

	if (filter_parse(text, &match, &err))
		fail_msg("%s: %s", text, err.text);
	put_filter(bit, config, &(struct model_filter){ .match = &match });
}

static struct model_filter expression(const char *text)
{
	struct model_filter ret = { .expression = text };
	struct error err;

	if (expression_compile(text, arena, &ret.ops, &ret.n_ops, &err))
		fail_msg("%s: %s", text, err.text);
	return ret;
}

/* Was the frame copied? */
static bool is_copied(const struct frame *f, enum tag_place place)
{
	bool ret = false;

	rig_send(1, f, place);
	for (size_t i = 0; i < rig_n_records(); i++) {
		struct record r = rig_record(i);

		ret |= r.kind == RECORD_CLONE && r.ifindex == OUT;
	}
	return ret;
}

/* Port 1 is mirrored. */
static int set_up(void **state)
{
	mirror_set_up(state);
	select_src(0, 1);
	mirror_put_ports();
	arena = arena_new();
	srandom(7);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* --- frames --- */

static struct frame named(const char *name)
{
	struct frame f = { .len = 0 };

	for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
		if (!strcmp(filter_frames[i].name, name))
			f.len = (uint32_t)filter_frame_bytes(filter_frames[i].hex, f.bytes);
	}
	assert_int_not_equal(f.len, 0);
	return f;
}

static uint32_t type_at(const struct frame *f, uint32_t at)
{
	return (uint32_t)f->bytes[at] << 8 | f->bytes[at + 1];
}

static bool is_tag_at(const struct frame *f, uint32_t at)
{
	return type_at(f, at) == 0x8100 || type_at(f, at) == 0x88a8;
}

/* The kernel runs programs on it, and the switch takes it in. */
static bool is_admissible(const struct frame *f)
{
	if (f->len < 20)
		return f->len >= 14 && !is_tag_at(f, 12) && type_at(f, 12) != 0x0800 &&
		       type_at(f, 12) != 0x86dd;
	if (is_tag_at(f, 12))
		return f->len >= 24 || !is_tag_at(f, 16);
	return f->len >= (type_at(f, 12) == 0x86dd ? 54u : type_at(f, 12) == 0x0800 ? 34u : 14u);
}

static void insert_tag(struct frame *f)
{
	static const uint16_t tpids[] = { 0x8100, 0x88a8 };
	uint16_t tpid = tpids[random() % 2];

	memmove(f->bytes + 16, f->bytes + 12, f->len - 12);
	f->bytes[12] = (uint8_t)(tpid >> 8);
	f->bytes[13] = (uint8_t)tpid;
	f->bytes[14] = (uint8_t)random();
	f->bytes[15] = (uint8_t)(random() % 8);
	f->len += 4;
}

/* One of the named ones, and what chance makes of it. */
static struct frame some_frame(void)
{
	struct frame f;

	do {
		f = named(filter_frames[random() % N_FILTER_FRAMES].name);
		for (long n = random() % 4; n > 0; n--)
			f.bytes[12 + random() % (f.len - 12)] = (uint8_t)random();
		for (long n = random() % 4; n > 1; n--)
			insert_tag(&f);
		if (random() % 3 == 0)
			f.len = 14 + (uint32_t)random() % (f.len - 13);
		if (random() % 5 == 0)
			f.len += (uint32_t)random() % 20; /* padding */
	} while (!is_admissible(&f));
	return f;
}

/* --- matches --- */

/* The filter that names each bit of the key of this frame. */
static void put_whole_key(const struct frame *f, long wrong_bit)
{
	struct filter_match match;

	filter_key_read(f->bytes, f->len, &match.value);
	memset(&match.mask, 0xff, sizeof(match.mask));
	if (wrong_bit >= 0)
		((uint8_t *)&match.value)[wrong_bit / 8] ^= 1 << wrong_bit % 8;
	put_filter(0, mirror_to(0, OUT), &(struct model_filter){ .match = &match });
}

static void check_key(const struct frame *f)
{
	for (int place = TAG_IN_BYTES; place <= TAG_IN_METADATA; place++) {
		put_whole_key(f, -1);
		if (!is_copied(f, (enum tag_place)place)) {
			for (uint32_t i = 0; i < f->len; i++)
				fprintf(stderr, "%02x", f->bytes[i]);
			fail_msg(": another key, tag in %s", place ? "metadata" : "bytes");
		}
		put_whole_key(f, random() % (long)(sizeof(struct filter_key) * 8));
		assert_false(is_copied(f, (enum tag_place)place));
	}
}

static void the_key_of_each_frame(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
		struct frame f = named(filter_frames[i].name);

		if (is_admissible(&f))
			check_key(&f);
		/* Short ones the kernel takes only behind a tag. */
		if (!is_tag_at(&f, 12))
			insert_tag(&f);
		for (; f.len >= 20; f.len--) {
			if (is_admissible(&f))
				check_key(&f);
		}
	}
}

static void the_key_of_damaged_frames(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct frame f = some_frame();

		check_key(&f);
	}
}

/* Through all layers, by their words. */
static void matches_as_they_are_written(void **state)
{
	static const char *const texts[] = {
		"tcp",
		"tcp,tp_dst=443",
		"ip,nw_src=10.0.0.0/8",
		"dl_vlan=5",
		"icmp",
		"arp",
		"udp,tp_src=53",
		"ipv6",
		"vlan_tci=0/0x1000",
		"tcp6",
		"ip,nw_frag=yes",
		"ipv6,nw_frag=later",
		"dl_type=0x8100",
		"tcp,tcp_flags=+syn",
	};

	(void)state;
	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
		struct filter_match match;
		struct error err;
		size_t n = 0;

		assert_int_equal(filter_parse(texts[t], &match, &err), 0);
		put_match(0, mirror_to(0, OUT), texts[t]);
		for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
			struct frame f = named(filter_frames[i].name);
			struct filter_key key;

			if (!is_admissible(&f))
				continue;
			filter_key_read(f.bytes, f.len, &key);
			if (is_copied(&f, TAG_IN_METADATA) != filter_holds(&match, &key))
				fail_msg("%s on %s", texts[t], filter_frames[i].name);
			n += filter_holds(&match, &key);
		}
		assert_in_range(n, 1, N_FILTER_FRAMES - 1);
	}
}

/* --- expressions --- */

static bool pcap_passes(const struct model_filter *filter, const struct frame *f)
{
	struct bpf_insn insns[FILTER_OPS_MAX];

	for (size_t i = 0; i < filter->n_ops; i++)
		insns[i] = (struct bpf_insn){ filter->ops[i].code, filter->ops[i].jt,
					      filter->ops[i].jf, filter->ops[i].k };
	return bpf_filter(insns, f->bytes, f->len, f->len) != 0;
}

static void expressions_as_libpcap_runs_them(void **state)
{
	static const char *const texts[] = {
		"tcp",
		"tcp port 443",
		"tcp dst port 443 and host 10.1.2.3",
		"udp or icmp",
		"vlan",
		"vlan 5 and tcp",
		"vlan and vlan 7",
		"not vlan",
		"ether host 02:00:00:00:00:01",
		"ether[12:2] = 0x8100",
		"ether[13:4] = 0x00000508",
		"ether[11] = 1 and ether[14] & 0xf0 = 0x40",
		"arp",
		"rarp or arp net 10.0.0.0/8",
		"ip6",
		"ip6 host 2001:db8::1",
		"ip6 proto 6",
		"ip[2:2] > 30 and ip[8] - 1 = 63",
		"tcp[tcpflags] & tcp-syn != 0",
		"tcp[2:2] % 7 = 2 or udp[0:2] / 3 = 17",
		"ip[ip[0] & 0xf] > 0",
		"ip[0] & 0xf > 5",
		"(ip[2:2] - ((ip[0] & 0xf) << 2)) >> 1 = 10",
		"ip[8] * 3 | 1 = 193 or ip[1] ^ 0x99 = 0",
		"len > 60",
		"less 54",
		"len - 14 >= ip[2:2]",
		"ip multicast or broadcast",
		"portrange 50-450",
		"icmp6",
		"-ip[8] = 0xffffffc0",
		"not (tcp or udp or arp)",
	};

	(void)state;
	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
		struct model_filter filter = expression(texts[t]);

		put_filter(0, mirror_to(0, OUT), &filter);
		for (int i = 0; i < ROUNDS / 10; i++) {
			struct frame f = i < (int)N_FILTER_FRAMES ? named(filter_frames[i].name)
								  : some_frame();
			enum tag_place place = random() % 2 ? TAG_IN_BYTES : TAG_IN_METADATA;
			bool want = pcap_passes(&filter, &f);

			if (!is_admissible(&f) || is_copied(&f, place) == want)
				continue;
			for (uint32_t b = 0; b < f.len; b++)
				fprintf(stderr, "%02x", f.bytes[b]);
			fail_msg(": %s %s", texts[t], want ? "does not match" : "matches");
		}
	}
}

/* What the compiler of expressions uses seldom or not at all. */
static void each_instruction_as_libpcap_runs_it(void **state)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_W | BPF_LEN,
		BPF_LD | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_W | BPF_IMM,
		BPF_LDX | BPF_W | BPF_MEM,
		BPF_LDX | BPF_W | BPF_LEN,
		BPF_LDX | BPF_MSH | BPF_B,
		BPF_ST,
		BPF_STX,
		BPF_ALU | BPF_ADD | BPF_X,
		BPF_ALU | BPF_SUB | BPF_X,
		BPF_ALU | BPF_MUL | BPF_X,
		BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_MOD | BPF_X,
		BPF_ALU | BPF_AND | BPF_X,
		BPF_ALU | BPF_OR | BPF_X,
		BPF_ALU | BPF_XOR | BPF_X,
		BPF_ALU | BPF_LSH | BPF_X,
		BPF_ALU | BPF_RSH | BPF_X,
		BPF_ALU | BPF_ADD | BPF_K,
		BPF_ALU | BPF_SUB | BPF_K,
		BPF_ALU | BPF_MUL | BPF_K,
		BPF_ALU | BPF_DIV | BPF_K,
		BPF_ALU | BPF_MOD | BPF_K,
		BPF_ALU | BPF_AND | BPF_K,
		BPF_ALU | BPF_OR | BPF_K,
		BPF_ALU | BPF_XOR | BPF_K,
		BPF_ALU | BPF_LSH | BPF_K,
		BPF_ALU | BPF_RSH | BPF_K,
		BPF_ALU | BPF_NEG,
		BPF_JMP | BPF_JA,
		BPF_JMP | BPF_JEQ | BPF_K,
		BPF_JMP | BPF_JGT | BPF_K,
		BPF_JMP | BPF_JGE | BPF_K,
		BPF_JMP | BPF_JSET | BPF_K,
		BPF_JMP | BPF_JEQ | BPF_X,
		BPF_JMP | BPF_JGT | BPF_X,
		BPF_JMP | BPF_JGE | BPF_X,
		BPF_JMP | BPF_JSET | BPF_X,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
	};
	enum { N = 24 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct filter_op ops[N] = { { 0 } };
		struct model_filter filter = { .ops = ops, .n_ops = N };
		struct frame f = some_frame();

		/* All that may be read has been written; small numbers meet more often. */
		for (int i = 0; i < 4; i++)
			ops[i] = (struct filter_op){ BPF_ST, 0, 0, (uint32_t)i };
		for (int i = 4; i < N - 1; i++) {
			uint16_t code = codes[random() % (long)(sizeof(codes) / sizeof(codes[0]))];
			uint32_t k = (uint32_t)random() % 40;
			bool is_memory = BPF_CLASS(code) == BPF_ST || BPF_CLASS(code) == BPF_STX ||
					 (BPF_CLASS(code) <= BPF_LDX && BPF_MODE(code) == BPF_MEM);

			if (is_memory)
				k %= 4;
			else if (code == (BPF_JMP | BPF_JA))
				k %= (uint32_t)(N - 1 - i);
			else if (BPF_CLASS(code) == BPF_ALU && k == 0)
				k = 1;
			if (BPF_CLASS(code) == BPF_ALU && BPF_OP(code) >= BPF_LSH &&
			    BPF_OP(code) <= BPF_RSH)
				k %= 32;
			ops[i] = (struct filter_op){ code, (uint8_t)(random() % (N - 1 - i)),
						     (uint8_t)(random() % (N - 1 - i)), k };
		}
		ops[N - 1] =
			(struct filter_op){ BPF_RET | (random() % 4 ? BPF_A : BPF_K), 0, 0, 1 };
		put_filter(0, mirror_to(0, OUT), &filter);
		if (is_copied(&f, random() % 2 ? TAG_IN_BYTES : TAG_IN_METADATA) !=
		    pcap_passes(&filter, &f))
			fail_msg("round %d", round);
	}
}

/* --- what it does to copies --- */

static void what_does_not_pass_is_filtered(void **state)
{
	struct frame tcp = named("tcp"), udp = named("udp");
	struct mirror_stats s;

	(void)state;
	put_match(0, mirror_to(0, OUT), "tcp,tp_dst=443");
	rig_put_fdb(2, 0, 2, 1, rig_jiffies());
	rig_send(1, &tcp, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &tcp);
	rig_expect(RECORD_REDIRECT, 2, &tcp);
	rig_expect_end();
	rig_send(1, &udp, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, 2, &udp);
	rig_expect_end();
	check_sum(0, 2);
	s = rig_mirror_stats(0);
	assert_int_equal(s.sent, 1);
	assert_int_equal(s.filtered, 1);
	assert_int_equal(s.tx_packets, 1);
	assert_int_equal(s.tx_bytes, tcp.len);
}

static void both_parts_must_pass(void **state)
{
	struct model_filter filter = expression("dst port 443");
	struct frame tcp = named("tcp"), udp = named("udp"), options = named("tcp-options");
	struct filter_match match;
	struct error err;

	(void)state;
	assert_int_equal(filter_parse("ip,nw_ttl=64,nw_tos=0x98,nw_proto=6", &match, &err), 0);
	filter.match = &match;
	put_filter(0, mirror_to(0, OUT), &filter);
	assert_true(is_copied(&tcp, TAG_IN_BYTES));
	assert_true(is_copied(&options, TAG_IN_BYTES));
	assert_false(is_copied(&udp, TAG_IN_BYTES));
	tcp.bytes[14 + 20 + 3] = 0; /* another port */
	assert_false(is_copied(&tcp, TAG_IN_BYTES));
	tcp = named("tcp");
	tcp.bytes[14 + 8] = 63; /* another TTL */
	assert_false(is_copied(&tcp, TAG_IN_BYTES));
	check_sum(0, 5);
}

/* Each mirror has its own; who filters does not serve those with the same destination. */
static void several_mirrors_of_the_same_frame(void **state)
{
	struct mirror_config a = mirror_to(0, OUT), b = mirror_to(1, OUT), c = mirror_to(2, OUT2);
	struct frame tcp = named("tcp"), udp = named("udp");

	(void)state;
	set_bit(a.same_output, 1);
	set_bit(b.same_output, 0);
	select_src(1, 1);
	select_src(2, 1);
	mirror_put_ports();
	put_match(0, a, "tcp");
	put_match(1, b, "ip");
	put_match(2, c, "udp");
	rig_put_fdb(2, 0, 2, 1, rig_jiffies());
	rig_send(1, &tcp, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &tcp);
	rig_expect(RECORD_REDIRECT, 2, &tcp);
	rig_expect_end();
	rig_send(1, &udp, TAG_IN_BYTES);
	rig_expect(RECORD_CLONE, OUT, &udp);
	rig_expect(RECORD_CLONE, OUT2, &udp);
	rig_expect(RECORD_REDIRECT, 2, &udp);
	rig_expect_end();
	for (uint32_t bit = 0; bit < 3; bit++)
		check_sum(bit, 2);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
	assert_int_equal(rig_mirror_stats(1).merged, 1);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	assert_int_equal(rig_mirror_stats(2).filtered, 1);
}

/* At ingress the frame as it came, at egress as it leaves; whatever the copies before have
 * done to the skb. */
static void the_frame_is_seen_as_on_the_wire(void **state)
{
	struct frame plain = named("tcp"), tagged = named("tcp-vlan");

	(void)state;
	mirror_ports[1].vlan_mode = VLAN_ACCESS; /* in VLAN 5 */
	mirror_ports[1].tag = 5;
	for (uint32_t bit = 1; bit < 4; bit++)
		select_src(bit, 1);
	for (uint32_t bit = 4; bit < 8; bit++)
		select_dst(bit, 2);
	mirror_put_ports();
	put_filter(0, mirror_to(0, OUT), &(struct model_filter){ 0 }); /* leaves with a tag */
	put_match(1, mirror_to(1, OUT2), "dl_vlan=0xffff,tcp,tp_dst=443");
	put_match(2, mirror_to(2, OUT), "dl_vlan=5");
	put_match(3, mirror_to(3, OUT2), "dl_vlan=0xffff,tcp");
	put_match(4, mirror_to(4, OUT), "dl_vlan=5,tcp,tp_dst=443");
	put_match(5, mirror_to(5, OUT2), "dl_vlan=0xffff");
	struct model_filter vlan = expression("vlan 5 and tcp port 443");
	struct model_filter none = expression("tcp port 443 and not vlan");

	put_filter(6, mirror_to(6, OUT), &vlan);
	put_filter(7, mirror_to(7, OUT2), &none);
	rig_put_fdb(2, 5, 2, 1, rig_jiffies());
	rig_send(1, &plain, TAG_IN_METADATA);
	for (uint32_t bit = 0; bit < 8; bit++) {
		bool is_sent = bit == 0 || bit == 1 || bit == 3 || bit == 4 || bit == 6;

		if (rig_mirror_stats(bit).sent != is_sent ||
		    rig_mirror_stats(bit).filtered != !is_sent)
			fail_msg("mirror %u", bit);
		check_sum(bit, 1);
	}
	tagged.bytes[14] = 0; /* no priority, for one */
	memcpy(tagged.bytes + 18, plain.bytes + 14, plain.len - 14);
	rig_expect_somewhere(OUT, &tagged);
	rig_expect_somewhere(2, &tagged);
}

/* A flood: in the form of the oldest port that the mirror selects. */
static void an_egress_filter_on_a_flood(void **state)
{
	struct frame f = named("tcp");

	(void)state;
	f.bytes[0] = 0xff; /* multicast */
	mirror_ports[1] = rig_port(1);
	mirror_ports[1].vlan_mode = mirror_ports[3].vlan_mode = VLAN_ACCESS;
	mirror_ports[1].tag = mirror_ports[3].tag = 5;
	select_dst(0, 2); /* a trunk */
	select_dst(0, 3);
	mirror_put_ports();
	put_match(0, mirror_to(0, OUT), "dl_vlan=5");
	assert_true(is_copied(&f, TAG_IN_BYTES));
	mirror_ports[2].order = 9;
	mirror_put_ports();
	assert_false(is_copied(&f, TAG_IN_BYTES));
	put_match(0, mirror_to(0, OUT), "dl_vlan=0xffff");
	assert_true(is_copied(&f, TAG_IN_BYTES));
	check_sum(0, 3);
	assert_int_equal(rig_mirror_stats(0).filtered, 1);
}

/* Both versions, as of the mirror's record: the filter flips with the epoch. */
static void the_filter_is_of_the_packets_version(void **state)
{
	struct mirror_config tight, loose = mirror_to(0, OUT);
	struct frame udp = named("udp");
	struct filter_insn reject = { .code = BPF_RET | BPF_K, .k = 0 };

	(void)state;
	rig_put_filter(99, &reject, 1);
	rig_put_mirror(0, loose);
	tight = loose;
	tight.filter = 99;
	tight.filter_len = 1;
	rig_put_mirror_version(1, 1, tight);
	assert_true(is_copied(&udp, TAG_IN_BYTES));
	rig_set_epoch(1);
	assert_false(is_copied(&udp, TAG_IN_BYTES));
	rig_set_epoch(2);
	assert_true(is_copied(&udp, TAG_IN_BYTES));
}

/* A copy that is copied on is judged by its own tags. */
static void a_chain_is_filtered_at_each_link(void **state)
{
	struct frame f = named("tcp");
	struct mirror_config rspan = mirror_to(0, 0);

	(void)state;
	rspan.out_port = 0;
	rspan.out_vlan = 99;
	select_dst(1, 3);
	mirror_put_ports();
	rig_put_mirror(0, rspan);
	put_match(1, mirror_to(1, OUT), "dl_vlan=99,tcp");
	rig_put_fdb(2, 0, 2, 1, rig_jiffies());
	rig_send(1, &f, TAG_IN_BYTES);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	put_match(1, mirror_to(1, OUT), "dl_vlan=98,tcp");
	rig_send(1, &f, TAG_IN_BYTES);
	assert_int_equal(rig_mirror_stats(1).sent, 1);
	assert_int_equal(rig_mirror_stats(1).filtered,
			 0); /* as by VLAN: booked where it is first seen */
}

static void a_filter_that_cannot_be_run_lets_nothing_pass(void **state)
{
	static const struct filter_insn bad[] = {
		{ .code = BPF_LD | BPF_W | BPF_ABS, .k = 0xfffff000 },
		{ .code = BPF_JMP | BPF_JA, .k = 0x7fffffff },
		{ .code = BPF_LD | 0xe0 },
		{ .code = BPF_ALU | 0xe0 },
	};
	struct mirror_config m = mirror_to(0, OUT);
	struct frame f = named("tcp");

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct filter_insn pass = { .code = BPF_RET | BPF_K, .k = 1 };

		rig_put_filter(FILTER_INSNS - 2, &bad[i], 1);
		rig_put_filter(FILTER_INSNS - 1, &pass, 1);
		m.filter = FILTER_INSNS - 2;
		m.filter_len = 2;
		rig_put_mirror(0, m);
		assert_false(is_copied(&f, TAG_IN_BYTES));
		m.filter = FILTER_INSNS - 1;
		m.filter_len = 1;
		rig_put_mirror(0, m);
		assert_true(is_copied(&f, TAG_IN_BYTES));
	}
}

/* Of a frame that is to be segmented the header may not know the length. */
static void segmentable_frames_have_a_key(void **state)
{
	struct frame f = named("tcp");

	(void)state;
	f.bytes[16] = f.bytes[17] = 0;
	put_match(0, mirror_to(0, OUT), "tcp,tp_dst=443");
	assert_false(is_copied(&f, TAG_IN_BYTES));
	rig_send_gso(1, &f, 10);
	assert_int_equal(rig_mirror_stats(0).sent, 1);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_key_of_each_frame),
		TEST(the_key_of_damaged_frames),
		TEST(matches_as_they_are_written),
		TEST(expressions_as_libpcap_runs_them),
		TEST(each_instruction_as_libpcap_runs_it),
		TEST(what_does_not_pass_is_filtered),
		TEST(both_parts_must_pass),
		TEST(several_mirrors_of_the_same_frame),
		TEST(the_frame_is_seen_as_on_the_wire),
		TEST(an_egress_filter_on_a_flood),
		TEST(the_filter_is_of_the_packets_version),
		TEST(a_chain_is_filtered_at_each_link),
		TEST(a_filter_that_cannot_be_run_lets_nothing_pass),
		TEST(segmentable_frames_have_a_key),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
