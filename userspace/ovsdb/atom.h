/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Atoms: the scalar values of OVSDB (RFC 7047 section 5.1) and the base types that
 * constrain them (section 3.2).  Used by datum and schema; knows no tables.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"

struct buf;

enum atom_type { ATOM_VOID, ATOM_INTEGER, ATOM_REAL, ATOM_BOOLEAN, ATOM_STRING, ATOM_UUID };

/* A string belongs to whoever holds the atom: inside a datum it points into the
 * datum's own memory; in a literal being built it is the builder's. */
union atom {
	int64_t integer;
	double real;
	bool boolean;
	const char *string; /* UTF-8, no NUL inside */
	struct uuid uuid;
};

/* Names of uuids inside one transaction (RFC 7047 "named-uuid"). */
struct json;
struct symtab;

const char *atom_type_name(enum atom_type type); /* "integer" ... */
bool atom_type_from_name(const char *name, enum atom_type *ret_type);

/* Order in which sets and maps are kept and printed: numbers by value, false before
 * true, strings by strcmp(), uuids by bytes. */
int atom_cmp(enum atom_type type, const union atom *a, const union atom *b);
uint32_t atom_hash(enum atom_type type, const union atom *a, uint32_t basis);

/* The JSON of RFC 7047 5.1 (uuids as ["uuid","..."]), as the reference server writes it:
 * reals with 15 significant digits where that is exact, else 17. */
void atom_put_json(struct buf *to, enum atom_type type, const union atom *a);

/* Reads an <atom>.  A string in *ret borrows from json.  symtab may be NULL: then
 * "named-uuid" is a syntax error.  Fails with the reference's texts. */
must_check int atom_from_json(const struct json *json, enum atom_type type, struct symtab *symtab,
			      union atom *ret, struct error *err);
