/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The JSON text of a row's columns.
 */
#include <stdbool.h>

struct buf;
struct column;
struct row;

/* "column":value, after a comma unless it is the first.  Of any column. */
void row_put_member(struct buf *to, const struct row *row, const struct column *c, bool is_first);
