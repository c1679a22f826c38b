/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The "select" operation.  For op.c. */
#include "base/error.h"

struct op_context;
struct syntax_object;

must_check int op_select(struct op_context *c, struct syntax_object *o, struct error *err);
