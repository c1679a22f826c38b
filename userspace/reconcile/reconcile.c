/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "datapath/datapath.h"
#include "datapath/expressions.h"
#include "ovsdb/db.h"
#include "ovsdb/row.h"
#include "reconcile/allocation.h"
#include "reconcile/cells.h"
#include "reconcile/columns.h"
#include "reconcile/desired.h"
#include "reconcile/local_mac.h"
#include "reconcile/ofports.h"
#include "reconcile/once.h"
#include "reconcile/report.h"
#include "reconcile/root_row.h"
#include "reconcile/rows.h"
#include "reconcile/sticky.h"
#include "reconcile/sticky_events.h"
#include "reconcile/unsupported.h"
#include "switch/dump.h"
#include "switch/model.h"
#include "switch/port_match.h"

#define LOG_MODULE "reconcile"

enum { STATS_INTERVAL_MIN_MS = 5000, RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 10000 };

struct reconcile {
	struct loop *loop;
	struct db *db;
	struct datapath *dp;
	struct columns columns;
	struct allocation *allocation;
	struct unsupported *unsupported;
	struct once *once;
	struct expressions *expressions;
	struct sticky_events *events;
	struct root_row_options root_options;
	char *texts[4]; /* what root_options points to */
	struct model *model; /* in force; NULL before the first pass */

	bool is_dirty; /* rows or devices changed since the last pass */
	bool is_failing; /* what the rows ask for could not be brought into force */
	bool stats_due;
	bool reads_notes; /* see struct desired */
	bool is_reporting; /* the commit that is under way is our own */
	struct uuid root_uuid; /* the row that root_row_fill() has filled */
	int64_t stats_interval_ms;
	int64_t retry_ms;

	struct db_listener listener;
	struct loop_prepare prepare;
	struct loop_timer stats_timer;
	struct loop_timer retry_timer;
	struct log_limit failures;
};

/* --- what makes a pass necessary --- */

static void set_dirty(void *r_)
{
	struct reconcile *r = r_;

	r->is_dirty = true;
	loop_again(r->loop);
}

/* An Interface's notes are the users' own, but they may tell a mirror that this is the
 * port that it waits for, or no longer the one that it was. */
static bool notes_matter(const struct reconcile *r, const struct row_change *change)
{
	const struct column *notes = r->columns.interface.external_ids;

	if (!db_n_rows(r->db, r->columns.mirror.table) || !row_change_has(change, notes))
		return false;
	for (int i = 0; i < PORT_N_IDS; i++) {
		const char *old = row_map_string(change->old, notes, port_id_keys[i]);
		const char *new = row_map_string(change->new, notes, port_id_keys[i]);

		if (old ? !new || strcmp(old, new) : new != NULL)
			return true;
	}
	return r->reads_notes;
}

/* Everything in the tables of the switch but the users' own notes; those of a mirror may
 * be for us.  So a client that writes into a status column is corrected, too. */
static bool matters(const struct reconcile *r, const struct row_change *change)
{
	const struct columns *c = &r->columns;
	const struct schema_table *t = row_change_table(change);
	const struct column *notes = t == c->root.table	       ? c->root.external_ids
				     : t == c->bridge.table    ? c->bridge.external_ids
				     : t == c->port.table      ? c->port.external_ids
				     : t == c->interface.table ? c->interface.external_ids
							       : NULL;

	if (!notes && t != c->mirror.table)
		return false;
	for (size_t i = COLUMN_FIRST; i < t->n_columns; i++) {
		if (t->columns[i] != notes && row_change_has(change, t->columns[i]))
			return true;
	}
	return t == c->interface.table && notes_matter(r, change);
}

static void on_commit(void *r_, const struct change_list *changes)
{
	struct reconcile *r = r_;

	if (r->is_reporting)
		return;
	sticky_events_note(r->events, r->db, &r->columns, changes);
	for (size_t i = 0; i < changes->n; i++) {
		const struct row_change *change = &changes->changes[i];

		if (change->new)
			unsupported_look(r->unsupported, change->new);
		if (!r->is_dirty && matters(r, change))
			set_dirty(r);
	}
}

static void on_stats_timer(void *r_)
{
	struct reconcile *r = r_;

	r->stats_due = true;
}

