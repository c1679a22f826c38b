/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The model as text, one line per object: for tests and for people who ask the daemon.
 */
struct buf;
struct model;

void dump_model(struct buf *to, const struct model *model);
