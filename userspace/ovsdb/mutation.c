/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/mutation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "ovsdb/schema.h"
#include "ovsdb/syntax.h"
#include "ovsdb/txn.h"

enum mutator { ADD, SUBTRACT, MULTIPLY, DIVIDE, MODULO, INSERT, DELETE };

static const char *const mutator_names[] = {
	[ADD] = "+=",	 [SUBTRACT] = "-=",   [MULTIPLY] = "*=",   [DIVIDE] = "/=",
	[MODULO] = "%=", [INSERT] = "insert", [DELETE] = "delete",
};

struct mutation {
	enum mutator mutator;
	const struct column *column;
	struct datum *arg;
};

struct mutation_list {
	size_t n;
	struct mutation mutations[];
};

void mutation_list_free(struct mutation_list *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		datum_unref(m->mutations[i].arg);
	free(m);
}

static int mutator_from_name(const char *name, enum mutator *ret, struct error *err)
{
	for (unsigned int i = ADD; i <= DELETE; i++) {
		if (!strcmp(name, mutator_names[i])) {
			*ret = (enum mutator)i;
			return 0;
		}
	}
	return syntax_error(err, NULL, "unknown mutator", "No mutator named %s.", name);
}

static bool is_applicable(enum mutator m, const struct type *type)
{
	if (m >= INSERT)
		return !type_is_scalar(type);
	if (type_is_map(type))
		return false;
	return type->key.type == ATOM_INTEGER || (type->key.type == ATOM_REAL && m != MODULO);
}

static int fail_mismatch(const struct json *json, const struct mutation *m, struct error *err)
{
	struct buf type = BUF_INIT;

	type_put_english(&type, &m->column->type);
	if (buf_ok(&type))
		syntax_error(err, json, NULL,
			     "Type mismatch: \"%s\" operator may not be applied to column %s of "
			     "type %s.",
			     mutator_names[m->mutator], m->column->name, type.data);
	else
		error_nomem(err);
	buf_free(&type);
	return -1;
}

static int arg_from_json(const struct json *json, struct mutation *m, struct symtab *symtab,
			 struct error *err)
{
	struct type type = m->column->type;

	if (m->mutator < INSERT) {
		/* A plain number; only the result has to be in range. */
		base_type_init(&type.key, type.key.type);
		type.n_min = type.n_max = 1;
		return datum_from_json(json, &type, symtab, true, &m->arg, err);
	}
	type.n_min = 0;
	if (m->mutator == INSERT)
		return datum_from_json(json, &type, symtab, true, &m->arg, err);
	type.n_max = TYPE_UNLIMITED;
	if (type_is_map(&type)) {
		/* Exact pairs, else keys. */
		if (!datum_from_json(json, &type, symtab, true, &m->arg, NULL))
			return 0;
		base_type_init(&type.value, ATOM_VOID);
	}
	return datum_from_json(json, &type, symtab, true, &m->arg, err);
}

static int mutation_from_json(const struct json *json, const struct schema_table *table,
			      struct symtab *symtab, struct mutation *m, struct error *err)
{
	const char *column = json_string(json_at(json, 0));
	const char *mutator = json_string(json_at(json, 1));

	if (json_n_elements(json) != 3 || !column || !mutator)
		return syntax_error(err, json, NULL, "Parse error in mutation.");
	m->column = schema_find_column(table, column);
	if (!m->column)
		return syntax_error(err, json, "unknown column", "No column %s in table %s.",
				    column, table->name);
	if (!m->column->is_mutable)
		return syntax_error(err, json, "constraint violation",
				    "Cannot mutate immutable column %s in table %s.", column,
				    table->name);
	if (mutator_from_name(mutator, &m->mutator, err) < 0)
		return -1;
	if (!is_applicable(m->mutator, &m->column->type))
		return fail_mismatch(json, m, err);
	return arg_from_json(json_at(json, 2), m, symtab, err);
}

int mutation_list_from_json(const struct json *json, const struct schema_table *table,
			    struct symtab *symtab, struct mutation_list **ret, struct error *err)
{
	size_t n = json_n_elements(json);
	struct mutation_list *m = calloc(1, sizeof(*m) + n * sizeof(m->mutations[0]));

	if (!m)
		return error_nomem(err);
	for (; m->n < n; m->n++) {
		if (mutation_from_json(json_at(json, m->n), table, symtab, &m->mutations[m->n],
				       err) < 0) {
			mutation_list_free(m);
			return -1;
		}
	}
	*ret = m;
	return 0;
}

/* Arithmetic */

enum outcome { FINE, BY_ZERO, OUT_OF_RANGE };

