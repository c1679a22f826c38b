/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/text.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/uuid.h"

void text_put_integer(struct buf *to, int64_t v)
{
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (v < 0)
		digits[--at] = '-';
	buf_put(to, digits + at, sizeof(digits) - at);
}

void text_put_real(struct buf *to, double v)
{
	char s[64];

	snprintf(s, sizeof(s), "%.*g", DBL_DIG, v);
	if (strtod(s, NULL) != v)
		snprintf(s, sizeof(s), "%.17g", v);
	buf_puts(to, s);
}

static void put_escape(struct buf *to, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = strchr(from, c);
	char s[8];

	if (at)
		snprintf(s, sizeof(s), "\\%c", letters[at - from]);
	else
		snprintf(s, sizeof(s), "\\u%04x", c);
	buf_puts(to, s);
}

void text_put_string(struct buf *to, const char *s)
{
	const char *run = s;

	buf_putc(to, '"');
	for (;; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (s > run)
			buf_put(to, run, (size_t)(s - run));
		if (!c)
			break;
		put_escape(to, c);
		run = s + 1;
	}
	buf_putc(to, '"');
}

void text_put_uuid(struct buf *to, const struct uuid *u)
{
	char *at = buf_reserve(to, UUID_TEXT_LEN);

	if (!at)
		return;
	uuid_put(u, at);
	to->len += UUID_TEXT_LEN;
	to->data[to->len] = '\0';
}

static int cmp_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_object(struct buf *to, const json_t *json)
{
	size_t n = json_object_size(json);
	const char **names = malloc((n ? n : 1) * sizeof(*names));
	void *iter = json_object_iter((json_t *)json);

	if (!names) {
		to->failed = true;
		return;
	}
	for (size_t i = 0; i < n; i++, iter = json_object_iter_next((json_t *)json, iter))
		names[i] = json_object_iter_key(iter);
	qsort(names, n, sizeof(*names), cmp_names);
	buf_putc(to, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(to, ',');
		text_put_string(to, names[i]);
		buf_putc(to, ':');
		text_put_json(to, json_object_get(json, names[i]));
	}
	buf_putc(to, '}');
	free(names);
}

void text_put_json(struct buf *to, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		put_object(to, json);
		return;
	case JSON_ARRAY:
		buf_putc(to, '[');
		for (size_t i = 0; i < json_array_size(json); i++) {
			if (i)
				buf_putc(to, ',');
			text_put_json(to, json_array_get(json, i));
		}
		buf_putc(to, ']');
		return;
	case JSON_STRING:
		text_put_string(to, json_string_value(json));
		return;
	case JSON_INTEGER:
		text_put_integer(to, json_integer_value(json));
		return;
	case JSON_REAL:
		text_put_real(to, json_real_value(json));
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

void text_put_error(struct buf *to, const struct error *err)
{
	buf_putc(to, '{');
	if (err->text[0]) {
		buf_puts(to, "\"details\":");
		text_put_string(to, err->text);
		buf_putc(to, ',');
	}
	buf_puts(to, "\"error\":");
	text_put_string(to, err->tag);
	if (err->syntax[0]) {
		buf_puts(to, ",\"syntax\":");
		text_put_string(to, err->syntax);
	}
	buf_putc(to, '}');
}
