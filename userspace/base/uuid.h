/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * UUIDs (RFC 4122): 16 bytes in the order of their text form, so memcmp() is the
 * order that OVSDB prints sets in.
 */
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define UUID_TEXT_LEN 36

struct uuid {
	uint8_t b[16];
};

/* A version 4 UUID from getrandom(2), which cannot fail once the system has booted;
 * aborts if it does. */
struct uuid uuid_random(void);

/* Reads exactly 36 characters 8-4-4-4-12, either case.  False, *ret untouched, on
 * anything else. */
bool uuid_parse(const char *text, struct uuid *ret);

/* Writes 36 characters, lower case, without a NUL. */
void uuid_put(const struct uuid *u, char *to);

/* The text in a buffer of the caller: UUID_STR(&u) lives until the block ends. */
struct uuid_text {
	char s[UUID_TEXT_LEN + 1];
};
struct uuid_text uuid_text(const struct uuid *u);
#define UUID_STR(U) (uuid_text(U).s)

static inline int uuid_cmp(const struct uuid *a, const struct uuid *b)
{
	uint64_t x, y;

	memcpy(&x, a->b, sizeof(x));
	memcpy(&y, b->b, sizeof(y));
	if (x == y) {
		memcpy(&x, a->b + 8, sizeof(x));
		memcpy(&y, b->b + 8, sizeof(y));
	}
	return x == y ? 0 : be64toh(x) < be64toh(y) ? -1 : 1;
}

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return !uuid_cmp(a, b);
}

static inline bool uuid_is_zero(const struct uuid *u)
{
	static const struct uuid zero;

	return uuid_equal(u, &zero);
}
