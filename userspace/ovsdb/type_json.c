/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a <type> and a <base-type> of RFC 7047 3.2. */
#include "base/json.h"
#include "ovsdb/type.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ovsdb/datum.h"
#include "ovsdb/syntax.h"

static void destroy_base(struct base_type *b)
{
	datum_unref(b->allowed);
	free(b->ref_table_name);
	b->allowed = NULL;
	b->ref_table_name = NULL;
}

void type_destroy(struct type *t)
{
	destroy_base(&t->key);
	destroy_base(&t->value);
}

static int atom_type_from_json(const struct json *json, enum atom_type *ret, struct error *err)
{
	const char *name = json_string(json);

	if (!name)
		return syntax_error(err, json, NULL, "atomic-type expected");
	if (!atom_type_from_name(name, ret))
		return syntax_error(err, json, NULL, "\"%s\" is not an atomic-type", name);
	return 0;
}

static int enum_from_json(struct base_type *b, const struct json *json, struct error *err)
{
	struct type type = { .n_min = 1, .n_max = TYPE_UNLIMITED };

	base_type_init(&type.key, b->type);
	base_type_init(&type.value, ATOM_VOID);
	return datum_from_json(json, &type, NULL, true, &b->allowed, err);
}

static int limits_of_numbers(struct base_type *b, struct syntax_object *o, struct error *err)
{
	const struct json *min, *max;

	if (b->type == ATOM_INTEGER) {
		min = syntax_member(o, "minInteger", SYNTAX_INTEGER | SYNTAX_OPTIONAL);
		max = syntax_member(o, "maxInteger", SYNTAX_INTEGER | SYNTAX_OPTIONAL);
		b->min_integer = min ? min->integer : b->min_integer;
		b->max_integer = max ? max->integer : b->max_integer;
		if (b->min_integer > b->max_integer)
			return syntax_error(err, o->json, NULL, "minInteger exceeds maxInteger");
	} else {
		min = syntax_member(o, "minReal", SYNTAX_NUMBER | SYNTAX_OPTIONAL);
		max = syntax_member(o, "maxReal", SYNTAX_NUMBER | SYNTAX_OPTIONAL);
		b->min_real = min ? json_number(min) : b->min_real;
		b->max_real = max ? json_number(max) : b->max_real;
		if (b->min_real > b->max_real)
			return syntax_error(err, o->json, NULL, "minReal exceeds maxReal");
	}
	return 0;
}

static int length_member(struct syntax_object *o, const char *name, unsigned int *ret,
			 struct error *err)
{
	const struct json *json = syntax_member(o, name, SYNTAX_INTEGER | SYNTAX_OPTIONAL);

	if (!json)
		return 0;
	if (json->integer < 0 || json->integer > UINT_MAX)
		return syntax_error(err, json, NULL, "%s out of valid range 0 to %u", name,
				    UINT_MAX);
	*ret = (unsigned int)json->integer;
	return 0;
}

static int ref_from_json(struct base_type *b, struct syntax_object *o, struct error *err)
{
	const struct json *table = syntax_member(o, "refTable", SYNTAX_ID | SYNTAX_OPTIONAL);
	const struct json *kind;

	if (!table)
		return 0;
	b->ref_table_name = strdup(json_string(table));
	if (!b->ref_table_name)
		return error_nomem(err);
	b->ref_kind = REF_STRONG;
	kind = syntax_member(o, "refType", SYNTAX_ID | SYNTAX_OPTIONAL);
	if (!kind || !strcmp(json_string(kind), "strong"))
		return 0;
	if (!strcmp(json_string(kind), "weak"))
		b->ref_kind = REF_WEAK;
	else
		return syntax_error(err, o->json, NULL,
				    "refType must be \"strong\" or \"weak\" (not \"%s\")",
				    json_string(kind));
	return 0;
}

