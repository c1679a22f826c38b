/* SPDX-License-Identifier: Apache-2.0 */
#include "session/db_column.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ovsdb/change.h"
#include "ovsdb/db.h"
#include "ovsdb/schema.h"
#include "session/host.h"

bool db_column_is_one(const char *text)
{
	return !strncmp(text, "db:", 3);
}

void db_column_destroy(struct db_column *c)
{
	free(c->text);
	free(c->db);
	*c = (struct db_column){ NULL, NULL, NULL, NULL };
}

static int split(struct db_column *c, struct error *err)
{
	char *at = c->db;

	c->table = strchr(at, ',');
	c->column = c->table ? strchr(c->table + 1, ',') : NULL;
	if (!c->column || strchr(c->column + 1, ','))
		return error_set(err, "syntax error", "\"%s\": invalid syntax", c->text);
	*c->table++ = '\0';
	*c->column++ = '\0';
	return 0;
}

int db_column_parse(const struct host *h, const char *text, struct db_column *ret,
		    struct error *err)
{
	struct db_column c = { .text = strdup(text), .db = strdup(text + strlen("db:")) };
	struct db_column_place place;
	int rc;

	if (!c.text || !c.db)
		rc = error_nomem(err);
	else
		rc = split(&c, err) < 0 ? -1 : db_column_find(h, &c, &place, err);
	if (rc < 0)
		db_column_destroy(&c);
	else
		*ret = c;
	return rc;
}

int db_column_find(const struct host *h, const struct db_column *c, struct db_column_place *ret,
		   struct error *err)
{
	const struct hosted_db *d = host_find_db(h, c->db);

	if (!d)
		return error_set(err, "not found", "\"%s\": no database named %s", c->text, c->db);
	ret->db = d->db;
	ret->table = schema_find_table(db_schema(d->db), c->table);
	if (!ret->table)
		return error_set(err, "not found", "\"%s\": no table named %s", c->text, c->table);
	ret->column = schema_find_column(ret->table, c->column);
	if (!ret->column || ret->column->number < COLUMN_FIRST)
		return error_set(err, "not found", "\"%s\": table \"%s\" has no column \"%s\"",
				 c->text, c->table, c->column);
	return 0;
}

bool db_column_concerns(const struct db_column_place *place, const struct change_list *changes)
{
	const struct schema_table *target = place->column->type.key.ref_table;

	for (size_t i = 0; i < changes->n; i++) {
		const struct schema_table *t = row_change_table(&changes->changes[i]);

		if (t == target ||
		    (t == place->table && row_change_has(&changes->changes[i], place->column)))
			return true;
	}
	return false;
}
