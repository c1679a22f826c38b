/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The lock beside a database file, ".<name>.~lock~", that ovsdb-server and ovsdb-tool
 * take as well: one process at a time serves or edits the file.
 */
#include "base/error.h"

struct lockfile;

/* Fails at once where another process holds it, naming that. */
must_check int lockfile_take(const char *path, struct lockfile **ret, struct error *err);
void lockfile_release(struct lockfile *l); /* the file stays; NULL is fine */
