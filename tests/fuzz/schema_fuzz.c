/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a schema -> schema, database.  A schema that is accepted, written again, is
 * accepted again, and an empty row of each of its tables can be thought of.
 */
#include <stdlib.h>

#include "base/blob.h"
#include "base/log.h"
#include "fuzz/fuzz.h"
#include "ovsdb/db.h"
#include "ovsdb/schema.h"

static struct schema *parse(const char *text, size_t len)
{
	struct schema *schema = NULL;
	struct error err;
	int rc = schema_from_text(text, len, &schema, &err);

	fuzz_demand(rc == 0 || err.tag[0], "a refusal has an error");
	return rc < 0 ? NULL : schema;
}

void fuzz_start(void)
{
	log_set_level(LOG_ERR);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct schema *schema = parse((const char *)data, size), *again;
	struct error err;
	struct db *db;

	if (!schema)
		return;
	again = parse(schema->text->data, schema->text->len);
	fuzz_demand(again, "a schema's own text is a schema");
	schema_free(again);
	fuzz_demand(!db_new(schema, &db, &err), "a schema makes a database");
	db_free(db);
}
