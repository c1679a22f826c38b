/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory for things that are worth one line in the log, not one at every pass.
 */
#include <stdbool.h>

struct once;

struct once *once_new(void);
void once_free(struct once *o); /* NULL is fine */
/* True the first time a text is asked for. */
bool once_first(struct once *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
