/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Names in the instance's directory on the bpffs.  All by the directory's descriptor, so
 * that nothing depends on the path staying mounted where it was.
 */
#include <stdbool.h>

/* An object's new descriptor, or -1 and errno. */
int pins_get(int dir, const char *name);
/* -1 and errno.  pins_replace(): the name changes hands at once. */
int pins_put(int dir, const char *name, int fd);
int pins_replace(int dir, const char *name, int fd);
bool pins_has(int dir, const char *name);
int pins_remove(int dir, const char *name); /* a missing one is fine */
/* Every name; the callback may remove it.  -1 and errno. */
int pins_each(int dir, void (*cb)(void *arg, const char *name), void *arg);
