/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A frame described in Open vSwitch's flow syntax ("in_port=tap1,tcp,nw_dst=10.0.0.1"), and
 * the bytes of such a frame.  Pure; called by whoever explains what would become of it.
 */
#include <stdint.h>

#include "base/error.h"
#include "switch/filter.h"

enum { FLOW_NAME_MAX = 64, FLOW_FRAME_MAX = 9216 };

struct flow {
	char in_port[FLOW_NAME_MAX]; /* name or number; "": not said */
	uint32_t len; /* packet_len, tag included; 0: as short as an Ethernet frame may be */
	struct filter_match match; /* all the rest, by filter's rules */
};

/* Fields that are not said are 0, as in ofproto/trace, and so are bits under a mask. */
must_check int flow_parse(const char *text, struct flow *ret, struct error *err);

/* ret has room for FLOW_FRAME_MAX bytes.  The frame matches what was said. */
must_check int flow_compose(const struct flow *flow, uint8_t *ret, size_t *ret_len,
			    struct error *err);
