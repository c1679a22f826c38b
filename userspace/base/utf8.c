/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Most text is ASCII: skips what is, eight bytes at a time. */
static const char *skip_ascii(const char *s, const char *end)
{
	uint64_t word;

	for (; end - s >= (ptrdiff_t)sizeof(word); s += sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (s < end && !(*s & 0x80))
		s++;
	return s;
}

/* The bytes that follow a first one, and the range of the second; 0: it cannot be first. */
static size_t n_following(unsigned char first, unsigned char *ret_min, unsigned char *ret_max)
{
	*ret_min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*ret_max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

const char *utf8_find_invalid(const char *s, size_t *ret_n)
{
	const char *end = s + strlen(s);

	for (s = skip_ascii(s, end); s < end; s = skip_ascii(s, end)) {
		unsigned char min, max;
		size_t n = n_following((unsigned char)*s, &min, &max), i;

		for (i = 1; i <= n; i++) {
			unsigned char c = (unsigned char)s[i];

			if (c < min || c > max)
				break;
			min = 0x80;
			max = 0xbf;
		}
		if (!n || i <= n) {
			*ret_n = n ? i + 1 : 1;
			return s;
		}
		s += n + 1;
	}
	return NULL;
}
