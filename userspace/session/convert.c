/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "convert"
#include "session/convert.h"

#include <string.h>
#include <utlist.h>

#include "base/blob.h"
#include "base/json.h"
#include "base/log.h"
#include "jsonrpc/conn.h"
#include "jsonrpc/message.h"
#include "ovsdb/convert.h"
#include "ovsdb/db.h"
#include "ovsdb/server_db.h"
#include "ovsdb/syntax.h"
#include "session/host.h"
#include "session/pending.h"
#include "session/session.h"

/* Reads and checks what is asked for. */
static int read_schema(const struct hosted_db *d, const struct json *params, struct schema **ret,
		       struct error *err)
{
	if (json_n_elements(params) != 2)
		return syntax_error(err, params, NULL, "array expected");
	if (schema_from_json(json_at(params, 1), ret, err) < 0)
		return -1;
	if (!strcmp((*ret)->name, d->name))
		return 0;
	error_set(err, "invalid parameters",
		  "new schema name (%s) does not match database name (%s)", (*ret)->name, d->name);
	schema_free(*ret);
	return -1;
}

/* Clients let go of the old schema. */
static void end_monitors(struct host *h, struct hosted_db *d)
{
	struct session *s;

	pending_cancel_all(d->pendings);
	DL_FOREACH (h->sessions, s) {
		pending_settle(d->pendings, s);
		watch_cancel(&s->watches, d->monitors, s->is_change_aware ? s->conn : NULL);
	}
}

/* Those that would not notice otherwise start over. */
static void disconnect_unaware(struct host *h, const struct hosted_db *d)
{
	struct session *s, *next;
	struct error err;

	error_set(&err, "database changed", "database %s schema changed", d->name);
	DL_FOREACH_SAFE (h->sessions, s, next) {
		if (!s->is_change_aware)
			conn_drop(s->conn, &err);
	}
}

static int run(struct session *s, struct hosted_db *d, struct schema *schema_take,
	       struct error *err)
{
	const struct hosted_db *server = host_find_db(s->host, "_Server");
	size_t n_tables = schema_take->n_tables;
	struct db *converted;

	if (d->is_schema_fixed || d->name[0] == '_') {
		bool is_same = !strcmp(schema_take->text->data, db_schema(d->db)->text->data);

		schema_free(schema_take);
		if (is_same)
			return 0;
		return error_set(err, "not allowed",
				 "the schema of database %s is a part of this server", d->name);
	}
	if (monitor_set_reserve(d->monitors, n_tables) < 0) {
		schema_free(schema_take);
		return error_nomem(err);
	}
	if (convert_begin(d->db, d->journal, schema_take, &converted, err) < 0)
		return -1;
	end_monitors(s->host, d);
	monitor_set_restart(d->monitors, n_tables);
	convert_end(d->db, d->journal, converted);
	d->name = db_schema(d->db)->name;
	log_info("event=database-converted name=%s version=%s", d->name, db_schema(d->db)->version);
	if (server_db_put(server->db, d->db, err) < 0)
		log_err("event=server-row-stale name=%s text=\"%s\"", d->name, err->text);
	return 0;
}

void convert_run(struct session *s, struct hosted_db *d, const struct message *m)
{
	struct schema *schema;
	struct error err;

	if (read_schema(d, m->params, &schema, &err) < 0) {
		session_fail(s, m->id, &err);
		return;
	}
	if (run(s, d, schema, &err) < 0) {
		session_fail(s, m->id, &err);
		return;
	}
	session_reply(s, m->id, "{}");
	disconnect_unaware(s->host, d);
}
