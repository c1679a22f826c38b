/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reads JSON text.  All nodes and strings of a text are in one region that is freed at
 * once, so that reading costs little more than looking at each byte.  For whoever reads
 * what clients send and files hold.
 *
 * What is accepted is what the reference OVSDB server accepts: strings are taken as the
 * bytes they are, UTF-8 or not; of duplicate members the last counts; a number whose value
 * is an integer of 64 bits is one, however it is written, all others are reals.
 */
#include <stddef.h>

#include "base/error.h"

#define JSON_MAX_DEPTH 1000 /* deeper nesting is refused */

struct json_doc;

/* Exactly one value, of any type, with white space around it.  The text stays the caller's.
 * *ret is counted; see json_doc.h. */
must_check int json_parse(const char *text, size_t len, struct json_doc **ret, struct error *err);
