/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/op.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ovsdb/condition.h"
#include "ovsdb/db.h"
#include "ovsdb/mutation.h"
#include "ovsdb/op_context.h"
#include "ovsdb/op_select.h"
#include "ovsdb/op_table.h"
#include "ovsdb/op_wait.h"
#include "ovsdb/query.h"
#include "ovsdb/row_json.h"
#include "ovsdb/symtab.h"
#include "ovsdb/syntax.h"
#include "ovsdb/txn.h"

/* insert */

static int insert_uuid(struct op_context *c, const struct schema_table *table,
		       const struct json *given, const struct json *name, struct uuid *ret,
		       struct error *err)
{
	struct symbol *symbol;
	struct uuid uuid = { { 0 } };

	if (given && !uuid_parse(json_string(given), &uuid))
		return syntax_error(err, given, NULL, "bad uuid");
	if (given && !txn_may_insert(c->txn, table, &uuid))
		return syntax_error(err, given, "duplicate uuid",
				    "This UUID would duplicate a UUID already present within the "
				    "table or deleted within the same transaction.");
	if (name) {
		symbol = symtab_get(c->symtab, json_string(name));
		if (!symbol)
			return error_nomem(err);
		if (symbol->is_created)
			return syntax_error(err, name, "duplicate uuid-name",
					    "This \"uuid-name\" appeared on an earlier \"insert\" "
					    "operation.");
		symbol->is_created = true;
		if (given)
			symbol->uuid = uuid;
		uuid = symbol->uuid;
	} else if (!given) {
		uuid = uuid_random();
	}
	*ret = uuid;
	return 0;
}

/* Defaults are not exempt from the columns' constraints. */
static int check_defaults(const struct schema_table *table, const struct row_json *row,
			  struct error *err)
{
	for (size_t i = COLUMN_FIRST; i < table->n_columns; i++) {
		const struct column *column = table->columns[i];

		if (datum_check(column->default_value, &column->type, NULL) < 0 &&
		    !row_json_find(row, column))
			return datum_check(column->default_value, &column->type, err);
	}
	return 0;
}

static int insert_row(struct op_context *c, const struct schema_table *table,
		      const struct uuid *uuid, const struct row_json *row, struct error *err)
{
	if (check_defaults(table, row, err) < 0 || txn_insert(c->txn, table, uuid, err) < 0)
		return -1;
	for (size_t i = 0; i < row->n; i++) {
		const struct column *column = row->members[i].column;

		/* The reference takes _uuid and _version and ignores them. */
		if (column->number >= COLUMN_FIRST &&
		    txn_write(c->txn, table, uuid, column, datum_ref(row->members[i].value), err) <
			    0)
			return -1;
	}
	return 0;
}

static int op_insert(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct schema_table *table = op_table_member(c, o);
	const struct json *given = syntax_member(o, "uuid", SYNTAX_STRING | SYNTAX_OPTIONAL);
	const struct json *name = syntax_member(o, "uuid-name", SYNTAX_ID | SYNTAX_OPTIONAL);
	const struct json *json = syntax_member(o, "row", SYNTAX_OBJECT);
	struct row_json row;
	struct uuid uuid;
	int rc;

	if (op_table_members_ok(o, err) < 0 || insert_uuid(c, table, given, name, &uuid, err) < 0 ||
	    row_json_parse(json, table, c->symtab, &row, err) < 0)
		return -1;
	rc = insert_row(c, table, &uuid, &row, err);
	row_json_destroy(&row);
	if (rc < 0)
		return -1;
	buf_puts(c->result, "{\"uuid\":");
	atom_put_json(c->result, ATOM_UUID, &(union atom){ .uuid = uuid });
	buf_putc(c->result, '}');
	return 0;
}

/* update, mutate, delete: what matches is counted. */

struct matching {
	struct txn *txn;
	const struct row_json *values;
	const struct mutation_list *mutations;
	int64_t n;
};

static int run_matching(struct op_context *c, const struct schema_table *table,
			const struct json *where, query_fn *fn, struct matching *m,
			struct error *err)
{
	struct condition *condition;
	int rc;

	if (condition_from_json(where, table, c->symtab, false, &condition, err) < 0)
		return -1;
	m->txn = c->txn;
	rc = query_rows(c->txn, table, condition, fn, m, err);
	condition_free(condition);
	if (rc < 0)
		return -1;
	buf_puts(c->result, "{\"count\":");
	text_put_integer(c->result, m->n);
	buf_putc(c->result, '}');
	return 0;
}

static int update_row(void *arg, const struct row *row, struct error *err)
{
	struct matching *m = arg;

	m->n++;
	for (size_t i = 0; i < m->values->n; i++) {
		const struct column *column = m->values->members[i].column;
		const struct datum *new = m->values->members[i].value;
		const struct datum *old = row_datum(row, column);

		if (datum_equal(old, new, &column->type))
			continue;
		if (txn_write(m->txn, row->table, &row->uuid, column,
			      datum_rebase(old, new, &column->type), err) < 0)
			return -1;
	}
	return 0;
}

static int check_mutable(const struct row_json *row, const struct json *op, struct error *err)
{
	for (size_t i = 0; i < row->n; i++) {
		const struct column *column = row->members[i].column;

		if (!column->is_mutable)
			return syntax_error(err, op, "constraint violation",
					    "Cannot update immutable column %s in table %s.",
					    column->name, column->table->name);
	}
	return 0;
}

