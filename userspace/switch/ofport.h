/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * OpenFlow port numbers of one bridge, by Open vSwitch's rules: a request is honoured
 * when it is made; otherwise the lowest unused number above the last one given, so
 * that a freed number is not given again at once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	OFPORT_LOCAL = 65534,
	OFPORT_REQUEST_MAX = 65279, /* the schema's, and OpenFlow's */
	OFPORT_AUTO_MAX = 32767, /* above are for requests only */
};

/* One port, oldest first.  0 is "none" in all four. */
struct ofport_claim {
	uint32_t request; /* Interface.ofport_request */
	uint32_t held; /* what it has now */
	uint32_t recorded; /* what the database says it had, for one that has none now */
	uint32_t given; /* the answer; 0 only when all numbers are taken, or not is_working */
	bool is_local;
	bool is_working; /* a port without a device gets no number, but keeps one it has */
};

/* *cursor: the number given last; 0 at first; kept by the caller for the bridge. */
void ofport_assign(struct ofport_claim *claims, size_t n, uint32_t *cursor);
