/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a select has found: row versions, held until their text is written.  A big one is
 * written piece by piece, while others commit.  Made by op_select, read by transact.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct column;
struct row;

struct selection {
	struct selection *next; /* of the same reply */
	size_t at; /* where in the reply's text its rows belong */
	const struct row **rows; /* counted, from n_put on */
	size_t n, n_put;
	const struct column **columns;
	size_t n_columns;
};

/* Takes the arrays; counts the rows.  NULL: out of memory, the arrays stay the caller's. */
struct selection *selection_new(const struct row **rows_take, size_t n,
				const struct column **columns_take, size_t n_columns);
void selection_free(struct selection *s); /* NULL is fine */
void selection_free_all(struct selection *first);

/* Appends more rows, until all are written or about max bytes are.  True: that was all. */
bool selection_put(struct selection *s, struct buf *to, size_t max);
