// SPDX-License-Identifier: Apache-2.0
#include "live.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bvs.skel.h"
#include "pass.skel.h"

static struct bvs *bvs;
static int sockets[LIVE_PORTS + 1];
static uint32_t ifindexes[LIVE_PORTS + 1]; /* of the switch's ends */
static uint8_t addresses[LIVE_PORTS + 1][6]; /* of the users' ends */

void live_run(const char *command)
{
	if (system(command))
		fail_msg("%s", command);
}

static int netns_new(void)
{
	int fd;

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	live_run("cd /proc/sys/net/ipv6/conf && echo 1 >all/disable_ipv6 && "
		 "echo 1 >default/disable_ipv6");
	return fd;
}

static int open_socket(const char *device, uint8_t *ret_mac)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)), on = 1;
	struct ifreq req = { 0 };

	assert_true(fd >= 0);
	strcpy(req.ifr_name, device);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &req), 0);
	memcpy(ret_mac, req.ifr_hwaddr.sa_data, 6);
	addr.sll_ifindex = (int)if_nametoindex(device);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	return fd;
}

/* By clsact, which all kernels have. */
static void make_hook(const char *device, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(device),
		    .attach_point = point);

	assert_int_equal(bpf_tc_hook_create(&hook), 0);
}

int live_set_up_group(void **state)
{
	int switch_ns, user_ns = netns_new();
	char command[256], device[16];

	(void)state;
	switch_ns = netns_new();
	for (uint32_t i = 1; i <= LIVE_PORTS; i++) {
		snprintf(command, sizeof(command),
			 "ip link add p%u type veth peer name u%u address 02:00:00:00:00:a%u && "
			 "ip link set p%u up promisc on && ip link set u%u up",
			 i, i, i, i, i);
		live_run(command);
		snprintf(device, sizeof(device), "p%u", i);
		ifindexes[i] = if_nametoindex(device);
		make_hook(device, BPF_TC_INGRESS);
	}
	live_run("ip link add re type veth peer name re-peer && ip link set re up && "
		 "ip link set re-peer up");
	make_hook("re", BPF_TC_EGRESS);
	make_hook("re-peer", BPF_TC_INGRESS);
	snprintf(command, sizeof(command), "ip link set u4 netns /proc/%d/fd/%d", getpid(),
		 user_ns);
	live_run(command);
	for (uint32_t i = 1; i <= LIVE_PORTS; i++) {
		assert_int_equal(setns(i == 4 ? user_ns : switch_ns, CLONE_NEWNET), 0);
		if (i == 4)
			live_run("ip link set u4 up");
		snprintf(device, sizeof(device), "u%u", i);
		sockets[i] = open_socket(device, addresses[i]);
	}
	assert_int_equal(setns(switch_ns, CLONE_NEWNET), 0);
	return 0;
}

static void attach(uint32_t ifindex, enum bpf_tc_attach_point point, const struct bpf_program *prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog), .handle = 1, .priority = 1,
		    .flags = BPF_TC_F_REPLACE);

	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

void live_put(const char *map, const void *key, const void *value)
{
	int fd = bpf_object__find_map_fd_by_name(bvs->obj, map);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(fd, key, value, BPF_ANY), 0);
}

void live_put_port(uint32_t slot, struct port_config config)
{
	struct port_entry entry = { { config, config } };

	live_put("ports", &slot, &entry);
	if (config.ifindex)
		live_put("port_of_ifindex", &config.ifindex, &slot);
}

void live_put_bridge(uint32_t slot, struct bridge_config config)
{
	struct bridge_entry entry = { { config, config } };

	live_put("bridges", &slot, &entry);
}

struct port_config live_port(uint32_t slot)
{
	struct port_config p = rig_port(slot);

	p.ifindex = ifindexes[slot];
	p.next = slot < LIVE_PORTS ? slot + 1 : 0;
	return p;
}

void live_set_addresses(uint32_t slot, struct port_config *config)
{
	memcpy(config->peer_mac, addresses[slot], 6);
}

static void forget(int fd)
{
	char buf[64];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		;
}

