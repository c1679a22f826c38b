// SPDX-License-Identifier: Apache-2.0
/*
 * What tunnels do not carry, and that each loss is counted with its reason: packets that are
 * broken, in pieces or nobody's, frames that have no way, do not fit, or go round in circles.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tunnel_rig.h"

enum { NOBODY = 0, LOOPBACK = 1 /* where test runs come in */, FILTERED = 1 };

static uint64_t drops(uint32_t port, enum drop_reason reason)
{
	return rig_port_stats(port).drops[reason];
}

static struct frame with_byte(struct frame f, uint32_t at, uint8_t value)
{
	f.bytes[at] = value;
	return f;
}

static struct frame shorter(struct frame f, uint32_t len)
{
	f.len = len;
	return f;
}

static void assert_verdict(struct frame packet, int verdict)
{
	assert_int_equal(rig_run_decap(&packet), verdict);
	assert_int_equal(rig_n_records(), verdict == REDIRECT);
}

/* The other end of a variant's tunnel; the packets of its file come in. */
static void receive(const char *file, const char *type, const char *options)
{
	const struct tunnel_variant v = { file, type, options, false };

	tunnel_rig_set_up(&v);
	tunnel_rig_turn_round(&v);
	assert_verdict(tunnel_rig.outer[0], REDIRECT);
}

static void a_wrong_checksum(void **state)
{
	const struct frame *packet = tunnel_rig.outer;

	(void)state;
	receive("gretap-csum", "gre", V4 " csum=true");
	assert_verdict(with_byte(packet[0], 100, packet[0].bytes[100] ^ 1), DROP);
	assert_int_equal(drops(PORT, DROP_CHECKSUM), 1);
	/* UDP's; with none there is nothing to be wrong. */
	receive("vxlan-csum", "vxlan", V4 " key=100");
	assert_verdict(with_byte(packet[0], 100, packet[0].bytes[100] ^ 1), DROP);
	assert_verdict(with_byte(packet[0], 29, 16), NEXT);
	assert_int_equal(drops(PORT, DROP_CHECKSUM), 1);
	receive("vxlan-v6", "vxlan", V6 " key=100");
	assert_verdict(with_byte(packet[0], 120, packet[0].bytes[120] ^ 1), DROP);
	assert_int_equal(drops(PORT, DROP_CHECKSUM), 1);
	assert_verdict(with_byte(with_byte(packet[0], 60, 0), 61, 0), REDIRECT);
}

/* One's complement, of bytes that begin at an even place. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static void put16(struct frame *f, uint32_t at, uint32_t value)
{
	f->bytes[at] = (uint8_t)(value >> 8);
	f->bytes[at + 1] = (uint8_t)value;
}

/* No sum that was never made passes for one.  (Those that are left to hardware are told by the
 * skb, which a packet here cannot be made to say: tests/net/wire_form.bats.) */
static void a_checksum_that_was_not_made(void **state)
{
	struct frame f;

	(void)state;
	receive("vxlan-v6", "vxlan", V6 " key=100");
	f = tunnel_rig.outer[1];
	assert_verdict(f, REDIRECT);
	put16(&f, 60, add_words(17 + f.len - 54, f.bytes + 22, 32)); /* the pseudo header's */
	assert_verdict(f, DROP);
	put16(&f, 60, 0); /* none */
	assert_verdict(f, REDIRECT);
	receive("gretap-csum", "gre", V4 " csum=true");
	f = tunnel_rig.outer[1];
	assert_verdict(f, REDIRECT);
	put16(&f, 38, 0);
	assert_verdict(f, DROP);
	assert_int_equal(drops(PORT, DROP_CHECKSUM), 1);
}

