// SPDX-License-Identifier: Apache-2.0
/*
 * bpf/vlan.h and bpf/pkt.h, run natively: what Open vSwitch was observed to do with tags,
 * port by port, and then every VLAN and priority by property.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vlan.h"

/* Sets of the tests: 1 is {10, 20}, 2 is {0, 10}, 3 is {10}, 4 is {10, 20, 30}. */
static bool vlan_set_has(__u16 set, __u16 vid)
{
	switch (set) {
	case 1:
		return vid == 10 || vid == 20;
	case 2:
		return vid == 0 || vid == 10;
	case 3:
		return vid == 10;
	case 4:
		return vid == 10 || vid == 20 || vid == 30;
	}
	return false;
}

static const struct {
	const char *name;
	struct port_config config;
} ports[] = {
	{ "access 10", { .vlan_mode = VLAN_ACCESS, .tag = 10 } },
	{ "access 10 if-nonzero",
	  { .vlan_mode = VLAN_ACCESS, .tag = 10, .priority_tags = PRIORITY_TAGS_IF_NONZERO } },
	{ "access 10 always",
	  { .vlan_mode = VLAN_ACCESS, .tag = 10, .priority_tags = PRIORITY_TAGS_ALWAYS } },
	{ "access 0", { .vlan_mode = VLAN_ACCESS } },
	{ "access 5", { .vlan_mode = VLAN_ACCESS, .tag = 5 } },
	{ "access 4095", { .vlan_mode = VLAN_ACCESS, .tag = 4095 } },
	{ "trunk", { .vlan_mode = VLAN_TRUNK } },
	{ "trunk with tag", { .vlan_mode = VLAN_TRUNK, .tag = 10 } },
	{ "trunk 10,20", { .vlan_mode = VLAN_TRUNK, .trunks = 1 } },
	{ "trunk 0,10", { .vlan_mode = VLAN_TRUNK, .trunks = 2 } },
	{ "trunk if-nonzero",
	  { .vlan_mode = VLAN_TRUNK, .priority_tags = PRIORITY_TAGS_IF_NONZERO } },
	{ "trunk always", { .vlan_mode = VLAN_TRUNK, .priority_tags = PRIORITY_TAGS_ALWAYS } },
	{ "native-tagged 10", { .vlan_mode = VLAN_NATIVE_TAGGED, .tag = 10, .trunks = 1 } },
	{ "native-tagged 30", { .vlan_mode = VLAN_NATIVE_TAGGED, .tag = 30, .trunks = 4 } },
	{ "native-tagged 0 without 0", { .vlan_mode = VLAN_NATIVE_TAGGED, .trunks = 3 } },
	{ "native-untagged 10", { .vlan_mode = VLAN_NATIVE_UNTAGGED, .tag = 10, .trunks = 1 } },
	{ "native-untagged 10 if-nonzero",
	  { .vlan_mode = VLAN_NATIVE_UNTAGGED,
	    .tag = 10,
	    .trunks = 1,
	    .priority_tags = PRIORITY_TAGS_IF_NONZERO } },
	{ "native-untagged 0", { .vlan_mode = VLAN_NATIVE_UNTAGGED } },
	{ "dot1q-tunnel 5", { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5 } },
	{ "dot1q-tunnel 5 802.1q",
	  { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5, .qinq_ethertype_be = 0x0081 } },
	{ "dot1q-tunnel 5 802.1ad",
	  { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5, .qinq_ethertype_be = 0xa888 } },
	{ "dot1q-tunnel 5 cvlans 10", { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5, .cvlans = 3 } },
	{ "dot1q-tunnel 5 cvlans 0,10", { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5, .cvlans = 2 } },
	{ "dot1q-tunnel 0", { .vlan_mode = VLAN_DOT1Q_TUNNEL } },
};

static const struct port_config *find_port(const char *name)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (strcmp(ports[i].name, name) == 0)
			return &ports[i].config;
	fail_msg("no port %s", name);
	return NULL;
}

static uint32_t parse_tag(const char *text)
{
	uint16_t tpid = 0x8100;
	unsigned vid = 0, pcp = 0;

	if (strncmp(text, "88a8 ", 5) == 0) {
		tpid = 0x88a8;
		text += 5;
	}
	assert_true(sscanf(text, "%u p%u", &vid, &pcp) >= 1);
	return tag_make(tpid, pcp << 13 | vid);
}

