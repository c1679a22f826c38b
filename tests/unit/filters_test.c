/* SPDX-License-Identifier: Apache-2.0 */
/* datapath/compile_filter and filters: a mirror's filter to instructions, and their places. */
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "datapath/compile_filter.h"
#include "datapath/expression.h"
#include "datapath/filters.h"
#include "datapath/image.h"
#include "switch/filter.h"
#include "switch/model.h"

/* What is in force, and the compilation that follows. */
struct world {
	struct filters *filters;
	struct image *active, *next;
	struct arena *arena;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->filters = filters_new();
	w->arena = arena_new();
	w->active = image_new();
	image_seal(w->active);
	w->next = image_new();
	filters_begin(w->filters, w->active);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	image_free(w->active);
	image_free(w->next);
	filters_free(w->filters);
	arena_free(w->arena);
	free(w);
	return 0;
}

/* What was compiled comes into force. */
static void flip(struct world *w)
{
	image_free(w->active);
	image_seal(w->next);
	w->active = w->next;
	w->next = image_new();
	filters_begin(w->filters, w->active);
}

static struct model_mirror mirror_of(struct world *w, uint32_t slot, const char *match,
				     const char *expression)
{
	struct model_mirror m = { .name = "m", .slot = { slot, slot * 10 } };
	struct error err;

	if (match) {
		struct filter_match *parsed = arena_alloc(w->arena, sizeof(*parsed));

		if (filter_parse(match, parsed, &err))
			fail_msg("%s: %s", match, err.text);
		m.filter.match = parsed;
	}
	if (expression &&
	    expression_compile(expression, w->arena, &m.filter.ops, &m.filter.n_ops, &err))
		fail_msg("%s: %s", expression, err.text);
	return m;
}

static struct mirror_config compiled(struct world *w, const struct model_mirror *m)
{
	struct mirror_config *config = image_put(w->next, IMAGE_MIRRORS, m->slot.number);
	struct error err;

	config->generation = m->slot.generation;
	if (compile_filter(m, w->filters, config, &err))
		fail_msg("%s", err.text);
	return *config;
}

static struct mirror_config compiled_from(struct world *w, uint32_t slot, const char *match,
					  const char *expression)
{
	struct model_mirror m = mirror_of(w, slot, match, expression);

	return compiled(w, &m);
}

static void a_match_becomes_comparisons(void **state)
{
	struct world *w = *state;
	struct mirror_config c = compiled_from(w, 1, "tcp,tp_dst=443", NULL);
	const struct filter_insn *insn = &w->filters->insns[c.filter];
	const uint8_t type[] = { 0, 0, 8, 0 }, port[] = { 0, 0, 1, 0xbb };

	/* EtherType; protocol; port; "passes". */
	assert_int_equal(c.filter_len, 4);
	assert_int_equal(insn[0].code, FILTER_MATCH);
	assert_int_equal(insn[0].jt, offsetof(struct frame_key, vlan_tci) / 4);
	assert_memory_equal(&insn[0].k, type, 4);
	assert_int_equal(insn[1].jt, offsetof(struct frame_key, nw_proto) / 4);
	assert_int_equal(insn[2].jt, offsetof(struct frame_key, tp_src) / 4);
	assert_memory_equal(&insn[2].k, port, 4);
	assert_memory_equal(&insn[2].mask, "\0\0\xff\xff", 4);
	assert_int_equal(insn[3].code, BPF_RET | BPF_K);
	assert_int_not_equal(insn[3].k, 0);
}

