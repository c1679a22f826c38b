/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A mirror's filter to the instructions that the packet programs run.
 */
#include <stdbool.h>

#include "base/error.h"

struct filters;
struct mirror_config;
struct model_mirror;

/* Sets filter and filter_len, after filters_begin(). */
must_check int compile_filter(const struct model_mirror *mirror, struct filters *filters,
			      struct mirror_config *config, struct error *err);

/* False: the mirror's filter is no good, and there is no earlier one to go by. */
bool compile_filter_is_usable(const struct model_mirror *mirror, const struct filters *filters);
