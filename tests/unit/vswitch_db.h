/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A database of the switch's schema in memory, and the changes that clients make, in
 * one line each.  Values are JSON text.  Included by one .c of a program.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "ovsdb/schema.h"
#include "ovsdb/txn.h"

enum { VSWITCH_NAMES = 2000 };

struct vswitch {
	struct db *db;
	struct txn *txn; /* between vswitch_begin() and vswitch_commit() */
	unsigned int depth;
	struct {
		char key[64]; /* table, name */
		struct uuid uuid;
	} names[VSWITCH_NAMES]; /* of all rows inserted */
	size_t n_names;
	char *texts[16]; /* answers of vswitch_get(), the last ones */
	unsigned int n_texts;
};

__attribute__((noreturn)) static void vswitch_fail(const char *what, const struct error *err)
{
	fprintf(stderr, "%s: %s: %s\n", what, err->tag, err->text);
	abort();
}

static inline const struct schema_table *vswitch_table(struct vswitch *v, const char *table)
{
	return schema_find_table(db_schema(v->db), table);
}

static inline const struct column *vswitch_column(struct vswitch *v, const char *table,
						  const char *column)
{
	const struct column *c = schema_find_column(vswitch_table(v, table), column);

	if (!c)
		abort();
	return c;
}

static inline void vswitch_new(struct vswitch *v)
{
	struct schema *schema;
	struct error err;

	memset(v, 0, sizeof(*v));
	if (schema_from_file("schema/vswitch.ovsschema", &schema, &err) ||
	    db_new(schema, &v->db, &err))
		vswitch_fail("schema", &err);
}

static inline void vswitch_free(struct vswitch *v)
{
	for (size_t i = 0; i < 16; i++)
		free(v->texts[i]);
	db_free(v->db);
}

/* Several changes in one transaction; without these each is its own. */
static inline void vswitch_begin(struct vswitch *v)
{
	if (!v->depth++)
		v->txn = txn_new(v->db);
}

static inline void vswitch_commit(struct vswitch *v)
{
	struct error err;

	if (--v->depth)
		return;
	if (txn_commit(v->txn, NULL, &err))
		vswitch_fail("commit", &err);
	txn_free(v->txn);
	v->txn = NULL;
}

/* The youngest row called name; of Open_vSwitch the only one. */
static inline struct uuid vswitch_find(struct vswitch *v, const char *table, const char *name)
{
	const struct schema_table *t = vswitch_table(v, table);
	struct db_cursor c;
	char key[64];

	snprintf(key, sizeof(key), "%s %s", table, name);
	for (size_t i = v->n_names; i-- > 0;) {
		if (!strcmp(v->names[i].key, key))
			return v->names[i].uuid;
	}
	table_foreach (row, v->db, t, &c) {
		if (!strcmp(table, "Open_vSwitch"))
			return row->uuid;
	}
	fprintf(stderr, "no %s\n", key);
	abort();
}

static inline void vswitch_write(struct vswitch *v, const char *table, const struct uuid *uuid,
				 const char *column, struct datum *d)
{
	struct error err;

	if (txn_write(v->txn, vswitch_table(v, table), uuid, vswitch_column(v, table, column), d,
		      &err))
		vswitch_fail(column, &err);
}

static inline void vswitch_set_uuid(struct vswitch *v, const char *table, const struct uuid *uuid,
				    const char *column, const char *text)
{
	const struct column *c = vswitch_column(v, table, column);
	struct json_doc *doc = NULL;
	struct datum *d = NULL;
	struct error err = { 0 };

	if (json_parse(text, strlen(text), &doc, &err) < 0 ||
	    datum_from_json(json_doc_root(doc), &c->type, NULL, true, &d, &err))
		vswitch_fail(text, &err);
	json_doc_unref(doc);
	vswitch_write(v, table, uuid, column, d);
}

static inline void vswitch_set(struct vswitch *v, const char *table, const char *name,
			       const char *column, const char *text)
{
	struct uuid uuid;

	vswitch_begin(v);
	uuid = vswitch_find(v, table, name);
	vswitch_set_uuid(v, table, &uuid, column, text);
	vswitch_commit(v);
}

