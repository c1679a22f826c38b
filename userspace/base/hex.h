/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Bytes as hexadecimal digits, for uuids and checksums: these are a good part of all text
 * that is read and written.
 */
#include <stddef.h>
#include <stdint.h>

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
