/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/row_json.h"

#include <stdlib.h>

#include "base/json.h"
#include "ovsdb/datum.h"
#include "ovsdb/schema.h"
#include "ovsdb/syntax.h"

static int parse_members(const struct json *json, const struct schema_table *table,
			 struct symtab *symtab, struct row_json *r, struct error *err)
{
	const struct json_member *m;

	json_foreach_member (json, m) {
		const struct column *column = schema_find_column(table, m->name.string);

		if (!column)
			return syntax_error(err, json, "unknown column",
					    "No column %s in table %s.", m->name.string,
					    table->name);
		if (datum_from_json(&m->value, &column->type, symtab, true, &r->members[r->n].value,
				    err) < 0)
			return -1;
		r->members[r->n++].column = column;
	}
	return 0;
}

int row_json_parse(const struct json *json, const struct schema_table *table, struct symtab *symtab,
		   struct row_json *ret, struct error *err)
{
	*ret = (struct row_json){ .n = 0 };
	if (!json_is_object(json))
		return syntax_error(err, json, NULL, "row must be JSON object");
	ret->members = malloc((json_n_members(json) + 1) * sizeof(*ret->members));
	if (!ret->members)
		return error_nomem(err);
	if (parse_members(json, table, symtab, ret, err) < 0) {
		row_json_destroy(ret);
		return -1;
	}
	return 0;
}

void row_json_destroy(struct row_json *r)
{
	for (size_t i = 0; i < r->n; i++)
		datum_unref(r->members[i].value);
	free(r->members);
	*r = (struct row_json){ .n = 0 };
}

const struct datum *row_json_find(const struct row_json *r, const struct column *column)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->members[i].column == column)
			return r->members[i].value;
	return NULL;
}
