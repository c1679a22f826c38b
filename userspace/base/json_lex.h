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

/* Which of eight bytes of a string are not simply a part of it: a quote, a backslash or a
 * control character.  The lowest bit that is set is in the first one; those above may lie. */
static inline uint64_t json_lex_special(const char *at)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones << 7;
	uint64_t word, quote, backslash;

	memcpy(&word, at, sizeof(word));
	word = le64toh(word);
	quote = word ^ ones * '"';
	backslash = word ^ ones * '\\';
	return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
		((word - ones * 0x20) & ~word)) &
	       high;
}

/* Where the first such byte is.  There must be one, with seven bytes behind it. */
static inline char *json_lex_plain(char *at)
{
	uint64_t special;

	while (!(special = json_lex_special(at)))
		at += sizeof(special);
	return at + __builtin_ctzll(special) / 8;
}

/* *at: behind the opening quote, and then behind the closing one, which becomes a NUL;
 * escapes are resolved in place.  -1: *at is where it went wrong, *ret_why says why. */
must_check int json_lex_string(char **at, struct json *ret, const char **ret_why);
/* *at: a digit or a minus sign. */
must_check int json_lex_number(char **at, struct json *ret, const char **ret_why);