static void follow_stats_interval(struct reconcile *r)
{
	struct db_cursor at;
	const struct row *root = db_first(r->db, r->columns.root.table, &at);
	int64_t ms = root ? rows_map_integer(root, r->columns.root.other_config,
					     "stats-update-interval", 0)
			  : 0;

	if (ms < STATS_INTERVAL_MIN_MS)
		ms = STATS_INTERVAL_MIN_MS;
	if (ms == r->stats_interval_ms)
		return;
	r->stats_interval_ms = ms;
	loop_timer_start(r->loop, &r->stats_timer, ms, ms, on_stats_timer, r);
}

/* --- a pass --- */

/* From rows to the kernel.  What is in force stays so where this fails. */
static int bring_into_force(struct reconcile *r, struct model *model, struct error *err)
{
	bool again;

	local_mac_recall(r->allocation, model);
	if (allocation_assign(r->allocation, model, err))
		return -1;
	ofports_recall(r->allocation, model);
	if (datapath_apply(r->dp, model, err))
		return -1;
	/* A port just taken may have the address that the bridge must bear. */
	if (local_mac_choose(r->allocation, r->dp, model) && datapath_apply(r->dp, model, err))
		return -1;
	if (allocation_release(r->allocation, err))
		return -1;
	if (ofports_assign(r->allocation, r->dp, model, &again, err))
		return -1;
	return again ? datapath_apply(r->dp, model, err) : 0;
}

static int commit(struct reconcile *r, struct cells *cells, struct error *err)
{
	int rc;

	r->is_reporting = true;
	rc = cells_commit(cells, err);
	r->is_reporting = false;
	return rc ? error_wrap(err, "status") : 0;
}

/* A client may have replaced the row: a restored backup, emptied tables. */
static void fill_new_root_row(const struct reconcile *r, struct cells *cells, struct uuid *ret)
{
	struct db_cursor at;
	const struct row *root = db_first(r->db, r->columns.root.table, &at);

	if (!root || uuid_equal(&root->uuid, &r->root_uuid))
		return;
	root_row_fill(cells, &r->columns, root, &r->root_options);
	*ret = root->uuid;
}

/* state: of the pass that this ends; NULL: counters only. */
static int report(struct reconcile *r, const struct desired *state, bool with_counters,
		  struct error *err)
{
	struct uuid filled = r->root_uuid;
	struct cells cells;
	const struct report to = {
		.cells = &cells,
		.c = &r->columns,
		.dp = r->dp,
		.allocation = r->allocation,
		.model = r->model,
		.version = r->root_options.version,
	};

	cells_begin(&cells, r->db);
	if (state) {
		fill_new_root_row(r, &cells, &filled);
		sticky_put(state->sticky, &cells, &r->columns);
		report_state(&to);
	}
	if (with_counters)
		report_counters(&to);
	if (commit(r, &cells, err))
		return -1;
	r->root_uuid = filled;
	if (state)
		sticky_events_forget(r->events); /* the rows say it now */
	return 0;
}

static int pass(struct reconcile *r, struct error *err)
{
	struct desired desired;

	desired_make(r->db, &r->columns, r->once, r->expressions, r->events, &desired);
	r->reads_notes = desired.reads_notes;
	follow_stats_interval(r);
	if (bring_into_force(r, desired.model, err)) {
		model_free(desired.model);
		return -1;
	}
	model_free(r->model);
	r->model = desired.model;
	return report(r, &desired, r->stats_due, err);
}

/* Devices that we make ourselves: nobody's event tells when it is worth another try. */
static bool lacks_device(const struct reconcile *r)
{
	struct datapath_port_state state;

	for (size_t i = 0; i < r->model->n_bridges; i++) {
		const struct model_bridge *b = r->model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++) {
			if (b->ports[k]->error || b->ports[k]->kind == MODEL_PORT_SYSTEM)
				continue;
			datapath_port_state(r->dp, b->ports[k]->slot.number, &state);
			if (state.error[0])
				return true;
		}
	}
	return false;
}

static void try_again_later(struct reconcile *r)
{
	loop_timer_start(r->loop, &r->retry_timer, r->retry_ms, 0, set_dirty, r);
	r->retry_ms = r->retry_ms * 2 < RETRY_MOST_MS ? r->retry_ms * 2 : RETRY_MOST_MS;
}

