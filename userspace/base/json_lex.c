/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_lex.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"

/* Strings */

static int fail(char **at, char *where, const char *why, const char **ret_why)
{
	*at = where;
	*ret_why = why;
	return -1;
}

/* Four hexadecimal digits; -1: they are not. */
static int hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* UTF-8, of halves of surrogate pairs too. */
static char *put_utf8(char *to, unsigned int c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* *from: behind \u.  A low surrogate alone passes, as in the reference. */
static int resolve_unicode(char **from, char **to, const char **ret_why)
{
	int c = hex4(*from), low;

	if (c < 0)
		return fail(from, *from, "malformed \\u escape", ret_why);
	if (!c)
		return fail(from, *from, "null bytes are not supported in strings", ret_why);
	*from += 4;
	if (c >= 0xd800 && c < 0xdc00) {
		low = (*from)[0] == '\\' && (*from)[1] == 'u' ? hex4(*from + 2) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(from, *from, "malformed escaped surrogate pair", ret_why);
		*from += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = put_utf8(*to, (unsigned int)c);
	return 0;
}

/* *from: behind the backslash. */
static int resolve_escape(char **from, char **to, const char **ret_why)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	char c = **from;
	const char *letter = c ? strchr(letters, c) : NULL;

	if (letter) {
		*(*to)++ = meanings[letter - letters];
		++*from;
		return 0;
	}
	if (c != 'u')
		return fail(from, *from, "bad escape in string", ret_why);
	++*from;
	return resolve_unicode(from, to, ret_why);
}

int json_lex_string(char **at, struct json *ret, const char **ret_why)
{
	char *start = *at;
	char *from = json_lex_plain(start), *to = from;

	while (*from != '"') {
		char *run;

		if (*from != '\\')
			return fail(at, from, "control character or end of input in string",
				    ret_why);
		from++;
		if (resolve_escape(&from, &to, ret_why) < 0) {
			*at = from;
			return -1;
		}
		run = from;
		from = json_lex_plain(run);
		memmove(to, run, (size_t)(from - run));
		to += from - run;
	}
	*to = '\0';
	*at = from + 1;
	*ret = (struct json){ JSON_STRING, (uint32_t)(to - start), { .string = start } };
	return 0;
}

/* Numbers */

/* The digits of a number without its zeros at both ends, and the power of ten that belongs
 * to them. */
struct digits {
	uint64_t value;
	bool is_long; /* value would not fit */
	int n_zeros; /* since the last other digit */
	int power;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void add_digit(struct digits *d, char c)
{
	int n = d->n_zeros + 1;

	if (c == '0') {
		d->n_zeros += d->value != 0;
		return;
	}
	for (d->n_zeros = 0; n && !d->is_long; n--)
		d->is_long = __builtin_mul_overflow(d->value, 10, &d->value);
	d->is_long |= __builtin_add_overflow(d->value, (uint64_t)(c - '0'), &d->value);
}

static int read_exponent(char **at, struct digits *d, const char **ret_why)
{
	enum { MAX = 100 * 1000 * 1000 };
	bool is_negative = **at == '-';
	int power = 0;

	if (**at == '-' || **at == '+')
		++*at;
	if (!is_digit(**at))
		return fail(at, *at, "exponent must contain at least one digit", ret_why);
	for (; is_digit(**at); ++*at) {
		if (power > MAX)
			return fail(at, *at, "exponent outside valid range", ret_why);
		power = power * 10 + (**at - '0');
	}
	d->power += is_negative ? -power : power;
	return 0;
}

/* True: the value is an integer that fits. */
static bool to_integer(const struct digits *d, bool is_negative, int64_t *ret)
{
	const uint64_t limit = (uint64_t)INT64_MAX + is_negative;
	uint64_t v = d->value;
	int power = d->power + d->n_zeros;

	if (d->is_long || (v && power < 0))
		return false;
	for (; v && power; power--)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	if (v > limit)
		return false;
	*ret = is_negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* Like the reference: what is too small for a double is 0, what is too small for all of
 * its digits is refused. */
static int to_real(char **at, const char *start, struct json *ret, const char **ret_why)
{
	double v;

	errno = 0;
	v = strtod(start, NULL);
	if (errno == ERANGE && v != 0)
		return fail(at, *at, "number outside valid range", ret_why);
	*ret = (struct json){ JSON_REAL, 0, { .real = v == 0 ? 0 : v } };
	return 0;
}

static int read_fraction(char **at, struct digits *d, const char **ret_why)
{
	if (!is_digit(**at))
		return fail(at, *at, "decimal point must be followed by digit", ret_why);
	for (; is_digit(**at); ++*at) {
		add_digit(d, **at);
		d->power--;
	}
	return 0;
}

int json_lex_number(char **at, struct json *ret, const char **ret_why)
{
	struct digits d = { .value = 0 };
	char *start = *at;
	bool is_negative = *start == '-';
	int64_t integer;

	*at += is_negative;
	if (!is_digit(**at))
		return fail(at, *at, "'-' must be followed by digit", ret_why);
	if (**at == '0' && is_digit((*at)[1]))
		return fail(at, *at, "leading zeros not allowed", ret_why);
	for (; is_digit(**at); ++*at)
		add_digit(&d, **at);
	if (**at == '.') {
		++*at;
		if (read_fraction(at, &d, ret_why) < 0)
			return -1;
	}
	if (**at == 'e' || **at == 'E') {
		++*at;
		if (read_exponent(at, &d, ret_why) < 0)
			return -1;
	}
	if (!to_integer(&d, is_negative, &integer))
		return to_real(at, start, ret, ret_why);
	*ret = (struct json){ JSON_INTEGER, 0, { .integer = integer } };
	return 0;
}
