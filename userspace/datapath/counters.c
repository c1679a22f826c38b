/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/counters.h"

#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/maps.h"

/* Both records are rows of 64-bit counters. */
enum { MAX_COUNTERS = 32 };
static_assert(sizeof(struct port_stats) <= MAX_COUNTERS * sizeof(uint64_t), "fits");
static_assert(sizeof(struct mirror_stats) <= MAX_COUNTERS * sizeof(uint64_t), "fits");

static int read_sum(const struct maps *maps, enum map_id id, uint32_t slot, uint64_t *ret,
		    size_t size, struct error *err)
{
	size_t n = size / sizeof(uint64_t);
	int n_cpus = libbpf_num_possible_cpus(), failed;
	uint64_t *values;

	if (n_cpus < 1)
		return error_set(err, "I/O error", "the number of processors is unknown");
	values = calloc((size_t)n_cpus, size);
	if (!values)
		abort();
	failed = map_get(maps, id, &slot, values, err);
	memset(ret, 0, size);
	for (size_t i = 0; i < n * (size_t)n_cpus && !failed; i++)
		ret[i % n] += values[i];
	free(values);
	return failed;
}

static int zero(const struct maps *maps, enum map_id id, uint32_t slot, size_t size,
		struct error *err)
{
	int n_cpus = libbpf_num_possible_cpus(), failed;
	void *values = calloc((size_t)(n_cpus > 0 ? n_cpus : 1), size);

	if (!values)
		abort();
	failed = n_cpus < 1 ? error_set(err, "I/O error", "the number of processors is unknown")
			    : map_put(maps, id, &slot, values, err);
	free(values);
	return failed;
}

int counters_port(const struct maps *maps, uint32_t slot, struct port_stats *ret, struct error *err)
{
	return read_sum(maps, MAP_PORT_STATS, slot, (uint64_t *)ret, sizeof(*ret), err);
}

int counters_mirror(const struct maps *maps, uint32_t slot, struct mirror_stats *ret,
		    struct error *err)
{
	return read_sum(maps, MAP_MIRROR_STATS, slot, (uint64_t *)ret, sizeof(*ret), err);
}

int counters_zero_port(const struct maps *maps, uint32_t slot, struct error *err)
{
	return zero(maps, MAP_PORT_STATS, slot, sizeof(struct port_stats), err);
}

int counters_zero_mirror(const struct maps *maps, uint32_t slot, struct error *err)
{
	return zero(maps, MAP_MIRROR_STATS, slot, sizeof(struct mirror_stats), err);
}
