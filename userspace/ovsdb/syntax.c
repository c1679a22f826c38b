/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/syntax.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

static int add_syntax(struct error *err, const struct json *json)
{
	struct buf b = BUF_INIT;

	text_put_json(&b, json);
	if (buf_ok(&b))
		error_set_syntax(err, b.data);
	buf_free(&b);
	return -1;
}

int syntax_error(struct error *err, const struct json *json, const char *tag, const char *fmt, ...)
{
	char text[sizeof(err->text) + 1]; /* so that error_set() sees what is too long */
	va_list args;

	if (!err)
		return -1;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	error_set(err, tag ? tag : "syntax error", "%s", text);
	return json ? add_syntax(err, json) : -1;
}

bool syntax_is_id(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (*++s)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

void syntax_begin(struct syntax_object *o, const struct json *json, const char *what)
{
	syntax_begin_one_of(o, json, what, 0, 0);
}

void syntax_begin_one_of(struct syntax_object *o, const struct json *json, const char *what,
			 size_t number, size_t n)
{
	o->json = json_is_object(json) ? json : NULL;
	o->what = what;
	o->number = number;
	o->n = n;
	o->n_used = 0;
	o->has_failed = false;
	if (!o->json)
		syntax_fail(o, "Object expected.");
}

const struct json *syntax_member(struct syntax_object *o, const char *name, int kinds)
{
	const struct json *value = o->json ? json_get(o->json, name) : NULL;

	if (!o->json)
		return NULL;
	if (!value) {
		if (!(kinds & SYNTAX_OPTIONAL))
			syntax_fail(o, "Required '%s' member is missing.", name);
		return NULL;
	}
	if (o->n_used < SYNTAX_MAX_MEMBERS)
		o->used[o->n_used++] = name;
	if (kinds & 1 << value->type ||
	    (kinds & SYNTAX_ID && json_is_string(value) && syntax_is_id(json_string(value))))
		return value;
	syntax_fail(o, "Type mismatch for member '%s'.", name);
	return NULL;
}

void syntax_fail(struct syntax_object *o, const char *fmt, ...)
{
	char text[sizeof(o->err.text) + 1];
	va_list args;

	if (o->has_failed)
		return;
	o->has_failed = true;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (o->n)
		syntax_error(&o->err, o->json, NULL, "Parsing %s %zu of %zu failed: %s", o->what,
			     o->number, o->n, text);
	else
		syntax_error(&o->err, o->json, NULL, "Parsing %s failed: %s", o->what, text);
}

static bool is_used(const struct syntax_object *o, const char *name)
{
	for (size_t i = 0; i < o->n_used; i++)
		if (!strcmp(o->used[i], name))
			return true;
	return false;
}

static void check_left_over(struct syntax_object *o)
{
	size_t n_others = json_n_members(o->json) - o->n_used - 1;
	const struct json_member *m;
	const char *first = NULL;

	json_foreach_member (o->json, m) {
		const char *name = m->name.string;

		if (!is_used(o, name) && (!first || strcmp(name, first) < 0))
			first = name;
	}
	if (!n_others)
		syntax_fail(o, "Member '%s' is present but not allowed here.", first);
	else
		syntax_fail(o,
			    "Member '%s' and %zu other member%s are present but not allowed here.",
			    first, n_others, n_others > 1 ? "s" : "");
}

int syntax_end(struct syntax_object *o, struct error *err)
{
	if (!o->has_failed && o->n_used < json_n_members(o->json))
		check_left_over(o);
	if (!o->has_failed)
		return 0;
	if (err)
		*err = o->err;
	return -1;
}
