/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * All remotes of a server: those of the command line and of ovs-appctl, and those that
 * databases ask for ("db:DB,TABLE,COLUMN"), which come and go with the rows and are told
 * there how they fare.  Also where the TLS keys come from.
 */
#include <stdbool.h>

#include "base/error.h"

struct buf;
struct change_list;
struct host;
struct key_names;
struct remotes;

struct remotes *remotes_new(struct host *h); /* NULL: out of memory */
void remotes_free(struct remotes *r); /* ends all sessions; NULL is fine */

must_check int remotes_set_keys(struct remotes *r, const struct key_names *names,
				struct error *err);

/* One that is there already: nothing happens. */
must_check int remotes_add(struct remotes *r, const char *name, struct error *err);
must_check int remotes_remove(struct remotes *r, const char *name, struct error *err);
void remotes_put_names(const struct remotes *r, struct buf *to); /* sorted, one a line */

/* A commit, or a database that came or went (changes NULL). */
void remotes_note(struct remotes *r, const struct change_list *changes);
/* At the end of each turn: does what the notes ask for.  May commit. */
void remotes_run(struct remotes *r);
