/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Bytes as hexadecimal digits, for uuids and checksums: these are a good part of all text
 * that is read and written.
 */
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Writes 2 * n digits, lower case, without a NUL. */
static inline void hex_put(char *to, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
}

/* The value of a digit in either case; -1: it is none. */
static inline int hex_digit(char c)
{
	unsigned int decimal = (unsigned int)c - '0', letter = ((unsigned int)c | 0x20) - 'a';

	if (decimal < 10)
		return (int)decimal;
	return letter < 6 ? (int)letter + 10 : -1;
}

/* Reads exactly 8 digits of either case into 4 bytes, all at once: each digit is made its
 * value, and then again the digit, which must be the one that was read. */
static inline bool hex_get4(const char *text, uint8_t *to)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t digits, values, again;
	uint32_t bytes;

	memcpy(&digits, text, sizeof(digits));
	digits = le64toh(digits);
	digits |= digits >> 1 & ones * 0x20; /* letters: lower case */
	values = (digits & ones * 0xf) + (digits >> 6 & ones) * 9;
	values &= ones * 0xf;
	again = values + ones * '0' + ((values + ones * 6) >> 4 & ones) * ('a' - '0' - 10);
	values = (values << 4 | values >> 8) & UINT64_C(0x00ff00ff00ff00ff);
	values = (values | values >> 8) & UINT64_C(0x0000ffff0000ffff);
	bytes = htole32((uint32_t)(values | values >> 16));
	memcpy(to, &bytes, sizeof(bytes));
	return again == digits;
}