/* refs: names of rows, separated by commas; "" for none. */
static inline void vswitch_set_refs(struct vswitch *v, const char *table, const char *name,
				    const char *column, const char *to, const char *refs)
{
	char *names = strdup(refs), *save = NULL;
	struct buf b = BUF_INIT;
	const char *comma = "";

	vswitch_begin(v);
	buf_puts(&b, "[\"set\",[");
	for (char *s = strtok_r(names, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		struct uuid u = vswitch_find(v, to, s);

		buf_printf(&b, "%s[\"uuid\",\"%s\"]", comma, UUID_STR(&u));
		comma = ",";
	}
	buf_puts(&b, "]]");
	vswitch_set(v, table, name, column, b.data);
	buf_free(&b);
	free(names);
	vswitch_commit(v);
}

static inline void vswitch_insert(struct vswitch *v, const char *table, const char *name)
{
	struct uuid uuid = uuid_random();
	struct error err;

	if (v->n_names == VSWITCH_NAMES)
		abort();
	snprintf(v->names[v->n_names].key, sizeof(v->names[0].key), "%s %s", table, name);
	v->names[v->n_names++].uuid = uuid;
	if (txn_insert(v->txn, vswitch_table(v, table), &uuid, &err))
		vswitch_fail(name, &err);
	if (strcmp(table, "Open_vSwitch"))
		vswitch_write(v, table, &uuid, "name", datum_of_string(name));
	if (!strcmp(table, "Port")) /* the default is one reference to nothing */
		vswitch_write(v, table, &uuid, "interfaces", datum_empty());
}

/* Adds a reference to a set, or takes it out. */
static inline void vswitch_link(struct vswitch *v, const char *table, const char *name,
				const char *column, const char *to, const char *ref, bool is_in)
{
	const struct column *c = vswitch_column(v, table, column);
	struct uuid uuid = vswitch_find(v, table, name), target = vswitch_find(v, to, ref);
	const struct datum *old = row_datum(txn_find(v->txn, vswitch_table(v, table), &uuid), c);
	struct datum *one = datum_of_uuid(&target), *new;
	struct error err;

	if (is_in ? datum_union(old, one, &c->type, &new, &err)
		  : datum_subtract(old, one, &c->type, &new, &err))
		vswitch_fail(ref, &err);
	datum_unref(one);
	vswitch_write(v, table, &uuid, column, new);
}

/* As ovs-vsctl does: the commands also count next_cfg up. */
static inline void vswitch_next_cfg(struct vswitch *v)
{
	struct uuid uuid = vswitch_find(v, "Open_vSwitch", "");
	const struct column *c = vswitch_column(v, "Open_vSwitch", "next_cfg");
	const struct row *row = txn_find(v->txn, vswitch_table(v, "Open_vSwitch"), &uuid);

	vswitch_write(v, "Open_vSwitch", &uuid, "next_cfg",
		      datum_of_integer(row_integer(row, c, 0) + 1));
}

static inline void vswitch_add_port(struct vswitch *v, const char *bridge, const char *name,
				    const char *type)
{
	vswitch_begin(v);
	vswitch_insert(v, "Interface", name);
	vswitch_insert(v, "Port", name);
	vswitch_link(v, "Port", name, "interfaces", "Interface", name, true);
	vswitch_link(v, "Bridge", bridge, "ports", "Port", name, true);
	if (*type) {
		struct uuid uuid = vswitch_find(v, "Interface", name);

		vswitch_write(v, "Interface", &uuid, "type", datum_of_string(type));
	}
	vswitch_next_cfg(v);
	vswitch_commit(v);
}

static inline void vswitch_del_port(struct vswitch *v, const char *bridge, const char *name)
{
	vswitch_begin(v);
	vswitch_link(v, "Bridge", bridge, "ports", "Port", name, false);
	vswitch_next_cfg(v);
	vswitch_commit(v);
}

static inline void vswitch_add_br(struct vswitch *v, const char *name)
{
	vswitch_begin(v);
	vswitch_insert(v, "Bridge", name);
	vswitch_link(v, "Open_vSwitch", "", "bridges", "Bridge", name, true);
	vswitch_add_port(v, name, name, "internal");
	vswitch_commit(v);
}

static inline void vswitch_del_br(struct vswitch *v, const char *name)
{
	vswitch_begin(v);
	vswitch_link(v, "Open_vSwitch", "", "bridges", "Bridge", name, false);
	vswitch_next_cfg(v);
	vswitch_commit(v);
}

/* out "": none. */
static inline void vswitch_add_mirror(struct vswitch *v, const char *bridge, const char *name,
				      const char *src, const char *dst, const char *out)
{
	vswitch_begin(v);
	vswitch_insert(v, "Mirror", name);
	vswitch_link(v, "Bridge", bridge, "mirrors", "Mirror", name, true);
	vswitch_set_refs(v, "Mirror", name, "select_src_port", "Port", src);
	vswitch_set_refs(v, "Mirror", name, "select_dst_port", "Port", dst);
	vswitch_set_refs(v, "Mirror", name, "output_port", "Port", out);
	vswitch_next_cfg(v);
	vswitch_commit(v);
}

/* A committed value as JSON; good for some more calls. */
static inline const char *vswitch_get(struct vswitch *v, const char *table, const char *name,
				      const char *column)
{
	struct uuid uuid = vswitch_find(v, table, name);
	const struct column *c = vswitch_column(v, table, column);
	const struct row *row = db_find(v->db, vswitch_table(v, table), &uuid);
	char **slot = &v->texts[v->n_texts++ % 16];
	struct buf b = BUF_INIT;

	datum_put_json(&b, row_datum(row, c), &c->type);
	free(*slot);
	*slot = buf_steal(&b);
	return *slot;
}
