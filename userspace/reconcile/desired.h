/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Rows to model: what the configuration asks for, without a look at the machine.  Slots,
 * order and bits are allocation's, the local ports' addresses local_mac's.
 */
struct columns;
struct db;
struct model;
struct once;

/* once: for lines in the log about values that are left aside. */
struct model *desired_make(const struct db *db, const struct columns *c, struct once *once);
