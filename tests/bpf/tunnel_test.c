// SPDX-License-Identifier: Apache-2.0
/*
 * Into tunnels and out of them, byte for byte: tunnels/ holds what Linux 6.12's own devices
 * (gretap-*, erspan-*, ip6*) and Open vSwitch (ovs-*) made of the first eight of
 * tunnels/inner-frames.pcap.  A port with options as a user writes them must make the same of
 * them, but for what differs from run to run.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tunnel_rig.h"

#define ERSPAN2 V4 " key=100 erspan_ver=2"

static const struct tunnel_variant variants[] = {
	{ "gretap-plain", "gre", V4 " ttl=inherit", false },
	{ "gretap-key", "gre", V4 " key=0x1111 ttl=inherit", false },
	{ "gretap-csum", "gre", V4 " csum=true ttl=inherit", false },
	{ "gretap-seq", "gre", V4 " seq=true ttl=inherit", false },
	{ "gretap-csum-seq-key", "gre", V4 " key=4369 csum=true seq=true ttl=inherit", false },
	{ "gretap-ignoredf", "gre", V4 " key=0x1111 df_default=false ttl=inherit", false },
	{ "ovs-gre", "gre", V4, false },
	{ "ovs-gre-key", "gre", V4 " key=0x1111", false },
	{ "ovs-gre-key0", "gre", V4 " key=0", false },
	{ "ovs-gre-keyflow", "gre", V4 " key=flow", false },
	{ "ovs-gre-csum", "gre", V4 " key=0x1111 csum=true", false },
	{ "ovs-gre-local", "gre", V4 " key=0x1111 local_ip=10.0.2.15", false },
	{ "ovs-gre-tos-ttl", "gre", V4 " key=0x1111 tos=inherit ttl=inherit df_default=false",
	  false },
	{ "ovs-gre-tos40", "gre", V4 " key=0x1111 tos=40 ttl=33", false },
	{ "ovs-gre-v6", "ip6gre", V6 " key=0x1111", false },
	{ "ip6gretap-key-noencaplimit", "ip6gre", V6 " key=0x1111", true }, /* without ECN */
	{ "ip6gretap-key", "ip6gre", V6 " key=0x1111", true }, /* with a header between */
	{ "ovs-vxlan", "vxlan", V4 " key=100", false },
	/* The next two by Linux 6.18's vxlan device. */
	{ "vxlan-csum", "vxlan", V4 " key=100 csum=true", false },
	{ "vxlan-v6", "vxlan", V6 " key=100", false },
	{ "erspan-v0", "erspan", V4 " erspan_ver=0 ttl=inherit", false },
	{ "erspan-v1", "erspan", V4 " key=100 erspan_ver=1 erspan_idx=7b ttl=inherit", false },
	{ "erspan-v2-in", "erspan", ERSPAN2 " erspan_hwid=11 ttl=inherit", false },
	{ "erspan-v2-out", "erspan",
	  V4 " key=1023 erspan_ver=2 erspan_dir=1 erspan_hwid=3f ttl=inherit", false },
	{ "ovs-erspan-v1", "erspan", V4 " key=100 erspan_ver=1 erspan_idx=123", false },
	{ "ovs-erspan-v1-noidx", "erspan", V4 " key=100 erspan_ver=1", false },
	{ "ovs-erspan-nokey", "erspan", V4 " erspan_ver=1 erspan_idx=5", false },
	{ "ovs-erspan-v2-d0", "erspan", ERSPAN2 " erspan_dir=0 erspan_hwid=0x11", false },
	{ "ovs-erspan-v2-d1", "erspan", V4 " key=0x3ff erspan_ver=2 erspan_dir=1 erspan_hwid=0x3f",
	  false },
	{ "ovs-ip6erspan", "ip6erspan", V6 " key=100 erspan_ver=1 erspan_idx=123", false },
};
enum { N_VARIANTS = sizeof(variants) / sizeof(variants[0]) };

/* --- in --- */

static void blank(struct frame *f, uint32_t at, uint32_t len)
{
	memset(f->bytes + at, 0, len);
}

