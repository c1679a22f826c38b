// SPDX-License-Identifier: Apache-2.0
/*
 * Into tunnels and out of them, byte for byte: tunnels/ holds what Linux 6.12's own devices
 * (gretap-*, erspan-*, ip6*) and Open vSwitch (ovs-*) made of the first eight of
 * tunnels/inner-frames.pcap.  A port with options as a user writes them must make the same of
 * them, but for what differs from run to run.
 */
#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "datapath/compile_tunnel.h"
#include "datapath/image.h"
#include "datapath/route.h"
#include "rig.h"
#include "switch/tunnel.h"

enum { PORT = 20, UNDERLAY = 77, N_FRAMES = 8, MAX_OPTIONS = 12 };
enum { NO_TARGET = 0, MTU = 2, SENT = 6, TRUNCATED = 7 }; /* enum outcome */
enum { NEXT = -1, DROP = 2, REDIRECT = 7 };

#define V4 "remote_ip=10.95.30.43"
#define V6 "remote_ip=fd00:2::2"
#define ERSPAN2 V4 " key=100 erspan_ver=2"

static const struct variant {
	const char *file, *type, *options;
	bool is_foreign; /* not as Open vSwitch would: only taken in */
} variants[] = {
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

/* --- files --- */

static size_t read_frames(const char *name, struct frame *ret, size_t max)
{
	char path[128], why[PCAP_ERRBUF_SIZE];
	const unsigned char *bytes;
	struct pcap_pkthdr h;
	size_t n = 0;
	pcap_t *p;

	snprintf(path, sizeof(path), "tests/bpf/tunnels/%s.pcap", name);
	p = pcap_open_offline(path, why);
	if (!p)
		fail_msg("%s", why);
	while (n < max && (bytes = pcap_next(p, &h))) {
		assert_true(h.caplen == h.len && h.len <= sizeof(ret->bytes));
		ret[n].len = h.len;
		memcpy(ret[n++].bytes, bytes, h.len);
	}
	pcap_close(p);
	return n;
}

static struct frame inner[N_FRAMES], outer[N_FRAMES];

/* --- ports --- */

static struct model_tunnel parse(const char *type, const char *text)
{
	struct tunnel_option options[MAX_OPTIONS];
	struct buf ignored = BUF_INIT;
	struct model_tunnel t;
	struct error err;
	char copy[256];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *s = strtok(copy, " "); s; s = strtok(NULL, " ")) {
		char *value = strchr(s, '=');

		*value = '\0';
		options[n++] = (struct tunnel_option){ s, value + 1 };
	}
	if (tunnel_parse("t0", type, options, n, &t, &ignored, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ignored.len, 0);
	buf_free(&ignored);
	return t;
}

/* The way that the first packet of the file went. */
static struct route route_of(const struct frame *packet)
{
	struct route r = { .ifindex = UNDERLAY, .mtu = 1500, .is_up = true, .has_next_hop = true };

	memcpy(r.next_hop, packet->bytes, 6);
	memcpy(r.mac, packet->bytes + 6, 6);
	if (packet->bytes[12] == 0x86) {
		memcpy(r.source, packet->bytes + 22, 16);
	} else {
		r.source[10] = r.source[11] = 0xff;
		memcpy(r.source + 12, packet->bytes + 26, 4);
	}
	return r;
}

static bool host_has_gre;
static const struct tunnel_match *collision; /* finds the port's list, too */

static struct port_config put_tunnel(const struct model_tunnel *t, const struct route *route)
{
	struct compile_tunnels c = { .image = image_new() };
	struct port_config port = rig_port(PORT);

	port.ifindex = 0;
	compile_tunnel(&c, PORT, t, route, &port);
	if (collision)
		*(uint32_t *)image_put(c.image, IMAGE_TUNNEL_HEAD, tunnel_hash(collision)) = PORT;
	compile_tunnels_end(&c, !host_has_gre);
	image_seal(c.image);
	rig_put_tunnels(c.image);
	image_free(c.image);
	rig_put_port(PORT, port);
	return port;
}

static void set_up_variant(const struct variant *v)
{
	struct model_tunnel t = parse(v->type, v->options);
	struct route route;

	assert_int_equal(read_frames("inner-frames", inner, N_FRAMES), N_FRAMES);
	assert_int_equal(read_frames(v->file, outer, N_FRAMES), N_FRAMES);
	rig_reset(NULL);
	rig_say("%s", v->file);
	route = route_of(&outer[0]);
	put_tunnel(&t, &route);
}

static struct frame sent(void)
{
	struct record r = rig_record(0);

	return rig_sent(&r);
}

/* By way of the segmenting devices, if the program wants that. */
static uint32_t run_in(const struct frame *f, uint32_t snaplen, uint32_t too_long)
{
	struct record r;

	rig_put_job((struct job){ .is_valid = 1,
				  .port = PORT,
				  .is_tunnel = 1,
				  .too_long = too_long,
				  .is_up = 1,
				  .snaplen = snaplen });
	assert_int_equal(snaplen ? rig_run_reentry(f, 0) : rig_run_tunnel(f, 0), DROP);
	if (rig_n_records() != 1)
		return rig_job().outcome;
	r = rig_record(0);
	if (r.ifindex == SEGMENT_IFINDEX) {
		struct frame wire = rig_sent(&r);

		assert_int_equal(wire.len, f->len);
		assert_int_equal(rig_run_segment(f, r.mark), DROP);
	}
	return rig_job().outcome;
}

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
	if (!strcmp(type, "vxlan"))
		blank(f, l4, 2); /* source port */
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
		set_up_variant(&variants[i]);
		for (size_t k = 0; k < N_FRAMES; k++) {
			struct frame got;

			assert_int_equal(run_in(&inner[k], 0, TOO_LONG_DROP), SENT);
			assert_int_equal(rig_n_records(), 1);
			assert_int_equal(rig_record(0).ifindex, UNDERLAY);
			got = sent();
			assert_ipv4_checksum(&got);
			blank_variable(&got, variants[i].type);
			blank_variable(&outer[k], variants[i].type);
			if (got.len == outer[k].len && !memcmp(got.bytes, outer[k].bytes, got.len))
				continue;
			for (uint32_t at = 0; at < got.len && at < 90; at++)
				fprintf(stderr, "%02x%s", got.bytes[at],
					got.bytes[at] == outer[k].bytes[at] ? "" : "!");
			fail_msg("%s: frame %zu, %u bytes, wanted %u", variants[i].file, k, got.len,
				 outer[k].len);
		}
		assert_int_equal(rig_port_stats(PORT).tx_packets, N_FRAMES);
		assert_int_equal(rig_port_stats(PORT).tx_bytes,
				 98 + 42 + 102 + 106 + 106 + 102 + 60 + 61);
	}
}