static void the_expression_follows_the_match(void **state)
{
	struct world *w = *state;
	struct mirror_config alone = compiled_from(w, 1, NULL, "udp port 53");
	struct mirror_config both = compiled_from(w, 2, "dl_vlan=5", "udp port 53");
	struct mirror_config none = compiled_from(w, 3, NULL, NULL);

	assert_int_equal(both.filter_len, alone.filter_len + 1);
	assert_int_equal(w->filters->insns[both.filter].code, FILTER_MATCH);
	assert_memory_equal(&w->filters->insns[both.filter + 1], &w->filters->insns[alone.filter],
			    alone.filter_len * sizeof(struct filter_insn));
	assert_int_equal(none.filter_len, 0);
	assert_true(both.filter >= alone.filter + alone.filter_len || both.filter < alone.filter);
}

static void equal_filters_share_and_stay(void **state)
{
	struct world *w = *state;
	struct mirror_config a = compiled_from(w, 1, "icmp", NULL);
	struct mirror_config b = compiled_from(w, 2, "arp", NULL), again;

	assert_int_equal(compiled_from(w, 3, "icmp", NULL).filter, a.filter);
	assert_int_not_equal(a.filter, b.filter);
	assert_int_equal(w->filters->n_runs, 2);
	assert_true(w->filters->runs[0].is_dirty);
	flip(w);
	/* In another order, and one of them another: what is the same has not moved. */
	assert_int_equal(compiled_from(w, 2, "arp", NULL).filter, b.filter);
	again = compiled_from(w, 1, "ip", NULL);
	assert_int_not_equal(again.filter, a.filter);
	assert_int_not_equal(again.filter, b.filter);
	assert_false(w->filters->runs[0].is_dirty);
	flip(w);
	/* Now the place of the first is free: what used it is out of force. */
	assert_int_equal(compiled_from(w, 1, "udp", NULL).filter, a.filter);
}

static void what_is_in_force_is_not_overwritten(void **state)
{
	struct world *w = *state;
	struct mirror_config a = compiled_from(w, 1, "icmp", NULL);
	struct filter_insn before[8];

	flip(w);
	memcpy(before, &w->filters->insns[a.filter], a.filter_len * sizeof(before[0]));
	for (unsigned int i = 0; i < 200; i++) {
		char text[32];

		snprintf(text, sizeof(text), "dl_vlan=%u", i);
		assert_true(compiled_from(w, 1 + i, text, NULL).filter >= a.filter + a.filter_len);
	}
	assert_memory_equal(&w->filters->insns[a.filter], before, a.filter_len * sizeof(before[0]));
}

/* Whose filter is no good goes on with the one in force, of the same row. */
static void a_bad_filter_keeps_the_old_one(void **state)
{
	struct world *w = *state;
	struct mirror_config a = compiled_from(w, 1, "icmp", NULL), kept;
	struct model_mirror bad = mirror_of(w, 1, NULL, NULL), full;

	compiled_from(w, 2, NULL, NULL);
	flip(w);
	bad.keeps_filter = true;
	for (int i = 0; i < 3; i++) {
		assert_true(compile_filter_is_usable(&bad, w->filters));
		kept = compiled(w, &bad);
		assert_int_equal(kept.filter, a.filter);
		assert_int_equal(kept.filter_len, a.filter_len);
		full = mirror_of(w, 2, NULL, NULL);
		compiled(w, &full);
		flip(w);
	}
	bad.slot.generation++; /* another row in the same slot */
	assert_false(compile_filter_is_usable(&bad, w->filters));
	/* One that had none, and one that was not there. */
	full.keeps_filter = true;
	assert_false(compile_filter_is_usable(&full, w->filters));
	full.slot.number = 9;
	assert_false(compile_filter_is_usable(&full, w->filters));
	full.keeps_filter = false;
	assert_true(compile_filter_is_usable(&full, w->filters));
}

static void there_is_an_end_to_the_room(void **state)
{
	struct world *w = *state;
	struct filter_insn insns[4096] = { { 0 } };
	uint32_t first;
	struct error err;

	for (uint32_t i = 0; i < FILTER_INSNS / 4096; i++) {
		insns[0].k = i + 1;
		assert_int_equal(filters_place(w->filters, insns, 4096, &first, &err), 0);
		assert_int_equal(first, i * 4096);
	}
	insns[0].k = 1; /* known already */
	assert_int_equal(filters_place(w->filters, insns, 4096, &first, &err), 0);
	insns[0].k = 99;
	assert_int_equal(filters_place(w->filters, insns, 1, &first, &err), -1);
	assert_string_equal(err.text,
			    "the filters of all mirrors take more than 65536 instructions");
}

