/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/sweep.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "datapath/fdb.h"
#include "datapath/maps.h"

enum {
	SLICE = 2048, /* entries looked at without a pause */
	PAUSE_MS = 20,
	PERIOD_MS = 2000,
};

static bool is_empty(const struct sweep *s)
{
	for (int i = 0; i < BRIDGE_SLOTS; i++) {
		if (__atomic_load_n(&s->fdb->counts[i].entries, __ATOMIC_RELAXED))
			return false;
	}
	return true;
}

/* What cannot be deleted stays for the next round. */
static void look_at(const struct sweep *s, const struct fdb_key *key, const struct fdb_value *value,
		    uint32_t now)
{
	enum fdb_state state = fdb_state_of(s->fdb, key, value, now);

	if (state == FDB_LIVE || !fdb_remove(s->fdb, key))
		return;
	if (state == FDB_EXPIRED)
		__atomic_fetch_add(&s->fdb->counts[key->bridge].expired, 1, __ATOMIC_RELAXED);
}

static void look_at_slice(struct sweep *s, uint32_t now)
{
	const struct fdb_key *keys = s->keys;
	const struct fdb_value *values = s->values;
	__u32 n = SLICE, next;
	int failed;

	failed = bpf_map_lookup_batch(s->fdb->maps->fds[MAP_FDB],
				      s->is_under_way ? &s->cursor : NULL, &next, s->keys,
				      s->values, &n, NULL);
	s->is_under_way = !failed;
	if (failed && errno != ENOENT)
		n = 0;
	s->cursor = next;
	for (__u32 i = 0; i < n; i++)
		look_at(s, &keys[i], &values[i], now);
}

static void tick(void *arg)
{
	struct sweep *s = arg;
	uint32_t now;

	if ((s->is_under_way || !is_empty(s)) && fdb_now(s->fdb, &now))
		look_at_slice(s, now);
	loop_timer_start(s->loop, &s->timer, s->is_under_way ? PAUSE_MS : PERIOD_MS, 0, tick, s);
}

void sweep_open(struct sweep *s, struct loop *loop, const struct fdb *fdb)
{
	memset(s, 0, sizeof(*s));
	s->fdb = fdb;
	s->loop = loop;
	s->keys = calloc(SLICE, sizeof(struct fdb_key));
	s->values = calloc(SLICE, sizeof(struct fdb_value));
	if (!s->keys || !s->values)
		abort();
	loop_timer_start(loop, &s->timer, PERIOD_MS, 0, tick, s);
}

void sweep_close(struct sweep *s)
{
	if (!s->fdb)
		return;
	loop_timer_stop(&s->timer);
	free(s->keys);
	free(s->values);
	memset(s, 0, sizeof(*s));
}
