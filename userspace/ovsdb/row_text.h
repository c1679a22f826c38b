/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The JSON text of a row's columns.
 */
#include <stdbool.h>

struct buf;
struct column;
struct row;

/* "column": after a comma unless it is the first. */
void row_put_name(struct buf *to, const struct column *c, bool is_first);
/* "column":value, after a comma unless it is the first.  Of any column. */
void row_put_member(struct buf *to, const struct row *row, const struct column *c, bool is_first);
