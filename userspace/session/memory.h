/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * "memory/show": what there is of the things that take memory.  Names and meanings are
 * ovsdb-server's.
 */
struct buf;
struct host;

/* "atoms:N cells:N ..."; walks through all rows. */
void memory_put(const struct host *h, struct buf *to);
