/* SPDX-License-Identifier: Apache-2.0 */
/* Datums from and to JSON (RFC 7047 5.1 <value>), and the checks of a column's type. */
#include "base/json.h"
#include "ovsdb/datum.h"

#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"
#include "ovsdb/syntax.h"
#include "ovsdb/type.h"

static bool is_plain_word(const char *s)
{
	struct uuid u;

	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.", *p))
			return false;
	return strcmp(s, "true") && strcmp(s, "false") && !uuid_parse(s, &u);
}

/* As error texts show an atom: strings without quotes where that is clear. */
static void put_plain(struct buf *to, enum atom_type type, const union atom *a)
{
	if (type == ATOM_STRING && is_plain_word(a->string))
		buf_puts(to, a->string);
	else if (type == ATOM_UUID)
		buf_puts(to, UUID_STR(&a->uuid));
	else
		atom_put_json(to, type, a);
}

void datum_put_plain(struct buf *to, const struct datum *d, const struct type *type)
{
	bool is_bare = type->n_max == 1 && datum_n(d);
	struct datum_cursor c;
	bool is_first = true;

	if (!is_bare)
		buf_putc(to, type_is_map(type) ? '{' : '[');
	datum_foreach (d, &c) {
		if (!is_first)
			buf_puts(to, ", ");
		is_first = false;
		put_plain(to, type->key.type, c.key);
		if (c.value) {
			buf_putc(to, '=');
			put_plain(to, type->value.type, c.value);
		}
	}
	if (!is_bare)
		buf_putc(to, type_is_map(type) ? '}' : ']');
}

static int fail_allowed(const struct base_type *b, const union atom *a, struct error *err)
{
	const struct type type = { .key = { .type = b->type }, .n_max = TYPE_UNLIMITED };
	struct buf value = BUF_INIT, all = BUF_INIT;

	put_plain(&value, b->type, a);
	datum_put_plain(&all, b->allowed, &type);
	if (buf_ok(&value) && buf_ok(&all))
		error_set(err, "constraint violation", "%s is not one of the allowed values (%s)",
			  value.data, all.data);
	else
		error_nomem(err);
	buf_free(&value);
	buf_free(&all);
	return -1;
}

static int check_integer(const struct base_type *b, int64_t v, struct error *err)
{
	static const char tag[] = "constraint violation";

	if (v >= b->min_integer && v <= b->max_integer)
		return 0;
	if (b->min_integer == INT64_MIN)
		return error_set(err, tag,
				 "%" PRId64 " is greater than maximum allowed value %" PRId64, v,
				 b->max_integer);
	if (b->max_integer == INT64_MAX)
		return error_set(err, tag,
				 "%" PRId64 " is less than minimum allowed value %" PRId64, v,
				 b->min_integer);
	return error_set(err, tag,
			 "%" PRId64 " is not in the valid range %" PRId64 " to %" PRId64
			 " (inclusive)",
			 v, b->min_integer, b->max_integer);
}

static int check_real(const struct base_type *b, double v, struct error *err)
{
	static const char tag[] = "constraint violation";

	if (v >= b->min_real && v <= b->max_real)
		return 0;
	if (b->min_real == -DBL_MAX)
		return error_set(err, tag, "%.*g is greater than maximum allowed value %.*g",
				 DBL_DIG, v, DBL_DIG, b->max_real);
	if (b->max_real == DBL_MAX)
		return error_set(err, tag, "%.*g is less than minimum allowed value %.*g", DBL_DIG,
				 v, DBL_DIG, b->min_real);
	return error_set(err, tag, "%.*g is not in the valid range %.*g to %.*g (inclusive)",
			 DBL_DIG, v, DBL_DIG, b->min_real, DBL_DIG, b->max_real);
}

static int fail_utf8(const char *at, size_t n, struct error *err)
{
	char bytes[5 * 4 + 1];

	for (size_t i = 0; i < n; i++)
		snprintf(bytes + 5 * i, 6, " 0x%02x", (unsigned char)at[i]);
	return error_set(err, "constraint violation",
			 "not a valid UTF-8 string: invalid UTF-8 sequence%s", bytes);
}

static int check_string(const struct base_type *b, const char *s, struct error *err)
{
	unsigned int n = 0;
	size_t n_invalid;
	const char *invalid = utf8_find_invalid(s, &n_invalid);

	if (invalid)
		return fail_utf8(invalid, n_invalid, err);
	if (!b->min_length && b->max_length == UINT_MAX)
		return 0;
	for (const char *p = s; *p; p++)
		n += (*p & 0xc0) != 0x80;
	if (n < b->min_length)
		return error_set(err, "constraint violation",
				 "\"%s\" length %u is less than minimum allowed length %u", s, n,
				 b->min_length);
	if (n > b->max_length)
		return error_set(err, "constraint violation",
				 "\"%s\" length %u is greater than maximum allowed length %u", s, n,
				 b->max_length);
	return 0;
}

