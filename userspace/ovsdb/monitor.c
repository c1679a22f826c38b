/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/monitor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/blob.h"
#include "base/buf.h"
#include "ovsdb/db.h"
#include "ovsdb/delta.h"
#include "ovsdb/dump.h"
#include "ovsdb/history.h"
#include "ovsdb/monitor_spec.h"
#include "ovsdb/monitor_text.h"

/*
 * The set keeps a log: entries with the changes of one or more commits.  Each monitor
 * stands at the first entry that it has not fetched; the last entry is empty and takes
 * the next commit, so those who have everything stand there and a commit costs nothing
 * for each of them.  An entry that nobody stands at is merged into the one before: there
 * are never more entries than places where monitors stand, and none is bigger than the
 * data.
 */

/* What one group sees of one entry. */
struct text {
	struct text *next;
	const struct monitor_group *group;
	struct blob *blob; /* NULL: nothing */
};

struct entry {
	struct entry *prev, *next;
	struct delta *delta; /* NULL in the last entry */
	struct uuid txn_id; /* of its last commit */
	struct uuid stable_id; /* history_id() for those who see nothing ephemeral */
	struct text *texts;
	unsigned int n_at; /* monitors that stand here */
	bool has_failed; /* out of memory: its changes are not known */
};

/* Monitors that see the same. */
struct monitor_group {
	struct monitor_group *prev, *next;
	struct monitor_spec *spec;
	unsigned int n_monitors;
	struct dump *initial; /* all rows as they are now; NULL: not asked for since the commit */
};

struct monitor {
	struct monitor_set *set;
	struct monitor_group *group;
	struct entry *at;
	struct blob *extra; /* what a change of conditions brought; goes first */
	bool has_extra;
	struct uuid extra_txn_id;
};

struct monitor_set {
	struct db *db;
	struct history *history;
	struct history *own_history; /* the same, or NULL */
	struct db_listener listener;
	struct entry *entries; /* never empty */
	struct monitor_group *groups;
	size_t n_tables;
	unsigned int *n_watching; /* by number of the table */
};

static struct entry *last_entry(const struct monitor_set *s)
{
	return s->entries->prev; /* utlist: the head's prev is the tail */
}

static void drop_texts(struct entry *e)
{
	struct text *t;

	while ((t = e->texts)) {
		e->texts = t->next;
		blob_unref(t->blob);
		free(t);
	}
}

static void entry_free(struct entry *e)
{
	drop_texts(e);
	delta_free(e->delta);
	free(e);
}

static int append_entry(struct monitor_set *s)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return -1;
	DL_APPEND(s->entries, e);
	return 0;
}

/* The changes of a later entry are added to e. */
static void absorb(struct entry *e, const struct delta *more, bool has_failed,
		   const struct uuid *txn_id, const struct uuid *stable_id)
{
	drop_texts(e);
	e->txn_id = *txn_id;
	e->stable_id = *stable_id;
	if (has_failed || e->has_failed || delta_add_all(e->delta, more) < 0)
		e->has_failed = true;
}

/* After monitors left e. */
static void tidy(struct monitor_set *s, struct entry *e)
{
	if (e->n_at || e == last_entry(s))
		return;
	if (e != s->entries)
		absorb(e->prev, e->delta, e->has_failed, &e->txn_id, &e->stable_id);
	DL_DELETE(s->entries, e);
	entry_free(e);
}

static void stand_at(struct monitor *m, struct entry *e)
{
	struct entry *before = m->at;

	if (e)
		e->n_at++;
	m->at = e;
	if (before) {
		before->n_at--;
		tidy(m->set, before);
	}
}

static struct delta *watched_changes(const struct monitor_set *s, const struct change_list *changes)
{
	struct delta *d = delta_new(s->n_tables);
	size_t i;

	for (i = 0; d && i < changes->n; i++) {
		const struct row_change *c = &changes->changes[i];

		if (!s->n_watching[row_change_table(c)->number])
			continue;
		if (delta_add(d, c->old, c->new) < 0) {
			delta_free(d);
			return NULL;
		}
	}
	return d;
}

static void on_commit(void *arg, const struct change_list *changes)
{
	struct monitor_set *s = arg;
	const struct uuid *stable_id = history_id(s->history, false);
	struct entry *last = last_entry(s);
	struct monitor_group *g;
	struct delta *d;

	if (!s->groups)
		return;
	DL_FOREACH (s->groups, g) {
		dump_retire(g->initial);
		g->initial = NULL;
	}
	d = watched_changes(s, changes);
	if (d && delta_is_empty(d)) {
		delta_free(d);
		return;
	}
	if (last->n_at && append_entry(s) == 0) {
		last->delta = d;
		last->has_failed = !d;
		last->txn_id = changes->txn_id;
		last->stable_id = *stable_id;
		return;
	}
	if (last->n_at) /* no memory for a new last one: they have to start over */
		last->has_failed = true;
	else if (last != s->entries)
		absorb(last->prev, d, !d, &changes->txn_id, stable_id);
	delta_free(d);
}

