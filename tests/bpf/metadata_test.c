// SPDX-License-Identifier: Apache-2.0
/*
 * bvs-metadata=packet: what ERSPAN says of a frame is what a mirror saw of it.  Frames come in
 * by ports 1 to 3 (numbers 101 to 103), mirrors copy them into the tunnel of port OUT, and what
 * leaves for the underlay is read here: by way of the re-entry device, and of the segmenting
 * ones where the program wants that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "mirror_rig.h"
#include "tunnel_rig.h"

enum { NUMBER = 100, GRE = 34, ERSPAN = 42 };

#define TYPE2 "remote_ip=10.0.0.9 key=7 erspan_ver=1 erspan_idx=55 bvs-metadata="
#define TYPE3 "remote_ip=10.0.0.9 key=7 erspan_ver=2 erspan_dir=1 erspan_hwid=2a bvs-metadata="

/* What the packet says. */
struct said {
	uint32_t protocol, version, vlan, cos, bits, is_cut, session;
	uint32_t index; /* type II, or the subheader */
	uint32_t time, sgt, p, ft, hwid, direction, unit;
	uint32_t platform; /* 0: there is no subheader */
	uint32_t seconds;
	uint32_t frame_at;
};

static uint32_t get(const struct frame *f, uint32_t at, uint32_t n)
{
	uint32_t value = 0;

	while (n--)
		value = value << 8 | f->bytes[at++];
	return value;
}

static void read_subheader(const struct frame *f, struct said *s)
{
	s->platform = get(f, ERSPAN + 12, 4) >> 26;
	s->frame_at = ERSPAN + 20;
	if (s->platform == 1) {
		assert_int_equal(get(f, ERSPAN + 12, 4) & 0x3ffffff, 0);
		s->index = get(f, ERSPAN + 16, 4);
	} else {
		assert_int_equal(s->platform, 5);
		assert_int_equal(get(f, ERSPAN + 12, 4) >> 16 & 0x3ff, 0);
		s->index = get(f, ERSPAN + 14, 2);
		s->seconds = get(f, ERSPAN + 16, 4);
	}
}

static struct said read_packet(const struct frame *f)
{
	uint32_t word = get(f, ERSPAN, 4), last;
	struct said s = {
		.protocol = get(f, GRE + 2, 2),
		.version = word >> 28,
		.vlan = word >> 16 & 0xfff,
		.cos = word >> 13 & 7,
		.bits = word >> 11 & 3,
		.is_cut = word >> 10 & 1,
		.session = word & 0x3ff,
		.index = get(f, ERSPAN + 4, 4),
		.frame_at = ERSPAN + 8,
	};

	assert_int_equal(get(f, GRE, 2), 0x1000);
	if (s.version == 1)
		return s;
	s.time = s.index;
	last = get(f, ERSPAN + 8, 4);
	s.sgt = last >> 16;
	s.p = last >> 15 & 1;
	s.ft = last >> 10 & 31;
	s.hwid = last >> 4 & 63;
	s.direction = last >> 3 & 1;
	s.unit = last >> 1 & 3;
	s.index = 0;
	s.frame_at = ERSPAN + 12;
	if (last & 1)
		read_subheader(f, &s);
	return s;
}

/* --- a switch --- */

/* To the port OUT, with a tunnel; other records are as the test made them. */
static void set_up(const char *options)
{
	struct route route = { .ifindex = UNDERLAY, .mtu = 1500, .is_up = true };
	struct model_tunnel t = tunnel_rig_parse("erspan", options);
	struct port_config out;

	route.has_next_hop = true;
	route.source[10] = route.source[11] = 0xff;
	for (uint32_t slot = 1; slot <= 3; slot++)
		mirror_ports[slot].ofport = NUMBER + slot;
	out = tunnel_rig_put_at(OUT, &t, &route);
	mirror_ports[OUT].ifindex = 0;
	mirror_ports[OUT].mtu = out.mtu;
	mirror_ports[OUT].flags |= out.flags;
	mirror_put_ports();
}