/* Only the outer tag is looked at: a second one in the text is payload, kept aside. */
static struct vlan_form parse_form(const char *text, const char **ret_rest)
{
	struct vlan_form form = { 0, 0 };

	*ret_rest = "";
	if (*text == '[') {
		form.outer = parse_tag(text + 1);
		*ret_rest = strchr(text, ']') + 1;
	}
	return form;
}

static void print_tag(char *out, size_t size, uint32_t tag)
{
	char pcp[8] = "";

	if (!tag)
		return;
	if (tag >> 13 & 7)
		snprintf(pcp, sizeof(pcp), " p%u", tag >> 13 & 7);
	snprintf(out + strlen(out), size - strlen(out), "[%s%u%s]",
		 tag_tpid(tag) == 0x88a8 ? "88a8 " : "", tag_vid(tag), pcp);
}

static void print_form(char *out, size_t size, struct vlan_form form, const char *rest)
{
	*out = 0;
	assert_true(form.outer || !form.inner);
	print_tag(out, size, form.outer);
	print_tag(out, size, form.inner);
	snprintf(out + strlen(out), size - strlen(out), "%s", rest);
}

/* From a port to a port: NULL is "dropped at input", "-" is "not carried by the output". */
static const struct {
	const char *in, *tags, *out, *expected;
} ways[] = {
	/* Access: untagged or vid 0; any other vid is dropped, its own too. */
	{ "access 10", "", "trunk", "[10]" },
	{ "access 10", "[0]", "trunk", "[10]" },
	{ "access 10", "[0 p5]", "trunk", "[10 p5]" },
	{ "access 10", "[88a8 0 p5]", "trunk", "[88a8 10 p5]" },
	{ "access 10", "[10]", "trunk", NULL },
	{ "access 10", "[20]", "trunk", NULL },
	{ "access 10", "[4095]", "trunk", NULL },
	{ "access 10", "", "access 10", "" },
	{ "access 10", "[0 p5]", "access 10", "" },
	{ "access 10", "", "access 5", "-" },
	{ "access 10", "", "access 0", "-" },
	{ "access 0", "", "trunk", "" },
	{ "access 0", "[0 p5]", "trunk", "[0 p5]" },
	{ "access 0", "", "trunk 10,20", "-" },
	{ "access 0", "", "trunk 0,10", "" },
	{ "access 4095", "", "trunk", "[4095]" },
	{ "trunk", "[4095]", "access 4095", "" },
	/* Trunk: vid 0 needs to be in trunks, too; the tag of a trunk counts for nothing. */
	{ "trunk", "", "trunk", "" },
	{ "trunk", "[10]", "trunk", "[10]" },
	{ "trunk", "[10 p3]", "trunk", "[10 p3]" },
	{ "trunk", "[88a8 10 p3]", "trunk", "[88a8 10 p3]" },
	{ "trunk", "[88a8 10]", "access 10", "" },
	{ "trunk", "[10 p3]", "access 10", "" },
	{ "trunk", "", "access 0", "" },
	{ "trunk", "", "access 10", "-" },
	{ "trunk with tag", "", "access 10", "-" },
	{ "trunk with tag", "", "access 0", "" },
	{ "trunk", "[10]", "trunk with tag", "[10]" },
	{ "trunk 10,20", "", "trunk", NULL },
	{ "trunk 10,20", "[0 p5]", "trunk", NULL },
	{ "trunk 10,20", "[30]", "trunk", NULL },
	{ "trunk 10,20", "[20]", "trunk", "[20]" },
	{ "trunk 0,10", "", "trunk", "" },
	{ "trunk", "[30]", "trunk 10,20", "-" },
	{ "trunk", "[20]", "trunk 10,20", "[20]" },
	/* Priority tags. */
	{ "trunk", "[0]", "trunk", "" },
	{ "trunk", "[0 p5]", "trunk", "[0 p5]" },
	{ "trunk", "[0 p5]", "access 0", "" },
	{ "access 10", "[0 p5]", "access 10 if-nonzero", "[0 p5]" },
	{ "trunk", "[10 p3]", "access 10 if-nonzero", "[0 p3]" },
	{ "trunk", "[10]", "access 10 if-nonzero", "" },
	{ "trunk", "[10 p3]", "native-untagged 10 if-nonzero", "[0 p3]" },
	{ "trunk", "[10]", "native-untagged 10 if-nonzero", "" },
	{ "trunk", "[20 p3]", "native-untagged 10 if-nonzero", "[20 p3]" },
	{ "trunk", "[0]", "trunk if-nonzero", "" },
	{ "trunk", "[0]", "trunk always", "[0]" },
	{ "trunk", "[0 p5]", "trunk always", "[0 p5]" },
	{ "trunk", "", "trunk always", "" },
	{ "access 0", "", "trunk always", "[0]" },
	{ "native-tagged 0 without 0", "", "trunk always", "[0]" },
	{ "access 0", "[0]", "trunk always", "[0]" },
	{ "trunk", "[10]", "access 10 always", "" },
	{ "trunk", "[10 p3]", "access 10 always", "[0 p3]" },
	{ "access 10", "", "access 10 always", "" },
	/* Native VLAN: untagged and tagged are both welcome. */
	{ "native-tagged 10", "", "trunk", "[10]" },
	{ "native-tagged 10", "[0 p5]", "trunk", "[10 p5]" },
	{ "native-tagged 10", "[10]", "trunk", "[10]" },
	{ "native-tagged 10", "[20]", "trunk", "[20]" },
	{ "native-tagged 10", "[30]", "trunk", NULL },
	{ "native-tagged 30", "", "trunk", "[30]" },
	{ "native-tagged 30", "[30]", "trunk", "[30]" },
	{ "trunk", "[30]", "native-tagged 30", "[30]" },
	{ "trunk", "[10 p3]", "native-tagged 10", "[10 p3]" },
	{ "trunk", "[88a8 10]", "native-tagged 10", "[88a8 10]" },
	{ "trunk", "", "native-tagged 10", "-" },
	/* Native VLAN 0 that trunks leaves out: taken, but not given. */
	{ "native-tagged 0 without 0", "", "trunk", "" },
	{ "native-tagged 0 without 0", "[20]", "trunk", NULL },
	{ "trunk", "", "native-tagged 0 without 0", "-" },
	{ "trunk", "[10]", "native-tagged 0 without 0", "[10]" },
	{ "native-untagged 10", "", "trunk", "[10]" },
	{ "native-untagged 10", "[10]", "access 10", "" },
	{ "trunk", "[10 p3]", "native-untagged 10", "" },
	{ "trunk", "[20 p3]", "native-untagged 10", "[20 p3]" },
	{ "trunk", "[0 p5]", "native-untagged 0", "" },
	{ "trunk", "[10]", "native-untagged 0", "[10]" },
	/* Only the outer tag is looked at; the rest shows when it goes. */
	{ "trunk", "[10][20]", "trunk", "[10][20]" },
	{ "trunk", "[10][20]", "access 10", "[20]" },
	{ "trunk", "[0][10]", "trunk", "[10]" },
	{ "access 10", "[0][20]", "trunk", "[10][20]" },
	{ "trunk", "[88a8 5][10]", "access 5", "[10]" },
	{ "trunk", "[88a8 5][10]", "dot1q-tunnel 5", "[10]" },
	/* dot1q-tunnel: a service tag over the customer's. */
	{ "dot1q-tunnel 5", "", "trunk", "[88a8 5]" },
	{ "dot1q-tunnel 5", "[10 p3]", "trunk", "[88a8 5][10 p3]" },
	{ "dot1q-tunnel 5", "[88a8 10]", "trunk", "[88a8 5][88a8 10]" },
	{ "dot1q-tunnel 5", "[0]", "trunk", "[88a8 5]" },
	{ "dot1q-tunnel 5", "[0 p5]", "trunk", "[88a8 5][0 p5]" },
	{ "dot1q-tunnel 5", "[10][20]", "trunk", "[88a8 5][10][20]" },
	{ "dot1q-tunnel 5 802.1q", "[10]", "trunk", "[5][10]" },
	{ "dot1q-tunnel 5 802.1ad", "[10]", "trunk", "[88a8 5][10]" },
	{ "dot1q-tunnel 5", "[10 p3]", "dot1q-tunnel 5 802.1q", "[10 p3]" },
	{ "dot1q-tunnel 5", "", "dot1q-tunnel 5 802.1q", "" },
	{ "dot1q-tunnel 5", "", "access 5", "" },
	{ "dot1q-tunnel 5", "[0]", "access 5", "" },
	{ "dot1q-tunnel 5", "[10]", "access 5", "-" },
	{ "dot1q-tunnel 5", "[10]", "access 10", "-" },
	{ "access 5", "", "dot1q-tunnel 5", "" },
	{ "trunk", "[5 p3]", "dot1q-tunnel 5", "" },
	{ "trunk", "[10]", "dot1q-tunnel 5", "-" },
	/* cvlans, at input and at output. */
	{ "dot1q-tunnel 5 cvlans 10", "[10]", "trunk", "[88a8 5][10]" },
	{ "dot1q-tunnel 5 cvlans 10", "[20]", "trunk", NULL },
	{ "dot1q-tunnel 5 cvlans 10", "", "trunk", NULL },
	{ "dot1q-tunnel 5 cvlans 0,10", "", "trunk", "[88a8 5]" },
	{ "dot1q-tunnel 5", "[20]", "dot1q-tunnel 5 cvlans 10", "-" },
	{ "dot1q-tunnel 5", "[10]", "dot1q-tunnel 5 cvlans 10", "[10]" },
	{ "access 5", "", "dot1q-tunnel 5 cvlans 10", "-" },
	{ "access 5", "", "dot1q-tunnel 5 cvlans 0,10", "" },
	/* A8: without a tag of its own (OVS loses the customer's here; we do not). */
	{ "dot1q-tunnel 0", "[10]", "trunk", "[10]" },
};

