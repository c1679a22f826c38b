/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/fdb.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "datapath/apply.h"
#include "datapath/image.h"
#include "datapath/maps.h"

enum { COUNTS_SIZE = BRIDGE_SLOTS * sizeof(struct fdb_count) };

/* The coarse clocks tick with the jiffies. */
uint32_t fdb_hz(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || !tick.tv_nsec)
		return 100;
	return (uint32_t)((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

static int load_clock(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_jiffies64 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "bvs_clock", "Dual BSD/GPL", code,
			     sizeof(code) / sizeof(code[0]), NULL);
}

int fdb_open(struct fdb *f, const struct maps *maps, const struct applier *applier,
	     struct error *err)
{
	memset(f, 0, sizeof(*f));
	f->maps = maps;
	f->applier = applier;
	f->hz = fdb_hz();
	f->clock = load_clock();
	if (f->clock < 0)
		return error_errno(err, errno, "load BPF program bvs_clock");
	f->counts = mmap(NULL, COUNTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 maps->fds[MAP_FDB_COUNT], 0);
	if (f->counts == MAP_FAILED) {
		f->counts = NULL;
		return error_errno(err, errno, "map BPF map fdb_count");
	}
	return 0;
}

void fdb_close(struct fdb *f)
{
	if (!f->maps)
		return;
	if (f->counts)
		munmap(f->counts, COUNTS_SIZE);
	if (f->clock >= 0)
		close(f->clock);
	memset(f, 0, sizeof(*f));
}

bool fdb_now(const struct fdb *f, uint32_t *ret)
{
	char frame[64] = { 0 };
	struct bpf_test_run_opts run = { .sz = sizeof(run),
					 .data_in = frame,
					 .data_size_in = sizeof(frame) };

	if (bpf_prog_test_run_opts(f->clock, &run))
		return false;
	*ret = run.retval;
	return true;
}

uint32_t fdb_age(const struct fdb_value *value, uint32_t now)
{
	int32_t age = (int32_t)(now - (uint32_t)value->seen);

	return age > 0 ? (uint32_t)age : 0;
}

enum fdb_state fdb_state_of(const struct fdb *f, const struct fdb_key *key,
			    const struct fdb_value *value, uint32_t now)
{
	const struct image *image = f->applier->active;
	const struct bridge_config *bridge = image_get(image, IMAGE_BRIDGES, key->bridge);
	const struct port_config *port = image_get(image, IMAGE_PORTS, (uint32_t)value->port);

	if (!bridge || !port || port->bridge != key->bridge ||
	    port->generation != value->port >> 32)
		return FDB_VOID;
	/* A second later than the programs: they may just be refreshing it. */
	if (value->seen < FDB_STATIC && fdb_age(value, now) > bridge->ageing + f->hz)
		return FDB_EXPIRED;
	return FDB_LIVE;
}

bool fdb_remove(const struct fdb *f, const struct fdb_key *key)
{
	if (bpf_map_delete_elem(f->maps->fds[MAP_FDB], key))
		return false;
	if (key->bridge < BRIDGE_SLOTS)
		__atomic_fetch_sub(&f->counts[key->bridge].entries, 1, __ATOMIC_RELAXED);
	return true;
}
