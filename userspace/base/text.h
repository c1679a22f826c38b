/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON text written straight into a buffer, as the reference server writes it: no white
 * space, reals in the fewest of 15 or 17 digits that keep the value.  For all that is sent
 * or stored.  Strings are taken as the bytes they are; only what JSON demands is escaped.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct buf;
struct json;
struct uuid;

void text_put_integer(struct buf *to, int64_t v);
void text_put_real(struct buf *to, double v);
void text_put_string(struct buf *to, const char *s);
void text_put_uuid(struct buf *to, const struct uuid *u); /* bare: without quotes */
/* Members in order of their names, so that what is equal looks the same. */
void text_put_json(struct buf *to, const struct json *json);
/* The same as a string that the caller frees; NULL: out of memory. */
char *text_of_json(const struct json *json);
/* ,"name":value: members of an object that is put together by hand, but for its first one. */
void text_member_string(struct buf *to, const char *name, const char *value);
void text_member_number(struct buf *to, const char *name, uint64_t value);
void text_member_bool(struct buf *to, const char *name, bool value);
/* {"details":..,"error":..,"syntax":..}, as it stands in replies. */
void text_put_error(struct buf *to, const struct error *err);