static void ports_accept_and_emit_as_observed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const struct port_config *in = find_port(ways[i].in);
		const struct port_config *out = find_port(ways[i].out);
		const char *rest, *expected = ways[i].expected;
		struct vlan_form form = parse_form(ways[i].tags, &rest);
		struct vlan vlan;
		char got[64] = "-";

		if (!vlan_admits(in, &form)) {
			if (expected)
				fail_msg("%s %s: dropped", ways[i].in, ways[i].tags);
			continue;
		}
		vlan = vlan_enter(in, &form);
		if (vlan_is_carried(out, tag_vid(vlan.outer)) && vlan_inner_passes(out, vlan.inner))
			print_form(got, sizeof(got), vlan_leave(out, &vlan), rest);
		if (!expected || strcmp(got, expected) != 0)
			fail_msg("%s %s -> %s: %s, expected %s", ways[i].in, ways[i].tags,
				 ways[i].out, got, expected ? expected : "a drop");
	}
}

/* A copy goes out of whatever output port: an access port takes all tags off. */
static void outputs_that_do_not_carry_the_vlan_still_have_a_form(void **state)
{
	const struct {
		const char *in, *tags, *out, *expected;
	} rows[] = {
		{ "trunk", "[20 p3]", "access 10", "" },
		{ "trunk", "[30]", "trunk 10,20", "[30]" },
		{ "access 10", "", "trunk 10,20", "[10]" },
		{ "dot1q-tunnel 5", "[20]", "access 10", "" },
		{ "dot1q-tunnel 5", "[20]", "dot1q-tunnel 5 cvlans 10", "[20]" },
		{ "trunk", "[20]", "native-untagged 10", "[20]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *rest;
		struct vlan_form form = parse_form(rows[i].tags, &rest);
		struct vlan vlan = vlan_enter(find_port(rows[i].in), &form);
		char got[64];

		print_form(got, sizeof(got), vlan_leave(find_port(rows[i].out), &vlan), rest);
		assert_string_equal(got, rows[i].expected);
	}
}

/* What leaves a port, read back by the same port: the form of a copy at egress. */
static void an_output_read_back_loses_what_the_port_does_not_show(void **state)
{
	const struct {
		const char *in, *tags, *out, *expected;
	} rows[] = {
		{ "trunk", "[10 p3]", "access 10", "[10]" },
		{ "trunk", "[10 p3]", "access 10 if-nonzero", "[10 p3]" },
		{ "trunk", "[88a8 10 p3]", "native-untagged 10", "[10]" },
		{ "trunk", "[88a8 10 p3]", "native-tagged 10", "[88a8 10 p3]" },
		{ "trunk", "[20 p3]", "native-untagged 10", "[20 p3]" },
		{ "trunk", "[10 p3]", "trunk", "[10 p3]" },
		{ "trunk", "[0]", "trunk", "" },
		{ "dot1q-tunnel 5", "[10]", "dot1q-tunnel 5 802.1q", "[5][10]" },
		{ "dot1q-tunnel 5", "[10]", "trunk", "[88a8 5][10]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct port_config *out = find_port(rows[i].out);
		const char *rest;
		struct vlan_form form = parse_form(rows[i].tags, &rest);
		struct vlan vlan = vlan_enter(find_port(rows[i].in), &form);
		char got[64];

		form = vlan_leave(out, &vlan);
		assert_true(vlan_admits(out, &form));
		vlan = vlan_enter(out, &form);
		print_form(got, sizeof(got), vlan_leave(find_port("trunk"), &vlan), rest);
		if (strcmp(got, rows[i].expected) != 0)
			fail_msg("%s %s by %s: %s, expected %s", rows[i].in, rows[i].tags,
				 rows[i].out, got, rows[i].expected);
	}
}

/* A tag of vid 0 and priority 0, whatever its DEI bit, is not written. */
static uint32_t as_written(uint32_t tag)
{
	return tag & 0xefff ? tag : 0;
}

/* Every TCI through every kind of port. */
static void every_tci_obeys_the_rules(void **state)
{
	const struct port_config *trunk = find_port("trunk");
	const struct port_config *access = find_port("access 10");
	const struct port_config *tunnel = find_port("dot1q-tunnel 5");

	(void)state;
	for (uint32_t tci = 0; tci <= 0xffff; tci++) {
		struct vlan_form form = { .outer = tag_make(0x8100, tci) }, left;
		uint16_t vid = tci & 0xfff;
		struct vlan vlan;

		/* Trunk to trunk nothing changes, the DEI bit included. */
		assert_true(vlan_admits(trunk, &form));
		vlan = vlan_enter(trunk, &form);
		assert_int_equal(tag_vid(vlan.outer), vid);
		left = vlan_leave(trunk, &vlan);
		assert_int_equal(left.outer, as_written(form.outer));
		assert_int_equal(left.inner, 0);
		assert_int_equal(vlan_is_carried(access, vid), vid == 10);

		/* An access port admits vid 0 only, and keeps nothing but the priority. */
		assert_int_equal(vlan_admits(access, &form), vid == 0);
		vlan = vlan_enter(access, &form);
		assert_int_equal(vlan.outer, tag_make(0x8100, (tci & 0xe000) | 10));
		left = vlan_leave(access, &vlan);
		assert_int_equal(left.outer | left.inner, 0);

		/* Through a tunnel the customer's tag comes out as it went in. */
		vlan = vlan_enter(tunnel, &form);
		assert_int_equal(vlan.outer, tag_make(0x88a8, 5));
		left = vlan_leave(tunnel, &vlan);
		assert_int_equal(left.outer, as_written(form.outer));
		assert_int_equal(left.inner, 0);
	}
}

/* Whatever the ports: nothing comes out that is no form, or a tag that says nothing unless
 * it is asked for; and a port carries the VLAN that it admits. */
static void every_pair_of_ports_gives_a_proper_form(void **state)
{
	const size_t n = sizeof(ports) / sizeof(ports[0]);
	const uint16_t tcis[] = { 0, 0xa000, 5, 10, 0x600a, 20, 30, 4095, 0xffff };
	const uint16_t tpids[] = { 0, 0x8100, 0x88a8 };

	(void)state;
	for (size_t i = 0; i < n * n * 9 * 3; i++) {
		const struct port_config *in = &ports[i % n].config;
		const struct port_config *out = &ports[i / n % n].config;
		uint16_t tpid = tpids[i / n / n % 3];
		struct vlan_form form = { 0, 0 }, left;
		struct vlan vlan;

		if (tpid)
			form.outer = tag_make(tpid, tcis[i / n / n / 3]);
		if (!vlan_admits(in, &form))
			continue;
		vlan = vlan_enter(in, &form);
		assert_true(vlan_is_fed(in, tag_vid(vlan.outer)));
		left = vlan_leave(out, &vlan);
		assert_true(left.outer || !left.inner);
		assert_true(!left.outer || is_vlan_type(tag_tpid(left.outer)));
		assert_true(!left.inner || is_vlan_type(tag_tpid(left.inner)));
		if (out->priority_tags != PRIORITY_TAGS_ALWAYS) {
			assert_int_equal(left.outer, as_written(left.outer));
			assert_int_equal(left.inner, as_written(left.inner));
		}
		if (out->vlan_mode == VLAN_ACCESS)
			assert_int_equal(tag_vid(left.outer), 0);
	}
}

/* --- pkt.h --- */

static struct pkt parse(const void *bytes, size_t len, uint32_t meta_tag)
{
	struct pkt_source source = {
		.data = bytes,
		.end = (const uint8_t *)bytes + len,
		.len = (uint32_t)len,
		.meta_tag = meta_tag,
	};
	struct pkt pkt;

	memset(&pkt, 0xee, sizeof(pkt));
	if (!pkt_parse(&source, &pkt))
		pkt.rest_len = 0;
	return pkt;
}

static void a_frame_reads_the_same_with_its_tag_in_either_place(void **state)
{
	const uint8_t tagged[] = "\1\2\3\4\5\6\7\10\11\12\13\14\x88\xa8\x60\x0a\x81\x00\0\0\0";
	const uint8_t bare[] = "\1\2\3\4\5\6\7\10\11\12\13\14\x81\x00\0\0\0";
	struct pkt a = parse(tagged, 20, 0), b = parse(bare, 16, 0x88a8600a);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a)); /* padding is filled alike */
	assert_int_equal(a.dst, 0x010203040506);
	assert_int_equal(a.src, 0x0708090a0b0c);
	assert_int_equal(a.form.outer, 0x88a8600a);
	assert_int_equal(a.rest_len, 16);
	assert_int_equal(a.rest_type, 0x8100);
	assert_int_equal(pkt_len(&a, &a.form), 20);
	/* Of two tags the inner one counts against the MTU. */
	assert_int_equal(pkt_l3_len(&a, &a.form), 2 + 4 - 4);
}