static void what_does_not_fit_is_not_sent(void **state)
{
	struct model_tunnel t = parse("gre", V4 " key=1");
	struct frame f = rig_frame(9, 1, "", 1458 - 14);
	struct route route = route_of(&outer[0]);

	(void)state;
	assert_int_equal(put_tunnel(&t, &route).mtu, 1500 - 28);
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), SENT);
	f = rig_frame(9, 1, "", 1472 - 14);
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), SENT);
	f = rig_frame(9, 1, "", 1473 - 14);
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), MTU);
	f = rig_frame(9, 1, "[5]", 1469 - 14);
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), MTU);
	route.has_next_hop = false;
	assert_false(put_tunnel(&t, &route).flags & PORT_TUNNEL);
	f = rig_frame(9, 1, "", 100);
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), NO_TARGET);
}

static uint32_t get16(const struct frame *f, uint32_t at)
{
	return (uint32_t)f->bytes[at] << 8 | f->bytes[at + 1];
}

static void a_long_copy_is_cut(void **state)
{
	struct model_tunnel t = parse("gre", V4 " key=1");
	struct frame f = rig_frame(9, 1, "[5]", 1500);
	struct route route = route_of(&outer[0]);

	(void)state;
	put_tunnel(&t, &route);
	assert_int_equal(run_in(&f, 0, TOO_LONG_CUT), TRUNCATED);
	assert_int_equal(rig_record(0).len, 1514);
	f = sent();
	assert_int_equal(get16(&f, 16), 1500);
	assert_ipv4_checksum(&f);
	assert_int_equal(rig_port_stats(PORT).tx_bytes, 1472);
}

