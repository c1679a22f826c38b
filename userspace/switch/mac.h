/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Ethernet addresses: their text, and which of them a bridge may take as its own.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

enum { MAC_TEXT_LEN = 17 };

struct mac_text {
	char s[MAC_TEXT_LEN + 1];
};
/* Lower case; MAC_STR(mac) lives until the block ends. */
struct mac_text mac_text(const uint8_t mac[6]);
#define MAC_STR(M) (mac_text(M).s)

/* "xx:xx:xx:xx:xx:xx", either case, one digit or two.  False, ret untouched, on anything
 * else; NULL is fine. */
bool mac_parse(const char *text, uint8_t ret[6]);

bool mac_is_zero(const uint8_t mac[6]);
bool mac_is_multicast(const uint8_t mac[6]);

/* May a bridge's local port take a port's address?  Universally administered unicast. */
bool mac_is_universal(const uint8_t mac[6]);

/* An address for a bridge that finds none among its ports: locally administered, always
 * the same for the same bridge, so that it outlives restarts and re-made devices. */
void mac_of_uuid(const struct uuid *uuid, uint8_t ret[6]);
