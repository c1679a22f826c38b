// SPDX-License-Identifier: Apache-2.0
/*
 * What a frame costs on its way through a switch, in nanoseconds of one processor.
 *
 *	pps [-r ROUNDS] [-b BATCHES] [-l LENGTH] [-c CPU] CASE...
 *	CASE: NAME:FROM:TO[:ALSO]...      each of these NETNS/DEVICE
 *
 * Sends batches of 64 UDP packets from device FROM to the MAC address of device TO by AF_PACKET
 * without a queue.  With veth pairs the whole path runs inside the system call, so the
 * batch's time / 64 is the cost of it all: sender, switch, receiver.  At TO (and ALSO, a
 * mirror's end) a program drops the frames as they arrive.  The cases take turns; printed
 * is, for each, the median over the rounds of the 5th percentile of the batches, which
 * repeats within 2 % on a machine that is otherwise idle, and what part arrived at each end:
 * a cheap case that lost frames is not a result.  NETNS is a name as of `ip netns`.
 *
 * Needs root, and tcx (Linux 6.6).
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>

#include "bench.h"

enum { BATCH = 64, MAX_CASES = 32, MAX_ENDS = 8, MAX_ROUNDS = 1000, TCX_INGRESS = 46 };

struct end {
	char netns[64];
	char device[IFNAMSIZ];
	uint8_t mac[6];
	int socket; /* bound to the device, inside its namespace */
	uint64_t arrived;
};

struct test {
	char name[64];
	struct end ends[MAX_ENDS]; /* sender, receiver, others */
	size_t n_ends;
	uint8_t frame[2048];
	double rounds[MAX_ROUNDS]; /* ns per frame */
};

static int n_rounds = 15, n_batches = 300, frame_len = 64, cpu = 1;

/* Drops what arrives at the device the process is in the namespace of; ends with us. */
static void attach_sink(const char *device)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_SHOT },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int prog = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pps_sink", "GPL", code, 2, NULL);

	if (prog < 0)
		die("load the sink");
	/* The link stays open until the process ends. */
	if (bpf_link_create(prog, if_nametoindex(device), (enum bpf_attach_type)TCX_INGRESS, NULL) <
	    0)
		die("attach the sink");
	close(prog);
}

