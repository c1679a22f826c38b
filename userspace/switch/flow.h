/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A frame described in Open vSwitch's flow syntax ("in_port=tap1,tcp,nw_dst=10.0.0.1"), and
 * the bytes of such a frame.  Pure; called by whoever explains what would become of it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { FLOW_NAME_MAX = 64, FLOW_FRAME_MIN = 14, FLOW_FRAME_MAX = 9216 };

struct flow {
	char in_port[FLOW_NAME_MAX]; /* name or number; "": not said */
	uint8_t dst[6], src[6];
	uint16_t vlan_tci; /* with has_tag */
	bool has_tag;
	uint16_t type;
	uint8_t proto; /* of ARP: the operation */
	uint8_t tos, ttl;
	uint8_t nw_src[4], nw_dst[4];
	uint8_t ipv6_src[16], ipv6_dst[16];
	uint16_t tp_src, tp_dst;
	uint32_t len; /* of the frame, tag included; 0: 60, and 64 with a tag */
};

/* Fields that are not named are 0, as in ofproto/trace.  Fails on what is not understood,
 * and on a field that the frame would not have. */
must_check int flow_parse(const char *text, struct flow *ret, struct error *err);

/* room: at least FLOW_FRAME_MAX.  Returns the length. */
size_t flow_compose(const struct flow *flow, uint8_t *ret);