static void fragments_make_up_the_packet(void **state)
{
	struct model_tunnel t = parse("gre", V4 " key=1 df_default=false");
	struct frame f = rig_frame(9, 1, "", 1486), part;
	struct route route = route_of(&outer[0]);
	uint32_t at = 0, id = 0;

	(void)state;
	route.mtu = 576;
	assert_int_equal(put_tunnel(&t, &route).mtu, UINT32_MAX);
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), SENT);
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
	assert_int_equal(run_in(&f, 0, TOO_LONG_DEFAULT), SENT);
	assert_int_equal(rig_n_records(), 1);
}

/* One header would be for all the segments that are yet to be made. */
static void what_has_a_number_is_segmented_first(void **state)
{
	static const char *const options[] = { V4 " seq=true", V4 " csum=true" };
	struct frame f = rig_frame(9, 1, "", 1400);
	struct route route = route_of(&outer[0]);

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct model_tunnel t = i < 2 ? parse("gre", options[i]) : parse("erspan", ERSPAN2);

		put_tunnel(&t, &route);
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
	const struct variant v = { "erspan-v1", "erspan", V4 " key=100 erspan_idx=7b", false };
	struct frame full[2], got;

	(void)state;
	set_up_variant(&v);
	assert_int_equal(read_frames("erspan-v1-trunc", full, 2), 2);
	assert_int_equal(full[1].len, 564);
	assert_int_equal(run_in(&inner[0], 60, TOO_LONG_CUT), TRUNCATED);
	got = sent();
	assert_memory_equal(got.bytes + 42, full[1].bytes + 42, 4); /* 0x10000464 */
	assert_int_equal(got.len, 50 + 60);
	assert_int_equal(got.bytes[17], got.len - 14);
}

/* --- out --- */

/* The tunnel as the other end has it: the captured packets are for us. */
static void turn_round(const struct variant *v)
{
	struct model_tunnel t = parse(v->type, v->options);
	struct route route = route_of(&outer[0]);
	struct tunnel_address remote = { 0 };

	memcpy(remote.b, route.source, 16);
	memcpy(route.source, t.remote.b, 16);
	t.remote = remote;
	t.has_local = false;
	put_tunnel(&t, &route);
}

static char context[64];

static void assert_comes_out(const struct frame *packet, const struct frame *want)
{
	struct record r;
	struct frame got;

	int verdict = rig_run_decap(packet);

	if (verdict != REDIRECT)
		fail_msg("verdict %d for a packet of %u bytes (%s)", verdict, packet->len, context);
	assert_int_equal(rig_n_records(), 1);
	r = rig_record(0);
	assert_int_equal(r.ifindex, REENTRY_IFINDEX);
	assert_int_equal(r.job_peer, PORT);
	got = rig_sent(&r);
	assert_int_equal(got.len, want->len);
	assert_memory_equal(got.bytes, want->bytes, want->len < 256 ? want->len : 256);
}

