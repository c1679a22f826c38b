/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What operations on a table have in common.  For the files op*.c. */
#include "base/error.h"

struct condition;
struct op_context;
struct schema_table;
struct syntax_object;

/* The member "table"; NULL: the object has failed. */
const struct schema_table *op_table_member(struct op_context *c, struct syntax_object *o);
/* Did reading the members go well so far? */
must_check int op_table_members_ok(const struct syntax_object *o, struct error *err);
