/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Database, reconciler and a datapath in memory, for tests of whole passes.  Included by
 * one .c of a program, after cmocka.h.
 */
#include "base/log.h"
#include "base/loop.h"
#include "reconcile/reconcile.h"
#include "unit/fake_datapath.h"
#include "unit/vswitch_db.h"

struct fixture {
	struct vswitch v;
	struct loop *loop;
	struct datapath *dp;
	struct reconcile *r;
	struct db_listener listener;
	unsigned int n_commits;
	size_t n_rows; /* changed by the last commit */
	size_t n_cells;
	bool is_full; /* the file system */
	char dir[32];
	char path[64]; /* of the files that tell of the system; not there at first */
};

static inline void on_commit(void *f_, const struct change_list *changes)
{
	struct fixture *f = f_;

	f->n_commits++;
	f->n_rows = changes->n;
	f->n_cells = 0;
	for (size_t i = 0; i < changes->n; i++) {
		const struct schema_table *t = row_change_table(&changes->changes[i]);

		for (size_t k = COLUMN_FIRST; k < t->n_columns; k++)
			f->n_cells += row_change_has(&changes->changes[i], t->columns[k]);
	}
}

static inline int journal(void *f_, struct change_list *changes, struct error *err)
{
	const struct fixture *f = f_;

	(void)changes;
	return f->is_full ? error_set(err, "I/O error", "disk full") : 0;
}

static inline void start(struct fixture *f)
{
	const struct reconcile_options options = {
		.version = "1.2.3",
		.rundir = "/run/there",
		.system_id_file = f->path,
		.os_release_file = f->path,
	};
	struct error err;

	if (reconcile_new(f->loop, f->v.db, f->dp, &options, &f->r, &err))
		vswitch_fail("reconcile_new", &err);
}

/* As kill -9 does it: at once. */
static inline void stop(struct fixture *f)
{
	reconcile_free(f->r);
	f->r = NULL;
}

static inline void restart(struct fixture *f)
{
	stop(f);
	start(f);
}

/* Until nothing is left to do. */
static inline void settle(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		loop_turn(f->loop, 0);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_level(LOG_ERR);
	snprintf(f->dir, sizeof(f->dir), "/tmp/bvs-reconcile.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/file", f->dir);
	vswitch_new(&f->v);
	f->loop = loop_new();
	f->dp = fake_datapath_new();
	start(f);
	settle(f);
	f->listener = (struct db_listener){ .on_commit = on_commit, .arg = f };
	db_listen(f->v.db, &f->listener);
	db_set_journal(f->v.db, journal, f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	reconcile_free(f->r);
	datapath_close(f->dp);
	loop_free(f->loop);
	vswitch_free(&f->v);
	remove(f->path);
	remove(f->dir);
	free(f);
	return 0;
}

static inline const char *get(struct fixture *f, const char *table, const char *name,
			      const char *column)
{
	return vswitch_get(&f->v, table, name, column);
}
#define GET(TABLE, NAME, COLUMN, WANT) assert_string_equal(get(f, TABLE, NAME, COLUMN), WANT)
#define INTERFACE(NAME, COLUMN, WANT) GET("Interface", NAME, COLUMN, WANT)
#define ROOT(COLUMN, WANT) GET("Open_vSwitch", "", COLUMN, WANT)
#define EMPTY "[\"set\",[]]"
