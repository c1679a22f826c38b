// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "switch/flow.h"

static void is_frame(const char *flow, const char *begin, size_t wanted_len)
{
	uint8_t frame[FLOW_FRAME_MAX];
	char hex[2 * 80 + 1] = "";
	struct error err;
	struct flow f;
	size_t len = 0;

	if (flow_parse(flow, &f, &err) || flow_compose(&f, frame, &len, &err))
		fail_msg("%s: %s", flow, err.text);
	assert_int_equal(len, wanted_len);
	for (size_t i = 0; i < strlen(begin) / 2; i++)
		sprintf(hex + 2 * i, "%02x", frame[i]);
	assert_string_equal(hex, begin);
}

static void addresses_type_and_tag(void **state)
{
	(void)state;
	is_frame("in_port=a", "0000000000000000000000000000", 60);
	is_frame("in_port=a,dl_dst=02:00:00:00:00:02,dl_src=02:00:00:00:00:01,dl_type=0x88b5",
		 "02000000000202000000000188b5", 60);
	is_frame("in_port=a dl_vlan=10", "0000000000000000000000008100000a0000", 64);
	is_frame("in_port=a,dl_vlan=10,dl_vlan_pcp=5,packet_len=100",
		 "0000000000000000000000008100a00a0000", 100);
	is_frame("vlan_tci=0x7005", "00000000000000000000000081006005", 64);
	is_frame("vlan_tci=0", "0000000000000000000000000000", 60);
	is_frame("vlan_vid=0x1005", "00000000000000000000000081000005", 64);
	is_frame("eth_dst=ff:ff:ff:ff:ff:ff,eth_src=1:2:3:4:5:6,ip",
		 "ffffffffffff010203040506080045000014", 60);
}

/* With the checksum that RFC 1071 gives. */
static void ipv4_headers(void **state)
{
	(void)state;
	is_frame("tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_src=1000,tp_dst=80,nw_tos=16",
		 "0000000000000000000000000800"
		 "451000280000000040"
		 "06"
		 "66be"
		 "0a0000010a000002"
		 "03e8005000000000000000005000",
		 60);
	is_frame("udp,udp_dst=53", "00000000000000000000000008004500001c", 60);
	is_frame("icmp,icmp_type=8,icmp_code=0,nw_ttl=1",
		 "0000000000000000000000000800"
		 "4500001c000000000101",
		 60);
}

static void arp_and_ipv6(void **state)
{
	(void)state;
	is_frame("arp,arp_op=2,dl_src=02:00:00:00:00:01,arp_sha=02:00:00:00:00:01,arp_spa=10.0.0.1,"
		 "arp_tpa=10.0.0.2",
		 "0000000000000200000000010806"
		 "0001080006040002"
		 "020000000001"
		 "0a000001"
		 "000000000000"
		 "0a000002",
		 60);
	is_frame("tcp6,ipv6_src=fe80::1,ipv6_dst=fe80::2,tcp_dst=443",
		 "00000000000000000000000086dd"
		 "60000000"
		 "0014"
		 "0640"
		 "fe800000000000000000000000000001"
		 "fe800000000000000000000000000002"
		 "000001bb",
		 74);
}

static void is_refused(const char *text, const char *why)
{
	struct flow f = { .len = 7 };
	struct error err;

	assert_int_equal(flow_parse(text, &f, &err), -1);
	assert_string_equal(err.text, why);
	assert_int_equal(f.len, 7);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	is_refused("in_port=a,foo=1", "unknown field foo");
	is_refused("packet_len=13", "packet_len takes a number from 14 to 9216");
	is_refused("packet_len=9217", "packet_len takes a number from 14 to 9216");
	is_refused("packet_len=x", "packet_len takes a number from 14 to 9216");
	is_refused("in_port=0123456789012345678901234567890123456789012345678901234567890123",
		   "in_port=0123456789012345678901234567890123456789012345678901234567890123: "
		   "no port has such a name");
}

/* So nobody is told about another frame than the one that was asked about. */
static void a_frame_that_cannot_be_is_refused(void **state)
{
	static const char *const flows[] = {
		"tcp,tp_dst=80,packet_len=50",
		"dl_vlan=5,packet_len=15",
		"ipv6,nw_frag=yes",
		"nw_src=10.0.0.1,arp,packet_len=40",
	};
	uint8_t frame[FLOW_FRAME_MAX];
	struct error err;
	struct flow f;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		assert_int_equal(flow_parse(flows[i], &f, &err), 0);
		assert_int_equal(flow_compose(&f, frame, &len, &err), -1);
	}
}

/* compose looks at the key itself, so this only needs to go through. */
static void every_kind_of_frame_is_what_was_asked_for(void **state)
{
	static const char *const flows[] = {
		"vlan_tci=0x1005/0x1fff,dl_src=02:00:00:00:00:01/ff:ff:00:00:00:00",
		"dl_vlan=0xffff",
		"dl_type=0x88cc",
		"rarp,arp_op=3",
		"ip,nw_proto=47,nw_tos=32,nw_ttl=3",
		"ip,nw_frag=first",
		"udp,nw_frag=yes,tp_src=5",
		"ip,nw_frag=later",
		"icmp,icmp_type=8,icmp_code=3",
		"tcp,tcp_flags=+syn-ack,tcp_src=5",
		"sctp,sctp_dst=99",
		"udp6,udp_dst=53,ipv6_label=0x12345",
		"ipv6,nw_tos=252,nw_ttl=1,ipv6_src=fe80::/10",
		"icmp6,icmpv6_type=128",
		"icmp6,icmpv6_type=135,icmpv6_code=0,nd_target=fe80::7,nd_sll=02:00:00:00:00:05",
		"icmp6,icmpv6_type=136,icmpv6_code=0,nd_target=fe80::7,nd_tll=02:00:00:00:00:05",
		"arp,arp_op=1,arp_sha=02:00:00:00:00:01,arp_tha=02:00:00:00:00:02,arp_spa=1.2.3.4",
	};
	uint8_t frame[FLOW_FRAME_MAX];
	struct error err;
	struct flow f;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		if (flow_parse(flows[i], &f, &err) || flow_compose(&f, frame, &len, &err))
			fail_msg("%s: %s", flows[i], err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_type_and_tag),
		cmocka_unit_test(ipv4_headers),
		cmocka_unit_test(arp_and_ipv6),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(a_frame_that_cannot_be_is_refused),
		cmocka_unit_test(every_kind_of_frame_is_what_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
