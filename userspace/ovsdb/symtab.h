/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The uuids that one transaction gives to names ("named-uuid", "uuid-name").  A name
 * that is used before its insert gets its uuid then; one that is never inserted stays
 * a reference to nothing, which the commit refuses.
 */
#include <stdbool.h>

#include "base/uuid.h"

struct symtab;

struct symbol {
	struct uuid uuid;
	bool is_created; /* an insert had this name */
};

struct symtab *symtab_new(void); /* NULL: out of memory */
void symtab_free(struct symtab *s); /* NULL is fine */
/* Found or made; NULL: out of memory. */
struct symbol *symtab_get(struct symtab *s, const char *name);
