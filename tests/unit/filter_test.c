/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "filter_frames.h"

static bool holds(const char *text, const char *name)
{
	struct filter_match match;
	struct filter_key key;
	struct error err;
	uint8_t frame[FILTER_FRAME_MAX];

	if (filter_parse(text, &match, &err))
		fail_msg("%s: %s", text, err.text);
	for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
		if (strcmp(filter_frames[i].name, name))
			continue;
		filter_key_read(frame, filter_frame_bytes(filter_frames[i].hex, frame), &key);
		return filter_holds(&match, &key);
	}
	fail_msg("no frame %s", name);
	return false;
}

/* Each line: a filter that holds for the frame, and one that does not. */
static void each_field_is_compared(void **state)
{
	static const char *const cases[][3] = {
		{ "tcp", "dl_dst=02:00:00:00:00:02", "dl_dst=02:00:00:00:00:03" },
		{ "tcp", "eth_dst=2:0:0:0:0:2", "eth_dst=02:00:00:00:00:01" },
		{ "tcp", "dl_src=02:00:00:00:00:01", "dl_src=02:00:00:00:00:02" },
		{ "tcp", "eth_src=02:00:00:00:00:ff/ff:ff:ff:ff:ff:00",
		  "eth_src=03:00:00:00:00:ff/ff:ff:ff:ff:ff:00" },
		{ "tcp", "dl_dst=00:00:00:00:00:00/01:00:00:00:00:00",
		  "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00" },
		{ "tcp", "dl_type=0x800", "dl_type=0x806" },
		{ "tcp", "eth_type=2048", "eth_type=0x86dd" },
		{ "tcp", "ip", "ipv6" },
		{ "tcp", "ipv4,eth", "ip6" },
		{ "tcp", "tcp", "udp" },
		{ "tcp", "ip4,tcp", "tcp6" },
		{ "tcp", "ip nw_proto=6", "ip nw_proto=17" },
		{ "tcp", "ip,ip_proto=0x6", "ip,ip_proto=1" },
		{ "tcp", "ip,nw_src=10.1.2.3", "ip,nw_src=10.1.2.4" },
		{ "tcp", "ip,nw_src=10.0.0.0/8", "ip,nw_src=11.0.0.0/8" },
		{ "tcp", "ip,ip_src=10.9.2.9/255.0.255.0", "ip,ip_src=10.9.3.9/255.0.255.0" },
		{ "tcp", "ip,nw_dst=192.168.0.5", "ip,nw_dst=10.1.2.3" },
		{ "tcp", "ip,ip_dst=192.168.0.4/31", "ip,ip_dst=192.168.0.6/31" },
		{ "tcp", "ip,nw_dst=1.2.3.4/0", "arp,nw_dst=1.2.3.4/0" },
		{ "tcp", "ip,nw_tos=0x98", "ip,nw_tos=0x9c" },
		{ "tcp", "ip,nw_tos=0x9b", "ip,nw_tos=4" },
		{ "tcp", "ip,ip_dscp=38", "ip,ip_dscp=39" },
		{ "tcp", "ip,nw_ecn=1", "ip,nw_ecn=0" },
		{ "tcp", "ip,nw_tos=0x98,ip_ecn=1", "ip,nw_tos=0x98,ip_ecn=2" },
		{ "tcp", "ip,nw_ttl=64", "ip,nw_ttl=63" },
		{ "tcp", "tcp,tp_src=1234", "tcp,tp_src=443" },
		{ "tcp", "tcp,tcp_dst=443", "tcp,tcp_dst=444" },
		{ "tcp", "tcp,tp_dst=0x1b0/0xfff0", "tcp,tp_dst=0x1a0/0xfff0" },
		{ "tcp", "tcp,tcp_src=0/1", "tcp,tcp_src=1/1" },
		{ "tcp", "tcp,tcp_flags=+syn+ack-rst", "tcp,tcp_flags=+syn-ack" },
		{ "tcp", "tcp,tcp_flags=syn|ack", "tcp,tcp_flags=syn" },
		{ "tcp", "tcp,tcp_flags=0x12", "tcp,tcp_flags=2" },
		{ "tcp", "tcp,tcp_flags=2/6", "tcp,tcp_flags=+ns" },
		{ "tcp", "dl_vlan=0xffff", "dl_vlan=0" },
		{ "tcp", "vlan_tci=0", "vlan_tci=0x1000/0x1000" },
		{ "tcp-vlan", "dl_vlan=5", "dl_vlan=6" },
		{ "tcp-vlan", "dl_vlan=5,dl_vlan_pcp=3", "dl_vlan=5,dl_vlan_pcp=2" },
		{ "tcp-vlan", "vlan_vid=0x1005,vlan_pcp=3", "vlan_vid=0x1004" },
		{ "tcp-vlan", "vlan_vid=4096/4096", "vlan_vid=0" },
		{ "tcp-vlan", "vlan_tci=0x7005", "vlan_tci=0x1005" },
		{ "tcp-vlan", "vlan_tci=0x1005/0x1fff", "vlan_tci=0/0x1000" },
		{ "tcp-vlan", "tcp,tp_dst=443,dl_vlan=5", "dl_vlan=0xffff" },
		{ "tcp-vlan-0", "dl_vlan=0", "dl_vlan=0xffff" },
		{ "tcp-service", "dl_vlan=5,tcp", "dl_vlan=1" },
		{ "udp", "udp,udp_src=53", "udp,udp_src=54" },
		{ "udp", "udp,tp_dst=4096", "udp,udp_dst=53" },
		{ "sctp", "sctp,sctp_src=53,sctp_dst=4096", "sctp,tp_dst=1" },
		{ "icmp", "icmp,icmp_type=8,icmp_code=0", "icmp,icmp_type=0" },
		{ "arp", "arp,arp_op=2", "arp,arp_op=1" },
		{ "arp", "arp,nw_proto=2", "rarp" },
		{ "arp", "arp,arp_spa=10.0.0.0/8", "arp,arp_spa=11.0.0.0/8" },
		{ "arp", "arp,nw_src=10.1.2.3,arp_tpa=192.168.0.5", "arp,arp_tpa=10.1.2.3" },
		{ "arp", "arp,arp_sha=02:00:00:00:00:01", "arp,arp_sha=02:00:00:00:00:02" },
		{ "arp", "arp,arp_tha=02:00:00:00:00:02", "arp,arp_tha=02:00:00:00:00:01" },
		{ "rarp", "rarp,arp_op=3,arp_tpa=192.168.0.5", "arp" },
		{ "tcp6", "tcp6,tcp_dst=443", "tcp6,tcp_dst=80" },
		{ "tcp6", "ipv6,ipv6_src=2001:db8::/32", "ipv6,ipv6_src=2001:db9::/32" },
		{ "tcp6", "ip6,ipv6_dst=2001:db8::ff", "ip6,ipv6_dst=2001:db8::fe" },
		{ "tcp6", "ipv6,ipv6_dst=::ff/::ff", "ipv6,ipv6_dst=::fe/::ff" },
		{ "tcp6", "ipv6,ipv6_src=2001:db8::2/127", NULL },
		{ "tcp6", "ipv6,ipv6_label=0x12345", "ipv6,ipv6_label=0x12344" },
		{ "tcp6", "ipv6,ipv6_label=5/0xf", "ipv6,ipv6_label=4/0xf" },
		{ "tcp6", "ipv6,nw_tos=0x10,nw_ecn=2", "ipv6,nw_tos=0x12,nw_ecn=1" },
		{ "tcp6", "ipv6,nw_ttl=64,nw_frag=no", "ipv6,nw_frag=yes" },
		{ "icmp6", "icmp6,icmpv6_type=128,icmpv6_code=0", "icmp6,icmpv6_type=129" },
		{ "icmp6", "icmp6,icmp_type=128", "icmp,icmp_type=128" },
		{ "solicit", "icmp6,icmpv6_type=135,nd_target=fe80::1",
		  "icmp6,icmpv6_type=135,nd_target=fe80::2" },
		{ "solicit", "icmp6,icmp_type=135,nd_sll=02:00:00:00:00:09",
		  "icmp6,icmp_type=135,nd_sll=02:00:00:00:00:08" },
		{ "advert", "icmp6,icmp_type=136,nd_target=fe80::/10,nd_tll=02:00:00:00:00:09",
		  "icmp6,icmp_type=136,nd_tll=00:00:00:00:00:00" },
		{ "llc", "dl_type=0x5ff", "ip" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i][2])
			assert_false(holds(cases[i][1], cases[i][0]));
		else if (!holds(cases[i][1], cases[i][0]))
			fail_msg("%s does not match %s", cases[i][1], cases[i][0]);
		else if (holds(cases[i][2], cases[i][0]))
			fail_msg("%s matches %s", cases[i][2], cases[i][0]);
	}
	assert_true(holds("", "llc"));
	assert_true(holds("dl_vlan=*", "tcp-vlan"));
}

