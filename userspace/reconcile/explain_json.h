/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What would become of a frame, as JSON for programs.  switch/explain.h has it as text.
 */
struct buf;
struct explain;

void explain_put_json(struct buf *to, const struct explain *e);
