/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/atom.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ovsdb/hash.h"
#include "ovsdb/symtab.h"
#include "ovsdb/syntax.h"

static const char *const type_names[] = {
	[ATOM_VOID] = "void",	    [ATOM_INTEGER] = "integer", [ATOM_REAL] = "real",
	[ATOM_BOOLEAN] = "boolean", [ATOM_STRING] = "string",	[ATOM_UUID] = "uuid",
};

const char *atom_type_name(enum atom_type type)
{
	return type_names[type];
}

bool atom_type_from_name(const char *name, enum atom_type *ret_type)
{
	for (unsigned int i = ATOM_INTEGER; i <= ATOM_UUID; i++) {
		if (!strcmp(name, type_names[i])) {
			*ret_type = (enum atom_type)i;
			return true;
		}
	}
	return false;
}

int atom_cmp(enum atom_type type, const union atom *a, const union atom *b)
{
	switch (type) {
	case ATOM_VOID:
		return 0;
	case ATOM_INTEGER:
		return (a->integer > b->integer) - (a->integer < b->integer);
	case ATOM_REAL:
		return (a->real > b->real) - (a->real < b->real);
	case ATOM_BOOLEAN:
		return a->boolean - b->boolean;
	case ATOM_STRING:
		return strcmp(a->string, b->string);
	case ATOM_UUID:
		return uuid_cmp(&a->uuid, &b->uuid);
	}
	return 0;
}

uint32_t atom_hash(enum atom_type type, const union atom *a, uint32_t basis)
{
	double real;

	switch (type) {
	case ATOM_VOID:
		return basis;
	case ATOM_INTEGER:
		return hash_u64((uint64_t)a->integer, basis);
	case ATOM_REAL:
		real = a->real ? a->real : 0.0; /* -0 equals 0 */
		return hash_bytes(&real, sizeof(real), basis);
	case ATOM_BOOLEAN:
		return hash_u64(a->boolean, basis);
	case ATOM_STRING:
		return hash_bytes(a->string, strlen(a->string), basis);
	case ATOM_UUID:
		return hash_uuid(&a->uuid, basis);
	}
	return basis;
}

static void put_uuid(struct buf *to, const struct uuid *u)
{
	static const char before[] = "[\"uuid\",\"";
	enum { BEFORE = sizeof(before) - 1, LEN = BEFORE + UUID_TEXT_LEN + 2 };
	char *at = buf_reserve(to, LEN);

	if (!at)
		return;
	memcpy(at, before, BEFORE);
	uuid_put(u, at + BEFORE);
	memcpy(at + BEFORE + UUID_TEXT_LEN, "\"]", 3);
	to->len += LEN;
}

void atom_put_json(struct buf *to, enum atom_type type, const union atom *a)
{
	switch (type) {
	case ATOM_VOID:
		return;
	case ATOM_INTEGER:
		text_put_integer(to, a->integer);
		return;
	case ATOM_REAL:
		text_put_real(to, a->real);
		return;
	case ATOM_BOOLEAN:
		buf_puts(to, a->boolean ? "true" : "false");
		return;
	case ATOM_STRING:
		text_put_string(to, a->string);
		return;
	case ATOM_UUID:
		put_uuid(to, &a->uuid);
		return;
	}
}

/* The string of ["<word>", "string"], or NULL. */
static const char *unwrap(const struct json *json, const char *word)
{
	const char *first = json_string(json_at(json, 0));

	if (json_n_elements(json) != 2 || !first || strcmp(first, word))
		return NULL;
	return json_string(json_at(json, 1));
}

static int uuid_from_json(const struct json *json, struct symtab *symtab, struct uuid *ret,
			  struct error *err)
{
	const char *text = unwrap(json, "uuid");
	struct symbol *symbol;

	if (text) {
		if (!uuid_parse(text, ret))
			return syntax_error(err, json, NULL, "\"%s\" is not a valid UUID", text);
		return 0;
	}
	text = symtab ? unwrap(json, "named-uuid") : NULL;
	if (!text)
		return syntax_error(err, json, NULL, "expected [\"uuid\", <string>]");
	if (!syntax_is_id(text))
		return syntax_error(err, json, NULL, "named-uuid string is not a valid <id>");
	symbol = symtab_get(symtab, text);
	if (!symbol)
		return error_nomem(err);
	*ret = symbol->uuid;
	return 0;
}

int atom_from_json(const struct json *json, enum atom_type type, struct symtab *symtab,
		   union atom *ret, struct error *err)
{
	switch (type) {
	case ATOM_VOID:
		break;
	case ATOM_INTEGER:
		if (json_is_integer(json)) {
			ret->integer = json->integer;
			return 0;
		}
		break;
	case ATOM_REAL:
		if (json_is_number(json)) {
			ret->real = json_number(json);
			return 0;
		}
		break;
	case ATOM_BOOLEAN:
		if (json_is_boolean(json)) {
			ret->boolean = json_is_true(json);
			return 0;
		}
		break;
	case ATOM_STRING:
		if (json_is_string(json)) {
			ret->string = json_string(json);
			return 0;
		}
		break;
	case ATOM_UUID:
		return uuid_from_json(json, symtab, &ret->uuid, err);
	}
	return syntax_error(err, json, NULL, "expected %s", atom_type_name(type));
}