static enum outcome compute_integer(enum mutator m, int64_t a, int64_t b, int64_t *ret)
{
	bool is_over = false;

	switch (m) {
	case ADD:
		is_over = __builtin_add_overflow(a, b, ret);
		break;
	case SUBTRACT:
		is_over = __builtin_sub_overflow(a, b, ret);
		break;
	case MULTIPLY:
		is_over = __builtin_mul_overflow(a, b, ret);
		break;
	case DIVIDE:
	case MODULO:
		if (!b)
			return BY_ZERO;
		if (a == INT64_MIN && b == -1)
			return OUT_OF_RANGE;
		*ret = m == DIVIDE ? a / b : a % b;
		break;
	case INSERT:
	case DELETE:
		break;
	}
	return is_over ? OUT_OF_RANGE : FINE;
}

static enum outcome compute_real(enum mutator m, double a, double b, double *ret)
{
	switch (m) {
	case ADD:
		*ret = a + b;
		break;
	case SUBTRACT:
		*ret = a - b;
		break;
	case MULTIPLY:
		*ret = a * b;
		break;
	case DIVIDE:
		if (!b)
			return BY_ZERO;
		*ret = a / b;
		break;
	case MODULO:
	case INSERT:
	case DELETE:
		break;
	}
	return isfinite(*ret) ? FINE : OUT_OF_RANGE;
}

static int compute(const struct mutation *m, const union atom *a, union atom *ret,
		   struct error *err)
{
	const union atom *b = datum_one(m->arg);
	enum outcome outcome;

	memset(ret, 0, sizeof(*ret));
	if (m->column->type.key.type == ATOM_INTEGER)
		outcome = compute_integer(m->mutator, a->integer, b->integer, &ret->integer);
	else
		outcome = compute_real(m->mutator, a->real, b->real, &ret->real);
	if (outcome == BY_ZERO)
		return error_set(err, "domain error", "Division by zero.");
	if (outcome == OUT_OF_RANGE)
		return error_set(err, "range error", "Result of \"%s\" operation is out of range.",
				 mutator_names[m->mutator]);
	return 0;
}

static int run_arithmetic(const struct mutation *m, const struct datum *old, struct datum **ret,
			  struct error *err)
{
	const struct type *type = &m->column->type;
	size_t n = 0, room = datum_n(old);
	union atom *keys = malloc((room + 1) * sizeof(*keys));
	struct datum *result = NULL;
	struct datum_cursor c;
	int rc = keys ? 0 : error_nomem(err);

	if (!rc)
		datum_foreach (old, &c)
			if (!rc)
				rc = compute(m, c.key, &keys[n++], err);
	if (!rc)
		rc = datum_new(type, keys, NULL, n, &result, err);
	free(keys);
	if (!rc)
		rc = datum_check(result, type, err);
	if (!rc && datum_n(result) < n)
		rc = error_set(err, "constraint violation",
			       "Result of \"%s\" operation contains duplicates.",
			       mutator_names[m->mutator]);
	if (rc < 0) {
		datum_unref(result);
		return -1;
	}
	*ret = result;
	return 0;
}

static int check_count(const struct datum *d, const struct type *type, struct error *err)
{
	struct buf english = BUF_INIT;

	if (datum_n(d) >= type->n_min && datum_n(d) <= type->n_max)
		return 0;
	type_put_english(&english, type);
	if (buf_ok(&english))
		error_set(err, "constraint violation", "Attempted to store %zu elements in %s.",
			  datum_n(d), english.data);
	else
		error_nomem(err);
	buf_free(&english);
	return -1;
}

static int run_one(const struct mutation *m, const struct datum *old, struct datum **ret,
		   struct error *err)
{
	const struct type *type = &m->column->type;
	struct datum *result;
	int rc;

	if (m->mutator < INSERT)
		return run_arithmetic(m, old, ret, err);
	if (m->mutator == INSERT)
		rc = datum_union(old, m->arg, type, &result, err);
	else
		rc = datum_subtract(old, m->arg, type, &result, err);
	if (rc < 0)
		return -1;
	if (check_count(result, type, err) < 0) {
		datum_unref(result);
		return -1;
	}
	*ret = result;
	return 0;
}

int mutation_list_run(const struct mutation_list *list, struct txn *txn, const struct row *row,
		      struct error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mutation *m = &list->mutations[i];
		const struct row *now = txn_find(txn, row->table, &row->uuid);
		const struct datum *old = row_datum(now, m->column);
		struct datum *value;

		if (run_one(m, old, &value, err) < 0)
			return -1;
		if (value == old)
			datum_unref(value);
		else if (txn_write(txn, row->table, &row->uuid, m->column, value, err) < 0)
			return -1;
	}
	return 0;
}
