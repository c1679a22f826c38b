/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/evict.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "abi.h"
#include "datapath/apply.h"
#include "datapath/fdb.h"
#include "datapath/image.h"
#include "datapath/maps.h"
#include "datapath/victims.h"

/* Of the processor, at most one part in so many is spent here. */
enum { SHARE = 4, AGAIN_MS = 5 };

/* By how much a bridge is above its limit. */
static uint64_t excess_of(const struct fdb *f, uint32_t bridge)
{
	const struct bridge_config *config = image_get(f->applier->active, IMAGE_BRIDGES, bridge);
	uint64_t n = __atomic_load_n(&f->counts[bridge].entries, __ATOMIC_RELAXED);

	return config && n > config->fdb_max ? n - config->fdb_max : 0;
}

/* The entries of one bridge. */
struct round {
	const struct fdb *fdb;
	uint32_t bridge;
	uint32_t now;
	struct victim *victims;
	struct fdb_key *keys;
	size_t n, room;
};

static void grow(struct round *r)
{
	r->room = r->room ? r->room * 2 : 1024;
	r->victims = reallocarray(r->victims, r->room, sizeof(*r->victims));
	r->keys = reallocarray(r->keys, r->room, sizeof(*r->keys));
	if (!r->victims || !r->keys)
		abort();
}

/* Those that count no more are not among the bridge's either, but have their place still:
 * they are the first to go. */
static void collect(void *arg, const void *key_, const void *value_)
{
	const struct fdb_value *value = value_;
	const struct fdb_key *key = key_;
	struct round *r = arg;

	if (key->bridge != r->bridge)
		return;
	if (r->n == r->room)
		grow(r);
	r->keys[r->n] = *key;
	r->victims[r->n] = (struct victim){ .port = (uint32_t)value->port,
					    .age = fdb_age(value, r->now),
					    .index = r->n };
	if (fdb_state_of(r->fdb, key, value, r->now) != FDB_LIVE)
		r->victims[r->n].age = UINT32_MAX;
	r->n++;
}

static void take_out(struct round *r)
{
	struct fdb_count *count = &r->fdb->counts[r->bridge];
	size_t n_live = 0;
	uint64_t excess;

	for (size_t i = 0; i < r->n; i++) {
		if (r->victims[i].age == UINT32_MAX)
			fdb_remove(r->fdb, &r->keys[r->victims[i].index]);
		else
			r->victims[n_live++] = r->victims[i];
	}
	excess = excess_of(r->fdb, r->bridge);
	if (excess > n_live)
		excess = n_live;
	victims_first(r->victims, n_live, excess);
	for (size_t i = 0; i < excess; i++) {
		if (fdb_remove(r->fdb, &r->keys[r->victims[i].index]))
			__atomic_fetch_add(&count->evicted, 1, __ATOMIC_RELAXED);
	}
}

static void evict_from(const struct fdb *fdb, uint32_t bridge)
{
	struct round r = { .fdb = fdb, .bridge = bridge };

	/* What cannot be read now is looked at again with the next signal or check. */
	if (fdb_now(fdb, &r.now) && !map_each(fdb->maps, MAP_FDB, collect, &r, NULL))
		take_out(&r);
	free(r.victims);
	free(r.keys);
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* Frames may have brought more while we were at it, so that the limit was never crossed anew
 * and no signal comes. */
static bool has_excess(const struct fdb *f)
{
	for (uint32_t bridge = 1; bridge < BRIDGE_SLOTS; bridge++) {
		if (excess_of(f, bridge))
			return true;
	}
	return false;
}

static void run(void *arg)
{
	struct evict *e = arg;
	int64_t now = clock_ms(CLOCK_MONOTONIC), spent = clock_ms(CLOCK_THREAD_CPUTIME_ID);

	if (now < e->not_before_ms) {
		loop_timer_start(e->loop, &e->timer, e->not_before_ms - now, 0, run, e);
		return;
	}
	for (uint32_t bridge = 1; bridge < BRIDGE_SLOTS; bridge++) {
		if (excess_of(e->fdb, bridge))
			evict_from(e->fdb, bridge);
	}
	/* Of our own time: that others are busy too is no reason to be late. */
	spent = clock_ms(CLOCK_THREAD_CPUTIME_ID) - spent;
	e->not_before_ms = now + spent + spent * SHARE;
	if (has_excess(e->fdb))
		loop_timer_start(e->loop, &e->timer, spent * SHARE + AGAIN_MS, 0, run, e);
}

void evict_check(struct evict *e)
{
	run(e);
}

static int on_signal(void *arg, void *data, size_t len)
{
	struct evict *e = arg;

	(void)data, (void)len;
	e->is_due = true;
	return 0;
}

/* Which bridge it was does not matter: all are asked. */
static void on_readable(void *arg, int events)
{
	struct evict *e = arg;

	(void)events;
	ring_buffer__consume(e->signals);
	if (e->is_due)
		run(e);
	e->is_due = false;
}

int evict_open(struct evict *e, struct loop *loop, const struct fdb *fdb, struct error *err)
{
	memset(e, 0, sizeof(*e));
	e->fdb = fdb;
	e->loop = loop;
	e->signals = ring_buffer__new(fdb->maps->fds[MAP_SIGNALS], on_signal, e, NULL);
	if (!e->signals)
		return error_errno(err, errno, "map BPF map signals");
	loop_io_start(loop, &e->io, ring_buffer__epoll_fd(e->signals), LOOP_READ, on_readable, e);
	return 0;
}

void evict_close(struct evict *e)
{
	loop_io_stop(&e->io);
	loop_timer_stop(&e->timer);
	ring_buffer__free(e->signals);
	memset(e, 0, sizeof(*e));
}