/* The frame that was handed over for the tunnel, the only one of the records, goes on. */
static struct frame packet_of(uint32_t gso_size)
{
	struct record r = { .kind = 0 };
	struct frame f;
	struct job job;
	size_t i = 0;

	while (i < rig_n_records() && rig_record(i).ifindex != REENTRY_IFINDEX)
		i++;
	assert_true(i < rig_n_records());
	r = rig_record(i);
	f = rig_sent(&r);
	job = rig_job();
	assert_true(job.is_tunnel);
	assert_int_equal(job.port, OUT);
	job.is_valid = 1;
	rig_put_job(job);
	tunnel_rig_is_verdict(job.snaplen ? rig_run_reentry(&f, 0) : rig_run_tunnel(&f, gso_size));
	assert_int_equal(rig_n_records(), 1);
	r = rig_record(0);
	if (gso_size) {
		assert_int_equal(r.ifindex, SEGMENT_IFINDEX);
		assert_int_equal(rig_run_segment(&f, &r), DROP);
		assert_int_equal(rig_n_records(), 1);
		r = rig_record(0);
	}
	assert_int_equal(r.ifindex, UNDERLAY);
	return rig_sent(&r);
}

/* In by this port, and out for the underlay. */
static struct frame pass(uint32_t port, const struct frame *f, uint32_t gso_size)
{
	rig_put_job((struct job){ .is_valid = 1 }); /* so that rig_job() finds the answered one */
	if (gso_size)
		rig_send_gso(port, f, gso_size);
	else
		rig_send(port, f, TAG_IN_METADATA);
	return packet_of(gso_size);
}

static struct said said_of(uint32_t port, const struct frame *f)
{
	struct frame packet = pass(port, f, 0);

	return read_packet(&packet);
}

static void check_constants(const struct said *s)
{
	assert_int_equal(s->protocol, s->version == 1 ? 0x88be : 0x22eb);
	assert_int_equal(s->session, 7);
	if (s->version == 1)
		return;
	assert_int_equal(s->sgt, 0);
	assert_int_equal(s->p, 1);
	assert_int_equal(s->ft, 0);
	assert_int_equal(s->hwid, 0x2a);
}

/* --- tests --- */

static void a_frame_that_comes_in(void **state)
{
	struct frame tagged = rig_frame(9, 1, "[10 p3]", 0), plain = rig_frame(9, 1, "", 0);
	struct said s;

	(void)state;
	select_src(0, 1);
	select_src(0, 3);
	mirror_ports[3].vlan_mode = VLAN_ACCESS;
	mirror_ports[3].tag = 5;
	set_up(TYPE3 "packet");
	rig_put_mirror(0, mirror_to(0, OUT));
	s = said_of(1, &tagged);
	check_constants(&s);
	assert_int_equal(s.direction, 0);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 3);
	assert_int_equal(s.unit, 0);
	assert_int_equal(s.platform, 1);
	assert_int_equal(s.index, 101);
	s = said_of(1, &plain);
	assert_int_equal(s.vlan, 0);
	assert_int_equal(s.cos, 0);
	/* Without a tag it is in the port's VLAN. */
	s = said_of(3, &plain);
	assert_int_equal(s.vlan, 5);
	assert_int_equal(s.index, 103);
}

static void a_frame_that_leaves(void **state)
{
	struct frame u = rig_frame(9, 1, "[10 p6]", 0), b = rig_frame(BROADCAST, 1, "", 0);
	struct said s;

	(void)state;
	select_dst(0, 2);
	select_dst(0, 3);
	mirror_ports[3].order = 1; /* older than port 2, so of a flood its form is copied */
	set_up(TYPE3 "packet");
	rig_put_mirror(0, mirror_to(0, OUT));
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	s = said_of(1, &u);
	check_constants(&s);
	assert_int_equal(s.direction, 1);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 6);
	assert_int_equal(s.index, 102);
	s = said_of(1, &b);
	assert_int_equal(s.direction, 1);
	assert_int_equal(s.index, 103);
	/* By an access port it leaves without its priority. */
	mirror_ports[2].vlan_mode = VLAN_ACCESS;
	mirror_ports[2].tag = 10;
	mirror_put_ports();
	s = said_of(1, &u);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 0);
}

