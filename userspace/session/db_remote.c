/* SPDX-License-Identifier: Apache-2.0 */
#include "session/db_remote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/txn.h"
#include "session/db_column.h"
#include "session/remote.h"

/* A column of a type that we can work with; NULL: the table has none. */
static const struct column *find_column(const struct schema_table *t, const char *name,
					enum atom_type key, enum atom_type value)
{
	const struct column *c = schema_find_column(t, name);

	return c && c->type.key.type == key && c->type.value.type == value ? c : NULL;
}

static const struct column *target_column(const struct schema_table *t)
{
	return find_column(t, "target", ATOM_STRING, ATOM_VOID);
}

static int64_t read_option(const struct row *row, const char *name)
{
	const struct column *c = find_column(row->table, name, ATOM_INTEGER, ATOM_VOID);

	return c ? row_integer(row, c, REMOTE_DEFAULT) : REMOTE_DEFAULT;
}

/* The rows that the column refers to; NULL where it does not refer to any. */
static const struct row *row_of(const struct db_column_place *place, const union atom *key)
{
	const struct schema_table *t = place->column->type.key.ref_table;

	return t && target_column(t) ? db_find(place->db, t, &key->uuid) : NULL;
}

static void tell(const struct db_column_place *place, const union atom *key, db_remote_fn *fn,
		 void *arg)
{
	struct remote_options options = REMOTE_OPTIONS_DEFAULT;
	const struct row *row;
	const char *target;

	if (place->column->type.key.type == ATOM_STRING) {
		fn(arg, key->string, &options);
		return;
	}
	row = place->column->type.key.type == ATOM_UUID ? row_of(place, key) : NULL;
	target = row ? row_string(row, target_column(row->table)) : NULL;
	if (!target)
		return;
	options.probe_ms = read_option(row, "inactivity_probe");
	options.max_backoff_ms = read_option(row, "max_backoff");
	fn(arg, target, &options);
}

void db_remote_each(const struct db_column_place *place, db_remote_fn *fn, void *arg)
{
	struct datum_cursor value;
	struct db_cursor at;

	table_foreach (row, place->db, place->table, &at) {
		datum_foreach (row_datum(row, place->column), &value)
			tell(place, value.key, fn, arg);
	}
}

struct pairs {
	union atom keys[8], values[8];
	char numbers[4][24];
	size_t n, n_numbers;
};

static void add_text(struct pairs *p, const char *key, const char *value)
{
	if (!value)
		return;
	p->keys[p->n].string = key;
	p->values[p->n++].string = value;
}

static void add_number(struct pairs *p, const char *key, int64_t value)
{
	char *text = p->numbers[p->n_numbers++];

	snprintf(text, sizeof(p->numbers[0]), "%lld", (long long)value);
	add_text(p, key, text);
}

static void fill(struct pairs *p, const struct remote_status *s)
{
	if (s->bound_port)
		add_number(p, "bound_port", s->bound_port);
	add_text(p, "last_error", s->last_error);
	if (s->n_connections > 1)
		add_number(p, "n_connections", s->n_connections);
	if (s->sec_since_connect >= 0)
		add_number(p, "sec_since_connect", s->sec_since_connect);
	if (s->sec_since_disconnect >= 0)
		add_number(p, "sec_since_disconnect", s->sec_since_disconnect);
	add_text(p, "state", s->state);
}

/* Writes value, which it takes, unless it is there already. */
static int write_cell(struct txn *txn, const struct row *row, const struct column *c,
		      struct datum *value_take, struct error *err)
{
	if (!value_take)
		return error_nomem(err);
	if (datum_equal(row_datum(row, c), value_take, &c->type)) {
		datum_unref(value_take);
		return 0;
	}
	return txn_write(txn, row->table, &row->uuid, c, value_take, err);
}

static int write_row(struct txn *txn, const struct row *row, const struct remote_status *s,
		     struct error *err)
{
	const struct column *connected =
		find_column(row->table, "is_connected", ATOM_BOOLEAN, ATOM_VOID);
	const struct column *status = find_column(row->table, "status", ATOM_STRING, ATOM_STRING);
	struct pairs p = { .n = 0 };
	struct datum *map;

	if (connected &&
	    write_cell(txn, row, connected, datum_of_boolean(s->is_connected), err) < 0)
		return -1;
	if (!status)
		return 0;
	fill(&p, s);
	if (datum_new(&status->type, p.keys, p.values, p.n, &map, err) < 0)
		return -1;
	return write_cell(txn, row, status, map, err);
}

int db_remote_write_status(const struct db_column_place *place,
			   const struct remote_status *(*status_of)(void *arg, const char *target),
			   void *arg, struct error *err)
{
	struct txn *txn;
	struct datum_cursor value;
	struct db_cursor at;
	int rc = 0;

	if (place->column->type.key.type != ATOM_UUID)
		return 0;
	txn = txn_new(place->db);
	if (!txn)
		return error_nomem(err);
	table_foreach (row, place->db, place->table, &at) {
		datum_foreach (row_datum(row, place->column), &value) {
			const struct row *target = row_of(place, value.key);
			const char *name =
				target ? row_string(target, target_column(target->table)) : NULL;
			const struct remote_status *s = name ? status_of(arg, name) : NULL;

			if (s && !rc)
				rc = write_row(txn, target, s, err);
		}
	}
	if (!rc)
		rc = txn_commit(txn, NULL, err);
	txn_free(txn);
	return rc;
}