static void frames_come_out_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_VARIANTS; i++) {
		set_up_variant(&variants[i]);
		turn_round(&variants[i]);
		for (size_t k = 0; k < N_FRAMES; k++) {
			snprintf(context, sizeof(context), "%s frame %zu", variants[i].file, k);
			assert_comes_out(&outer[k], &inner[k]);
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
	const struct variant v = { "gretap-key", "gre", V4 " key=0x1111", false };
	struct tunnel_match other = { TUNNEL_GRE, 0, TUNNEL_KEY_EXACT, 0x1112, { 0 } };
	struct model_tunnel t = parse("gre", "remote_ip=10.0.2.15 key=flow");
	struct route route;
	struct frame f;

	(void)state;
	set_up_variant(&v);
	turn_round(&v);
	assert_comes_out(&outer[0], &inner[0]);
	/* Another key, another sender: nobody's, unless the host has such devices, too. */
	f = with_byte(outer[0], 41, 0x12);
	assert_not_ours(&f, DROP);
	host_has_gre = true;
	turn_round(&v);
	assert_not_ours(&f, NEXT);
	f = with_byte(outer[0], 29, 16);
	assert_not_ours(&f, NEXT);
	host_has_gre = false;
	/* Nor if a list is recycled, or two have one hash. */
	other.remote[2] = htonl(0xffff);
	other.remote[3] = htonl(0x0a00020f);
	collision = &other;
	turn_round(&v);
	collision = NULL;
	f = with_byte(outer[0], 41, 0x12);
	assert_not_ours(&f, DROP);
	/* Whatever key. */
	route = route_of(&outer[0]);
	route.source[12] = 10;
	route.source[13] = 95;
	route.source[14] = 30;
	route.source[15] = 43;
	put_tunnel(&t, &route);
	f = with_byte(outer[0], 41, 0x12);
	assert_comes_out(&f, &inner[0]);
	assert_int_equal(read_frames("gretap-plain", outer, N_FRAMES), N_FRAMES);
	assert_comes_out(&outer[0], &inner[0]);
	/* No key is not key 0. */
	t = parse("gre", "remote_ip=10.0.2.15 key=0");
	put_tunnel(&t, &route);
	assert_not_ours(&outer[0], DROP);
}

static void broken_packets_are_dropped_and_counted(void **state)
{
	const struct variant v = { "gretap-csum", "gre", V4 " csum=true", false };
	struct frame f;

	(void)state;
	set_up_variant(&v);
	turn_round(&v);
	assert_comes_out(&outer[0], &inner[0]);
	f = with_byte(outer[0], 100, outer[0].bytes[100] ^ 1);
	assert_not_ours(&f, DROP);
	f = outer[0];
	f.len -= 1; /* shorter than it says */
	assert_not_ours(&f, DROP);
	assert_int_equal(rig_port_stats(PORT).drops[DROP_MALFORMED], 2);
	/* Padding behind it is left out. */
	f = outer[1];
	f.len += 9;
	assert_comes_out(&f, &inner[1]);
	/* A fragment is nobody's. */
	f = with_byte(outer[0], 20, 0x20);
	assert_not_ours(&f, DROP);
}

static void congestion_is_passed_on(void **state)
{
	const struct variant v = { "ovs-gre", "gre", V4, false };
	struct frame f, want;

	(void)state;
	set_up_variant(&v);
	turn_round(&v);
	/* The first does not know of it, ... */
	f = with_byte(outer[0], 15, 3);
	assert_not_ours(&f, DROP);
	/* ... the second is ARP, ... */
	f = with_byte(outer[1], 15, 3);
	assert_comes_out(&f, &inner[1]);
	/* ... and one that does is told. */
	f = outer[0];
	f.bytes[38 + 15] = 2;
	f.bytes[38 + 25] -= 2; /* the checksum follows */
	want = inner[0];
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
		TEST(packets_are_the_kernels),
		TEST(what_does_not_fit_is_not_sent),
		TEST(a_long_copy_is_cut),
		TEST(fragments_make_up_the_packet),
		TEST(what_has_a_number_is_segmented_first),
		TEST(a_cut_copy_says_so_in_erspan),
		TEST(frames_come_out_whole),
		TEST(addresses_and_keys_must_match),
		TEST(broken_packets_are_dropped_and_counted),
		TEST(congestion_is_passed_on),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