/* What differs from run to run, or is the kernel's whim. */
static void blank_variable(struct frame *f, const char *type)
{
	bool is_ipv6 = f->bytes[12] == 0x86;
	uint32_t l4 = is_ipv6 ? 54 : 34;

	if (is_ipv6) {
		f->bytes[15] &= 0xf0; /* flow label */
		blank(f, 16, 2);
	} else {
		blank(f, 18, 2); /* identification, and with it the checksum */
		blank(f, 24, 2);
	}
	if (!strcmp(type, "vxlan")) {
		assert_true(tunnel_rig_udp_sum_is_right(f));
		blank(f, l4, 2); /* source port, and with it the checksum */
		if (f->bytes[l4 + 6] || f->bytes[l4 + 7])
			memset(f->bytes + l4 + 6, 0xff, 2);
	}
	if (f->bytes[l4 + 2] == 0x22 && f->bytes[l4 + 3] == 0xeb)
		blank(f, l4 + 12, 4); /* the time */
	/* Over IPv6 that kernel reads the class of service two bytes too far. */
	if (is_ipv6 && strstr(type, "erspan"))
		f->bytes[l4 + 10] &= 0x1f;
}

static void assert_ipv4_checksum(const struct frame *f)
{
	uint32_t sum = 0;

	if (f->bytes[12] != 8)
		return;
	for (int i = 14; i < 34; i += 2)
		sum += (uint32_t)f->bytes[i] << 8 | f->bytes[i + 1];
	assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
}

static void packets_are_the_kernels(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VARIANTS; i++) {
		if (variants[i].is_foreign)
			continue;
		tunnel_rig_set_up(&variants[i]);
		for (size_t k = 0; k < N_FRAMES; k++) {
			struct frame got;

			assert_int_equal(tunnel_rig_run(&tunnel_rig.inner[k], 0, TOO_LONG_DROP),
					 SENT);
			assert_int_equal(rig_n_records(), 1);
			assert_int_equal(rig_record(0).ifindex, UNDERLAY);
			got = tunnel_rig_sent();
			assert_ipv4_checksum(&got);
			blank_variable(&got, variants[i].type);
			blank_variable(&tunnel_rig.outer[k], variants[i].type);
			if (got.len == tunnel_rig.outer[k].len &&
			    !memcmp(got.bytes, tunnel_rig.outer[k].bytes, got.len))
				continue;
			for (uint32_t at = 0; at < got.len && at < 90; at++)
				fprintf(stderr, "%02x%s", got.bytes[at],
					got.bytes[at] == tunnel_rig.outer[k].bytes[at] ? "" : "!");
			fail_msg("%s: frame %zu, %u bytes, wanted %u", variants[i].file, k, got.len,
				 tunnel_rig.outer[k].len);
		}
		assert_int_equal(rig_port_stats(PORT).tx_packets, N_FRAMES);
		assert_int_equal(rig_port_stats(PORT).tx_bytes,
				 98 + 42 + 102 + 106 + 106 + 102 + 60 + 61);
	}
}

/* It takes one more clone, and is asked for by an account, or where there is no link. */
static void the_kernels_answer_is_passed_on(void **state)
{
	const struct tunnel_variant v = { "gretap-key", "gre", V4 " key=0x1111", false };
	struct job job = { .is_valid = 1, .port = PORT, .is_tunnel = 1, .is_up = 1 };
	struct frame redirected, cloned;

	(void)state;
	tunnel_rig_set_up(&v);
	rig_put_job(job);
	assert_int_equal(rig_run_reentry(&tunnel_rig.inner[0], 0), REDIRECT);
	assert_int_equal(rig_record(0).kind, RECORD_REDIRECT);
	redirected = tunnel_rig_sent();
	job.has_account = 1;
	rig_put_job(job);
	assert_int_equal(rig_run_reentry(&tunnel_rig.inner[0], 0), DROP);
	assert_int_equal(rig_record(0).kind, RECORD_CLONE);
	cloned = tunnel_rig_sent();
	blank_variable(&redirected, "gre");
	blank_variable(&cloned, "gre");
	assert_memory_equal(cloned.bytes, redirected.bytes, redirected.len);
	assert_int_equal(rig_port_stats(PORT).tx_packets, 2);
	rig_set_result(UNDERLAY, 1, 0);
	rig_put_job(job);
	rig_run_reentry(&tunnel_rig.inner[0], 0);
	assert_int_equal(rig_job().outcome, BACKLOG);
	job.has_account = job.is_up = 0;
	rig_put_job(job);
	rig_run_reentry(&tunnel_rig.inner[0], 0);
	assert_int_equal(rig_job().outcome, NO_TARGET);
	assert_int_equal(rig_port_stats(PORT).tx_packets, 2);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	struct model_tunnel t = tunnel_rig_parse("gre", V4 " key=1");
	struct frame f = rig_frame(9, 1, "", 1458 - 14);
	struct route route = tunnel_rig_route(&tunnel_rig.outer[0]);

	(void)state;
	assert_int_equal(tunnel_rig_put(&t, &route).mtu, 1500 - 28);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	f = rig_frame(9, 1, "", 1472 - 14);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	f = rig_frame(9, 1, "", 1473 - 14);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), MTU);
	f = rig_frame(9, 1, "[5]", 1469 - 14);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), MTU);
	route.has_next_hop = false;
	assert_false(tunnel_rig_put(&t, &route).flags & PORT_TUNNEL);
	f = rig_frame(9, 1, "", 100);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), NO_TARGET);
}

