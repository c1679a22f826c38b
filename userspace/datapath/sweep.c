/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/sweep.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "datapath/apply.h"
#include "datapath/image.h"
#include "datapath/maps.h"

enum {
	SLICE = 2048, /* entries looked at without a pause */
	PAUSE_MS = 20,
	PERIOD_MS = 2000,
	COUNTS_SIZE = BRIDGE_SLOTS * sizeof(uint64_t),
};

/* The coarse clocks tick with the jiffies. */
uint32_t sweep_hz(void)
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

/* The lower half of the kernel's jiffies: enough for ages of up to weeks. */
static bool read_clock(const struct sweep *s, uint32_t *ret)
{
	char frame[64] = { 0 };
	struct bpf_test_run_opts run = { .sz = sizeof(run),
					 .data_in = frame,
					 .data_size_in = sizeof(frame) };

	if (bpf_prog_test_run_opts(s->clock, &run))
		return false;
	*ret = run.retval;
	return true;
}

static bool is_dead(const struct sweep *s, const struct fdb_key *key, const struct fdb_value *value,
		    uint32_t now)
{
	const struct image *image = s->applier->active;
	const struct bridge_config *bridge = image_get(image, IMAGE_BRIDGES, key->bridge);
	const struct port_config *port = image_get(image, IMAGE_PORTS, (uint32_t)value->port);
	int32_t age = (int32_t)(now - (uint32_t)value->seen);

	if (!bridge || !port || port->bridge != key->bridge ||
	    port->generation != value->port >> 32)
		return true;
	/* A second later than the programs: they may just be refreshing it. */
	return age > 0 && (uint64_t)age > bridge->ageing + s->hz;
}

static void remove_entry(const struct sweep *s, const struct fdb_key *key)
{
	/* What cannot be deleted stays for the next round. */
	if (bpf_map_delete_elem(s->maps->fds[MAP_FDB], key))
		return;
	if (key->bridge < BRIDGE_SLOTS)
		__atomic_fetch_sub(&s->counts[key->bridge], 1, __ATOMIC_RELAXED);
}

static bool is_empty(const struct sweep *s)
{
	for (int i = 0; i < BRIDGE_SLOTS; i++) {
		if (__atomic_load_n(&s->counts[i], __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

static void look_at_slice(struct sweep *s, uint32_t now)
{
	const struct fdb_key *keys = s->keys;
	const struct fdb_value *values = s->values;
	__u32 n = SLICE, next;
	int failed;

	failed = bpf_map_lookup_batch(s->maps->fds[MAP_FDB], s->is_under_way ? &s->cursor : NULL,
				      &next, s->keys, s->values, &n, NULL);
	s->is_under_way = !failed;
	if (failed && errno != ENOENT)
		n = 0;
	s->cursor = next;
	for (__u32 i = 0; i < n; i++) {
		if (is_dead(s, &keys[i], &values[i], now))
			remove_entry(s, &keys[i]);
	}
}

static void tick(void *arg)
{
	struct sweep *s = arg;
	uint32_t now;

	if ((s->is_under_way || !is_empty(s)) && read_clock(s, &now))
		look_at_slice(s, now);
	loop_timer_start(s->loop, &s->timer, s->is_under_way ? PAUSE_MS : PERIOD_MS, 0, tick, s);
}

int sweep_open(struct sweep *s, struct loop *loop, const struct maps *maps,
	       const struct applier *applier, struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->maps = maps;
	s->applier = applier;
	s->loop = loop;
	s->hz = sweep_hz();
	s->clock = load_clock();
	if (s->clock < 0)
		return error_errno(err, errno, "load BPF program bvs_clock");
	s->counts = mmap(NULL, COUNTS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 maps->fds[MAP_FDB_COUNT], 0);
	if (s->counts == MAP_FAILED) {
		s->counts = NULL;
		return error_errno(err, errno, "map BPF map fdb_count");
	}
	s->keys = calloc(SLICE, sizeof(struct fdb_key));
	s->values = calloc(SLICE, sizeof(struct fdb_value));
	if (!s->keys || !s->values)
		abort();
	loop_timer_start(loop, &s->timer, PERIOD_MS, 0, tick, s);
	return 0;
}

void sweep_close(struct sweep *s)
{
	if (!s->maps)
		return;
	loop_timer_stop(&s->timer);
	if (s->counts)
		munmap(s->counts, COUNTS_SIZE);
	if (s->clock >= 0)
		close(s->clock);
	free(s->keys);
	free(s->values);
	memset(s, 0, sizeof(*s));
}
