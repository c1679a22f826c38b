/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/op_table.h"

#include "base/json.h"
#include "ovsdb/db.h"
#include "ovsdb/op_context.h"
#include "ovsdb/syntax.h"
#include "ovsdb/txn.h"

const struct schema_table *op_table_member(struct op_context *c, struct syntax_object *o)
{
	const struct json *name = syntax_member(o, "table", SYNTAX_ID);
	const struct schema_table *table;

	if (!name)
		return NULL;
	table = schema_find_table(db_schema(txn_db(c->txn)), json_string(name));
	if (!table)
		syntax_fail(o, "No table named %s.", json_string(name));
	return table;
}

int op_table_members_ok(const struct syntax_object *o, struct error *err)
{
	if (!o->has_failed)
		return 0;
	if (err)
		*err = o->err;
	return -1;
}