static void open_end(struct end *e, bool is_sink)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	struct ifreq req = { 0 };
	int on = 1;

	enter_netns(e->netns);
	e->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (e->socket < 0)
		die("AF_PACKET socket");
	strcpy(req.ifr_name, e->device);
	if (ioctl(e->socket, SIOCGIFHWADDR, &req))
		die(e->device);
	memcpy(e->mac, req.ifr_hwaddr.sa_data, 6);
	addr.sll_ifindex = (int)if_nametoindex(e->device);
	if (bind(e->socket, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(e->socket, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		die(e->device);
	if (is_sink)
		attach_sink(e->device);
}

/* Frames the device has received, ever. */
static uint64_t read_arrived(const struct end *e)
{
	uint64_t bytes, packets = 0;
	char line[512], name[64];
	FILE *f;

	enter_netns(e->netns);
	f = fopen("/proc/thread-self/net/dev", "re");
	if (!f)
		die("/proc/thread-self/net/dev");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %63[^:]: %" SCNu64 " %" SCNu64, name, &bytes, &packets) == 3 &&
		    strcmp(name, e->device) == 0)
			break;
	fclose(f);
	return packets;
}

/* A UDP packet that nothing finds fault with: bridges may hand IPv4 to netfilter. */
static void fill_frame(uint8_t *frame, const uint8_t *dst, const uint8_t *src)
{
	const uint16_t ip_len = (uint16_t)(frame_len - 14), udp_len = (uint16_t)(ip_len - 20);
	const uint16_t header[] = {
		0x4500, ip_len, 0,	 0x4000, 0x4011, 0, /* IPv4, UDP inside */
		0xc612, 1,	0xc612,	 2, /* 198.18.0.1 to .2: addresses for benchmarks */
		9,	9,	udp_len, 0, /* discard */
	};
	uint32_t sum = 0;

	memset(frame, 0, (size_t)frame_len);
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	frame[12] = 0x08;
	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		frame[14 + 2 * i] = (uint8_t)(header[i] >> 8);
		frame[15 + 2 * i] = (uint8_t)header[i];
		sum += i < 10 ? header[i] : 0;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	frame[24] = (uint8_t)(~sum >> 8);
	frame[25] = (uint8_t)~sum;
}

static void parse_test(char *arg, struct test *t)
{
	char *part = strtok(arg, ":");

	snprintf(t->name, sizeof(t->name), "%s", part ? part : "");
	while ((part = strtok(NULL, ":")) && t->n_ends < MAX_ENDS) {
		struct end *e = &t->ends[t->n_ends++];

		if (sscanf(part, "%63[^/]/%15s", e->netns, e->device) != 2) {
			fprintf(stderr, "pps: not NETNS/DEVICE: %s\n", part);
			exit(2);
		}
	}
	if (t->n_ends < 2) {
		fprintf(stderr, "pps: case %s needs a sender and a receiver\n", t->name);
		exit(2);
	}
	for (size_t i = 0; i < t->n_ends; i++)
		open_end(&t->ends[i], i > 0);
	fill_frame(t->frame, t->ends[1].mac, t->ends[0].mac);
}

static uint64_t send_batch(struct test *t)
{
	struct iovec iov = { .iov_base = t->frame, .iov_len = (size_t)frame_len };
	struct mmsghdr messages[BATCH];
	uint64_t start;

	for (int i = 0; i < BATCH; i++)
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	start = now_ns();
	if (sendmmsg(t->ends[0].socket, messages, BATCH, 0) != BATCH)
		die("sendmmsg");
	return now_ns() - start;
}

/* A frame the other way: the switch shall know where the receiver is. */
static void greet(struct test *t)
{
	uint8_t frame[2048];

	fill_frame(frame, t->ends[0].mac, t->ends[1].mac);
	if (send(t->ends[1].socket, frame, (size_t)frame_len, 0) < 0)
		die("send");
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void run_round(struct test *t, int round)
{
	uint64_t *times = calloc((size_t)n_batches, sizeof(*times));

	if (!times)
		die("memory");
	greet(t);
	for (int i = 0; i < 20; i++)
		send_batch(t); /* warms the caches up */
	for (size_t i = 1; i < t->n_ends; i++)
		t->ends[i].arrived -= read_arrived(&t->ends[i]);
	for (int i = 0; i < n_batches; i++)
		times[i] = send_batch(t);
	for (size_t i = 1; i < t->n_ends; i++)
		t->ends[i].arrived += read_arrived(&t->ends[i]);
	qsort(times, (size_t)n_batches, sizeof(*times), compare_u64);
	t->rounds[round] = (double)times[n_batches / 20] / BATCH;
	free(times);
}

static void report(struct test *t, double base)
{
	double ns, sent = (double)n_rounds * n_batches * BATCH;

	qsort(t->rounds, (size_t)n_rounds, sizeof(*t->rounds), compare_double);
	ns = t->rounds[n_rounds / 2];
	printf("%-28s %7.0f ns  %5.2f of the first  arrived", t->name, ns, base ? base / ns : 1);
	for (size_t i = 1; i < t->n_ends; i++)
		printf(" %.3f", (double)t->ends[i].arrived / sent);
	printf("\n");
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("pin to the processor");
}

int main(int argc, char **argv)
{
	static struct test tests[MAX_CASES];
	int opt, n = 0;

	while ((opt = getopt(argc, argv, "r:b:l:c:")) != -1) {
		int value = optarg ? atoi(optarg) : 0;

		if (opt == 'r' && value > 0 && value <= MAX_ROUNDS)
			n_rounds = value;
		else if (opt == 'b' && value >= 20)
			n_batches = value;
		else if (opt == 'l' && value >= 42 && value <= 2048)
			frame_len = value;
		else if (opt == 'c' && value >= 0)
			cpu = value;
		else
			return 2;
	}
	pin();
	while (optind < argc && n < MAX_CASES)
		parse_test(argv[optind++], &tests[n++]);
	for (int round = 0; round < n_rounds; round++)
		for (int i = 0; i < n; i++)
			run_round(&tests[i], round);
	if (n)
		report(&tests[0], 0);
	for (int i = 1; i < n; i++)
		report(&tests[i], tests[0].rounds[n_rounds / 2]);
	return n ? 0 : 2;
}
