/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What commits did to the ports that mirrors are bound to and what the record in the
 * mirror's row does not say yet: between two passes a port may be selected, go away and
 * come back, or be taken out by a client and then deleted.  Fed by reconcile with every
 * client's commit, read by sticky, forgotten when the record has been written.
 */
#include "base/uuid.h"

struct arena;
struct binding;
struct change_list;
struct columns;
struct db;
struct sticky_events;

struct sticky_events *sticky_events_new(void);
void sticky_events_free(struct sticky_events *e); /* NULL is fine */

/* From inside the commit. */
void sticky_events_note(struct sticky_events *e, const struct db *db, const struct columns *c,
			const struct change_list *changes);
/* Brings a mirror's record up to date; the strings it adds are the events'. */
void sticky_events_apply(const struct sticky_events *e, const struct uuid *mirror,
			 struct arena *arena, struct binding *record);
void sticky_events_forget(struct sticky_events *e);