/* What is not there reads as 0. */
static void nothing_is_read_beyond_its_end(void **state)
{
	(void)state;
	assert_true(holds("tcp,tp_dst=443", "tcp-options"));
	assert_true(holds("tcp,tp_dst=443", "tcp-snap"));
	assert_true(holds("tcp,tp_dst=0,tcp_flags=0", "tcp-padded"));
	assert_true(holds("tcp,tp_dst=0", "tcp-cut"));
	assert_true(holds("ip,nw_proto=0,nw_src=0.0.0.0", "tcp-too-long"));
	assert_true(holds("ip,nw_proto=0,nw_dst=0.0.0.0", "ipv4-short-header"));
	assert_true(holds("ip,nw_proto=0", "tiny"));
	/* One tag is looked at, as by stock with its default vlan-limit. */
	assert_true(holds("dl_vlan=5,dl_type=0x8100", "tcp-double"));
	assert_false(holds("ip", "tcp-double"));
	assert_true(holds("arp,arp_op=0,arp_spa=10.1.2.3", "arp-op"));
	assert_true(holds("arp,arp_op=0,arp_spa=0.0.0.0", "arp-other"));
	assert_true(holds("tcp6,tcp_dst=443", "tcp6-ext"));
	assert_true(holds("ipv6,nw_proto=0,nw_ttl=0,ipv6_src=2001:db8::1", "tcp6-ext-cut"));
	assert_true(holds("icmp6,icmp_type=135,nd_target=::,nd_sll=00:00:00:00:00:00",
			  "solicit-twice"));
}

