/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * tcpdump's expressions, compiled by libpcap.  Called by expressions.h.
 */
#include <stddef.h>

#include "base/error.h"

struct arena;
struct filter_op;

/* *ret is in the arena.  The same text gives the same instructions: names of hosts and
 * networks, which are looked up elsewhere and take their time, are refused. */
must_check int expression_compile(const char *text, struct arena *arena,
				  const struct filter_op **ret, size_t *ret_n, struct error *err);
