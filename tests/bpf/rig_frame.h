/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Frames: made as a test writes them, and as a record tells that they were sent.  MAC addresses
 * are 02:00:00:00:00:id; BROADCAST is all ones.  Tags are written as in "[10]",
 * "[88a8 5][10 p3]", outermost first; "" is untagged.
 */
#include <stdint.h>

struct record;

enum { BROADCAST = 0xff };

struct frame {
	uint8_t bytes[2048];
	uint32_t len;
};

void rig_mac(uint8_t *mac, uint8_t id);
/* A payload that depends on nothing follows the tags; len 0 is 60 bytes of it. */
struct frame rig_frame(uint8_t dst, uint8_t src, const char *tags, uint32_t payload_len);
/* The frame of a record as on the wire. */
struct frame rig_sent(const struct record *r);