/* From memory of just that size, for the sanitizer. */
static void a_frame_that_ends_inside_a_header_is_refused(void **state)
{
	(void)state;
	for (size_t len = 0; len < 64; len++) {
		uint8_t *bytes = calloc(1, len + 1);

		assert_non_null(bytes);
		assert_int_equal(parse(bytes, len, 0).rest_len, len < 14 ? 0 : len);
		if (len > 12)
			bytes[12] = 0x81;
		if (len > 13)
			assert_int_equal(parse(bytes, len, 0).rest_len, len < 20 ? 0 : len - 4);
		free(bytes);
	}
}

static void the_mtu_is_compared_without_the_outermost_tag(void **state)
{
	const uint8_t bare[] = "\1\2\3\4\5\6\7\10\11\12\13\14\x08\x00 payload";
	const uint32_t ten = 0x8100000a, five = 0x88a80005;
	struct pkt p = parse(bare, 22, 0);

	(void)state;
	assert_int_equal(pkt_l3_len(&p, &(struct vlan_form){ 0, 0 }), 8);
	assert_int_equal(pkt_l3_len(&p, &(struct vlan_form){ ten, 0 }), 8);
	assert_int_equal(pkt_l3_len(&p, &(struct vlan_form){ five, ten }), 12);
	assert_int_equal(pkt_len(&p, &(struct vlan_form){ five, ten }), 30);
}

