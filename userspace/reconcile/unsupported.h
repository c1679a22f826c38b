/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Columns that are stored and served but change nothing in this switch: said in the log
 * once for each kind, so that nobody waits for an effect.
 */
struct db;
struct row;
struct schema;
struct unsupported;

struct unsupported *unsupported_new(const struct schema *schema);
void unsupported_free(struct unsupported *u); /* NULL is fine */
void unsupported_look(struct unsupported *u, const struct row *row);
void unsupported_look_at_all(struct unsupported *u, struct db *db);
