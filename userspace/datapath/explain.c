/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/explain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "base/iothread.h"
#include "datapath/maps.h"
#include "explain.skel.h"

struct explainer_load {
	struct iothread_job job; /* first: the job is the load */
	struct explainer *e;
	struct iothread *thread;
	struct bvs_explain *skel;
	int result; /* of the job: 0 or -errno */
	bool is_done;
	bool is_told; /* to who waited for it */
};

/* What the packet path writes to, the program must have for itself.  What userspace has no
 * business with is of that kind, too. */
static bool is_shared(int id)
{
	switch (id) {
	case MAP_FDB:
	case MAP_FDB_COUNT:
	case MAP_SIGNALS:
	case MAP_PORT_STATS:
	case MAP_MIRROR_STATS:
	case MAP_SLOTS:
	case N_MAPS:
		return false;
	default:
		return true;
	}
}

/* By the name; N_MAPS: none of the table's. */
static int id_of(const struct bpf_map *map)
{
	int id = 0;

	while (id < N_MAPS && strcmp(map_name((enum map_id)id), bpf_map__name(map)))
		id++;
	return id;
}

/* The configuration that is in force, and what was learned. */
static int share(struct bvs_explain *skel, const struct maps *maps, struct error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, skel->obj)
	{
		int id = id_of(map);

		if (map == skel->maps.live_fdb)
			id = MAP_FDB;
		else if (!is_shared(id))
			continue;
		if (bpf_map__reuse_fd(map, maps->fds[id]))
			return error_errno(err, errno, "share BPF map %s", bpf_map__name(map));
	}
	return 0;
}

/* --- loading --- */

static void forget_load(struct explainer *e)
{
	struct explainer_load *l = e->load;

	if (!l)
		return;
	iothread_free(l->thread);
	bvs_explain__destroy(l->skel);
	free(l);
	e->load = NULL;
}

static void run_load(struct iothread_job *job)
{
	struct explainer_load *l = (struct explainer_load *)job;

	l->result = bvs_explain__load(l->skel);
}

static void on_load_done(struct iothread_job *job)
{
	struct explainer_load *l = (struct explainer_load *)job;

	l->is_done = true;
	if (l->e->on_loaded)
		l->e->on_loaded(l->e->on_loaded_arg);
	l->is_told = true;
}

static int begin_load(struct explainer *e, struct error *err)
{
	struct explainer_load *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	e->load = l;
	l->e = e;
	l->job = (struct iothread_job){ .run = run_load, .done = on_load_done };
	l->skel = bvs_explain__open();
	if (!l->skel)
		error_errno(err, errno, "open BPF program bvs_explain");
	else if (!share(l->skel, e->maps, err) && !iothread_new(e->loop, &l->thread, err))
		iothread_submit(l->thread, &l->job);
	if (l->thread)
		return 0;
	forget_load(e);
	return -1;
}

void explainer_open(struct explainer *e, struct loop *loop, const struct maps *maps)
{
	e->loop = loop;
	e->maps = maps;
}

void explainer_close(struct explainer *e)
{
	e->on_loaded = NULL;
	forget_load(e);
}

int explainer_ensure(struct explainer *e, struct error *err)
{
	if (e->load && e->load->is_told && e->load->result)
		forget_load(e);
	if (!e->load && begin_load(e, err))
		return -1;
	if (!e->load->is_done)
		return 1;
	return e->load->result ? error_errno(err, -e->load->result, "load BPF program bvs_explain")
			       : 0;
}

/* --- running --- */

/* What the program has learned, and had been told, is of this frame only. */
static int forget(const struct bvs_explain *skel, struct error *err)
{
	int fdb = bpf_map__fd(skel->maps.fdb), counts = bpf_map__fd(skel->maps.fdb_count);
	static const struct fdb_count none;
	struct fdb_key key;

	while (!bpf_map_get_next_key(fdb, NULL, &key)) {
		uint32_t bridge = key.bridge;

		if (bpf_map_delete_elem(fdb, &key) ||
		    bpf_map_update_elem(counts, &bridge, &none, 0))
			return error_errno(err, errno, "delete from BPF map fdb");
	}
	return 0;
}

static int read_one(const struct bpf_map *map, uint32_t i, void *ret, struct error *err)
{
	if (bpf_map_lookup_elem(bpf_map__fd(map), &i, ret))
		return error_errno(err, errno, "read BPF map %s", bpf_map__name(map));
	return 0;
}

static int read_way(const struct bvs_explain *skel, struct explained *ret, struct error *err)
{
	struct explained way = { .n = 0 };
	uint32_t n;

	if (read_one(skel->maps.explain_n, 0, &n, err))
		return -1;
	way.n = n < EXPLAIN_RECORDS ? n : EXPLAIN_RECORDS;
	way.is_cut_short = n > EXPLAIN_RECORDS;
	way.records = calloc(way.n + 1, sizeof(*way.records));
	way.patches = calloc(way.n + 1, sizeof(*way.patches));
	if (!way.records || !way.patches)
		abort();
	for (uint32_t i = 0; i < way.n; i++) {
		if (read_one(skel->maps.explain_records, i, &way.records[i], err) ||
		    (way.records[i].event == EXPLAIN_PATCH &&
		     read_one(skel->maps.explain_patches, i, &way.patches[i], err))) {
			explained_free(&way);
			return -1;
		}
	}
	*ret = way;
	return 0;
}

void explained_free(struct explained *e)
{
	free(e->records);
	free(e->patches);
	*e = (struct explained){ .n = 0 };
}

int explainer_run(const struct explainer *e, const struct explain_job *job, const void *frame,
		  size_t len, struct explained *ret, struct error *err)
{
	struct bpf_test_run_opts run = { .sz = sizeof(run),
					 .data_in = frame,
					 .data_size_in = (uint32_t)len };
	const struct bvs_explain *skel = e->load->skel;
	uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(skel->maps.explain_job), &zero, job, 0) ||
	    bpf_map_update_elem(bpf_map__fd(skel->maps.explain_n), &zero, &zero, 0))
		return error_errno(err, errno, "write BPF map explain_job");
	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.bvs_explain), &run))
		return error_errno(err, errno, "run BPF program bvs_explain");
	if (run.retval)
		return error_set(err, "internal error", "BPF program bvs_explain is at work");
	return forget(skel, err) ? -1 : read_way(skel, ret, err);
}
