/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/root_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/uuid.h"
#include "ovsdb/datum.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/cells.h"
#include "reconcile/columns.h"

#define SYSTEM_ID_FILE "/etc/openvswitch/system-id.conf"
#define OS_RELEASE_FILE "/etc/os-release"

struct value {
	char s[256]; /* "": unknown */
};

static void trim(char *s)
{
	s[strcspn(s, "\r\n")] = '\0';
}

/* KEY=value of a file of shell assignments; the value may be in quotes. */
static struct value assignment(const char *path, const char *key)
{
	struct value v = { "" };
	size_t n = strlen(key);
	char line[512];
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *s = line + n + 1;

		trim(line);
		if (strncmp(line, key, n) || line[n] != '=')
			continue;
		if (*s == '"' || *s == '\'') {
			char quote[2] = { *s++, '\0' };

			s[strcspn(s, quote)] = '\0';
		}
		snprintf(v.s, sizeof(v.s), "%.255s", s);
		break;
	}
	if (f)
		fclose(f);
	return v;
}

static struct value first_line(const char *path)
{
	struct value v = { "" };
	FILE *f = fopen(path, "re");

	if (f && !fgets(v.s, sizeof(v.s), f))
		v.s[0] = '\0';
	if (f)
		fclose(f);
	trim(v.s);
	return v;
}

static struct value hostname(void)
{
	struct value v = { "" };

	if (gethostname(v.s, sizeof(v.s) - 1))
		v.s[0] = '\0';
	return v;
}

/* Adds to the map, or replaces there; value "" leaves the key as it is. */
struct pair {
	const char *key;
	const char *value;
	bool keeps_old;
};

static void merge(struct cells *cells, const struct row *row, const struct column *column,
		  const struct pair *pairs, size_t n_pairs)
{
	const struct datum *old = row_datum(row, column);
	size_t n = 0, max = datum_n(old) + n_pairs;
	const char **keys = calloc(max, sizeof(*keys)), **values = calloc(max, sizeof(*values));
	struct datum_cursor cursor;

	if (!keys || !values)
		abort();
	for (size_t i = 0; i < n_pairs; i++) {
		const char *had = row_map_string(row, column, pairs[i].key);

		if (had && (pairs[i].keeps_old || !*pairs[i].value))
			continue;
		if (!*pairs[i].value)
			continue;
		keys[n] = pairs[i].key;
		values[n++] = pairs[i].value;
	}
	datum_foreach (old, &cursor) {
		bool is_new = false;

		for (size_t i = 0; i < n && !is_new; i++)
			is_new = !strcmp(keys[i], cursor.key->string);
		if (is_new)
			continue;
		keys[n] = cursor.key->string;
		values[n++] = cursor.value->string;
	}
	cells_strings(cells, row, column, keys, values, n);
	free(keys);
	free(values);
}

static void fill_external_ids(struct cells *cells, const struct columns *c, const struct row *row,
			      const struct root_row_options *options)
{
	struct value system_id =
		first_line(options->system_id_file ? options->system_id_file : SYSTEM_ID_FILE);
	struct value host = hostname();
	struct uuid made = uuid_random();
	bool has_file = system_id.s[0];

	if (!has_file)
		memcpy(system_id.s, UUID_STR(&made), UUID_TEXT_LEN + 1);
	merge(cells, row, c->root.external_ids,
	      (struct pair[]){
		      { "hostname", host.s, true },
		      { "rundir", options->rundir ? options->rundir : "", false },
		      { "system-id", system_id.s, !has_file },
	      },
	      3);
}

void root_row_fill(struct cells *cells, const struct columns *c, const struct row *row,
		   const struct root_row_options *options)
{
	static const char *const datapath_types[] = { "system" };
	static const char *const iface_types[] = { "internal", "system", "tap" };
	const char *os_release =
		options->os_release_file ? options->os_release_file : OS_RELEASE_FILE;
	struct value type = assignment(os_release, "ID");
	struct value version = assignment(os_release, "VERSION_ID");

	if (!row) {
		struct uuid uuid = uuid_random();

		cells_insert(cells, c->root.table, &uuid);
		row = cells_row(cells, c->root.table, &uuid);
		if (!row)
			return; /* out of memory: cells remembers */
	}
	cells_string(cells, row, c->root.ovs_version, options->version);
	cells_string(cells, row, c->root.db_version, db_schema(cells->db)->version);
	cells_strings(cells, row, c->root.datapath_types, datapath_types, NULL, 1);
	cells_strings(cells, row, c->root.iface_types, iface_types, NULL, 3);
	cells_string(cells, row, c->root.system_type, type.s[0] ? type.s : "unknown");
	cells_string(cells, row, c->root.system_version, version.s[0] ? version.s : "unknown");
	fill_external_ids(cells, c, row, options);
}
