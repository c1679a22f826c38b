/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * For tests of the engine: a small database and requests as text.
 */
#include <stdbool.h>

#include "ovsdb/db.h"
#include "ovsdb/type.h"

/* Single quotes read as double ones, in all texts. */
struct schema *fixture_schema(const char *text);

/* Root (isRoot): name, n, opt 0..1, names 0.., kids 0.. -> Kid, weak 0.. -> Kid weak, eph
 * (ephemeral), map string:string 0..; index on name.  Kid: name, child 0..1 -> Kid, weak
 * 0..1 -> Kid weak. */
struct db *fixture_db(void);

/* Runs the operations, joined by commas, and returns the reply, which the caller frees.
 * Fails the test where they wait. */
char *fixture_run(struct db *db, const char *ops);
/* The same, with each uuid of the reply written as <0>, <1> ... in order. */
void fixture_expect(struct db *db, const char *ops, const char *reply);

/* Every row as text, in an order that only hangs on the contents. */
char *fixture_dump(struct db *db);

/* A <type> as in a schema. */
void fixture_type(const char *text, struct type *ret);
struct datum *fixture_datum(const struct type *type, const char *text);
char *fixture_datum_text(const struct datum *d, const struct type *type);
