/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory for objects that die together (a model, an image, a parsed request).
 * Not for the OVSDB engine's rows: their lifetimes differ.
 */
#include <stddef.h>

struct arena;

struct arena *arena_new(void); /* NULL: out of memory */
void arena_free(struct arena *a); /* and everything in it; NULL is fine */

/* Zeroed, aligned for any type.  Aborts when out of memory: for callers outside
 * the engine, where a restart loses nothing. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define arena_new_array(A, TYPE, N) ((TYPE *)arena_alloc(A, sizeof(TYPE) * (N)))
