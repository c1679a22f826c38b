/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Keeps the kernel and the database in agreement: rows are brought into force, and what
 * came of it is written back, cur_cfg last of all.  Made by main once the database and
 * the datapath are there; the only place where rows meet the model.
 */
#include <stdbool.h>

#include "base/error.h"

struct buf;
struct datapath;
struct db;
struct loop;
struct model;
struct reconcile;

struct reconcile_options {
	const char *version; /* of this program: ovs_version, datapath_version */
	const char *rundir; /* external_ids:rundir */
	/* NULL: the system's */
	const char *system_id_file;
	const char *os_release_file;
};

/* Makes the row of Open_vSwitch if there is none.  The first pass is at the end of the
 * loop's first turn.  Fails where the schema is not a switch's.  loop, db and dp must
 * outlive it; options need not.  The journal must be in place before. */
must_check int reconcile_new(struct loop *loop, struct db *db, struct datapath *dp,
			     const struct reconcile_options *options, struct reconcile **ret,
			     struct error *err);
/* Stops following; what is in force stays.  NULL is fine. */
void reconcile_free(struct reconcile *r);

/* What is in force, until the loop turns again; NULL before the first pass. */
const struct model *reconcile_model(const struct reconcile *r);
struct datapath *reconcile_datapath(const struct reconcile *r);

/* Has the last change been brought into force?  False while that fails and is tried again. */
bool reconcile_is_settled(const struct reconcile *r);

/* The model in force, for people who ask. */
void reconcile_dump(const struct reconcile *r, struct buf *to);
