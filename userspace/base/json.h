/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON as a tree of plain structs, which do not change.  json_parse.h makes trees, json_doc.h
 * says how long they live, text.h writes them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_INTEGER,
	JSON_REAL,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json_member;

struct json {
	enum json_type type;
	uint32_t n; /* bytes of a string, elements of an array, members of an object */
	union {
		int64_t integer;
		double real;
		const char *string; /* ends in a NUL and holds none before */
		const struct json *elements;
		const struct json_member *members; /* in the order of the text */
	};
};

struct json_member {
	struct json name; /* a string */
	struct json value;
};

/* The value of a member; NULL where there is none, or json is NULL or no object. */
const struct json *json_get(const struct json *json, const char *name);

/* The following take NULL for what it often is: a member or an element that is not there. */

static inline bool json_is(const struct json *json, enum json_type type)
{
	return json && json->type == type;
}
static inline bool json_is_null(const struct json *json)
{
	return json_is(json, JSON_NULL);
}
static inline bool json_is_false(const struct json *json)
{
	return json_is(json, JSON_FALSE);
}
static inline bool json_is_true(const struct json *json)
{
	return json_is(json, JSON_TRUE);
}
static inline bool json_is_boolean(const struct json *json)
{
	return json_is_false(json) || json_is_true(json);
}
static inline bool json_is_integer(const struct json *json)
{
	return json_is(json, JSON_INTEGER);
}
static inline bool json_is_number(const struct json *json)
{
	return json_is_integer(json) || json_is(json, JSON_REAL);
}
static inline bool json_is_string(const struct json *json)
{
	return json_is(json, JSON_STRING);
}
static inline bool json_is_array(const struct json *json)
{
	return json_is(json, JSON_ARRAY);
}
static inline bool json_is_object(const struct json *json)
{
	return json_is(json, JSON_OBJECT);
}

/* NULL: no string. */
static inline const char *json_string(const struct json *json)
{
	return json_is_string(json) ? json->string : NULL;
}
/* 0: no number. */
static inline double json_number(const struct json *json)
{
	if (json_is_integer(json))
		return (double)json->integer;
	return json_is(json, JSON_REAL) ? json->real : 0;
}
/* 0: no array. */
static inline size_t json_n_elements(const struct json *json)
{
	return json_is_array(json) ? json->n : 0;
}
/* NULL: no array, or shorter. */
static inline const struct json *json_at(const struct json *json, size_t i)
{
	return i < json_n_elements(json) ? &json->elements[i] : NULL;
}
/* 0: no object. */
static inline size_t json_n_members(const struct json *json)
{
	return json_is_object(json) ? json->n : 0;
}

/*	const struct json *e;
 *	json_foreach_element (array, e) use(e); */
#define json_foreach_element(JSON, E)                             \
	for ((E) = json_is_array(JSON) ? (JSON)->elements : NULL; \
	     (E) && (E) < (JSON)->elements + (JSON)->n; (E)++)

/*	const struct json_member *m;
 *	json_foreach_member (object, m) use(m->name.string, &m->value); */
#define json_foreach_member(JSON, M)                              \
	for ((M) = json_is_object(JSON) ? (JSON)->members : NULL; \
	     (M) && (M) < (JSON)->members + (JSON)->n; (M)++)
