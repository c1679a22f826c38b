/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database file -> journal_open(), salvage().
 *
 * A file of random bytes never gets beyond its check sums, so an input is a list of lines:
 * "=" alone is the record of a schema, a line that begins with "!" goes into the file as it
 * is, and any other line becomes the body of a record with a good sum.
 * What is opened can be compacted and opened again with as many rows; what is salvaged can
 * be opened, and nothing more is lost from it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "fuzz/fuzz.h"
#include "ovsdb/db.h"
#include "ovsdb/journal.h"
#include "ovsdb/journal_compact.h"
#include "ovsdb/journal_record.h"
#include "ovsdb/salvage.h"
#include "ovsdb/schema.h"

static char path[64], saved[64], twice[64];
static struct buf schema_text;

static void put_line(struct buf *file, const char *line, size_t len)
{
	uint8_t sha[RECORD_SHA_SIZE];

	if (len && line[0] == '!')
		buf_put(file, line + 1, len - 1);
	else if (len == 1 && line[0] == '=')
		record_put(file, schema_text.data, schema_text.len, sha);
	else
		record_put(file, line, len, sha);
}

static void write_file(const uint8_t *data, size_t size)
{
	struct buf file = BUF_INIT;
	int fd;

	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		put_line(&file, (const char *)data, len);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	fuzz_demand(fd >= 0 && write(fd, file.data ? file.data : "", file.len) == (ssize_t)file.len,
		    "the file is written");
	close(fd);
	buf_free(&file);
}

static size_t count_rows(const struct db *db)
{
	const struct schema *schema = db_schema(db);
	size_t n = 0;

	for (size_t i = 0; i < schema->n_tables; i++)
		n += db_n_rows(db, schema->tables[i]);
	return n;
}

/* SIZE_MAX: it cannot be opened. */
static size_t open_and_count(const char *file, bool compacts)
{
	struct journal *j;
	struct error err;
	struct db *db;
	size_t n;

	if (journal_open(file, NULL, &j, &db, &err) < 0) {
		fuzz_demand(err.text[0], "a refusal says why");
		return SIZE_MAX;
	}
	n = count_rows(db);
	if (compacts)
		fuzz_demand(!journal_compact(j, db, &err), "a database can be compacted");
	journal_close(j);
	db_free(db);
	return n;
}

static void check_salvage(void)
{
	struct buf report = BUF_INIT;
	struct error err;

	unlink(saved);
	unlink(twice);
	if (!salvage(path, saved, &report, &err)) {
		fuzz_demand(open_and_count(saved, false) != SIZE_MAX, "what is salvaged opens");
		buf_reset(&report);
		fuzz_demand(!salvage(saved, twice, &report, &err) && !report.len,
			    "what was salvaged has no more losses");
	}
	buf_free(&report);
}

void fuzz_start(void)
{
	log_set_level(LOG_ERR);
	snprintf(path, sizeof(path), "%s/db", fuzz_dir());
	snprintf(saved, sizeof(saved), "%s/saved", fuzz_dir());
	snprintf(twice, sizeof(twice), "%s/twice", fuzz_dir());
	fuzz_read_file("tests/ovsdb/session.ovsschema", &schema_text);
	for (size_t i = 0; i < schema_text.len; i++) {
		if (schema_text.data[i] == '\n')
			schema_text.data[i] = ' ';
	}
}

void fuzz_one(const uint8_t *data, size_t size)
{
	size_t n;

	write_file(data, size);
	check_salvage();
	n = open_and_count(path, true);
	if (n != SIZE_MAX)
		fuzz_demand(open_and_count(path, false) == n, "a compacted file has the same rows");
}
