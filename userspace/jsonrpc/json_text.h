/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writes a json_t as the reference server writes it: no white space, whole reals as
 * integers, other reals in the fewest of 15 or 17 digits that keep the value.  For what
 * a client gave us and gets back: ids, echo, the "syntax" of an error.
 */
#include <jansson.h>

struct buf;

void json_text_put(struct buf *to, const json_t *json);
void json_text_put_string(struct buf *to, const char *s, size_t len);
