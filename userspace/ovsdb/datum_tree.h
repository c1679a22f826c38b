/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Changing one element of a datum by copying the path to it: O(log n) in time and
 * memory, the rest is shared with the version before.  For datum_math.c.
 */
struct datum;
struct datum_pair;
union atom;

/* Adds or replaces; a new count of d itself where nothing changes is not looked for.
 * NULL: out of memory. */
struct datum *datum_tree_put(const struct datum *d, const struct datum_pair *pair);
struct datum *datum_tree_delete(const struct datum *d, const union atom *key);