static void fragments(void **state)
{
	static const struct {
		const char *frame, *is;
	} cases[] = {
		{ "tcp", "no not_later" },
		{ "tcp-first", "yes first not_later" },
		{ "tcp-later", "yes later" },
		{ "tcp6", "no not_later" },
		{ "tcp6-first", "yes first not_later" },
		{ "tcp6-later", "yes later" },
	};
	static const char *const kinds[] = { "no", "yes", "first", "later", "not_later" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			char list[64], word[16], text[64];

			snprintf(list, sizeof(list), " %s ", cases[i].is);
			snprintf(word, sizeof(word), " %s ", kinds[k]);
			snprintf(text, sizeof(text), "%s,nw_frag=%s",
				 strchr(cases[i].frame, '6') ? "ipv6" : "ip", kinds[k]);
			if (holds(text, cases[i].frame) != !!strstr(list, word))
				fail_msg("%s on %s", text, cases[i].frame);
		}
	}
	assert_true(holds("tcp,tp_dst=443", "tcp-first"));
	assert_true(holds("tcp,tp_dst=0", "tcp-later"));
	assert_true(holds("tcp6,tcp_dst=443", "tcp6-first"));
	assert_true(holds("ipv6,nw_proto=44", "tcp6-later"));
}

/* In the words of `ovs-ofctl parse-flow` where it refuses, too. */
static void what_is_not_understood_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "bogus=1", "unknown field bogus" },
		{ "bogus", "unknown field bogus" },
		{ "TCP", "unknown field TCP" },
		{ "in_port=1", "in_port is not supported here: use select_src_port" },
		{ "reg0=1", "unknown field reg0" },
		{ "tcp,tp_dst", "field tp_dst missing value" },
		{ "tcp,tp_dst=", "field tp_dst missing value" },
		{ "dl_src=zz", "zz: invalid Ethernet address" },
		{ "dl_src=02:00:00:00:00:01/x", "02:00:00:00:00:01/x: invalid Ethernet address" },
		{ "ip,nw_src=foo", "foo: invalid IP address" },
		{ "ip,nw_src=10.0.0.1/", "10.0.0.1/: invalid IP address" },
		{ "ip,nw_src=300.0.0.1", "300.0.0.1: invalid IP address" },
		{ "ip,nw_src=10.0.0.0/33",
		  "10.0.0.0/33: IPv4 network prefix bits not between 0 and 32, inclusive" },
		{ "ipv6,ipv6_src=zz", "zz: invalid IPv6 address" },
		{ "ipv6,ipv6_src=::1/129",
		  "::1/129: IPv6 network prefix bits not between 0 and 128, inclusive" },
		{ "tcp,tcp_dst=70000", "70000: value too large for 2-byte field tcp_dst" },
		{ "tcp,tcp_dst=80/65536", "80/65536: mask too large for 2-byte field tcp_dst" },
		{ "tcp,tcp_dst=http", "http: bad syntax for tcp_dst value" },
		{ "tcp,tcp_dst=80/x", "80/x: bad syntax for tcp_dst value" },
		{ "dl_type=-1", "-1: bad syntax for dl_type value" },
		{ "ip,nw_ttl=300", "300: value too large for 1-byte field nw_ttl" },
		{ "arp,arp_op=300", "300: value too large for 1-byte field arp_op" },
		{ "ip,ip_dscp=64", "64: value too large for 6-bit field ip_dscp" },
		{ "dl_vlan_pcp=8", "8: value too large for 3-bit field dl_vlan_pcp" },
		{ "ipv6,ipv6_label=0x100000",
		  "0x100000: value too large for 20-bit field ipv6_label" },
		{ "dl_vlan=4096", "4096: not a VLAN ID (0 to 4095, or 0xffff for no tag)" },
		{ "vlan_vid=5", "5: matches no frame: add 0x1000 for a frame with a tag" },
		{ "vlan_tci=0x2005/0xffff",
		  "0x2005/0xffff: matches no frame: add 0x1000 for a frame with a tag" },
		{ "dl_vlan=5/0xf", "5/0xf: invalid mask for field dl_vlan" },
		{ "dl_type=0x800/0xff00", "0x800/0xff00: invalid mask for field dl_type" },
		{ "ip,nw_proto=6/3", "6/3: invalid mask for field nw_proto" },
		{ "ip,nw_tos=0xfc/0xf", "0xfc/0xf: invalid mask for field nw_tos" },
		{ "icmp,icmp_type=8/1", "8/1: invalid mask for field icmp_type" },
		{ "ip,nw_frag=foo",
		  "foo: unknown fragment type (valid types are \"no\", \"yes\", \"first\", "
		  "\"later\", \"not_later\")" },
		{ "tcp,tcp_flags=+syn+foo", "+syn+foo: unknown TCP flag(s)" },
		{ "tcp,tcp_flags=syn+ack", "syn+ack: unknown TCP flag(s)" },
		{ "tcp,tcp_flags=+syn-syn", "+syn-syn: unknown TCP flag(s)" },
		{ "tcp,tcp_flags=0x1fff", "0x1fff: value too large for 12-bit field tcp_flags" },
		{ "tcp,udp", "network protocol set multiple times" },
		{ "ip,arp", "Ethernet type set multiple times" },
		{ "dl_type=0x800,dl_type=0x800", "field dl_type set multiple times" },
		{ "tcp,dl_type=0x800", "field dl_type set multiple times" },
		{ "tcp,tcp_dst=80,tp_dst=80", "field tp_dst set multiple times" },
		{ "dl_vlan=5,vlan_tci=0x1005", "field vlan_tci set multiple times" },
		{ "vlan_tci=0/0x1000,dl_vlan=5", "dl_vlan=5 contradicts another field" },
		{ "tp_dst=80", "prerequisites not met for setting tp_dst" },
		{ "ip,tp_dst=80", "prerequisites not met for setting tp_dst" },
		{ "udp,tcp_dst=80", "prerequisites not met for setting tcp_dst" },
		{ "nw_src=1.2.3.4", "prerequisites not met for setting nw_src" },
		{ "ipv6,nw_src=1.2.3.4", "prerequisites not met for setting nw_src" },
		{ "ip,ipv6_src=::1", "prerequisites not met for setting ipv6_src" },
		{ "nw_proto=6", "prerequisites not met for setting nw_proto" },
		{ "arp,nw_ttl=6", "prerequisites not met for setting nw_ttl" },
		{ "ip,arp_op=1", "prerequisites not met for setting arp_op" },
		{ "tcp,icmp_type=8", "prerequisites not met for setting icmp_type" },
		{ "icmp,icmpv6_type=8", "prerequisites not met for setting icmpv6_type" },
		{ "icmp6,nd_target=::1", "prerequisites not met for setting nd_target" },
		{ "icmp6,icmpv6_type=136,nd_sll=02:00:00:00:00:01",
		  "prerequisites not met for setting nd_sll" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct filter_match match;
		struct error err;

		memset(&match, 0x55, sizeof(match));
		if (!filter_parse(cases[i][0], &match, &err))
			fail_msg("%s is accepted", cases[i][0]);
		assert_string_equal(err.text, cases[i][1]);
		assert_int_equal(match.mask.pad[0], 0x55);
	}
}

