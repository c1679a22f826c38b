/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
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

static int by_name(const void *a, const void *b)
{
	const struct json_member *const *ma = a, *const *mb = b;

	return strcmp((*ma)->name.string, (*mb)->name.string);
}

static void put_object(struct buf *to, const struct json *json)
{
	const struct json_member **sorted = malloc((json->n + 1) * sizeof(*sorted));

	if (!sorted) {
		to->failed = true;
		return;
	}
	for (size_t i = 0; i < json->n; i++)
		sorted[i] = &json->members[i];
	qsort(sorted, json->n, sizeof(*sorted), by_name);
	buf_putc(to, '{');
	for (size_t i = 0; i < json->n; i++) {
		if (i)
			buf_putc(to, ',');
		text_put_string(to, sorted[i]->name.string);
		buf_putc(to, ':');
		text_put_json(to, &sorted[i]->value);
	}
	buf_putc(to, '}');
	free(sorted);
}

static void put_array(struct buf *to, const struct json *json)
{
	buf_putc(to, '[');
	for (size_t i = 0; i < json->n; i++) {
		if (i)
			buf_putc(to, ',');
		text_put_json(to, &json->elements[i]);
	}
	buf_putc(to, ']');
}

void text_put_json(struct buf *to, const struct json *json)
{
	switch (json->type) {
	case JSON_OBJECT:
		put_object(to, json);
		return;
	case JSON_ARRAY:
		put_array(to, json);
		return;
	case JSON_STRING:
		text_put_string(to, json->string);
		return;
	case JSON_INTEGER:
		text_put_integer(to, json->integer);
		return;
	case JSON_REAL:
		text_put_real(to, json->real);
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

char *text_of_json(const struct json *json)
{
	struct buf text = BUF_INIT;

	text_put_json(&text, json);
	return buf_steal(&text);
}

void text_member_string(struct buf *to, const char *name, const char *value)
{
	buf_printf(to, ",\"%s\":", name);
	text_put_string(to, value);
}

void text_member_number(struct buf *to, const char *name, uint64_t value)
{
	buf_printf(to, ",\"%s\":%" PRIu64, name, value);
}

void text_member_bool(struct buf *to, const char *name, bool value)
{
	buf_printf(to, ",\"%s\":%s", name, value ? "true" : "false");
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
