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

static void is_frame(const char *flow, const char *begin, size_t len)
{
	uint8_t frame[FLOW_FRAME_MAX];
	char hex[2 * 80 + 1] = "";
	struct error err;
	struct flow f;

	if (flow_parse(flow, &f, &err))
		fail_msg("%s: %s", flow, err.text);
	assert_int_equal(flow_compose(&f, frame), len);
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
	is_frame("dl_vlan=4,vlan_tci=0", "0000000000000000000000000000", 60);
	is_frame("vlan_vid=0x1005", "00000000000000000000000081000005", 64);
	is_frame("eth_dst=ff:ff:ff:ff:ff:ff,eth_src=1:2:3:4:5:6,eth_type=2048",
		 "ffffffffffff01020304050608004500002e", 60);
}

/* With the checksum that RFC 1071 gives. */
static void ipv4_headers(void **state)
{
	(void)state;
	is_frame("tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_src=1000,tp_dst=80,nw_tos=16",
		 "0000000000000000000000000800"
		 "4510002e0000000040"
		 "06"
		 "66b8"
		 "0a0000010a000002"
		 "03e8005000000000000000005000",
		 60);
	is_frame("udp,udp_dst=53", "00000000000000000000000008004500002e", 60);
	is_frame("icmp,icmp_type=8,icmp_code=0,nw_ttl=1",
		 "0000000000000000000000000800"
		 "4500002e000000000101",
		 60);
}

static void arp_and_ipv6(void **state)
{
	(void)state;
	is_frame("arp,arp_op=2,dl_src=02:00:00:00:00:01,arp_spa=10.0.0.1,arp_tpa=10.0.0.2",
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
		 "0018"
		 "0640"
		 "fe800000000000000000000000000001"
		 "fe800000000000000000000000000002"
		 "000001bb",
		 78);
}

static void is_refused(const char *flow, const char *text)
{
	struct flow f = { .len = 7 };
	struct error err;

	assert_int_equal(flow_parse(flow, &f, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(f.len, 7);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	is_refused("in_port=a,foo=1", "unknown field foo");
	is_refused("foo", "unknown field foo");
	is_refused("dl_vlan=4096", "dl_vlan: \"4096\" is not a value for it");
	is_refused("dl_vlan=", "dl_vlan: \"\" is not a value for it");
	is_refused("dl_vlan=-1", "dl_vlan: \"-1\" is not a value for it");
	is_refused("dl_vlan_pcp=8", "dl_vlan_pcp: \"8\" is not a value for it");
	is_refused("dl_dst=02:00", "dl_dst: \"02:00\" is not a value for it");
	is_refused("tcp,nw_dst=10.0.0", "nw_dst: \"10.0.0\" is not a value for it");
	is_refused("tcp,tp_dst=65536", "tp_dst: \"65536\" is not a value for it");
	is_refused("tp_dst=80", "tp_dst needs tcp, udp, sctp or icmp");
	is_refused("udp,tcp_dst=80", "tcp_dst needs tcp");
	is_refused("ipv6,nw_dst=10.0.0.1", "nw_dst needs ip or arp");
	is_refused("nw_proto=6", "nw_proto needs ip, ipv6 or arp");
	is_refused("packet_len=13", "packet_len is less than the headers are");
	is_refused("dl_vlan=1,packet_len=19", "packet_len is less than the headers are");
	is_refused("packet_len=9217", "packet_len: \"9217\" is not a value for it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_type_and_tag),
		cmocka_unit_test(ipv4_headers),
		cmocka_unit_test(arp_and_ipv6),
		cmocka_unit_test(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