/* Fields stand in any order, with commas or blanks between them. */
static void the_order_does_not_matter(void **state)
{
	struct filter_match a, b;
	struct error err;

	(void)state;
	assert_int_equal(filter_parse("tcp,tp_dst=443,nw_src=10.1.2.3,dl_vlan=5", &a, &err), 0);
	assert_int_equal(filter_parse(" dl_vlan:5,, nw_src=10.1.2.3\ttcp_dst=443 tcp", &b, &err),
			 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(a.mask.nw_ttl[0], 0);
	assert_int_equal(b.mask.vlan_tci[0], 0x1f);
}

/* Cut anywhere, at the end of its memory: for the sanitizers. */
static void any_length_can_be_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
		uint8_t whole[FILTER_FRAME_MAX];
		size_t len = filter_frame_bytes(filter_frames[i].hex, whole);

		for (size_t n = 0; n <= len; n++) {
			uint8_t *copy = malloc(n ? n : 1);
			struct filter_key key;

			assert_non_null(copy);
			memcpy(copy, whole, n);
			filter_key_read(copy, n, &key);
			assert_int_equal(key.eth_dst[0], n < 14 ? 0 : 2);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_compared),
		cmocka_unit_test(nothing_is_read_beyond_its_end),
		cmocka_unit_test(fragments),
		cmocka_unit_test(what_is_not_understood_is_refused),
		cmocka_unit_test(the_order_does_not_matter),
		cmocka_unit_test(any_length_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