struct monitor_set *monitor_set_new(struct db *db, struct history *history)
{
	struct monitor_set *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->db = db;
	if (!history) {
		history = s->own_history = history_new(db);
		if (history)
			history_end_replay(history);
	}
	s->history = history;
	s->n_tables = db_schema(db)->n_tables;
	s->n_watching = calloc(s->n_tables + 1, sizeof(s->n_watching[0]));
	if (!history || !s->n_watching || append_entry(s) < 0) {
		history_free(s->own_history);
		free(s->n_watching);
		free(s);
		return NULL;
	}
	s->listener.on_commit = on_commit;
	s->listener.arg = s;
	db_listen(db, &s->listener);
	return s;
}

void monitor_set_free(struct monitor_set *s)
{
	struct entry *e;

	if (!s)
		return;
	db_unlisten(s->db, &s->listener);
	while ((e = s->entries)) {
		DL_DELETE(s->entries, e);
		entry_free(e);
	}
	history_free(s->own_history);
	free(s->n_watching);
	free(s);
}

int monitor_set_reserve(struct monitor_set *s, size_t n_tables)
{
	unsigned int *more;

	if (n_tables <= s->n_tables)
		return 0;
	more = realloc(s->n_watching, (n_tables + 1) * sizeof(s->n_watching[0]));
	if (!more)
		return -1;
	s->n_watching = more;
	return 0;
}

/* With no monitor there is one entry, the last, which is empty. */
void monitor_set_restart(struct monitor_set *s, size_t n_tables)
{
	struct uuid id = uuid_random();

	assert(!s->groups && !s->entries->next);
	s->n_tables = n_tables;
	memset(s->n_watching, 0, (n_tables + 1) * sizeof(s->n_watching[0]));
	if (s->own_history)
		history_reset(s->own_history, &id);
}

/* Groups */

static void count_watchers(struct monitor_set *s, const struct monitor_spec *spec, int n)
{
	size_t i;

	for (i = 0; i < spec->n_tables; i++)
		s->n_watching[spec->tables[i].table->number] += (unsigned int)n;
}

/* A group for one more monitor.  Takes spec; NULL: out of memory. */
static struct monitor_group *join_group(struct monitor_set *s, struct monitor_spec *spec_take)
{
	struct monitor_group *g;

	DL_FOREACH (s->groups, g) {
		if (!strcmp(g->spec->key, spec_take->key)) {
			monitor_spec_free(spec_take);
			g->n_monitors++;
			return g;
		}
	}
	g = calloc(1, sizeof(*g));
	if (!g) {
		monitor_spec_free(spec_take);
		return NULL;
	}
	g->spec = spec_take;
	g->n_monitors = 1;
	count_watchers(s, g->spec, 1);
	DL_APPEND(s->groups, g);
	return g;
}

static void forget_texts(struct monitor_set *s, const struct monitor_group *g)
{
	struct entry *e;

	DL_FOREACH (s->entries, e) {
		struct text **at = &e->texts;

		while (*at) {
			struct text *t = *at;

			if (t->group != g) {
				at = &t->next;
				continue;
			}
			*at = t->next;
			blob_unref(t->blob);
			free(t);
		}
	}
}

static void leave_group(struct monitor_set *s, struct monitor_group *g)
{
	if (--g->n_monitors)
		return;
	forget_texts(s, g);
	count_watchers(s, g->spec, -1);
	DL_DELETE(s->groups, g);
	dump_retire(g->initial);
	monitor_spec_free(g->spec);
	free(g);
}

/* Monitors */

int monitor_new(struct monitor_set *s, enum monitor_kind kind, const struct json *requests,
		struct monitor **ret, struct error *err)
{
	struct monitor_spec *spec;
	struct monitor *m;

	if (monitor_spec_new(db_schema(s->db), kind, requests, &spec, err) < 0)
		return -1;
	m = calloc(1, sizeof(*m));
	if (!m) {
		monitor_spec_free(spec);
		return error_nomem(err);
	}
	m->set = s;
	m->group = join_group(s, spec);
	if (!m->group) {
		free(m);
		return error_nomem(err);
	}
	stand_at(m, last_entry(s));
	*ret = m;
	return 0;
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	stand_at(m, NULL);
	leave_group(m->set, m->group);
	blob_unref(m->extra);
	free(m);
}

const struct monitor_set *monitor_owner(const struct monitor *m)
{
	return m->set;
}

int monitor_initial(struct monitor *m, struct dump_reader *ret, struct error *err)
{
	struct monitor_group *g = m->group;

	if (!g->initial)
		g->initial = dump_new(g->spec, m->set->db);
	if (!g->initial)
		return error_nomem(err);
	stand_at(m, last_entry(m->set));
	dump_reader_begin(ret, g->initial);
	return 0;
}

bool monitor_has_pending(const struct monitor *m)
{
	return m->has_extra || m->at->has_failed || m->at != last_entry(m->set);
}