static int op_update(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct schema_table *table = op_table_member(c, o);
	const struct json *where = syntax_member(o, "where", SYNTAX_ARRAY);
	const struct json *json = syntax_member(o, "row", SYNTAX_OBJECT);
	struct row_json row;
	struct matching m = { .values = &row };
	int rc;

	if (op_table_members_ok(o, err) < 0 ||
	    row_json_parse(json, table, c->symtab, &row, err) < 0)
		return -1;
	rc = check_mutable(&row, o->json, err);
	if (!rc)
		rc = run_matching(c, table, where, update_row, &m, err);
	row_json_destroy(&row);
	return rc;
}

static int mutate_row(void *arg, const struct row *row, struct error *err)
{
	struct matching *m = arg;

	m->n++;
	return mutation_list_run(m->mutations, m->txn, row, err);
}

static int op_mutate(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct schema_table *table = op_table_member(c, o);
	const struct json *where = syntax_member(o, "where", SYNTAX_ARRAY);
	const struct json *json = syntax_member(o, "mutations", SYNTAX_ARRAY);
	struct mutation_list *mutations;
	struct matching m = { .n = 0 };
	int rc;

	if (op_table_members_ok(o, err) < 0 ||
	    mutation_list_from_json(json, table, c->symtab, &mutations, err) < 0)
		return -1;
	m.mutations = mutations;
	rc = run_matching(c, table, where, mutate_row, &m, err);
	mutation_list_free(mutations);
	return rc;
}

static int delete_row(void *arg, const struct row *row, struct error *err)
{
	struct matching *m = arg;

	m->n++;
	return txn_delete(m->txn, row->table, &row->uuid, err);
}

static int op_delete(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct schema_table *table = op_table_member(c, o);
	const struct json *where = syntax_member(o, "where", SYNTAX_ARRAY);
	struct matching m = { .n = 0 };

	if (op_table_members_ok(o, err) < 0)
		return -1;
	return run_matching(c, table, where, delete_row, &m, err);
}

/* Those that have no table */

static int op_commit(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct json *durable = syntax_member(o, "durable", SYNTAX_BOOLEAN);

	if (op_table_members_ok(o, err) < 0)
		return -1;
	if (json_is_true(durable))
		txn_set_durable(c->txn);
	buf_puts(c->result, "{}");
	return 0;
}

static int op_abort(struct op_context *c, struct syntax_object *o, struct error *err)
{
	(void)c;
	(void)o;
	return error_set(err, "aborted", "aborted by request");
}

static int op_comment(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct json *comment = syntax_member(o, "comment", SYNTAX_STRING);

	if (op_table_members_ok(o, err) < 0)
		return -1;
	txn_add_comment(c->txn, json_string(comment));
	buf_puts(c->result, "{}");
	return 0;
}

static int op_assert(struct op_context *c, struct syntax_object *o, struct error *err)
{
	const struct json *lock = syntax_member(o, "lock", SYNTAX_ID);

	if (op_table_members_ok(o, err) < 0)
		return -1;
	if (!c->has_lock || !c->has_lock(c->has_lock_arg, json_string(lock)))
		return error_set(err, "not owner", "Asserted lock %s not held.", json_string(lock));
	buf_puts(c->result, "{}");
	return 0;
}

struct op {
	const char *name;
	int (*run)(struct op_context *c, struct syntax_object *o, struct error *err);
	bool is_reading;
};

static const struct op *find_op(const char *name)
{
	static const struct op ops[] = {
		{ "insert", op_insert, false },	 { "select", op_select, true },
		{ "update", op_update, false },	 { "mutate", op_mutate, false },
		{ "delete", op_delete, false },	 { "wait", op_wait, true },
		{ "commit", op_commit, false },	 { "abort", op_abort, true },
		{ "comment", op_comment, true }, { "assert", op_assert, true },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

/* Databases that belong to the server, such as _Server, are for reading. */
static int check_allowed(const struct op_context *c, const struct op *op, struct error *err)
{
	const char *name = db_schema(txn_db(c->txn))->name;

	if (op->is_reading || name[0] != '_')
		return 0;
	return error_set(err, "not allowed",
			 "%s operation not allowed on table in reserved database %s", op->name,
			 name);
}

int op_announce(struct op_context *c, const struct json *json, struct error *err)
{
	const char *given = json_string(json_get(json, "uuid"));
	const char *name = given ? json_string(json_get(json, "uuid-name")) : NULL;
	struct symbol *symbol;
	struct uuid uuid;

	if (!name || !uuid_parse(given, &uuid))
		return 0;
	symbol = symtab_get(c->symtab, name);
	if (!symbol)
		return error_nomem(err);
	symbol->uuid = uuid;
	return 0;
}

int op_run(struct op_context *c, const struct json *json, size_t number, size_t n,
	   struct error *err)
{
	struct syntax_object o;
	const struct op *op = NULL;
	const struct json *name;
	int rc = 0;

	syntax_begin_one_of(&o, json, "ovsdb operation", number, n);
	name = syntax_member(&o, "op", SYNTAX_ID);
	if (name)
		op = find_op(json_string(name));
	if (name && !op)
		syntax_fail(&o, "No operation \"%s\"", json_string(name));
	if (op)
		rc = op->run(c, &o, err);
	/* What is wrong with the request comes before what is wrong with its effect. */
	if (syntax_end(&o, err) < 0 || rc < 0)
		return -1;
	return check_allowed(c, op, err);
}
