/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The mutations of a "mutate" operation (RFC 7047 5.1 <mutation>).  For op.c.
 */

#include "base/error.h"

struct json;
struct mutation_list;
struct row;
struct schema_table;
struct symtab;
struct txn;

must_check int mutation_list_from_json(const struct json *json, const struct schema_table *table,
				       struct symtab *symtab, struct mutation_list **ret,
				       struct error *err);
void mutation_list_free(struct mutation_list *m); /* NULL is fine */
/* Applies them one after the other to a row of the transaction. */
must_check int mutation_list_run(const struct mutation_list *m, struct txn *txn,
				 const struct row *row, struct error *err);
