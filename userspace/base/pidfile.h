/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A pid file as ovs-appctl wants it: held under a write lock for as long as the process
 * lives, so that a stale one is told from a live one.
 */
#include "base/error.h"

struct pidfile;

/* Fails where another process holds it, naming that. */
must_check int pidfile_new(const char *path, struct pidfile **ret, struct error *err);
void pidfile_free(struct pidfile *p); /* removes the file; NULL is fine */
