/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/history.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "ovsdb/db.h"
#include "ovsdb/delta.h"

/* Of one commit, and of all: a bigger commit, such as the first one of a compacted file,
 * is not kept, and clients from before it start over. */
enum { MAX_COMMIT_BYTES = 512 << 10, MAX_BYTES = 2 << 20 };
/* Elements of a big value that a changed version does not share with the one before. */
enum { UNSHARED_ELEMENTS = 64, DATUM_BYTES = 48 };

struct commit {
	struct commit *prev, *next;
	struct uuid id; /* of the state after it */
	bool is_replayed;
	size_t n_bytes;
	size_t n;
	struct row_change changes[]; /* counted */
};

struct history {
	struct db *db;
	struct db_listener listener;
	struct commit *commits; /* the first one changes nothing: it says where history begins */
	struct uuid stable_id;
	size_t n_bytes;
	bool is_replaying;
};

/* Memory that old holds alone, now that there is a newer version. */
static size_t datum_bytes(const struct datum *old, const struct type *type)
{
	size_t n = datum_n(old) < UNSHARED_ELEMENTS ? datum_n(old) : UNSHARED_ELEMENTS;
	size_t n_bytes = DATUM_BYTES + n * 2 * sizeof(union atom);
	struct datum_cursor c;

	if (type->key.type != ATOM_STRING && type->value.type != ATOM_STRING)
		return n_bytes;
	datum_foreach (old, &c) {
		if (!n--)
			break;
		if (type->key.type == ATOM_STRING)
			n_bytes += strlen(c.key->string);
		if (type->value.type == ATOM_STRING)
			n_bytes += strlen(c.value->string);
	}
	return n_bytes;
}

static size_t change_bytes(const struct row_change *c)
{
	const struct schema_table *t = row_change_table(c);
	size_t n_bytes = sizeof(*c), i;

	if (!c->old)
		return n_bytes;
	n_bytes += sizeof(struct row) + t->n_columns * sizeof(c->old->values[0]);
	for (i = COLUMN_FIRST; i < t->n_columns; i++) {
		const struct datum *old = row_datum(c->old, t->columns[i]);

		if (old != t->columns[i]->default_value &&
		    (!c->new || old != row_datum(c->new, t->columns[i])))
			n_bytes += datum_bytes(old, &t->columns[i]->type);
	}
	return n_bytes;
}

static void commit_free(struct commit *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		row_unref(c->changes[i].old);
		row_unref(c->changes[i].new);
	}
	free(c);
}

/* NULL: out of memory. */
static struct commit *commit_new(const struct history *h, const struct uuid *id, size_t n_changes)
{
	struct commit *c = calloc(1, sizeof(*c) + n_changes * sizeof(c->changes[0]));

	if (!c)
		return NULL;
	c->id = *id;
	c->is_replayed = h->is_replaying;
	return c;
}

static struct commit *last_commit(const struct history *h)
{
	return h->commits->prev; /* utlist: the head's prev is the tail */
}

/* The first entry becomes what is said of it: nothing but where history begins. */
static void drop_first(struct history *h)
{
	struct commit *first = h->commits, *next = first->next;
	size_t i;

	DL_DELETE(h->commits, first);
	commit_free(first);
	for (i = 0; i < next->n; i++) {
		row_unref(next->changes[i].old);
		row_unref(next->changes[i].new);
	}
	next->n = 0;
	h->n_bytes -= next->n_bytes;
	next->n_bytes = 0;
}

void history_reset(struct history *h, const struct uuid *id)
{
	while (h->commits->next)
		drop_first(h);
	h->commits->id = h->stable_id = *id;
	h->commits->is_replayed = h->is_replaying;
}

static void append(struct history *h, struct commit *c)
{
	DL_APPEND(h->commits, c);
	h->n_bytes += c->n_bytes;
	while (h->n_bytes > MAX_BYTES)
		drop_first(h);
}

/* The last commit cannot be kept: history begins behind it. */
static void skip(struct history *h, const struct uuid *id)
{
	struct uuid stable_id = h->stable_id;

	history_reset(h, id);
	h->stable_id = stable_id;
}

static void on_commit(void *arg, const struct change_list *changes)
{
	struct history *h = arg;
	size_t n_bytes = sizeof(struct commit), i;
	struct commit *c = NULL;

	if (changes->has_persistent)
		h->stable_id = changes->txn_id;
	for (i = 0; i < changes->n && n_bytes <= MAX_COMMIT_BYTES; i++)
		n_bytes += change_bytes(&changes->changes[i]);
	if (n_bytes <= MAX_COMMIT_BYTES)
		c = commit_new(h, &changes->txn_id, changes->n);
	if (!c) {
		skip(h, &changes->txn_id);
		return;
	}
	for (i = 0; i < changes->n; i++) {
		const struct row_change *from = &changes->changes[i];

		c->changes[i].old = from->old ? row_ref(from->old) : NULL;
		c->changes[i].new = from->new ? row_ref(from->new) : NULL;
	}
	c->n = changes->n;
	c->n_bytes = n_bytes;
	append(h, c);
}

struct history *history_new(struct db *db)
{
	struct history *h = calloc(1, sizeof(*h));
	struct uuid id = uuid_random();
	struct commit *first;

	if (!h)
		return NULL;
	first = commit_new(h, &id, 0);
	if (!first) {
		free(h);
		return NULL;
	}
	DL_APPEND(h->commits, first);
	h->db = db;
	h->stable_id = id;
	h->is_replaying = true;
	h->listener.on_commit = on_commit;
	h->listener.arg = h;
	db_listen(db, &h->listener);
	return h;
}

void history_free(struct history *h)
{
	struct commit *c;

	if (!h)
		return;
	db_unlisten(h->db, &h->listener);
	while ((c = h->commits)) {
		DL_DELETE(h->commits, c);
		commit_free(c);
	}
	free(h);
}

static void note(struct history *h, const struct uuid *id)
{
	struct commit *c = commit_new(h, id, 0);

	if (!c) {
		skip(h, id);
		return;
	}
	c->n_bytes = sizeof(*c);
	append(h, c);
}

void history_note(struct history *h, const struct uuid *id)
{
	if (uuid_equal(&last_commit(h)->id, id))
		return;
	note(h, id);
	h->stable_id = *id;
}

void history_end_replay(struct history *h)
{
	struct uuid id = uuid_random();

	h->is_replaying = false;
	note(h, &id);
}

const struct uuid *history_id(const struct history *h, bool is_volatile)
{
	return is_volatile ? &last_commit(h)->id : &h->stable_id;
}

static int add_changes(struct delta *d, const struct commit *c, struct error *err)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (delta_add(d, c->changes[i].old, c->changes[i].new) < 0)
			return error_nomem(err);
	}
	return 0;
}

int history_since(const struct history *h, const struct uuid *id, bool is_volatile,
		  struct delta **ret, struct error *err)
{
	const struct commit *c = last_commit(h);
	struct delta *d;

	while (c != h->commits && !uuid_equal(&c->id, id))
		c = c->prev;
	if (!uuid_equal(&c->id, id) || (is_volatile && c->is_replayed)) {
		*ret = NULL;
		return 0;
	}
	d = delta_new(db_schema(h->db)->n_tables);
	if (!d)
		return error_nomem(err);
	for (c = c->next; c; c = c->next) {
		if (add_changes(d, c, err) < 0) {
			delta_free(d);
			return -1;
		}
	}
	*ret = d;
	return 0;
}
