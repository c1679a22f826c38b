/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/hex.h"

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

bool uuid_parse(const char *text, struct uuid *ret)
{
	char digits[32]; /* 8-4-4-4-12 without the dashes */
	struct uuid u;

	if (strnlen(text, UUID_TEXT_LEN + 1) != UUID_TEXT_LEN || text[8] != '-' ||
	    text[13] != '-' || text[18] != '-' || text[23] != '-')
		return false;
	memcpy(digits, text, 8);
	memcpy(digits + 8, text + 9, 4);
	memcpy(digits + 12, text + 14, 4);
	memcpy(digits + 16, text + 19, 4);
	memcpy(digits + 20, text + 24, 12);
	for (int i = 0; i < 4; i++)
		if (!hex_get4(digits + 8 * i, u.b + 4 * i))
			return false;
	*ret = u;
	return true;
}

void uuid_put(const struct uuid *u, char *to)
{
	hex_put(to, u->b, 4);
	hex_put(to + 9, u->b + 4, 2);
	hex_put(to + 14, u->b + 6, 2);
	hex_put(to + 19, u->b + 8, 2);
	hex_put(to + 24, u->b + 10, 6);
	to[8] = to[13] = to[18] = to[23] = '-';
}

struct uuid_text uuid_text(const struct uuid *u)
{
	struct uuid_text t;

	uuid_put(u, t.s);
	t.s[UUID_TEXT_LEN] = '\0';
	return t;
}
