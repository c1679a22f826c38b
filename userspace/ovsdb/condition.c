/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/condition.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "ovsdb/row.h"
#include "ovsdb/syntax.h"

enum function { FALSE, TRUE, LT, LE, EQ, NE, GE, GT, INCLUDES, EXCLUDES };

static const char *const function_names[] = {
	[FALSE] = "false",
	[TRUE] = "true",
	[LT] = "<",
	[LE] = "<=",
	[EQ] = "==",
	[NE] = "!=",
	[GE] = ">=",
	[GT] = ">",
	[INCLUDES] = "includes",
	[EXCLUDES] = "excludes",
};

struct clause {
	enum function function;
	const struct column *column;
	struct datum *arg;
};

struct condition {
	unsigned int n_refs;
	bool is_any;
	size_t n;
	struct clause clauses[];
};

struct condition *condition_ref(struct condition *c)
{
	c->n_refs++;
	return c;
}

void condition_free(struct condition *c)
{
	if (!c || --c->n_refs)
		return;
	for (size_t i = 0; i < c->n; i++)
		datum_unref(c->clauses[i].arg);
	free(c);
}

static int function_from_name(const char *name, enum function *ret, struct error *err)
{
	for (unsigned int i = LT; i <= EXCLUDES; i++) {
		if (!strcmp(name, function_names[i])) {
			*ret = (enum function)i;
			return 0;
		}
	}
	return syntax_error(err, NULL, "unknown function", "No function named %s.", name);
}

static bool is_order(enum function f)
{
	return f == LT || f == LE || f == GE || f == GT;
}

static int fail_mismatch(const struct json *json, const struct clause *clause, struct error *err)
{
	struct buf type = BUF_INIT;

	type_put_english(&type, &clause->column->type);
	if (buf_ok(&type))
		syntax_error(err, json, NULL,
			     "Type mismatch: \"%s\" operator may not be applied to column %s of "
			     "type %s.",
			     function_names[clause->function], clause->column->name, type.data);
	else
		error_nomem(err);
	buf_free(&type);
	return -1;
}

static int clause_from_json(const struct json *json, const struct schema_table *table,
			    struct symtab *symtab, struct clause *clause, struct error *err)
{
	const char *column = json_string(json_at(json, 0));
	const char *function = json_string(json_at(json, 1));
	struct type type;

	if (json_is_boolean(json)) {
		clause->function = json_is_true(json) ? TRUE : FALSE;
		return 0;
	}
	if (json_n_elements(json) != 3 || !column || !function)
		return syntax_error(err, json, NULL, "Parse error in condition.");
	clause->column = schema_find_column(table, column);
	if (!clause->column)
		return syntax_error(err, json, "unknown column", "No column %s in table %s.",
				    column, table->name);
	if (function_from_name(function, &clause->function, err) < 0)
		return -1;
	type = clause->column->type;
	if (is_order(clause->function)) {
		if ((!type_is_scalar(&type) && !type_is_optional(&type)) ||
		    (type.key.type != ATOM_INTEGER && type.key.type != ATOM_REAL))
			return fail_mismatch(json, clause, err);
		type.n_min = 1;
	} else if (!type_is_scalar(&type)) {
		if (clause->function == INCLUDES || clause->function == EXCLUDES)
			type.n_min = 0;
		if (clause->function == EXCLUDES)
			type.n_max = TYPE_UNLIMITED;
	}
	return datum_from_json(json_at(json, 2), &type, symtab, true, &clause->arg, err);
}

int condition_from_json(const struct json *json, const struct schema_table *table,
			struct symtab *symtab, bool is_any, struct condition **ret,
			struct error *err)
{
	size_t n = json_n_elements(json);
	struct condition *c = calloc(1, sizeof(*c) + n * sizeof(c->clauses[0]));

	if (!c)
		return error_nomem(err);
	c->n_refs = 1;
	c->is_any = is_any;
	for (; c->n < n; c->n++) {
		if (clause_from_json(json_at(json, c->n), table, symtab, &c->clauses[c->n], err) <
		    0) {
			condition_free(c);
			return -1;
		}
	}
	*ret = c;
	return 0;
}

static bool compare_order(enum function f, int cmp)
{
	switch (f) {
	case LT:
		return cmp < 0;
	case LE:
		return cmp <= 0;
	case GE:
		return cmp >= 0;
	case GT:
		return cmp > 0;
	case FALSE:
	case TRUE:
	case EQ:
	case NE:
	case INCLUDES:
	case EXCLUDES:
		break;
	}
	return false;
}

static bool uuid_matches(const struct clause *clause, const struct uuid *uuid)
{
	const union atom *arg = datum_one(clause->arg);
	bool is_equal = arg && uuid_equal(&arg->uuid, uuid);

	return clause->function == EQ || clause->function == INCLUDES ? is_equal : !is_equal;
}

static bool clause_matches(const struct clause *clause, const struct row *row)
{
	const struct column *column = clause->column;
	const union atom *a, *b;
	const struct datum *d;

	if (clause->function <= TRUE)
		return clause->function == TRUE;
	if (column->number == COLUMN_UUID)
		return uuid_matches(clause, &row->uuid);
	if (column->number == COLUMN_VERSION)
		return uuid_matches(clause, &row->version);
	d = row_datum(row, column);
	if (clause->function == EQ)
		return datum_equal(d, clause->arg, &column->type);
	if (clause->function == NE)
		return !datum_equal(d, clause->arg, &column->type);
	if (clause->function == INCLUDES)
		return datum_includes(d, clause->arg, &column->type);
	if (clause->function == EXCLUDES)
		return datum_excludes(d, clause->arg, &column->type);
	a = datum_one(d);
	b = datum_one(clause->arg);
	return a && b && compare_order(clause->function, atom_cmp(column->type.key.type, a, b));
}

bool condition_matches(const struct condition *c, const struct row *row)
{
	for (size_t i = 0; i < c->n; i++)
		if (clause_matches(&c->clauses[i], row) == c->is_any)
			return c->is_any;
	return !c->is_any || !c->n;
}

bool condition_is_true(const struct condition *c)
{
	for (size_t i = 0; i < c->n; i++)
		if ((c->clauses[i].function == TRUE) == c->is_any)
			return c->is_any;
	return !c->is_any || !c->n;
}

bool condition_has_column(const struct condition *c, bool (*is_such)(const struct column *))
{
	for (size_t i = 0; i < c->n; i++)
		if (c->clauses[i].column && is_such(c->clauses[i].column))
			return true;
	return false;
}

const struct uuid *condition_uuid(const struct condition *c)
{
	for (size_t i = 0; i < c->n && !c->is_any; i++) {
		const struct clause *clause = &c->clauses[i];

		if (clause->function == EQ && clause->column->number == COLUMN_UUID)
			return &datum_one(clause->arg)->uuid;
	}
	return NULL;
}

bool condition_has_index(const struct condition *c, const struct schema_index *index,
			 const struct datum **ret_values)
{
	for (size_t i = 0; i < index->n_columns; i++) {
		size_t k = 0;

		while (k < c->n &&
		       (c->clauses[k].function != EQ || c->clauses[k].column != index->columns[i]))
			k++;
		if (k == c->n || c->is_any)
			return false;
		ret_values[i] = c->clauses[k].arg;
	}
	return true;
}