static void failed(struct reconcile *r, const struct error *err)
{
	if (!log_limited(&r->failures, 5))
		log_err("event=pass-failed error=\"%s: %s\" retry-ms=%lld", err->tag, err->text,
			(long long)r->retry_ms);
	try_again_later(r);
}

/* At the end of a turn, after all its input: however many transactions came, one pass. */
static void on_prepare(void *r_)
{
	struct reconcile *r = r_;
	struct error err;

	if (r->is_dirty) {
		r->is_dirty = false; /* devices that datapath_apply() makes may set it again */
		r->is_failing = pass(r, &err);
		if (r->is_failing) {
			failed(r, &err);
		} else if (lacks_device(r)) {
			try_again_later(r);
		} else {
			r->retry_ms = RETRY_FIRST_MS;
			loop_timer_stop(&r->retry_timer);
		}
		if (r->is_dirty)
			loop_again(r->loop);
	} else if (r->stats_due && r->model) {
		if (report(r, NULL, true, &err))
			failed(r, &err);
	} else {
		return;
	}
	r->stats_due = false;
}

/* --- life --- */

static char *copy(struct reconcile *r, int i, const char *s)
{
	r->texts[i] = s ? strdup(s) : NULL;
	if (s && !r->texts[i])
		abort();
	return r->texts[i];
}

static int begin(struct reconcile *r, struct error *err)
{
	struct db_cursor at;
	const struct row *root = db_first(r->db, r->columns.root.table, &at);
	struct cells cells;

	cells_begin(&cells, r->db);
	root_row_fill(&cells, &r->columns, root, &r->root_options);
	if (cells_commit(&cells, err))
		return error_wrap(err, "the Open_vSwitch row");
	root = db_first(r->db, r->columns.root.table, &at);
	if (root)
		r->root_uuid = root->uuid;
	unsupported_look_at_all(r->unsupported, r->db);
	return allocation_load(r->dp, &r->allocation, err);
}

int reconcile_new(struct loop *loop, struct db *db, struct datapath *dp,
		  const struct reconcile_options *options, struct reconcile **ret,
		  struct error *err)
{
	struct columns columns;
	struct reconcile *r;

	if (columns_find(db_schema(db), &columns, err))
		return -1;
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_nomem(err);
	r->loop = loop;
	r->db = db;
	r->dp = dp;
	r->columns = columns;
	r->root_options.version = copy(r, 0, options->version);
	r->root_options.rundir = copy(r, 1, options->rundir);
	r->root_options.system_id_file = copy(r, 2, options->system_id_file);
	r->root_options.os_release_file = copy(r, 3, options->os_release_file);
	r->retry_ms = RETRY_FIRST_MS;
	r->once = once_new();
	r->expressions = expressions_new();
	r->events = sticky_events_new();
	r->unsupported = unsupported_new(db_schema(db));
	if (begin(r, err)) {
		reconcile_free(r);
		return -1;
	}
	r->listener = (struct db_listener){ .on_commit = on_commit, .arg = r };
	db_listen(db, &r->listener);
	datapath_on_change(dp, set_dirty, r);
	loop_prepare_start(loop, &r->prepare, on_prepare, r);
	set_dirty(r);
	*ret = r;
	return 0;
}

void reconcile_free(struct reconcile *r)
{
	if (!r)
		return;
	if (r->listener.on_commit) {
		db_unlisten(r->db, &r->listener);
		datapath_on_change(r->dp, NULL, NULL);
	}
	loop_prepare_stop(&r->prepare);
	loop_timer_stop(&r->stats_timer);
	loop_timer_stop(&r->retry_timer);
	model_free(r->model);
	allocation_free(r->allocation);
	unsupported_free(r->unsupported);
	once_free(r->once);
	expressions_free(r->expressions);
	sticky_events_free(r->events);
	for (size_t i = 0; i < sizeof(r->texts) / sizeof(r->texts[0]); i++)
		free(r->texts[i]);
	free(r);
}

const struct model *reconcile_model(const struct reconcile *r)
{
	return r->model;
}

struct datapath *reconcile_datapath(const struct reconcile *r)
{
	return r->dp;
}

bool reconcile_is_settled(const struct reconcile *r)
{
	return r->model && !r->is_failing && !r->is_dirty;
}

void reconcile_dump(const struct reconcile *r, struct buf *to)
{
	if (r->model)
		dump_model(to, r->model);
}