static void a_packet_that_ends_too_early(void **state)
{
	struct frame f;

	(void)state;
	receive("ovs-gre", "gre", V4);
	f = tunnel_rig.outer[0];
	assert_verdict(shorter(f, f.len - 1), DROP);
	assert_int_equal(drops(PORT, DROP_SHORT), 1);
	/* As long as it says, but the frame inside has no header. */
	f = with_byte(shorter(f, 38 + 13), 17, 24 + 13);
	assert_verdict(f, DROP);
	assert_int_equal(drops(PORT, DROP_SHORT), 2);
	/* Padding behind it is left out. */
	f = tunnel_rig.outer[1];
	f.len += 9;
	assert_verdict(f, REDIRECT);
}

static void pieces_of_packets(void **state)
{
	struct frame f;

	(void)state;
	receive("ovs-gre", "gre", V4);
	assert_verdict(with_byte(tunnel_rig.outer[0], 20, 0x20), DROP);
	assert_verdict(with_byte(tunnel_rig.outer[0], 21, 7), DROP);
	assert_int_equal(drops(NOBODY, DROP_FRAGMENT), 2);
	tunnel_rig.host_has_gre = true;
	receive("ovs-gre", "gre", V4);
	tunnel_rig.host_has_gre = false;
	assert_verdict(with_byte(tunnel_rig.outer[0], 20, 0x20), NEXT);
	receive("ovs-gre-v6", "ip6gre", V6 " key=0x1111");
	f = tunnel_rig.outer[0];
	memmove(f.bytes + 62, f.bytes + 54, f.len - 54);
	memcpy(f.bytes + 54, "\x2f\0\0\1\0\0\0\1", 8);
	f.bytes[20] = 44;
	f.bytes[19] = (uint8_t)(f.bytes[19] + 8);
	f.len += 8;
	assert_verdict(f, DROP);
	assert_int_equal(drops(NOBODY, DROP_FRAGMENT), 1);
	/* UDP's may be anybody's. */
	receive("ovs-vxlan", "vxlan", V4 " key=100");
	assert_verdict(with_byte(tunnel_rig.outer[0], 20, 0x20), NEXT);
}

/* Who sends to one of our ends with another key or address gets no answer from the host. */
static void packets_for_no_tunnel(void **state)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(4789) };
	struct model_tunnel t = tunnel_rig_parse("vxlan", "remote_ip=10.0.2.15 key=100");
	struct route route;
	struct frame f;
	int fd;

	(void)state;
	receive("ovs-gre-key", "gre", V4 " key=0x1111");
	assert_verdict(with_byte(tunnel_rig.outer[0], 41, 0x12), DROP);
	assert_int_equal(drops(NOBODY, DROP_NO_TUNNEL), 1);
	receive("ovs-vxlan", "vxlan", V4 " key=100");
	f = with_byte(tunnel_rig.outer[0], 48, 101);
	/* Not on the device that the tunnel is on. */
	assert_verdict(f, NEXT);
	route = tunnel_rig_route(&f);
	memcpy(route.source + 12, "\x0a\x5f\x1e\x2b", 4);
	route.ifindex = LOOPBACK;
	tunnel_rig_put(&t, &route);
	assert_verdict(tunnel_rig.outer[0], REDIRECT);
	assert_verdict(f, DROP);
	assert_int_equal(drops(NOBODY, DROP_NO_TUNNEL), 1);
	assert_verdict(with_byte(f, 37, 0xb6), NEXT); /* another port */
	/* A VXLAN device of the host's own has such a socket. */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_verdict(f, NEXT);
	close(fd);
	assert_verdict(f, DROP);
}

static void frames_without_a_way(void **state)
{
	struct frame f = rig_frame(9, 1, "", 100);
	struct model_tunnel t = tunnel_rig_parse("gre", V4);
	struct route route = { .ifindex = UNDERLAY, .mtu = 1500 }, none = { .ifindex = 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		rig_put_port(1, rig_port(1));
		tunnel_rig_put(&t, i ? &none : &route);
		rig_link(rig_bridge(), (const uint32_t[]){ 1, PORT, 0 });
		rig_send(1, &f, TAG_IN_BYTES);
		assert_int_equal(rig_n_records(), 0);
		assert_int_equal(drops(PORT, DROP_NO_NEIGHBOUR), 1);
		assert_int_equal(drops(PORT, DROP_NO_ROUTE), i);
	}
}