static uint32_t get16(const struct frame *f, uint32_t at)
{
	return (uint32_t)f->bytes[at] << 8 | f->bytes[at + 1];
}

static void a_long_copy_is_cut(void **state)
{
	struct model_tunnel t = tunnel_rig_parse("gre", V4 " key=1");
	struct frame f = rig_frame(9, 1, "[5]", 1500);
	struct route route = tunnel_rig_route(&tunnel_rig.outer[0]);

	(void)state;
	tunnel_rig_put(&t, &route);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_CUT), TRUNCATED);
	assert_int_equal(rig_record(0).len, 1514);
	f = tunnel_rig_sent();
	assert_int_equal(get16(&f, 16), 1500);
	assert_ipv4_checksum(&f);
	assert_int_equal(rig_port_stats(PORT).tx_bytes, 1472);
}

static void fragments_make_up_the_packet(void **state)
{
	struct model_tunnel t = tunnel_rig_parse("gre", V4 " key=1 df_default=false");
	struct frame f = rig_frame(9, 1, "", 1486), part;
	struct route route = tunnel_rig_route(&tunnel_rig.outer[0]);
	uint32_t at = 0, id = 0;

	(void)state;
	route.mtu = 576;
	assert_int_equal(tunnel_rig_put(&t, &route).mtu, UINT32_MAX);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	assert_int_equal(rig_n_records(), 3);
	for (size_t i = 0; i < 3; i++) {
		struct record r = rig_record(i);

		assert_int_equal(r.ifindex, UNDERLAY);
		part = rig_sent(&r);
		assert_ipv4_checksum(&part);
		assert_int_equal(r.len, get16(&part, 16) + 14);
		assert_true(r.len <= 576 + 14);
		assert_int_equal(get16(&part, 20), at / 8 | (i < 2 ? 0x2000 : 0));
		assert_true(!i || get16(&part, 18) == id);
		id = get16(&part, 18);
		/* Behind GRE's eight bytes the frame goes on. */
		if (i)
			assert_memory_equal(part.bytes + 34, f.bytes + at - 8, 200);
		else
			assert_memory_equal(part.bytes + 42, f.bytes, 200);
		at += r.len - 34;
	}
	assert_int_equal(at, 8 + f.len);
	assert_int_equal(rig_port_stats(PORT).tx_bytes, f.len);
	/* One that fits is left whole. */
	f = rig_frame(9, 1, "", 500);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	assert_int_equal(rig_n_records(), 1);
}

/* Over IPv6 a header of their own says so. */
static void fragments_over_ipv6(void **state)
{
	struct model_tunnel t = tunnel_rig_parse("ip6gre", V6 " key=1 df_default=false");
	struct frame f = rig_frame(9, 1, "", 1486), part;
	struct route route;
	uint32_t at = 0;

	(void)state;
	assert_int_equal(tunnel_rig_read("ovs-gre-v6", tunnel_rig.outer, 1), 1);
	route = tunnel_rig_route(&tunnel_rig.outer[0]);
	assert_int_equal(tunnel_rig_put(&t, &route).mtu, UINT32_MAX);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	assert_int_equal(rig_n_records(), 2);
	for (size_t i = 0; i < 2; i++) {
		struct record r = rig_record(i);

		part = rig_sent(&r);
		assert_memory_equal(part.bytes, tunnel_rig.outer[0].bytes, 14);
		assert_memory_equal(part.bytes + 22, tunnel_rig.outer[0].bytes + 22, 32);
		assert_int_equal(part.bytes[20], 44);
		assert_int_equal(r.len, get16(&part, 18) + 54);
		assert_true(r.len <= 1500 + 14);
		assert_memory_equal(part.bytes + 54, "\x2f", 2);
		assert_int_equal(get16(&part, 56), at | !i);
		if (i)
			assert_memory_equal(part.bytes + 62, f.bytes + at - 8, f.len + 8 - at);
		else
			assert_memory_equal(part.bytes + 70, f.bytes, 180);
		at += r.len - 62;
	}
	assert_int_equal(at, 8 + f.len);
	/* Without leave none are made. */
	t = tunnel_rig_parse("ip6gre", V6 " key=1");
	tunnel_rig_put(&t, &route);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), MTU);
}

