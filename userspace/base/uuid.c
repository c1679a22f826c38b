/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <stdlib.h>
#include <sys/random.h>

struct uuid uuid_random(void)
{
	struct uuid u;
	size_t got = 0;

	while (got < sizeof(u.b)) {
		ssize_t n = getrandom(u.b + got, sizeof(u.b) - got, 0);

		if (n < 0)
			abort();
		got += (size_t)n;
	}
	u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
	u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
	return u;
}

static bool is_dash_at(int i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool uuid_parse(const char *text, struct uuid *ret)
{
	struct uuid u = { { 0 } };
	int nibble = 0;

	for (int i = 0; i < UUID_TEXT_LEN; i++) {
		int v = hex_value(text[i]);

		if (is_dash_at(i)) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if (v < 0)
			return false;
		u.b[nibble / 2] |= (uint8_t)(nibble % 2 ? v : v << 4);
		nibble++;
	}
	if (text[UUID_TEXT_LEN] != '\0')
		return false;
	*ret = u;
	return true;
}

void uuid_put(const struct uuid *u, char *to)
{
	static const char hex[] = "0123456789abcdef";
	int nibble = 0;

	for (int i = 0; i < UUID_TEXT_LEN; i++) {
		if (is_dash_at(i)) {
			to[i] = '-';
			continue;
		}
		to[i] = hex[(nibble % 2 ? u->b[nibble / 2] : u->b[nibble / 2] >> 4) & 0x0f];
		nibble++;
	}
}

struct uuid_text uuid_text(const struct uuid *u)
{
	struct uuid_text t;

	uuid_put(u, t.s);
	t.s[UUID_TEXT_LEN] = '\0';
	return t;
}