static void expressions(void **state)
{
	static const char *const good[] = {
		"tcp port https",
		"host 10.0.0.1 and not port 22",
		"vlan 5 and ip6",
		"ether host 02:00:00:00:00:01",
		"net 10.0.0.0/8 or net 192.168",
		"portrange 80-90",
		"ip proto \\udp",
		"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
		"ip6 host 2001:db8::1",
		"ether[0:2] = 0x0200",
		"icmp[icmptype]=icmp-echo",
		"len > 100",
		"less 64",
		"port http or https and src net 10",
		"src port domain",
		"arp",
		"ip[2 : 2] > 100 && !(tcp || udp)",
		"ether proto 0x88cc",
		"greater 1000",
		"ip[8]-1 = 63",
		"-ip[8] - 1 = 63",
		"",
	};
	static const char *const bad[][2] = {
		{ "tcp port", "syntax error" },
		{ "host localhost",
		  "localhost: no such word is known, and names are not looked up" },
		{ "localhost", "localhost: no such word" },
		{ "src www.example.com", "www.example.com: no such word" },
		{ "host localhost and tcp", "localhost: no such word" },
		{ "port 80 and tcp foo", "foo: no such word" },
		{ "port 80 and host foo", "foo: no such word" },
		{ "host foo:bar", "foo:bar: no such word" },
		{ "host fade:beef", "fade:beef: no such word" },
		{ "host 1-2", "1-2: no such word" },
		{ "host 1.2.3.4.5", "1.2.3.4.5: no such word" },
		{ "host 1.", "1.: no such word" },
		{ "host 1and1.com", "1and1.com: no such word" },
		{ "host \\tcp", "\\tcp: no such word" },
		{ "net loopback", "loopback: no such word" },
		{ "ether host foo", "foo: no such word" },
		{ "gateway foo", "foo: no such word" },
		{ "port nosuchservice", "nosuchservice" },
		{ "ip and arp", "expression rejects all packets" },
		{ "ip[", "syntax error" },
		{ "inbound", "needs more than the frame" },
		{ "ip6 protochain 6", "needs a loop" },
		{ "ip or outbound", "needs more than the frame" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(mirror_of(w, 1, NULL, good[i]).filter.n_ops > 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct filter_op *ops;
		struct error err;
		size_t n;

		if (!expression_compile(bad[i][0], w->arena, &ops, &n, &err))
			fail_msg("%s is accepted", bad[i][0]);
		if (!*err.text || !strstr(err.text, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], err.text);
	}
}

static void long_expressions_are_refused(void **state)
{
	struct world *w = *state;
	const struct filter_op *ops;
	struct error err;
	char text[2000] = "";
	size_t n, len = 0;

	for (unsigned int i = 0; i < 90; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%sport %u",
					i ? " or " : "", i);
	assert_int_equal(expression_compile(text, w->arena, &ops, &n, &err), -1);
	assert_non_null(strstr(err.text, "instructions, more than 4000"));
	memset(text, ' ', 1025);
	text[1025] = '\0';
	assert_int_equal(expression_compile(text, w->arena, &ops, &n, &err), -1);
	assert_string_equal(err.text, "longer than 1024 characters");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_match_becomes_comparisons),
		TEST(the_expression_follows_the_match),
		TEST(equal_filters_share_and_stay),
		TEST(what_is_in_force_is_not_overwritten),
		TEST(a_bad_filter_keeps_the_old_one),
		TEST(there_is_an_end_to_the_room),
		TEST(expressions),
		TEST(long_expressions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
