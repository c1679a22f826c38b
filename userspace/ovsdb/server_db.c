/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/server_db.h"

#include <assert.h>
#include <string.h>

#include "base/blob.h"
#include "ovsdb/db.h"
#include "ovsdb/txn.h"

/* The checksum is what the reference's file with these tables has: clients that compare
 * schemas by it find no other one. */
static const char schema_text[] = "{\"name\":\"_Server\",\"version\":\"1.2.0\",\"cksum\":"
				  "\"3009684573 744\",\"tables\":{\"Database\":{\"columns\":{"
				  "\"name\":{\"type\":\"string\"},"
				  "\"model\":{\"type\":{\"key\":{\"type\":\"string\","
				  "\"enum\":[\"set\",[\"clustered\",\"relay\",\"standalone\"]]}}},"
				  "\"connected\":{\"type\":\"boolean\"},"
				  "\"leader\":{\"type\":\"boolean\"},"
				  "\"schema\":{\"type\":{\"key\":\"string\",\"min\":0}},"
				  "\"cid\":{\"type\":{\"key\":\"uuid\",\"min\":0}},"
				  "\"sid\":{\"type\":{\"key\":\"uuid\",\"min\":0}},"
				  "\"index\":{\"type\":{\"key\":\"integer\",\"min\":0}}"
				  "}}}}";

static const struct schema_table *database_table(const struct db *server_db)
{
	const struct schema_table *t = schema_find_table(db_schema(server_db), "Database");

	assert(t);
	return t;
}

int server_db_new(struct db **ret, struct error *err)
{
	struct schema *schema;

	if (schema_from_text(schema_text, strlen(schema_text), &schema, err) < 0)
		return -1;
	return db_new(schema, ret, err);
}

static const struct row *find_database(const struct db *server_db, const char *name)
{
	const struct schema_table *t = database_table(server_db);
	const struct column *c = schema_find_column(t, "name");
	struct db_cursor at;

	table_foreach (row, server_db, t, &at) {
		if (!strcmp(row_string(row, c), name))
			return row;
	}
	return NULL;
}

static int put(struct txn *txn, const struct schema_table *t, const struct uuid *uuid,
	       const char *column, struct datum *value_take, struct error *err)
{
	return txn_write(txn, t, uuid, schema_find_column(t, column), value_take, err);
}

static int fill_row(struct txn *txn, const struct schema_table *t, const struct uuid *uuid,
		    const struct schema *schema, struct error *err)
{
	if (put(txn, t, uuid, "name", datum_of_string(schema->name), err) < 0 ||
	    put(txn, t, uuid, "model", datum_of_string("standalone"), err) < 0 ||
	    put(txn, t, uuid, "connected", datum_of_boolean(true), err) < 0 ||
	    put(txn, t, uuid, "leader", datum_of_boolean(true), err) < 0 ||
	    put(txn, t, uuid, "schema", datum_of_string(schema->text->data), err) < 0)
		return -1;
	return txn_commit(txn, NULL, err);
}

int server_db_put(struct db *server_db, const struct db *db, struct error *err)
{
	const struct schema_table *t = database_table(server_db);
	const struct schema *schema = db_schema(db);
	const struct row *row = find_database(server_db, schema->name);
	struct uuid uuid = row ? row->uuid : uuid_random();
	struct txn *txn = txn_new(server_db);
	int rc = 0;

	if (!txn)
		return error_nomem(err);
	if (!row)
		rc = txn_insert(txn, t, &uuid, err);
	if (!rc)
		rc = fill_row(txn, t, &uuid, schema, err);
	txn_free(txn);
	return rc;
}

int server_db_remove(struct db *server_db, const char *name, struct error *err)
{
	const struct row *row = find_database(server_db, name);
	struct txn *txn;
	int rc;

	if (!row)
		return error_set(err, "unknown database", "no database named %s", name);
	txn = txn_new(server_db);
	if (!txn)
		return error_nomem(err);
	rc = txn_delete(txn, database_table(server_db), &row->uuid, err);
	if (!rc)
		rc = txn_commit(txn, NULL, err);
	txn_free(txn);
	return rc;
}
