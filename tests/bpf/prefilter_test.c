// SPDX-License-Identifier: Apache-2.0
/*
 * What the program at the XDP hook drops, and what it lets pass: packets of tunnels/ come in by
 * the loopback device, as test runs do, with the rig's tunnels.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "bvs.skel.h"
#include "tunnel_rig.h"

enum { NOBODY = 0, LOOPBACK = 1 };

static struct bvs *bvs;

static void assert_verdict(struct frame packet, int verdict)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet.bytes, .data_size_in = packet.len,
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(bvs->progs.bvs_prefilter), &opts),
			 0);
	assert_int_equal(opts.retval, verdict);
}

static uint64_t drops(uint32_t port, enum drop_reason reason)
{
	return rig_port_stats(port).drops[reason];
}

static struct frame with_byte(struct frame f, uint32_t at, uint8_t value)
{
	f.bytes[at] = value;
	return f;
}

static const struct frame *packets = tunnel_rig.outer;

/* The far end of a variant's tunnel, on the loopback device. */
static void receive(const char *file, const char *type, const char *options)
{
	const struct tunnel_variant v = { file, type, options, false };
	struct model_tunnel t = tunnel_rig_parse(type, options);
	struct tunnel_address remote = { 0 };
	struct route route;

	tunnel_rig_set_up(&v);
	route = tunnel_rig_route(&packets[0]);
	memcpy(remote.b, route.source, 16);
	memcpy(route.source, t.remote.b, 16);
	memcpy(route.mac, packets[0].bytes, 6);
	route.ifindex = LOOPBACK;
	t.remote = remote;
	tunnel_rig_put(&t, &route);
}

static void what_a_tunnel_waits_for_passes(void **state)
{
	static const char *const files[][3] = {
		{ "ovs-gre-key", "gre", V4 " key=0x1111" },
		{ "gretap-csum-seq-key", "gre", V4 " key=4369" },
		{ "ovs-gre-v6", "ip6gre", V6 " key=0x1111" },
		{ "erspan-v1", "erspan", V4 " key=100" },
		{ "erspan-v2-in", "erspan", V4 " key=100 erspan_ver=2" },
		{ "ovs-vxlan", "vxlan", V4 " key=100" },
		{ "vxlan-v6", "vxlan", V6 " key=100" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		receive(files[i][0], files[i][1], files[i][2]);
		for (int k = 0; k < N_FRAMES; k++)
			assert_verdict(packets[k], XDP_PASS);
	}
}

static void what_nobody_waits_for_is_dropped(void **state)
{
	struct frame f;

	(void)state;
	receive("ovs-gre-key", "gre", V4 " key=0x1111");
	f = with_byte(packets[0], 41, 0x12); /* another key */
	assert_verdict(f, XDP_DROP);
	assert_verdict(with_byte(packets[0], 29, 16), XDP_DROP); /* another sender */
	assert_int_equal(drops(NOBODY, DROP_NO_TUNNEL), 2);
	assert_verdict(with_byte(packets[0], 20, 0x20), XDP_DROP);
	assert_int_equal(drops(NOBODY, DROP_FRAGMENT), 1);
	f = packets[0];
	f.len--;
	assert_verdict(f, XDP_DROP);
	f = with_byte(packets[0], 17, 28 + 13);
	assert_verdict(f, XDP_DROP);
	assert_int_equal(drops(PORT, DROP_SHORT), 2);
	receive("ovs-gre-v6", "ip6gre", V6 " key=0x1111");
	assert_verdict(with_byte(packets[0], 61, 0x12), XDP_DROP);
}

/* Whoever else may want it has it. */
static void what_may_be_anybodys_passes(void **state)
{
	struct frame f;

	(void)state;
	receive("ovs-gre-key", "gre", V4 " key=0x1111");
	f = with_byte(packets[0], 41, 0x12);
	assert_verdict(with_byte(f, 5, f.bytes[5] ^ 1), XDP_PASS); /* to another host */
	assert_verdict(with_byte(f, 33, f.bytes[33] ^ 1), XDP_PASS); /* to another address */
	assert_verdict(with_byte(f, 23, 6), XDP_PASS); /* another protocol */
	assert_verdict(with_byte(f, 12, 0x81), XDP_PASS);
	assert_verdict(with_byte(f, 36, 8), XDP_PASS); /* GRE, but no Ethernet inside */
	f.len = 30;
	assert_verdict(f, XDP_PASS);
	/* Of what is not on this device the switch knows nothing. */
	f = with_byte(packets[0], 41, 0x12);
	tunnel_rig_turn_round(&(struct tunnel_variant){ "", "gre", V4 " key=0x1111", false });
	assert_verdict(f, XDP_PASS);
	tunnel_rig.host_has_gre = true;
	receive("ovs-gre-key", "gre", V4 " key=0x1111");
	tunnel_rig.host_has_gre = false;
	assert_verdict(f, XDP_PASS);
	assert_verdict(with_byte(packets[0], 20, 0x20), XDP_PASS);
	for (uint32_t i = 0; i < N_DROP_REASONS; i++)
		assert_int_equal(drops(NOBODY, (enum drop_reason)i), 0);
}

static void vxlan_belongs_to_whoever_listens(void **state)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(4789) };
	struct frame f;
	int fd;

	(void)state;
	receive("ovs-vxlan", "vxlan", V4 " key=100");
	f = with_byte(packets[0], 48, 101);
	assert_verdict(f, XDP_DROP);
	assert_int_equal(drops(NOBODY, DROP_NO_TUNNEL), 1);
	assert_verdict(with_byte(f, 20, 0x20), XDP_PASS); /* a fragment */
	assert_verdict(with_byte(f, 37, 0xb6), XDP_PASS); /* to another port */
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_verdict(f, XDP_PASS);
	close(fd);
	assert_verdict(f, XDP_DROP);
}

static int set_up(void **state)
{
	const struct bpf_map *of_rig;
	struct bpf_map *map;

	if (rig_setup(state))
		return -1;
	bvs = bvs__open();
	assert_non_null(bvs);
	bpf_object__for_each_map(map, bvs->obj)
	{
		of_rig = rig_map(bpf_map__name(map));
		if (of_rig)
			assert_int_equal(bpf_map__reuse_fd(map, bpf_map__fd(of_rig)), 0);
	}
	return bvs__load(bvs);
}

static int tear_down(void **state)
{
	bvs__destroy(bvs);
	return rig_teardown(state);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup(NAME, rig_reset)
	const struct CMUnitTest tests[] = {
		TEST(what_a_tunnel_waits_for_passes),
		TEST(what_nobody_waits_for_is_dropped),
		TEST(what_may_be_anybodys_passes),
		TEST(vxlan_belongs_to_whoever_listens),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
