// SPDX-License-Identifier: Apache-2.0
/*
 * How the program reads a frame: its key is compared, byte for byte, with the reference
 * (switch/filter_key) and its verdict on tcpdump expressions with libpcap's own, on frames
 * that are whole, cut off anywhere and damaged at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pcap/pcap.h>

#include "filter_frames.h"
#include "filter_rig.h"
#include "switch/filter.h"
#include "switch/filter_key.h"
#include "switch/model.h"

enum { ROUNDS = 2000 };

/* --- frames --- */

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
		f = filter_frame(filter_frames[random() % N_FILTER_FRAMES].name);
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
	filter_put(0, mirror_to(0, OUT), &(struct model_filter){ .match = &match });
}

static void check_key(const struct frame *f)
{
	for (int place = TAG_IN_BYTES; place <= TAG_IN_METADATA; place++) {
		put_whole_key(f, -1);
		if (!filter_copies(f, (enum tag_place)place)) {
			for (uint32_t i = 0; i < f->len; i++)
				fprintf(stderr, "%02x", f->bytes[i]);
			fail_msg(": another key, tag in %s", place ? "metadata" : "bytes");
		}
		put_whole_key(f, random() % (long)(sizeof(struct filter_key) * 8));
		assert_false(filter_copies(f, (enum tag_place)place));
	}
}

static void the_key_of_each_frame(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
		struct frame f = filter_frame(filter_frames[i].name);

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
		filter_put_match(0, mirror_to(0, OUT), texts[t]);
		for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
			struct frame f = filter_frame(filter_frames[i].name);
			struct filter_key key;

			if (!is_admissible(&f))
				continue;
			filter_key_read(f.bytes, f.len, &key);
			if (filter_copies(&f, TAG_IN_METADATA) != filter_holds(&match, &key))
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
		"ether[13:4] = 0x00600508",
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
		struct model_filter filter = filter_expression(texts[t]);

		int n_passed = 0;

		filter_put(0, mirror_to(0, OUT), &filter);
		for (int i = 0; i < ROUNDS / 10; i++) {
			struct frame f = i < (int)N_FILTER_FRAMES
						 ? filter_frame(filter_frames[i].name)
						 : some_frame();
			enum tag_place place = random() % 2 ? TAG_IN_BYTES : TAG_IN_METADATA;
			bool want = pcap_passes(&filter, &f);

			if (!is_admissible(&f))
				continue;
			n_passed += want;
			if (filter_copies(&f, place) == want)
				continue;
			for (uint32_t b = 0; b < f.len; b++)
				fprintf(stderr, "%02x", f.bytes[b]);
			fail_msg(": %s %s", texts[t], want ? "does not match" : "matches");
		}
		if (n_passed < 1 || n_passed == ROUNDS / 10)
			fail_msg("%s decides nothing: %d pass", texts[t], n_passed);
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
	int n_passed = 0;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct filter_op ops[N] = { { 0 } };
		struct model_filter filter = { .ops = ops, .n_ops = N };
		bool is_passed;
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
		filter_put(0, mirror_to(0, OUT), &filter);
		is_passed = pcap_passes(&filter, &f);
		n_passed += is_passed;
		if (filter_copies(&f, random() % 2 ? TAG_IN_BYTES : TAG_IN_METADATA) != is_passed)
			fail_msg("round %d", round);
	}
	assert_in_range(n_passed, ROUNDS / 10, ROUNDS * 9 / 10);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, filter_set_up, filter_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_key_of_each_frame),
		TEST(the_key_of_damaged_frames),
		TEST(matches_as_they_are_written),
		TEST(expressions_as_libpcap_runs_them),
		TEST(each_instruction_as_libpcap_runs_it),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
