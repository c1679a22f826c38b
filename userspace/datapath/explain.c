/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/explain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/maps.h"
#include "explain.skel.h"

void explainer_close(struct explainer *e)
{
	bvs_explain__destroy(e->skel);
	e->skel = NULL;
}

/* What the program must have for itself: everything that the packet path writes to. */
static bool is_private(const struct bvs_explain *skel, const struct bpf_map *map)
{
	const struct bpf_map *const own[] = {
		skel->maps.fdb,	    skel->maps.fdb_count,	skel->maps.port_stats,
		skel->maps.work,    skel->maps.mirror_stats,	skel->maps.scratch,
		skel->maps.signals, skel->maps.explain_job,	skel->maps.explain_n,
		skel->maps.slots,   skel->maps.explain_records,
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (own[i] == map)
			return true;
	}
	return bpf_map__is_internal(map);
}

/* The switch's own maps, by the names that they have there, too. */
static int share(struct bvs_explain *skel, const struct maps *maps, struct error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj)
	{
		const char *name = bpf_map__name(map);
		int id = 0;

		if (is_private(skel, map))
			continue;
		if (map == skel->maps.live_fdb)
			name = map_name(MAP_FDB);
		while (id < N_MAPS && strcmp(map_name((enum map_id)id), name))
			id++;
		if (id == N_MAPS)
			return error_set(err, "internal error", "no BPF map %s to share", name);
		if (bpf_map__reuse_fd(map, maps->fds[id]))
			return error_errno(err, errno, "share BPF map %s", name);
	}
	return 0;
}

static int load(struct explainer *e, const struct maps *maps, struct error *err)
{
	struct bvs_explain *skel = bvs_explain__open();
	int failed;

	if (!skel)
		return error_errno(err, errno, "open BPF program bvs_explain");
	failed = share(skel, maps, err);
	if (!failed) {
		failed = bvs_explain__load(skel);
		if (failed)
			failed = error_errno(err, -failed, "load BPF program bvs_explain");
	}
	if (failed) {
		bvs_explain__destroy(skel);
		return -1;
	}
	e->skel = skel;
	return 0;
}

static int read_records(const struct bvs_explain *skel, struct explain_record **ret, size_t *ret_n,
			struct error *err)
{
	struct explain_record *list;
	uint32_t zero = 0, n;

	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.explain_n), &zero, &n))
		return error_errno(err, errno, "read BPF map explain_n");
	if (n > EXPLAIN_RECORDS)
		n = EXPLAIN_RECORDS;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		abort();
	for (uint32_t i = 0; i < n; i++) {
		if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.explain_records), &i, &list[i])) {
			free(list);
			return error_errno(err, errno, "read BPF map explain_records");
		}
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int explainer_run(struct explainer *e, const struct maps *maps, const struct explain_job *job,
		  const void *frame, size_t len, struct explain_record **ret, size_t *ret_n,
		  struct error *err)
{
	struct bpf_test_run_opts run = { .sz = sizeof(run),
					 .data_in = frame,
					 .data_size_in = (uint32_t)len };
	const struct bvs_explain *skel;
	uint32_t zero = 0;

	if (!e->skel && load(e, maps, err))
		return -1;
	skel = e->skel;
	if (bpf_map_update_elem(bpf_map__fd(skel->maps.explain_job), &zero, job, 0) ||
	    bpf_map_update_elem(bpf_map__fd(skel->maps.explain_n), &zero, &zero, 0))
		return error_errno(err, errno, "write BPF map explain_job");
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.bvs_explain), &run))
		return error_errno(err, errno, "run BPF program bvs_explain");
	if (run.retval)
		return error_set(err, "internal error", "BPF program bvs_explain is at work");
	return read_records(skel, ret, ret_n, err);
}