int live_set_up(void **state)
{
	struct settings set = { .abi_version = ABI_VERSION };
	struct bridge_config bridge = rig_bridge();
	uint32_t zero = 0;

	(void)state;
	bvs = bvs__open_and_load();
	if (!bvs)
		return -1;
	set.reentry_ifindex = if_nametoindex("re");
	set.mark_ifindex = if_nametoindex("re-peer");
	live_put("settings", &zero, &set);
	bridge.trunk_head = 1;
	live_put_bridge(BRIDGE, bridge);
	for (uint32_t i = 1; i <= LIVE_PORTS; i++) {
		live_put_port(i, live_port(i));
		attach(ifindexes[i], BPF_TC_INGRESS, bvs->progs.bvs_ingress);
		forget(sockets[i]);
	}
	attach(set.reentry_ifindex, BPF_TC_EGRESS, bvs->progs.bvs_reentry);
	attach(set.mark_ifindex, BPF_TC_INGRESS, bvs->progs.bvs_ingress);
	return 0;
}

int live_tear_down(void **state)
{
	(void)state;
	bvs__destroy(bvs);
	return 0;
}

void live_put_mirror(uint32_t bit, struct mirror_config config)
{
	uint32_t slot = bit + 1, key = BRIDGE * MIRRORS_PER_BRIDGE + bit;
	struct head_entry head = { { slot, slot } };
	struct mirror_entry entry;

	config.same_output[bit / 64] |= 1ull << (bit % 64);
	entry = (struct mirror_entry){ { config, config } };
	live_put("mirrors", &slot, &entry);
	live_put("mirror_of_bit", &key, &head);
}

void live_get_sum(const char *map, uint32_t key, void *ret, size_t size)
{
	size_t n = (size_t)libbpf_num_possible_cpus(), words = size / 8;
	uint64_t *sum = ret, *all = calloc(n, size);
	int fd = bpf_object__find_map_fd_by_name(bvs->obj, map);

	assert_non_null(all);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, all), 0);
	memset(ret, 0, size);
	for (size_t i = 0; i < n * words; i++)
		sum[i % words] += all[i];
	free(all);
}

struct mirror_stats live_mirror_stats(uint32_t bit)
{
	struct mirror_stats ret;

	live_get_sum("mirror_stats", bit + 1, &ret, sizeof(ret));
	return ret;
}

void live_send(uint32_t slot, const struct frame *f)
{
	assert_int_equal(send(sockets[slot], f->bytes, f->len, 0), f->len);
}

void live_send_batch(uint32_t slot, const struct frame *f, uint32_t n)
{
	struct xdp_md where = { .data_end = f->len, .ingress_ifindex = ifindexes[slot] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len,
		    .ctx_in = &where, .ctx_size_in = sizeof(where), .repeat = (int)n,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = n);
	struct pass *pass = pass__open_and_load();

	assert_non_null(pass);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(pass->progs.pass), &opts), 0);
	pass__destroy(pass);
}

uint64_t live_received(uint32_t slot)
{
	unsigned long long packets = 0;
	char line[256], format[32];
	FILE *f = fopen("/proc/thread-self/net/dev", "r");

	assert_non_null(f);
	snprintf(format, sizeof(format), " u%u: %%*u %%llu", slot);
	while (fgets(line, sizeof(line), f) && sscanf(line, format, &packets) != 1)
		;
	fclose(f);
	return packets;
}