/* Over IPv6 receivers want a checksum; who does not has to say so. */
static void vxlan_without_a_checksum(void **state)
{
	const struct tunnel_variant v = { "vxlan-v6", "vxlan", V6 " key=100 csum=false", false };
	struct frame f;

	(void)state;
	tunnel_rig_set_up(&v);
	assert_int_equal(tunnel_rig_run(&tunnel_rig.inner[0], 0, TOO_LONG_DROP), SENT);
	f = tunnel_rig_sent();
	assert_int_equal(f.len, tunnel_rig.outer[0].len);
	assert_int_equal(get16(&f, 60), 0);
}

/* One header would be for all the segments that are yet to be made. */
static void what_has_a_number_is_segmented_first(void **state)
{
	static const char *const options[] = { V4 " seq=true", V4 " csum=true" };
	struct frame f = rig_frame(9, 1, "", 1400);
	struct route route = tunnel_rig_route(&tunnel_rig.outer[0]);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct model_tunnel t = i < 2 ? tunnel_rig_parse("gre", options[i])
					      : tunnel_rig_parse("erspan", ERSPAN2);

		tunnel_rig_put(&t, &route);
		rig_put_job(
			(struct job){ .is_valid = 1, .port = PORT, .is_tunnel = 1, .is_up = 1 });
		assert_int_equal(rig_run_tunnel(&f, 500), DROP);
		assert_int_equal(rig_n_records(), 1);
		assert_int_equal(rig_record(0).ifindex, SEGMENT_IFINDEX);
		assert_int_equal(rig_record(0).len, f.len);
		assert_int_equal(rig_record(0).mark & 0xffff, PORT);
		assert_int_equal(rig_job().outcome, SENT);
	}
}

static void a_cut_copy_says_so_in_erspan(void **state)
{
	const struct tunnel_variant v = { "erspan-v1", "erspan", V4 " key=100 erspan_idx=7b",
					  false };
	struct frame full[2], got;

	(void)state;
	tunnel_rig_set_up(&v);
	assert_int_equal(tunnel_rig_read("erspan-v1-trunc", full, 2), 2);
	assert_int_equal(full[1].len, 564);
	assert_int_equal(tunnel_rig_run(&tunnel_rig.inner[0], 60, TOO_LONG_CUT), TRUNCATED);
	got = tunnel_rig_sent();
	assert_memory_equal(got.bytes + 42, full[1].bytes + 42, 4); /* 0x10000464 */
	assert_int_equal(got.len, 50 + 60);
	assert_int_equal(got.bytes[17], got.len - 14);
}

/* --- out --- */

static char context[64];

static void assert_comes_out(const struct frame *packet, const struct frame *want)
{
	struct job before, job, all_there_is = { .peer = PORT, .hops = 1 };
	struct record r;
	struct frame got;
	int verdict;

	memset(&before, 0xff, sizeof(before));
	rig_put_job(before);
	verdict = rig_run_decap(packet);
	if (verdict != REDIRECT)
		fail_msg("verdict %d for a packet of %u bytes (%s)", verdict, packet->len, context);
	assert_int_equal(rig_n_records(), 1);
	r = rig_record(0);
	assert_int_equal(r.ifindex, REENTRY_IFINDEX);
	/* Whatever the job before was, of a copy for example. */
	job = rig_job();
	all_there_is.outcome = job.outcome;
	assert_memory_equal(&job, &all_there_is, sizeof(job));
	got = rig_sent(&r);
	assert_int_equal(got.len, want->len);
	assert_memory_equal(got.bytes, want->bytes, want->len < 256 ? want->len : 256);
}

static void frames_come_out_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VARIANTS; i++) {
		tunnel_rig_set_up(&variants[i]);
		tunnel_rig_turn_round(&variants[i]);
		for (size_t k = 0; k < N_FRAMES; k++) {
			snprintf(context, sizeof(context), "%s frame %zu", variants[i].file, k);
			assert_comes_out(&tunnel_rig.outer[k], &tunnel_rig.inner[k]);
		}
	}
}