static void type_ii_has_an_index_and_where_the_tag_is(void **state)
{
	struct frame tagged = rig_frame(9, 1, "[10 p3]", 0), plain = rig_frame(9, 1, "", 0);
	struct said s;

	(void)state;
	select_src(0, 1);
	set_up(TYPE2 "packet");
	rig_put_mirror(0, mirror_to(0, OUT));
	s = said_of(1, &tagged);
	check_constants(&s);
	assert_int_equal(s.version, 1);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 3);
	assert_int_equal(s.bits, 3); /* in the frame */
	assert_int_equal(s.index, 101);
	s = said_of(1, &plain);
	assert_int_equal(s.bits, 0);
	/* An access port as the output takes it off. */
	mirror_ports[OUT].vlan_mode = VLAN_ACCESS;
	mirror_put_ports();
	s = said_of(1, &tagged);
	assert_int_equal(s.bits, 2);
	assert_int_equal(s.vlan, 10);
}

static void static_options_stay_what_they_were(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 0);
	struct said s;

	(void)state;
	select_src(0, 1);
	set_up(TYPE3 "static");
	rig_put_mirror(0, mirror_to(0, OUT));
	s = said_of(1, &f);
	check_constants(&s);
	assert_int_equal(s.direction, 1);
	assert_int_equal(s.platform, 0);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, f.bytes[19] >> 5); /* as the kernel: of what lies behind */
	set_up(TYPE2 "static");
	s = said_of(1, &f);
	assert_int_equal(s.index, 0x55);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_TAI, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void each_packet_has_its_own_time(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	uint64_t before, time, earlier = 0;
	struct said s;

	(void)state;
	select_src(0, 1);
	set_up(TYPE3 "packet");
	rig_put_mirror(0, mirror_to(0, OUT));
	before = now() / 100000;
	s = said_of(1, &f);
	assert_in_range(s.time - (uint32_t)before, 0, (uint32_t)(now() / 100000 - before));
	set_up(TYPE3 "packet-64bit");
	for (int i = 0; i < 3; i++) {
		before = now();
		s = said_of(1, &f);
		check_constants(&s);
		assert_int_equal(s.unit, 2);
		assert_int_equal(s.platform, 5);
		assert_int_equal(s.index, 101);
		assert_true(s.time < 1000000000);
		time = (uint64_t)s.seconds * 1000000000 + s.time;
		assert_in_range(time, before, now());
		assert_true(time > earlier);
		earlier = time;
	}
}

static void plain_headers_have_no_subheader(void **state)
{
	struct frame f = rig_frame(9, 1, "[10]", 0), packet;
	struct said s;

	(void)state;
	select_src(0, 1);
	set_up(TYPE3 "packet-plain");
	rig_put_mirror(0, mirror_to(0, OUT));
	packet = pass(1, &f, 0);
	s = read_packet(&packet);
	assert_int_equal(s.platform, 0);
	assert_int_equal(s.direction, 0);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(packet.len, s.frame_at + f.len);
	assert_memory_equal(packet.bytes + s.frame_at, f.bytes, f.len);
	set_up(TYPE3 "packet");
	packet = pass(1, &f, 0);
	assert_int_equal(packet.len, ERSPAN + 20 + f.len);
	assert_memory_equal(packet.bytes + ERSPAN + 20, f.bytes, f.len);
}

/* Of the frame, not of what is left of it in the copy. */
static void short_oversized_and_cut(void **state)
{
	static const struct {
		const char *tags;
		uint32_t payload, bits;
	} rows[] = {
		{ "", 45, 1 },	 { "", 46, 0 },	  { "[5]", 41, 1 },   { "[5]", 42, 0 },
		{ "", 1500, 0 }, { "", 1501, 2 }, { "[5]", 1500, 0 }, { "[5]", 1501, 2 },
	};
	struct mirror_config m = mirror_to(0, OUT);

	(void)state;
	select_src(0, 1);
	set_up(TYPE3 "packet");
	for (int is_cut = 0; is_cut < 2; is_cut++) {
		m.snaplen = is_cut ? 40 : 0;
		m.too_long = TOO_LONG_CUT;
		rig_put_mirror(0, m);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct frame f = rig_frame(9, 1, rows[i].tags, rows[i].payload);
			struct said s = said_of(1, &f);

			assert_int_equal(s.bits, rows[i].bits);
			assert_int_equal(s.is_cut, is_cut || rows[i].payload >= 1500);
			assert_int_equal(s.index, 101);
		}
	}
}

