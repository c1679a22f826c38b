/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/table.h"

#include <stdlib.h>

#include "ovsdb/hash.h"

/* The map of slots: linear probing, deletion closes the gap. */

static void map_put(struct row_map *m, const struct row *row, uint32_t hash)
{
	size_t i = hash & m->mask;

	while (m->slots[i].row)
		i = (i + 1) & m->mask;
	m->slots[i] = (struct row_slot){ hash, row };
	m->n++;
}

static bool map_reserve(struct row_map *m, size_t n_new)
{
	size_t need = (m->n + n_new) * 4 / 3 + 1;
	struct row_map bigger = { .mask = m->mask ? m->mask : 7 };

	if (m->slots && need <= m->mask)
		return true;
	while (bigger.mask < need)
		bigger.mask = bigger.mask * 2 + 1;
	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; m->slots && i <= m->mask; i++)
		if (m->slots[i].row)
			map_put(&bigger, m->slots[i].row, m->slots[i].hash);
	free(m->slots);
	*m = bigger;
	return true;
}

static void map_delete(struct row_map *m, const struct row *row, uint32_t hash)
{
	size_t hole = hash & m->mask;

	while (m->slots[hole].row != row)
		hole = (hole + 1) & m->mask;
	for (size_t i = (hole + 1) & m->mask; m->slots[i].row; i = (i + 1) & m->mask) {
		size_t home = m->slots[i].hash & m->mask;

		/* Is home cyclically in (hole, i]?  Then it must stay. */
		if (((i - home) & m->mask) < ((i - hole) & m->mask))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole].row = NULL;
	m->n--;
}

/* The table */

bool table_init(struct table *t, const struct schema_table *schema, uint32_t seed)
{
	*t = (struct table){ .schema = schema, .seed = seed };
	t->indexes = calloc(schema->n_indexes + 1, sizeof(*t->indexes));
	return t->indexes && table_reserve(t, 1);
}

void table_destroy(struct table *t)
{
	for (size_t i = 0; t->rows.slots && i <= t->rows.mask; i++)
		row_unref(t->rows.slots[i].row);
	free(t->rows.slots);
	for (size_t i = 0; t->indexes && i < t->schema->n_indexes; i++)
		free(t->indexes[i].slots);
	free(t->indexes);
}

const struct row *table_find(const struct table *t, const struct uuid *uuid)
{
	uint32_t hash = hash_uuid(uuid, t->seed);

	for (size_t i = hash & t->rows.mask; t->rows.slots[i].row; i = (i + 1) & t->rows.mask)
		if (t->rows.slots[i].hash == hash && uuid_equal(&t->rows.slots[i].row->uuid, uuid))
			return t->rows.slots[i].row;
	return NULL;
}

const struct row *table_next(const struct table *t, size_t *at)
{
	while (*at <= t->rows.mask) {
		const struct row *row = t->rows.slots[(*at)++].row;

		if (row)
			return row;
	}
	return NULL;
}

uint32_t table_index_hash(const struct table *t, size_t index, const struct datum *const *values)
{
	const struct schema_index *s = &t->schema->indexes[index];
	uint32_t hash = t->seed;

	for (size_t i = 0; i < s->n_columns; i++)
		hash = hash_u64(datum_hash(values[i], &s->columns[i]->type), hash);
	return hash;
}

void table_index_values(const struct table *t, size_t index, const struct row *row,
			const struct datum **ret_values)
{
	const struct schema_index *s = &t->schema->indexes[index];

	for (size_t i = 0; i < s->n_columns; i++)
		ret_values[i] = row_datum(row, s->columns[i]);
}

static bool has_values(const struct schema_index *s, const struct row *row,
		       const struct datum *const *values)
{
	for (size_t i = 0; i < s->n_columns; i++)
		if (!datum_equal(row_datum(row, s->columns[i]), values[i], &s->columns[i]->type))
			return false;
	return true;
}

const struct row *table_index_find(const struct table *t, size_t index,
				   const struct datum *const *values)
{
	uint32_t hash = table_index_hash(t, index, values);
	const struct row_map *m = &t->indexes[index];

	for (size_t i = hash & m->mask; m->slots[i].row; i = (i + 1) & m->mask)
		if (m->slots[i].hash == hash &&
		    has_values(&t->schema->indexes[index], m->slots[i].row, values))
			return m->slots[i].row;
	return NULL;
}

bool table_reserve(struct table *t, size_t n_new)
{
	for (size_t i = 0; i < t->schema->n_indexes; i++)
		if (!map_reserve(&t->indexes[i], n_new))
			return false;
	return map_reserve(&t->rows, n_new);
}

static uint32_t row_index_hash(const struct table *t, size_t index, const struct row *row)
{
	const struct schema_index *s = &t->schema->indexes[index];
	uint32_t hash = t->seed;

	for (size_t i = 0; i < s->n_columns; i++)
		hash = hash_u64(datum_hash(row_datum(row, s->columns[i]), &s->columns[i]->type),
				hash);
	return hash;
}

void table_swap(struct table *t, const struct row *old, const struct row *new)
{
	for (size_t i = 0; i < t->schema->n_indexes; i++) {
		if (old)
			map_delete(&t->indexes[i], old, row_index_hash(t, i, old));
		if (new)
			map_put(&t->indexes[i], new, row_index_hash(t, i, new));
	}
	if (old)
		map_delete(&t->rows, old, hash_uuid(&old->uuid, t->seed));
	if (new)
		map_put(&t->rows, row_ref(new), hash_uuid(&new->uuid, t->seed));
	row_unref(old);
}