/* Is the packet left to the host (true), or dropped? */
static void assert_not_ours(const struct frame *packet, int verdict)
{
	assert_int_equal(rig_run_decap(packet), verdict);
	assert_int_equal(rig_n_records(), 0);
}

static struct frame with_byte(struct frame f, uint32_t at, uint8_t value)
{
	f.bytes[at] = value;
	return f;
}

static void addresses_and_keys_must_match(void **state)
{
	const struct tunnel_variant v = { "gretap-key", "gre", V4 " key=0x1111", false };
	struct tunnel_match other = { TUNNEL_GRE, 0, TUNNEL_KEY_EXACT, 0x1112, { 0 } };
	struct model_tunnel t = tunnel_rig_parse("gre", "remote_ip=10.0.2.15 key=flow");
	struct route route;
	struct frame f;

	(void)state;
	tunnel_rig_set_up(&v);
	tunnel_rig_turn_round(&v);
	assert_comes_out(&tunnel_rig.outer[0], &tunnel_rig.inner[0]);
	/* Another key, another sender: nobody's, unless the host has such devices, too. */
	f = with_byte(tunnel_rig.outer[0], 41, 0x12);
	assert_not_ours(&f, DROP);
	tunnel_rig.host_has_gre = true;
	tunnel_rig_turn_round(&v);
	assert_not_ours(&f, NEXT);
	f = with_byte(tunnel_rig.outer[0], 29, 16);
	assert_not_ours(&f, NEXT);
	tunnel_rig.host_has_gre = false;
	/* Nor if a list is recycled, or two have one hash. */
	other.remote[2] = htonl(0xffff);
	other.remote[3] = htonl(0x0a00020f);
	tunnel_rig.collision = &other;
	tunnel_rig_turn_round(&v);
	tunnel_rig.collision = NULL;
	f = with_byte(tunnel_rig.outer[0], 41, 0x12);
	assert_not_ours(&f, DROP);
	/* Whatever key. */
	route = tunnel_rig_route(&tunnel_rig.outer[0]);
	route.source[12] = 10;
	route.source[13] = 95;
	route.source[14] = 30;
	route.source[15] = 43;
	tunnel_rig_put(&t, &route);
	f = with_byte(tunnel_rig.outer[0], 41, 0x12);
	assert_comes_out(&f, &tunnel_rig.inner[0]);
	assert_int_equal(tunnel_rig_read("gretap-plain", tunnel_rig.outer, N_FRAMES), N_FRAMES);
	assert_comes_out(&tunnel_rig.outer[0], &tunnel_rig.inner[0]);
	/* No key is not key 0. */
	t = tunnel_rig_parse("gre", "remote_ip=10.0.2.15 key=0");
	tunnel_rig_put(&t, &route);
	assert_not_ours(&tunnel_rig.outer[0], DROP);
}

static void congestion_is_passed_on(void **state)
{
	const struct tunnel_variant v = { "ovs-gre", "gre", V4, false };
	struct frame f, want;

	(void)state;
	tunnel_rig_set_up(&v);
	tunnel_rig_turn_round(&v);
	/* The first does not know of it, ... */
	f = with_byte(tunnel_rig.outer[0], 15, 3);
	assert_not_ours(&f, DROP);
	assert_int_equal(rig_port_stats(PORT).drops[DROP_CONGESTION], 1);
	/* ... the second is ARP, ... */
	f = with_byte(tunnel_rig.outer[1], 15, 3);
	assert_comes_out(&f, &tunnel_rig.inner[1]);
	/* ... and one that does is told. */
	f = tunnel_rig.outer[0];
	f.bytes[38 + 15] = 2;
	f.bytes[38 + 25] -= 2; /* the checksum follows */
	want = tunnel_rig.inner[0];
	want.bytes[15] = 2;
	want.bytes[25] -= 2;
	assert_comes_out(&f, &want);
	f.bytes[15] = 3;
	want.bytes[15] = 3;
	want.bytes[25] -= 1;
	assert_comes_out(&f, &want);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(packets_are_the_kernels),	     TEST(the_kernels_answer_is_passed_on),
		TEST(what_does_not_fit_is_not_sent), TEST(a_long_copy_is_cut),
		TEST(fragments_make_up_the_packet),  TEST(fragments_over_ipv6),
		TEST(vxlan_without_a_checksum),	     TEST(what_has_a_number_is_segmented_first),
		TEST(a_cut_copy_says_so_in_erspan),  TEST(frames_come_out_whole),
		TEST(addresses_and_keys_must_match), TEST(congestion_is_passed_on),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
