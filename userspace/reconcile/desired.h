/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Rows to model: what the configuration asks for, without a look at the machine.  Slots,
 * order and bits are allocation's, the local ports' addresses local_mac's.
 */
#include <stdbool.h>

struct columns;
struct db;
struct expressions;
struct model;
struct once;
struct sticky;
struct sticky_events;

struct desired {
	struct model *model; /* the caller's to free */
	/* What is to be written into the mirrors' rows; as long as the model. */
	const struct sticky *sticky;
	bool reads_notes; /* depends on Interface.external_ids in other keys than an identity's */
};

/* A pure function of the rows, and of what the latest commits did to mirrors' ports.
 * once: for lines in the log about values that are left aside. */
void desired_make(const struct db *db, const struct columns *c, struct once *once,
		  struct expressions *expressions, const struct sticky_events *events,
		  struct desired *ret);
