/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Expressions that are compiled already.  Reconcile asks for all of them at every pass, and
 * libpcap takes 0.1 ms for each; what it makes of a text does not change.
 */
#include <stddef.h>

#include "base/error.h"

struct arena;
struct expressions;
struct filter_op;

struct expressions *expressions_new(void);
void expressions_free(struct expressions *e); /* NULL is fine */

/* As expression_compile(), which this calls for a text that it does not remember; a refused one
 * is remembered, too. */
must_check int expressions_get(struct expressions *e, const char *text, struct arena *arena,
			       const struct filter_op **ret, size_t *ret_n, struct error *err);

/* Forgets those that were not asked for since the last call. */
void expressions_forget(struct expressions *e);
