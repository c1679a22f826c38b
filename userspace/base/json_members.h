/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Members of a JSON object with the same name become one.  For json_parse.c.
 */
#include <stddef.h>

#include "base/error.h"

struct json_member;

/* The last value of a name takes the place of the first.  -1: out of memory. */
must_check int json_members_unite(struct json_member *members, size_t *n);