/* A frame of production that comes out of the segmenting devices. */
static void run_segment(const struct frame *f, uint32_t mark)
{
	rig_run_segment(f, &(struct record){ .mark = mark, .cb = { [1] = 1 /* generation */ } });
}

static void frames_that_the_underlay_does_not_take(void **state)
{
	struct model_tunnel t = tunnel_rig_parse("gre", V4 " seq=true");
	struct route route;
	struct frame f = rig_frame(9, 1, "", 1473);

	(void)state;
	assert_int_equal(tunnel_rig_read("ovs-gre", tunnel_rig.outer, 1), 1);
	route = tunnel_rig_route(&tunnel_rig.outer[0]);
	tunnel_rig_put(&t, &route);
	/* Those that were segmented first nobody waits for. */
	run_segment(&f, PORT | TOO_LONG_DROP << 16 | 1 << 21);
	assert_int_equal(drops(PORT, DROP_MTU), 1);
	f = rig_frame(9, 1, "", 100);
	rig_set_result(UNDERLAY, 1, 0);
	run_segment(&f, PORT | TOO_LONG_DROP << 16 | 1 << 21);
	assert_int_equal(drops(PORT, DROP_QUEUE), 1);
	rig_set_result(UNDERLAY, -12, 0);
	run_segment(&f, PORT | TOO_LONG_DROP << 16 | 1 << 21);
	assert_int_equal(drops(PORT, DROP_SEND), 1);
	run_segment(&f, PORT | TOO_LONG_DROP << 16);
	assert_int_equal(drops(PORT, DROP_LINK_DOWN), 1);
	assert_int_equal(rig_port_stats(PORT).tx_packets, 0);
}

/* Where the underlay's device is a port's own, a packet comes in again. */
static void a_packet_into_the_tunnel_that_it_came_out_of(void **state)
{
	struct job job = { .is_valid = 1, .port = PORT, .is_tunnel = 1, .is_up = 1 };
	struct model_tunnel t = tunnel_rig_parse("gre", V4);
	struct frame f = rig_frame(9, 1, "", 100);
	struct route route;

	(void)state;
	assert_int_equal(tunnel_rig_read("ovs-gre", tunnel_rig.outer, 1), 1);
	route = tunnel_rig_route(&tunnel_rig.outer[0]);
	tunnel_rig_put(&t, &route);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	assert_int_equal(rig_record(0).mark, 0);
	route.comes_back = true;
	tunnel_rig_put(&t, &route);
	assert_int_equal(tunnel_rig_run(&f, 0, TOO_LONG_DEFAULT), SENT);
	assert_int_equal(rig_record(0).mark, tunnel_mark(UNDERLAY));
	f = tunnel_rig_sent();
	rig_put_job(job);
	rig_run_reentry(&f, tunnel_mark(UNDERLAY));
	assert_int_equal(rig_n_records(), 0);
	assert_int_equal(rig_job().outcome, FILTERED);
	assert_int_equal(drops(PORT, DROP_LOOP), 1);
	/* A tunnel in a tunnel, by another device, is none. */
	rig_put_job(job);
	rig_run_reentry(&f, tunnel_mark(UNDERLAY + 1));
	assert_int_equal(rig_n_records(), 1);
	assert_int_equal(rig_job().outcome, SENT);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(a_wrong_checksum),
		TEST(a_checksum_that_was_not_made),
		TEST(a_packet_that_ends_too_early),
		TEST(pieces_of_packets),
		TEST(packets_for_no_tunnel),
		TEST(frames_without_a_way),
		TEST(frames_that_the_underlay_does_not_take),
		TEST(a_packet_into_the_tunnel_that_it_came_out_of),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
