/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The programs' counters: each processor has its own, here they are added up.
 */
#include <stdint.h>

#include "base/error.h"

struct maps;
struct mirror_stats;
struct port_stats;

must_check int counters_port(const struct maps *maps, uint32_t slot, struct port_stats *ret,
			     struct error *err);
must_check int counters_mirror(const struct maps *maps, uint32_t slot, struct mirror_stats *ret,
			       struct error *err);
must_check int counters_zero_port(const struct maps *maps, uint32_t slot, struct error *err);
must_check int counters_zero_mirror(const struct maps *maps, uint32_t slot, struct error *err);
