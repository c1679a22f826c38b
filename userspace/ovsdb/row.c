/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/row.h"

#include <stdlib.h>
#include <string.h>

struct row *row_new(const struct schema_table *table, const struct uuid *uuid)
{
	struct row *r = malloc(sizeof(*r) + table->n_columns * sizeof(r->values[0]));

	if (!r)
		return NULL;
	*r = (struct row){ .n_refs = 1, .uuid = *uuid, .table = table };
	for (size_t i = 0; i < table->n_columns; i++)
		r->values[i] =
			i < COLUMN_FIRST ? NULL : datum_ref(table->columns[i]->default_value);
	return r;
}

struct row *row_clone(const struct row *from)
{
	size_t size = sizeof(*from) + from->table->n_columns * sizeof(from->values[0]);
	struct row *r = malloc(size);

	if (!r)
		return NULL;
	memcpy(r, from, size);
	r->n_refs = 1;
	for (size_t i = COLUMN_FIRST; i < r->table->n_columns; i++)
		datum_ref(r->values[i]);
	return r;
}

void row_set_take(struct row *r, const struct column *c, const struct datum *value_take)
{
	datum_unref(r->values[c->number]);
	r->values[c->number] = value_take;
}

const struct row *row_ref(const struct row *r)
{
	((struct row *)(uintptr_t)r)->n_refs++;
	return r;
}

void row_unref(const struct row *r)
{
	struct row *mine = (struct row *)(uintptr_t)r;

	if (!r || --mine->n_refs)
		return;
	for (size_t i = COLUMN_FIRST; i < r->table->n_columns; i++)
		datum_unref(r->values[i]);
	free(mine);
}

const struct datum *row_value(const struct row *r, const struct column *c)
{
	if (c->number == COLUMN_UUID)
		return datum_of_uuid(&r->uuid);
	if (c->number == COLUMN_VERSION)
		return datum_of_uuid(&r->version);
	return datum_ref(r->values[c->number]);
}

bool row_bool(const struct row *r, const struct column *c, bool otherwise)
{
	const union atom *a = datum_one(row_datum(r, c));

	return a ? a->boolean : otherwise;
}

int64_t row_integer(const struct row *r, const struct column *c, int64_t otherwise)
{
	const union atom *a = datum_one(row_datum(r, c));

	return a ? a->integer : otherwise;
}

const char *row_string(const struct row *r, const struct column *c)
{
	const union atom *a = datum_one(row_datum(r, c));

	return a ? a->string : NULL;
}

const struct uuid *row_ref_one(const struct row *r, const struct column *c)
{
	const union atom *a = datum_one(row_datum(r, c));

	return a ? &a->uuid : NULL;
}

const char *row_map_string(const struct row *r, const struct column *c, const char *key)
{
	const union atom *a = datum_get(row_datum(r, c), &c->type, &(union atom){ .string = key });

	return a ? a->string : NULL;
}
