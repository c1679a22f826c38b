/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reading JSON objects strictly: each member that is known is asked for once, then
 * whatever is left over is an error.  Texts are those that OVSDB clients know.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/json.h"

/* Fails with the refused JSON in the error.  tag NULL: "syntax error". */
int syntax_error(struct error *err, const struct json *json, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* [A-Za-z_][A-Za-z0-9_]* */
bool syntax_is_id(const char *s);

/* What a member may be, or'ed. */
enum {
	SYNTAX_OBJECT = 1 << JSON_OBJECT,
	SYNTAX_ARRAY = 1 << JSON_ARRAY,
	SYNTAX_STRING = 1 << JSON_STRING,
	SYNTAX_INTEGER = 1 << JSON_INTEGER,
	SYNTAX_NUMBER = 1 << JSON_INTEGER | 1 << JSON_REAL,
	SYNTAX_BOOLEAN = 1 << JSON_TRUE | 1 << JSON_FALSE,
	SYNTAX_ID = 1 << 16, /* a string that is an <id> */
	SYNTAX_OPTIONAL = 1 << 17,
};

#define SYNTAX_MAX_MEMBERS 16

struct syntax_object {
	const struct json *json;
	const char *what; /* "database schema": for texts */
	size_t number, n; /* of several, if n */
	const char *used[SYNTAX_MAX_MEMBERS];
	size_t n_used;
	bool has_failed;
	struct error err; /* the first one, if has_failed */
};

void syntax_begin(struct syntax_object *o, const struct json *json, const char *what);
/* For texts with "<what> <number> of <n>". */
void syntax_begin_one_of(struct syntax_object *o, const struct json *json, const char *what,
			 size_t number, size_t n);
/* NULL where absent or wrong: in the latter case the object has failed. */
const struct json *syntax_member(struct syntax_object *o, const char *name, int kinds);
void syntax_fail(struct syntax_object *o, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* -1 if anything failed or members are left over. */
must_check int syntax_end(struct syntax_object *o, struct error *err);
