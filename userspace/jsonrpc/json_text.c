/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/json_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

static void put_escaped(struct buf *to, unsigned char c)
{
	switch (c) {
	case '"':
		buf_puts(to, "\\\"");
		return;
	case '\\':
		buf_puts(to, "\\\\");
		return;
	case '\b':
		buf_puts(to, "\\b");
		return;
	case '\f':
		buf_puts(to, "\\f");
		return;
	case '\n':
		buf_puts(to, "\\n");
		return;
	case '\r':
		buf_puts(to, "\\r");
		return;
	case '\t':
		buf_puts(to, "\\t");
		return;
	default:
		buf_printf(to, "\\u%04x", c);
	}
}

void json_text_put_string(struct buf *to, const char *s, size_t len)
{
	size_t plain = 0, i;

	buf_putc(to, '"');
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(to, s + plain, i - plain);
		put_escaped(to, c);
		plain = i + 1;
	}
	buf_put(to, s + plain, len - plain);
	buf_putc(to, '"');
}

static void put_real(struct buf *to, double v)
{
	char text[40];

	if (v == rint(v) && fabs(v) < 9e18) {
		buf_printf(to, "%" PRId64, (int64_t)v);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof(text), "%.17g", v);
	buf_puts(to, text);
}

static void put_object(struct buf *to, const json_t *json)
{
	json_t *object = (json_t *)json, *value; /* the iterator wants it mutable */
	const char *key;
	bool is_first = true;

	buf_putc(to, '{');
	json_object_foreach (object, key, value) {
		if (!is_first)
			buf_putc(to, ',');
		is_first = false;
		json_text_put_string(to, key, strlen(key));
		buf_putc(to, ':');
		json_text_put(to, value);
	}
	buf_putc(to, '}');
}

static void put_array(struct buf *to, const json_t *json)
{
	const json_t *value;
	size_t i;

	buf_putc(to, '[');
	json_array_foreach (json, i, value) {
		if (i)
			buf_putc(to, ',');
		json_text_put(to, value);
	}
	buf_putc(to, ']');
}

void json_text_put(struct buf *to, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		put_object(to, json);
		return;
	case JSON_ARRAY:
		put_array(to, json);
		return;
	case JSON_STRING:
		json_text_put_string(to, json_string_value(json), json_string_length(json));
		return;
	case JSON_INTEGER:
		buf_printf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		return;
	case JSON_REAL:
		put_real(to, json_real_value(json));
		return;
	case JSON_TRUE:
		buf_puts(to, "true");
		return;
	case JSON_FALSE:
		buf_puts(to, "false");
		return;
	case JSON_NULL:
		buf_puts(to, "null");
		return;
	}
}
