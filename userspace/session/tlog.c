/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_MODULE "transaction"
#include "session/tlog.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/buf.h"
#include "base/log.h"
#include "ovsdb/change.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "session/host.h"

struct tlog {
	struct tlog *next;
	const char *table; /* within db_table */
	char db_table[]; /* two strings */
};

static struct tlog *find(const struct host *h, const char *db, const char *table)
{
	struct tlog *t;

	LL_FOREACH (h->tlogs, t) {
		if (!strcmp(t->db_table, db) && !strcmp(t->table, table))
			return t;
	}
	return NULL;
}

static struct tlog *tlog_new(const char *db_table)
{
	struct tlog *t = calloc(1, sizeof(*t) + strlen(db_table) + 1);
	char *colon;

	if (!t)
		return NULL;
	strcpy(t->db_table, db_table);
	colon = strchr(t->db_table, ':');
	*colon = '\0';
	t->table = colon + 1;
	return t;
}

static int check_table(const struct host *h, const struct tlog *t, struct error *err)
{
	const struct hosted_db *d = host_find_db(h, t->db_table);

	if (!d)
		return error_set(err, "not found", "no such database");
	if (!schema_find_table(db_schema(d->db), t->table))
		return error_set(err, "not found", "no such table");
	return 0;
}

int tlog_set(struct host *h, const char *db_table, bool is_on, struct error *err)
{
	struct tlog *t, *present;

	if (!strchr(db_table, ':'))
		return error_set(err, "syntax error", "invalid DB:TABLE argument");
	t = tlog_new(db_table);
	if (!t)
		return error_nomem(err);
	if (check_table(h, t, err) < 0) {
		free(t);
		return -1;
	}
	present = find(h, t->db_table, t->table);
	if (is_on && !present) {
		LL_PREPEND(h->tlogs, t);
		return 0;
	}
	free(t);
	if (!is_on && present) {
		LL_DELETE(h->tlogs, present);
		free(present);
	}
	return 0;
}

void tlog_put(const struct host *h, struct buf *to)
{
	buf_puts(to, "database        table                       logging\n"
		     "--------        -----                       -------\n");
	for (const struct hosted_db *d = h->dbs; d; d = d->next) {
		const struct schema *schema = db_schema(d->db);

		buf_printf(to, "%-16s \n", d->name);
		for (size_t i = 0; i < schema->n_tables; i++)
			buf_printf(to, "                %-27s %s\n", schema->tables[i]->name,
				   find(h, d->name, schema->tables[i]->name) ? "ON" : "OFF");
	}
}

static void log_row(const struct row_change *c)
{
	const struct row *row = c->new ? c->new : c->old;
	struct buf text = BUF_INIT;

	buf_printf(&text, " _uuid=%s", UUID_STR(&row->uuid));
	for (size_t i = COLUMN_FIRST; i < row->table->n_columns; i++) {
		const struct column *column = row->table->columns[i];

		buf_printf(&text, " %s=", column->name);
		datum_put_json(&text, row_datum(row, column), &column->type);
	}
	if (buf_ok(&text))
		log_info("table=%s op=%s%s", row->table->name,
			 !c->old   ? "inserted"
			 : !c->new ? "deleted"
				   : "updated",
			 text.data);
	buf_free(&text);
}

void tlog_changes(const struct host *h, const struct hosted_db *d,
		  const struct change_list *changes)
{
	if (!h->tlogs)
		return;
	for (size_t i = 0; i < changes->n; i++) {
		if (find(h, d->name, row_change_table(&changes->changes[i])->name))
			log_row(&changes->changes[i]);
	}
}

void tlog_clear(struct host *h)
{
	struct tlog *t, *next;

	LL_FOREACH_SAFE (h->tlogs, t, next)
		free(t);
	h->tlogs = NULL;
}