static int check_atom(const struct base_type *b, const union atom *a, struct error *err)
{
	if (b->allowed && !datum_has(b->allowed, NULL, a))
		return fail_allowed(b, a, err);
	switch (b->type) {
	case ATOM_VOID:
	case ATOM_BOOLEAN:
	case ATOM_UUID:
		return 0;
	case ATOM_INTEGER:
		return check_integer(b, a->integer, err);
	case ATOM_REAL:
		return check_real(b, a->real, err);
	case ATOM_STRING:
		return check_string(b, a->string, err);
	}
	return 0;
}

int datum_check(const struct datum *d, const struct type *type, struct error *err)
{
	struct datum_cursor c;

	datum_foreach (d, &c)
		if (check_atom(&type->key, c.key, err) < 0 ||
		    (c.value && check_atom(&type->value, c.value, err) < 0))
			return -1;
	return 0;
}

/* Reading */

static int element_from_json(const struct json *json, const struct base_type *b,
			     struct symtab *symtab, union atom *ret, struct error *err)
{
	return atom_from_json(json, b->type, symtab, ret, err) < 0 ? -1 : check_atom(b, ret, err);
}

static bool is_tagged(const struct json *json, const char *tag)
{
	const char *first = json_string(json_at(json, 0));

	return first && !strcmp(first, tag);
}

static int check_count(const struct json *json, const struct type *type, size_t n,
		       struct error *err)
{
	const char *what = type_is_map(type) ? "map" : "set";

	if (n >= type->n_min && n <= type->n_max)
		return 0;
	if (type->n_min == 1 && type->n_max == 1)
		return syntax_error(err, json, NULL,
				    "%s must have exactly one member but %zu are present", what, n);
	return syntax_error(err, json, NULL, "%s must have %u to %u members but %zu are present",
			    what, type->n_min, type->n_max, n);
}

static int one_from_json(const struct json *json, const struct type *type, struct symtab *symtab,
			 struct datum **ret, struct error *err)
{
	union atom a;

	if (element_from_json(json, &type->key, symtab, &a, err) < 0)
		return -1;
	return datum_new(type, &a, NULL, 1, ret, err);
}

static int pair_from_json(const struct json *json, const struct type *type, struct symtab *symtab,
			  union atom *key, union atom *value, struct error *err)
{
	if (json_n_elements(json) != 2)
		return syntax_error(err, json, NULL, "expected 2-element array");
	return element_from_json(json_at(json, 0), &type->key, symtab, key, err) < 0
		       ? -1
		       : element_from_json(json_at(json, 1), &type->value, symtab, value, err);
}

static int elements_from_json(const struct json *list, const struct type *type,
			      struct symtab *symtab, struct datum **ret, struct error *err)
{
	bool is_map = type_is_map(type);
	size_t n = json_n_elements(list);
	union atom *keys = malloc((n ? n : 1) * (is_map ? 2 : 1) * sizeof(*keys));
	union atom *values;
	int rc = 0;

	if (!keys)
		return error_nomem(err);
	values = is_map ? keys + n : NULL;
	for (size_t i = 0; i < n && !rc; i++) {
		const struct json *element = json_at(list, i);

		if (is_map)
			rc = pair_from_json(element, type, symtab, &keys[i], &values[i], err);
		else
			rc = element_from_json(element, &type->key, symtab, &keys[i], err);
	}
	rc = rc ? rc : datum_new(type, keys, values, n, ret, err);
	free(keys);
	if (!rc && datum_n(*ret) < n) {
		datum_unref(*ret);
		*ret = NULL;
		return error_set(err, "ovsdb error", "set contains duplicate");
	}
	return rc;
}

int datum_from_json(const struct json *json, const struct type *type, struct symtab *symtab,
		    bool is_sizes_checked, struct datum **ret, struct error *err)
{
	const char *tag = type_is_map(type) ? "map" : "set";
	const struct json *list;

	if (!type_is_map(type) && !is_tagged(json, tag))
		return one_from_json(json, type, symtab, ret, err);
	list = json_at(json, 1);
	if (!is_tagged(json, tag) || json_n_elements(json) != 2 || !json_is_array(list))
		return syntax_error(err, json, NULL, "expected [\"%s\", <array>]", tag);
	if (is_sizes_checked && check_count(json, type, json_n_elements(list), err) < 0)
		return -1;
	return elements_from_json(list, type, symtab, ret, err);
}

/* Writing */

void datum_put_json(struct buf *to, const struct datum *d, const struct type *type)
{
	struct datum_cursor c;
	bool is_first = true;

	if (!type_is_map(type) && datum_n(d) == 1) {
		atom_put_json(to, type->key.type, datum_one(d));
		return;
	}
	buf_puts(to, type_is_map(type) ? "[\"map\",[" : "[\"set\",[");
	datum_foreach (d, &c) {
		if (!is_first)
			buf_putc(to, ',');
		is_first = false;
		if (!c.value) {
			atom_put_json(to, type->key.type, c.key);
			continue;
		}
		buf_putc(to, '[');
		atom_put_json(to, type->key.type, c.key);
		buf_putc(to, ',');
		atom_put_json(to, type->value.type, c.value);
		buf_putc(to, ']');
	}
	buf_puts(to, "]]");
}
