/* SPDX-License-Identifier: Apache-2.0 */
#include "session/key_files.h"

#include <stdlib.h>
#include <string.h>

#include "jsonrpc/tls.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "session/db_column.h"

enum { PRIVATE_KEY, CERTIFICATE, CA_CERT, LEARNS_CA, N_FILES };

struct key_file {
	char *path; /* NULL: in the database, if column.text is set */
	struct db_column column;
};

struct key_files {
	const struct host *host;
	struct key_file files[N_FILES];
};

static int set(struct key_files *f, struct key_file *file, const char *text, struct error *err)
{
	if (!text)
		return 0;
	if (db_column_is_one(text))
		return db_column_parse(f->host, text, &file->column, err);
	file->path = strdup(text);
	return file->path ? 0 : error_nomem(err);
}

int key_files_new(const struct host *h, const struct key_names *names, struct key_files **ret,
		  struct error *err)
{
	struct key_files *f = calloc(1, sizeof(*f));

	if (!f)
		return error_nomem(err);
	f->host = h;
	if (set(f, &f->files[PRIVATE_KEY], names->private_key, err) < 0 ||
	    set(f, &f->files[CERTIFICATE], names->certificate, err) < 0 ||
	    set(f, &f->files[CA_CERT], names->ca_cert, err) < 0 ||
	    set(f, &f->files[LEARNS_CA], names->learns_ca, err) < 0) {
		key_files_free(f);
		return -1;
	}
	*ret = f;
	return 0;
}

void key_files_free(struct key_files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < N_FILES; i++) {
		free(f->files[i].path);
		db_column_destroy(&f->files[i].column);
	}
	free(f);
}

bool key_files_concerned(const struct key_files *f, const struct change_list *changes)
{
	struct db_column_place place;

	for (size_t i = 0; i < N_FILES; i++) {
		if (f->files[i].column.text &&
		    !db_column_find(f->host, &f->files[i].column, &place, NULL) &&
		    db_column_concerns(&place, changes))
			return true;
	}
	return false;
}

/* The first value of that type, strings that are empty left aside. */
static const union atom *look_up(const struct host *h, const struct db_column *c,
				 enum atom_type type)
{
	struct db_column_place place;
	const union atom *value;
	struct db_cursor at;

	if (!c->text || db_column_find(h, c, &place, NULL) < 0 ||
	    place.column->type.key.type != type)
		return NULL;
	table_foreach (row, place.db, place.table, &at) {
		value = datum_one(row_datum(row, place.column));
		if (value && (type != ATOM_STRING || *value->string))
			return value;
	}
	return NULL;
}

static const char *path_of(const struct key_files *f, const struct key_file *file)
{
	const union atom *value;

	if (file->path)
		return file->path;
	value = look_up(f->host, &file->column, ATOM_STRING);
	return value ? value->string : NULL;
}

static bool learns_ca(const struct key_files *f)
{
	const union atom *value = look_up(f->host, &f->files[LEARNS_CA].column, ATOM_BOOLEAN);

	return f->files[LEARNS_CA].path || (value && value->boolean);
}

int key_files_apply(const struct key_files *f, struct tls_keys *keys, struct error *err)
{
	const struct tls_files files = {
		.private_key = path_of(f, &f->files[PRIVATE_KEY]),
		.certificate = path_of(f, &f->files[CERTIFICATE]),
		.ca_cert = path_of(f, &f->files[CA_CERT]),
		.learns_ca = learns_ca(f),
	};

	return tls_keys_set(keys, &files, err);
}