static void reserved_destinations_are_those_of_ovs(void **state)
{
	const uint64_t reserved[] = {
		0x0180c2000000, 0x0180c2000001, 0x0180c200000e, 0x0180c200000f,
		0x01000ccccccc, 0x01000ccccccd, 0x01000ccdcdcd, 0x01000c000000,
		0x00e02b000000, 0x00e02b000004, 0x00e02b000006,
	};
	const uint64_t others[] = {
		0x0180c2000010, 0x0180c2000011, 0x0180c2000020,
		0x0180c2000021, 0x0180c200002f, 0x0180c2010000,
		0x01000cccccce, 0x01000ccccccf, 0x01000ccdcdd0,
		0x01000cdddddd, 0x01000c000001, 0x00e02b000001,
		0x00e02b000002, 0x00e02b000003, 0x00e02b000005,
		0x00005e000101, 0xffffffffffff, 0,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reserved) / 8 + sizeof(others) / 8; i++) {
		bool is_first = i < sizeof(reserved) / 8;
		uint64_t value = is_first ? reserved[i] : others[i - sizeof(reserved) / 8];

		assert_int_equal(mac_is_reserved(value), is_first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_accept_and_emit_as_observed),
		cmocka_unit_test(outputs_that_do_not_carry_the_vlan_still_have_a_form),
		cmocka_unit_test(an_output_read_back_loses_what_the_port_does_not_show),
		cmocka_unit_test(every_tci_obeys_the_rules),
		cmocka_unit_test(every_pair_of_ports_gives_a_proper_form),
		cmocka_unit_test(a_frame_reads_the_same_with_its_tag_in_either_place),
		cmocka_unit_test(a_frame_that_ends_inside_a_header_is_refused),
		cmocka_unit_test(the_mtu_is_compared_without_the_outermost_tag),
		cmocka_unit_test(reserved_destinations_are_those_of_ovs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