void live_send_tcp(uint32_t slot, uint8_t dst, uint32_t payload_len, uint16_t gso_size)
{
	const uint8_t headers[] = {
		/* IPv4, 20 bytes; TCP, 20 bytes, ACK */
		0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10,	 0,    0, 1, 10, 0, 0, 2, /**/
		0,    7, 0, 9, 0, 0, 0,	   1, 0,  0, 0, 1, 0x50, 0x10, 1, 0, 0,	 0, 0, 0,
	};
	static uint8_t buf[70000];
	struct virtio_net_hdr *h = (struct virtio_net_hdr *)buf;
	uint8_t *eth = buf + sizeof(*h), *ip = eth + 14;
	uint32_t len = sizeof(*h) + 14 + sizeof(headers) + payload_len;
	int on = 1, off = 0;

	assert_true(len <= sizeof(buf));
	memset(buf, 0, sizeof(buf));
	memcpy(eth, (uint8_t[]){ 2, 0, 0, 0, 0, dst, 2, 0, 0, 0, 0, 0x77, 8, 0 }, 14);
	memcpy(ip, headers, sizeof(headers));
	ip[2] = (uint8_t)((sizeof(headers) + payload_len) >> 8);
	ip[3] = (uint8_t)(sizeof(headers) + payload_len);
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = 14 + 20;
	h->csum_offset = 16;
	if (gso_size) {
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		h->gso_size = gso_size;
		h->hdr_len = 14 + sizeof(headers);
	}
	assert_int_equal(setsockopt(sockets[slot], SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)),
			 0);
	assert_int_equal(send(sockets[slot], buf, len, 0), len);
	assert_int_equal(setsockopt(sockets[slot], SOL_PACKET, PACKET_VNET_HDR, &off, sizeof(off)),
			 0);
}

/* The tag that the kernel took off, back into the bytes. */
static void put_tag_back(struct frame *f, const struct tpacket_auxdata *aux)
{
	if (!(aux->tp_status & TP_STATUS_VLAN_VALID))
		return;
	memmove(f->bytes + 16, f->bytes + 12, sizeof(f->bytes) - 16);
	f->bytes[12] = (uint8_t)(aux->tp_vlan_tpid >> 8);
	f->bytes[13] = (uint8_t)aux->tp_vlan_tpid;
	f->bytes[14] = (uint8_t)(aux->tp_vlan_tci >> 8);
	f->bytes[15] = (uint8_t)aux->tp_vlan_tci;
	f->len += 4;
}

static bool receive(uint32_t slot, uint32_t patience_ms, struct frame *ret, unsigned *ret_type)
{
	struct timeval patience = { .tv_sec = patience_ms / 1000,
				    .tv_usec = patience_ms % 1000 * 1000 };

	assert_int_equal(
		setsockopt(sockets[slot], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	for (;;) {
		char control[128];
		struct sockaddr_ll from;
		struct iovec iov = { ret->bytes, sizeof(ret->bytes) };
		struct msghdr msg = { .msg_name = &from,
				      .msg_namelen = sizeof(from),
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };
		ssize_t n;

		memset(ret->bytes, 0, sizeof(ret->bytes));
		n = recvmsg(sockets[slot], &msg, MSG_TRUNC);
		if (n < 0)
			return false;
		if (from.sll_pkttype == PACKET_OUTGOING)
			continue;
		ret->len = (uint32_t)n;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
				put_tag_back(ret, (struct tpacket_auxdata *)CMSG_DATA(c));
		if (ret_type)
			*ret_type = from.sll_pkttype;
		return true;
	}
}

bool live_receive(uint32_t slot, struct frame *ret, unsigned *ret_type)
{
	return receive(slot, 3000, ret, ret_type);
}

void live_expect(uint32_t slot, const struct frame *f)
{
	struct frame got;

	if (!live_receive(slot, &got, NULL))
		fail_msg("nothing at u%u", slot);
	if (got.len != f->len || memcmp(got.bytes, f->bytes, f->len) != 0) {
		fprintf(stderr, "# %u bytes, expected %u\n# ", got.len, f->len);
		for (uint32_t i = 0; i < got.len && i < 32; i++)
			fprintf(stderr, "%02x", got.bytes[i]);
		fprintf(stderr, "\n");
		fail_msg("wrong frame at u%u", slot);
	}
}

void live_expect_nothing(uint32_t slot)
{
	struct frame got;

	if (receive(slot, 100, &got, NULL))
		fail_msg("%u bytes at u%u", got.len, slot);
}

void live_learn(uint32_t slot, uint8_t mac)
{
	struct frame f = rig_frame(BROADCAST, mac, "", 0), got;

	live_send(slot, &f);
	for (uint32_t i = 1; i <= LIVE_PORTS; i++)
		if (i != slot)
			assert_true(live_receive(i, &got, NULL));
}
