// SPDX-License-Identifier: Apache-2.0
#include "tunnel_rig.h"

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
#include "tunnel_options.h"

struct tunnel_rig tunnel_rig;

/* --- files --- */

size_t tunnel_rig_read(const char *name, struct frame *ret, size_t max)
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

/* --- ports --- */

struct model_tunnel tunnel_rig_parse(const char *type, const char *text)
{
	struct tunnel_option options[TUNNEL_OPTIONS_MAX];
	struct buf ignored = BUF_INIT;
	struct model_tunnel t;
	struct error err;
	char copy[256];
	size_t n;

	snprintf(copy, sizeof(copy), "%s", text);
	n = tunnel_options_split(copy, options);
	if (tunnel_parse("t0", type, options, n, &t, &ignored, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ignored.len, 0);
	buf_free(&ignored);
	return t;
}

/* The way that the first packet of the file went. */
struct route tunnel_rig_route(const struct frame *packet)
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

struct port_config tunnel_rig_put_at(uint32_t slot, const struct model_tunnel *t,
				     const struct route *route)
{
	struct compile_tunnels c = { .image = image_new() };
	struct port_config port = rig_port(slot);

	port.ifindex = 0;
	compile_tunnel(&c, slot, t, route, &port);
	if (tunnel_rig.collision)
		*(uint32_t *)image_put(c.image, IMAGE_TUNNEL_HEAD,
				       tunnel_hash(tunnel_rig.collision)) = slot;
	compile_tunnels_end(&c, !tunnel_rig.host_has_gre);
	image_seal(c.image);
	rig_put_tunnels(c.image);
	image_free(c.image);
	rig_put_port(slot, port);
	return port;
}

struct port_config tunnel_rig_put(const struct model_tunnel *t, const struct route *route)
{
	return tunnel_rig_put_at(PORT, t, route);
}

void tunnel_rig_set_up(const struct tunnel_variant *v)
{
	struct model_tunnel t = tunnel_rig_parse(v->type, v->options);
	struct route route;

	assert_int_equal(tunnel_rig_read("inner-frames", tunnel_rig.inner, N_FRAMES), N_FRAMES);
	assert_int_equal(tunnel_rig_read(v->file, tunnel_rig.outer, N_FRAMES), N_FRAMES);
	rig_reset(NULL);
	rig_say("%s", v->file);
	route = tunnel_rig_route(&tunnel_rig.outer[0]);
	tunnel_rig_put(&t, &route);
}

struct frame tunnel_rig_sent(void)
{
	struct record r = rig_record(0);

	return rig_sent(&r);
}

/* By way of the segmenting devices, if the program wants that. */
void tunnel_rig_is_verdict(int verdict)
{
	size_t n = rig_n_records();
	bool is_redirected = n && rig_record(n - 1).kind == RECORD_REDIRECT;

	assert_int_equal(verdict, is_redirected ? REDIRECT : DROP);
}

uint32_t tunnel_rig_run(const struct frame *f, uint32_t snaplen, uint32_t too_long)
{
	struct record r;

	rig_put_job((struct job){ .is_valid = 1,
				  .port = PORT,
				  .is_tunnel = 1,
				  .too_long = too_long,
				  .is_up = 1,
				  .snaplen = snaplen });
	tunnel_rig_is_verdict(snaplen ? rig_run_reentry(f, 0) : rig_run_tunnel(f, 0));
	if (rig_n_records() != 1)
		return rig_job().outcome;
	r = rig_record(0);
	if (r.ifindex == SEGMENT_IFINDEX) {
		struct frame wire = rig_sent(&r);

		assert_int_equal(wire.len, f->len);
		assert_int_equal(rig_run_segment(f, &r), DROP);
	}
	return rig_job().outcome;
}

/* The tunnel as the other end has it: the captured packets are for us. */
void tunnel_rig_turn_round(const struct tunnel_variant *v)
{
	struct model_tunnel t = tunnel_rig_parse(v->type, v->options);
	struct route route = tunnel_rig_route(&tunnel_rig.outer[0]);
	struct tunnel_address remote = { 0 };

	memcpy(remote.b, route.source, 16);
	memcpy(route.source, t.remote.b, 16);
	t.remote = remote;
	t.has_local = false;
	tunnel_rig_put(&t, &route);
}

static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

bool tunnel_rig_udp_sum_is_right(const struct frame *packet)
{
	bool is_ipv6 = packet->bytes[12] == 0x86;
	uint32_t l4 = is_ipv6 ? 54 : 34, len = packet->len - l4, sum = 17 + len;

	if (!packet->bytes[l4 + 6] && !packet->bytes[l4 + 7])
		return true;
	sum = is_ipv6 ? add_words(sum, packet->bytes + 22, 32)
		      : add_words(sum, packet->bytes + 26, 8);
	sum = add_words(sum, packet->bytes + l4, len);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff;
}
