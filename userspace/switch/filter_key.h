/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What of a frame a mirror's filter can speak of, each field as on the wire, and 0 where
 * the frame has none of it or ends before it.  The rules are those of Open vSwitch's flow
 * keys with one VLAN tag.  The packet programs fill in the same bytes by themselves
 * (bpf/filter.h); the function here says what is right, to tests and to explanations.
 */
#include <stddef.h>
#include <stdint.h>

enum {
	FILTER_TAGGED = 0x1000, /* in vlan_tci: there is a tag (the DEI bit does not show) */
	FILTER_TYPE_NONE = 0x05ff, /* eth_type of a frame with LLC, but without SNAP */
	FILTER_FRAG = 1, /* in nw_frag: a fragment */
	FILTER_FRAG_LATER = 2, /* and not the first one */
};

struct filter_key {
	uint8_t eth_dst[6];
	uint8_t eth_src[6];
	uint8_t vlan_tci[2];
	uint8_t eth_type[2];
	uint8_t nw_proto[1]; /* of ARP: the operation */
	uint8_t nw_tos[1];
	uint8_t nw_ttl[1];
	uint8_t nw_frag[1];
	uint8_t tp_src[2]; /* ICMP: the type */
	uint8_t tp_dst[2]; /* ICMP: the code */
	uint8_t tcp_flags[2];
	uint8_t pad[2];
	uint8_t ipv6_label[4];
	uint8_t nw_src[4]; /* also of ARP */
	uint8_t nw_dst[4];
	uint8_t ipv6_src[16];
	uint8_t ipv6_dst[16];
	uint8_t nd_target[16];
	uint8_t arp_sha[6]; /* also of neighbour discovery: the link-layer address options */
	uint8_t arp_tha[6];
};

/* frame: as on the wire, its tags in place. */
void filter_key_read(const uint8_t *frame, size_t len, struct filter_key *ret);
