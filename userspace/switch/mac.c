/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/mac.h"

#include <string.h>

struct mac_text mac_text(const uint8_t mac[6])
{
	static const char digits[] = "0123456789abcdef";
	struct mac_text t = { "" };
	char *to = t.s;

	for (int i = 0; i < 6; i++) {
		*to++ = digits[mac[i] >> 4];
		*to++ = digits[mac[i] & 15];
		*to++ = i < 5 ? ':' : '\0';
	}
	return t;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mac_parse(const char *text, uint8_t ret[6])
{
	uint8_t mac[6];

	for (int i = 0; text && i < 6; i++) {
		int v = hex_value(*text);

		if (v < 0)
			return false;
		text++;
		if (hex_value(*text) >= 0)
			v = v << 4 | hex_value(*text++);
		mac[i] = (uint8_t)v;
		if (*text != (i < 5 ? ':' : '\0'))
			return false;
		text++;
	}
	if (!text)
		return false;
	memcpy(ret, mac, 6);
	return true;
}

bool mac_is_zero(const uint8_t mac[6])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

bool mac_is_multicast(const uint8_t mac[6])
{
	return mac[0] & 1;
}

bool mac_is_universal(const uint8_t mac[6])
{
	return !(mac[0] & 3) && !mac_is_zero(mac);
}

void mac_of_uuid(const struct uuid *uuid, uint8_t ret[6])
{
	memcpy(ret, &uuid->b[10], 6); /* the bytes of a random UUID that are all random */
	ret[0] = (uint8_t)((ret[0] & ~1u) | 2u);
}