static int constraints_from_json(struct base_type *b, struct syntax_object *o, struct error *err)
{
	switch (b->type) {
	case ATOM_VOID:
	case ATOM_BOOLEAN:
		return 0;
	case ATOM_INTEGER:
	case ATOM_REAL:
		return limits_of_numbers(b, o, err);
	case ATOM_STRING:
		if (length_member(o, "minLength", &b->min_length, err) < 0 ||
		    length_member(o, "maxLength", &b->max_length, err) < 0)
			return -1;
		if (b->min_length > b->max_length)
			return syntax_error(err, o->json, NULL, "minLength exceeds maxLength");
		return 0;
	case ATOM_UUID:
		return ref_from_json(b, o, err);
	}
	return 0;
}

/* On failure the caller destroys *b. */
static int base_type_from_json(const struct json *json, struct base_type *b, struct error *err)
{
	struct syntax_object o;
	const struct json *type, *values;

	base_type_init(b, ATOM_VOID);
	if (json_is_string(json))
		return atom_type_from_json(json, &b->type, err);
	syntax_begin(&o, json, "ovsdb type");
	type = syntax_member(&o, "type", SYNTAX_STRING);
	if (!type)
		return syntax_end(&o, err);
	if (atom_type_from_json(type, &b->type, err) < 0)
		return -1;
	values = o.json ? json_get(o.json, "enum") : NULL;
	if (values) {
		syntax_member(&o, "enum", -1 & ~SYNTAX_OPTIONAL);
		if (enum_from_json(b, values, err) < 0)
			return -1;
	} else if (constraints_from_json(b, &o, err) < 0) {
		return -1;
	}
	return syntax_end(&o, err);
}

static int count_from_json(const struct json *json, unsigned int *ret, struct error *err)
{
	if (!json)
		return 0;
	if (json_is_integer(json) && json->integer >= 0 && json->integer < UINT_MAX)
		*ret = (unsigned int)json->integer;
	else if (json_is_string(json) && !strcmp(json_string(json), "unlimited"))
		*ret = TYPE_UNLIMITED;
	else
		return syntax_error(err, json, NULL, "bad min or max value");
	return 0;
}

static int composite_from_json(const struct json *json, struct type *t, struct error *err)
{
	const struct json *key, *value, *min, *max;
	struct syntax_object o;

	syntax_begin(&o, json, "ovsdb type");
	key = syntax_member(&o, "key", SYNTAX_STRING | SYNTAX_OBJECT);
	value = syntax_member(&o, "value", SYNTAX_STRING | SYNTAX_OBJECT | SYNTAX_OPTIONAL);
	min = syntax_member(&o, "min", SYNTAX_INTEGER | SYNTAX_OPTIONAL);
	max = syntax_member(&o, "max", SYNTAX_INTEGER | SYNTAX_STRING | SYNTAX_OPTIONAL);
	if (syntax_end(&o, err) < 0 || base_type_from_json(key, &t->key, err) < 0 ||
	    (value && base_type_from_json(value, &t->value, err) < 0) ||
	    count_from_json(min, &t->n_min, err) < 0 || count_from_json(max, &t->n_max, err) < 0)
		return -1;
	if (t->n_min > 1 || t->n_max < 1)
		return syntax_error(err, json, NULL, "ovsdb type fails constraint checks");
	return 0;
}

int type_from_json(const struct json *json, struct type *ret, struct error *err)
{
	struct type t = { .n_min = 1, .n_max = 1 };
	int rc;

	base_type_init(&t.key, ATOM_VOID);
	base_type_init(&t.value, ATOM_VOID);
	if (json_is_string(json))
		rc = atom_type_from_json(json, &t.key.type, err);
	else if (json_is_object(json))
		rc = composite_from_json(json, &t, err);
	else
		rc = syntax_error(err, json, NULL, "ovsdb type expected");
	if (rc < 0) {
		type_destroy(&t);
		return -1;
	}
	*ret = t;
	return 0;
}
