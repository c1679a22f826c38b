/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON text written straight into a buffer, for all that the engine sends or stores.
 * Strings are taken as the UTF-8 they are; only what JSON demands is escaped.
 */
#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

struct buf;
struct uuid;

void text_put_integer(struct buf *to, int64_t v);
/* 15 significant digits where that is exact, else 17. */
void text_put_real(struct buf *to, double v);
void text_put_string(struct buf *to, const char *s);
void text_put_uuid(struct buf *to, const struct uuid *u); /* bare: without quotes */
/* Members in order of their names. */
void text_put_json(struct buf *to, const json_t *json);
/* {"details":..,"error":..,"syntax":..}, as it stands in replies. */
void text_put_error(struct buf *to, const struct error *err);
