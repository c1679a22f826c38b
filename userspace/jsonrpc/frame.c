/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/frame.h"

#include <string.h>

#include "base/json_lex.h"

/* What a byte outside strings is. */
enum byte_class { BYTE_BAD, BYTE_SPACE, BYTE_PLAIN, BYTE_QUOTE, BYTE_OPEN, BYTE_CLOSE };

static const uint8_t byte_class[256] = {
	[' '] = BYTE_SPACE, ['\t'] = BYTE_SPACE, ['\n'] = BYTE_SPACE, ['\r'] = BYTE_SPACE,
	['"'] = BYTE_QUOTE, ['{'] = BYTE_OPEN,	 ['['] = BYTE_OPEN,   ['}'] = BYTE_CLOSE,
	[']'] = BYTE_CLOSE, [','] = BYTE_PLAIN,	 [':'] = BYTE_PLAIN,  ['+'] = BYTE_PLAIN,
	['-'] = BYTE_PLAIN, ['.'] = BYTE_PLAIN,	 ['0'] = BYTE_PLAIN,  ['1'] = BYTE_PLAIN,
	['2'] = BYTE_PLAIN, ['3'] = BYTE_PLAIN,	 ['4'] = BYTE_PLAIN,  ['5'] = BYTE_PLAIN,
	['6'] = BYTE_PLAIN, ['7'] = BYTE_PLAIN,	 ['8'] = BYTE_PLAIN,  ['9'] = BYTE_PLAIN,
	['E'] = BYTE_PLAIN, /* of numbers; the rest: of true, false and null */
	['a'] = BYTE_PLAIN, ['e'] = BYTE_PLAIN,	 ['f'] = BYTE_PLAIN,  ['l'] = BYTE_PLAIN,
	['n'] = BYTE_PLAIN, ['r'] = BYTE_PLAIN,	 ['s'] = BYTE_PLAIN,  ['t'] = BYTE_PLAIN,
	['u'] = BYTE_PLAIN,
};

void frame_init(struct frame *f, size_t max_size)
{
	memset(f, 0, sizeof(*f));
	f->max_size = max_size;
}

static void restart(struct frame *f)
{
	f->size = 0;
	f->depth = 0;
	f->is_in_string = false;
	f->is_escaped = false;
}

/* The index of the first byte that is not simply a part of a string, or len. */
static size_t skip_plain(const char *data, size_t i, size_t len)
{
	for (; len - i >= 8; i += 8) {
		uint64_t special = json_lex_special(data + i);

		if (special)
			return i + (size_t)__builtin_ctzll(special) / 8;
	}
	while (i < len && data[i] != '"' && data[i] != '\\' && (unsigned char)data[i] >= 0x20)
		i++;
	return i;
}

/* The index behind the end of the string, or len. */
static size_t skip_string(struct frame *f, const char *data, size_t i, size_t len)
{
	if (f->is_escaped && i < len) {
		f->is_escaped = false;
		i++;
	}
	for (i = skip_plain(data, i, len); i < len; i = skip_plain(data, i, len)) {
		if (data[i] == '"') {
			f->is_in_string = false;
			return i + 1;
		}
		if (data[i] != '\\')
			return i; /* for the caller to refuse */
		i += 2;
		if (i > len) {
			f->is_escaped = true;
			return len;
		}
	}
	return len;
}

static int open_bracket(struct frame *f, char c, struct error *err)
{
	uint64_t bit = UINT64_C(1) << (f->depth % 64);

	if (!f->depth && c == '[')
		return error_set(err, "syntax error", "a message must be an object");
	if (f->depth == FRAME_MAX_DEPTH)
		return error_set(err, "syntax error", "message is nested more than %d deep",
				 FRAME_MAX_DEPTH);
	if (c == '[')
		f->is_array[f->depth / 64] |= bit;
	else
		f->is_array[f->depth / 64] &= ~bit;
	f->depth++;
	return 0;
}

static int close_bracket(struct frame *f, char c, struct error *err)
{
	if (f->depth) {
		f->depth--;
		if ((f->is_array[f->depth / 64] >> (f->depth % 64) & 1) == (c == ']'))
			return 0;
	}
	return error_set(err, "syntax error", "unexpected '%c' in message", c);
}

static int scan_byte(struct frame *f, char c, struct error *err)
{
	switch ((enum byte_class)byte_class[(unsigned char)c]) {
	case BYTE_SPACE:
		return 0;
	case BYTE_OPEN:
		return open_bracket(f, c, err);
	case BYTE_CLOSE:
		return close_bracket(f, c, err);
	case BYTE_PLAIN:
		if (f->depth)
			return 0;
		break;
	case BYTE_QUOTE:
		if (f->depth) {
			f->is_in_string = true;
			return 0;
		}
		break;
	case BYTE_BAD:
		break;
	}
	return error_set(err, "syntax error", "unexpected byte 0x%02x in message",
			 (unsigned char)c);
}

int frame_scan(struct frame *f, const char *data, size_t len, enum frame_state *ret,
	       size_t *ret_used, struct error *err)
{
	size_t i = 0;
	bool is_done = false;

	while (i < len && !is_done) {
		if (f->is_in_string) {
			i = skip_string(f, data, i, len);
			if (i < len && f->is_in_string)
				return error_set(err, "syntax error",
						 "control character in a string");
			continue;
		}
		if (f->depth && byte_class[(unsigned char)data[i]] == BYTE_PLAIN) {
			i++;
			continue;
		}
		if (scan_byte(f, data[i], err) < 0)
			return -1;
		is_done = !f->depth && data[i] == '}';
		i++;
	}
	f->size += i;
	if (f->size > f->max_size)
		return error_set(err, "resources exhausted", "message is longer than %zu bytes",
				 f->max_size);
	if (is_done)
		restart(f);
	*ret = is_done ? FRAME_DONE : FRAME_MORE;
	*ret_used = i;
	return 0;
}