/* It finds its way through devices that know of it only what the packet carries along. */
static void what_is_segmented_first_keeps_it(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 1400), packet;
	struct mirror_config m = mirror_to(0, OUT);
	struct said s;

	(void)state;
	select_dst(0, 2);
	set_up(TYPE3 "packet");
	m.too_long = TOO_LONG_CUT;
	rig_put_mirror(0, m);
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	packet = pass(1, &f, 500);
	s = read_packet(&packet);
	check_constants(&s);
	assert_int_equal(s.direction, 1);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 3);
	assert_int_equal(s.bits, 0);
	assert_int_equal(s.index, 102);
}

/* RSPAN moves the copy; the frame was elsewhere. */
static void in_an_output_vlan_the_frames_own_counts(void **state)
{
	struct mirror_config m = mirror_to(0, OUT);
	struct frame f = rig_frame(9, 1, "[10 p3]", 0), packet;
	struct said s;

	(void)state;
	select_src(0, 1);
	for (uint32_t slot = 1; slot <= 3; slot++)
		mirror_ports[slot].trunks = 1;
	rig_put_vlan_set(1, (int[]){ 10, -1 });
	mirror_ports[OUT].flags &= ~(uint32_t)PORT_RESERVED;
	set_up(TYPE3 "packet");
	m.out_port = 0;
	m.out_vlan = 99;
	rig_put_mirror(0, m);
	rig_put_fdb(9, 10, 2, 1, rig_jiffies());
	packet = pass(1, &f, 0);
	s = read_packet(&packet);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 3);
	assert_int_equal(s.index, 101);
	assert_int_equal(get(&packet, s.frame_at + 14, 2) & 0xfff, 99);
}

/* A copy of a copy left by the port where that one was made. */
static void a_copy_that_is_copied_on(void **state)
{
	struct frame f = rig_frame(9, 1, "", 0);
	struct said s;

	(void)state;
	select_src(0, 1);
	select_dst(1, OUT2);
	mirror_ports[OUT2].ofport = 105;
	set_up(TYPE3 "packet");
	rig_put_mirror(0, mirror_to(0, OUT2));
	rig_put_mirror(1, mirror_to(1, OUT));
	s = said_of(1, &f);
	assert_int_equal(s.direction, 1);
	assert_int_equal(s.index, 105);
}

/* Production through such a port: what came in, and where. */
static void a_frame_that_no_mirror_copied(void **state)
{
	struct frame f = rig_frame(9, 1, "[10 p3]", 0);
	struct said s;

	(void)state;
	mirror_ports[OUT].flags &= ~(uint32_t)PORT_RESERVED;
	set_up(TYPE3 "packet");
	rig_put_fdb(9, 10, OUT, 1, rig_jiffies());
	s = said_of(1, &f);
	check_constants(&s);
	assert_int_equal(s.direction, 0);
	assert_int_equal(s.vlan, 10);
	assert_int_equal(s.cos, 3);
	assert_int_equal(s.index, 101);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, mirror_set_up)
	const struct CMUnitTest tests[] = {
		TEST(a_frame_that_comes_in),
		TEST(a_frame_that_leaves),
		TEST(type_ii_has_an_index_and_where_the_tag_is),
		TEST(static_options_stay_what_they_were),
		TEST(each_packet_has_its_own_time),
		TEST(plain_headers_have_no_subheader),
		TEST(short_oversized_and_cut),
		TEST(what_is_segmented_first_keeps_it),
		TEST(in_an_output_vlan_the_frames_own_counts),
		TEST(a_copy_that_is_copied_on),
		TEST(a_frame_that_no_mirror_copied),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
