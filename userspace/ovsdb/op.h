/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One operation of a "transact" request (RFC 7047 5.2).  For transact.c.
 */
#include <stddef.h>

#include "base/error.h"

struct json;
struct op_context;

/* Before any of them is run: an "insert" with both "uuid" and "uuid-name" gives the name its
 * uuid, so that operations that come before it can refer to it. */
must_check int op_announce(struct op_context *c, const struct json *json, struct error *err);

/* Runs operation `number` (from 1) of n, appending its result.  On -1 what was appended
 * is worthless and *err is the result. */
must_check int op_run(struct op_context *c, const struct json *json, size_t number, size_t n,
		      struct error *err);