/* Empty text: NULL in *ret. */
static int make_blob(struct buf *text, int rc, struct blob **ret, struct error *err)
{
	struct blob *blob = NULL;

	if (rc < 0) {
		buf_free(text);
		return -1;
	}
	if (text->len) {
		blob = blob_from_buf(text);
		if (!blob)
			return error_nomem(err);
	}
	buf_free(text);
	*ret = blob;
	return 0;
}

int monitor_since(struct monitor *m, const struct uuid *last_id, struct blob **ret,
		  struct error *err)
{
	const struct monitor_spec *spec = m->group->spec;
	struct buf text = BUF_INIT;
	struct delta *d;
	int rc;

	*ret = NULL;
	if (history_since(m->set->history, last_id, spec->is_volatile, &d, err) < 0)
		return -1;
	if (!d)
		return 0;
	rc = monitor_text_changes(&text, spec, d, err);
	delta_free(d);
	if (!rc && !text.len)
		buf_puts(&text, "{}");
	if (make_blob(&text, rc, ret, err) < 0)
		return -1;
	stand_at(m, last_entry(m->set));
	return 0;
}

const struct uuid *monitor_txn_id(const struct monitor *m)
{
	return history_id(m->set->history, m->group->spec->is_volatile);
}

/* What the group sees of entry e: made once. */
static int entry_text(struct entry *e, const struct monitor_group *g, struct blob **ret,
		      struct error *err)
{
	struct buf buf = BUF_INIT;
	struct text *t;

	LL_FOREACH (e->texts, t) {
		if (t->group == g)
			break;
	}
	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return error_nomem(err);
		if (make_blob(&buf, monitor_text_changes(&buf, g->spec, e->delta, err), &t->blob,
			      err) < 0) {
			free(t);
			return -1;
		}
		t->group = g;
		LL_PREPEND(e->texts, t);
	}
	*ret = t->blob ? blob_ref(t->blob) : NULL;
	return 0;
}

/* All that m has not fetched as one delta, in *ret_merged if it had to be made. */
static int pending_delta(const struct monitor *m, const struct delta **ret,
			 struct delta **ret_merged, struct error *err)
{
	struct delta *d = NULL;
	const struct entry *e;

	for (e = m->at; e; e = e->next) {
		if (e->has_failed)
			goto failed;
		if (e == last_entry(m->set))
			break;
		if (e == m->at && e->next == last_entry(m->set)) {
			*ret = e->delta;
			return 0;
		}
		if (!d)
			d = delta_new(m->set->n_tables);
		if (!d || delta_add_all(d, e->delta) < 0)
			goto failed;
	}
	*ret = *ret_merged = d;
	return 0;
failed:
	delta_free(d);
	return error_nomem(err);
}

static int fetch_merged(const struct monitor *m, struct blob **ret, struct error *err)
{
	const struct delta *d = NULL;
	struct delta *merged = NULL;
	struct buf text = BUF_INIT;
	int rc;

	if (pending_delta(m, &d, &merged, err) < 0)
		return -1;
	rc = monitor_text_changes(&text, m->group->spec, d, err);
	delta_free(merged);
	return make_blob(&text, rc, ret, err);
}

int monitor_fetch(struct monitor *m, struct blob **ret, struct uuid *ret_txn_id, struct error *err)
{
	struct entry *last = last_entry(m->set);

	if (m->has_extra) {
		*ret = m->extra;
		*ret_txn_id = m->extra_txn_id;
		m->extra = NULL;
		m->has_extra = false;
		return 0;
	}
	if (m->at->has_failed)
		return error_nomem(err);
	if (m->at == last) {
		*ret = NULL;
		return 0;
	}
	if (m->at->next == last) {
		if (entry_text(m->at, m->group, ret, err) < 0)
			return -1;
	} else if (fetch_merged(m, ret, err) < 0) {
		return -1;
	}
	*ret_txn_id = m->group->spec->is_volatile ? last->prev->txn_id : last->prev->stable_id;
	stand_at(m, last);
	return 0;
}

int monitor_set_conditions(struct monitor *m, const struct json *requests, struct error *err)
{
	struct monitor_set *s = m->set;
	const struct delta *d = NULL;
	struct delta *merged = NULL;
	struct buf text = BUF_INIT;
	struct blob *extra = NULL;
	struct monitor_spec *spec;
	struct monitor_group *g;
	int rc;

	if (monitor_spec_change(db_schema(s->db), m->group->spec, requests, &spec, err) < 0)
		return -1;
	rc = m->has_extra ? error_set(err, "protocol error", "conditions changed too fast")
			  : pending_delta(m, &d, &merged, err);
	if (!rc)
		rc = monitor_text_conditions(&text, m->group->spec, spec, s->db, d, err);
	delta_free(merged);
	if (make_blob(&text, rc, &extra, err) < 0) {
		monitor_spec_free(spec);
		return -1;
	}
	g = join_group(s, spec);
	if (!g) {
		blob_unref(extra);
		return error_nomem(err);
	}
	stand_at(m, last_entry(s));
	leave_group(s, m->group);
	m->group = g;
	m->extra = extra;
	m->has_extra = extra;
	m->extra_txn_id = *monitor_txn_id(m);
	return 0;
}
