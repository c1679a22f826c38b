/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Strings and numbers of JSON text.  For json_parse.c.  The text ends in eight NULs, so
 * that looking ahead needs no care.
 */
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

struct json;

/* Where a string has the first byte that is not simply a part of it: a quote, a
 * backslash or a control character.  Eight bytes at a time: each test leaves the high bit of
 * the bytes it holds for, of the first such byte for certain. */
static inline char *json_lex_plain(char *at)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones << 7;

	for (;; at += 8) {
		uint64_t word, quote, backslash, found;

		memcpy(&word, at, sizeof(word));
		word = le64toh(word);
		quote = word ^ ones * '"';
		backslash = word ^ ones * '\\';
		found = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
			 ((word - ones * 0x20) & ~word)) &
			high;
		if (found)
			return at + __builtin_ctzll(found) / 8;
	}
}

/* *at: behind the opening quote, and then behind the closing one, which becomes a NUL;
 * escapes are resolved in place.  -1: *at is where it went wrong, *ret_why says why. */
must_check int json_lex_string(char **at, struct json *ret, const char **ret_why);
/* *at: a digit or a minus sign. */
must_check int json_lex_number(char **at, struct json *ret, const char **ret_why);
