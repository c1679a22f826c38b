/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/datapath.h"

#include <stdlib.h>
#include <string.h>

#include "datapath/compile.h"
#include "datapath/handle.h"
#include "datapath/image.h"

static int put_settings(struct datapath *dp, const struct settings *wanted, struct error *err)
{
	uint32_t zero = 0;

	if (!memcmp(&dp->settings, wanted, sizeof(*wanted)))
		return 0;
	if (map_put(&dp->maps, MAP_SETTINGS, &zero, wanted, err))
		return -1;
	dp->settings = *wanted;
	return 0;
}

static int open_settings(struct datapath *dp, struct error *err)
{
	struct settings wanted;
	uint32_t zero = 0;

	if (map_get(&dp->maps, MAP_SETTINGS, &zero, &dp->settings, err))
		return -1;
	wanted = dp->settings;
	if (!wanted.abi_version) {
		wanted.abi_version = ABI_VERSION;
		wanted.next_generation = 1;
	}
	if (wanted.abi_version != ABI_VERSION)
		return error_set(err, "I/O error",
				 "%s holds the datapath of another version (layout %u, not %d); "
				 "take it down first, by that version's bvsd --datapath-down",
				 dp->instance.path, wanted.abi_version, ABI_VERSION);
	return put_settings(dp, &wanted, err);
}

/* The devices that clones are sent to, with the programs that work on them; at the other end of
 * the first marks come in. */
static int open_reentry(struct datapath *dp, struct error *err)
{
	struct settings wanted = dp->settings;

	wanted.reentry_ifindex = dp->devices.pairs.reentry;
	wanted.segment_ifindex = dp->tunnels.segmenter.in;
	wanted.mark_ifindex = dp->devices.pairs.reentry_end;
	if (attach_add(&dp->attached, wanted.reentry_ifindex, PROGRAM_REENTRY, "for re-entry",
		       err) ||
	    attach_add(&dp->attached, wanted.mark_ifindex, PROGRAM_INGRESS, "for marks", err))
		return -1;
	return put_settings(dp, &wanted, err);
}

static void on_link(void *arg, uint32_t slot, const struct compile_device *view)
{
	struct datapath *dp = arg;

	apply_port_up(&dp->applier, slot, view->ifindex, view->is_up);
}

static void on_route(void *arg)
{
	devices_tell(&((struct datapath *)arg)->devices);
}

static int open_all(struct datapath *dp, struct loop *loop, const struct datapath_options *options,
		    struct error *err)
{
	if (instance_open(options->bpffs, options->owner, &dp->instance, err))
		return -1;
	dp->maps.dir = dp->instance.dir;
	explainer_open(&dp->explainer, loop, &dp->maps);
	if (programs_open(&dp->programs, &dp->instance, &dp->maps, err) || open_settings(dp, err) ||
	    held_open(&dp->held, &dp->maps, err))
		return -1;
	/* It listens for devices before links are looked at: no loss goes unheard. */
	if (devices_open(&dp->devices, loop, &dp->instance, &dp->held, &dp->attached, err) ||
	    attach_open(&dp->attached, &dp->instance, &dp->programs, &dp->held, options->no_tcx,
			err) ||
	    programs_commit(&dp->programs, &dp->instance, err))
		return -1;
	tunnels_open(&dp->tunnels, loop, &dp->instance, dp->devices.netdevs, &dp->attached,
		     on_route, dp);
	if (prefilter_open(&dp->tunnels.prefilter, &dp->instance, &dp->programs, err))
		return -1;
	dp->devices.on_link = on_link;
	dp->devices.on_link_arg = dp;
	if (apply_open(&dp->applier, &dp->maps, err) ||
	    fdb_open(&dp->fdb, &dp->maps, &dp->applier, err) ||
	    evict_open(&dp->evict, loop, &dp->fdb, err))
		return -1;
	sweep_open(&dp->sweep, loop, &dp->fdb);
	return 0;
}

int datapath_open(struct loop *loop, const struct datapath_options *options, struct datapath **ret,
		  struct error *err)
{
	struct datapath *dp = calloc(1, sizeof(*dp));

	if (!dp)
		abort();
	dp->instance.dir = dp->instance.owner_fd = -1;
	maps_init(&dp->maps, -1);
	programs_init(&dp->programs);
	dp->hz = fdb_hz();
	if (open_all(dp, loop, options, err)) {
		datapath_close(dp);
		return -1;
	}
	*ret = dp;
	return 0;
}

static void stop_fdb(struct datapath *dp)
{
	sweep_close(&dp->sweep);
	evict_close(&dp->evict);
}

void datapath_close(struct datapath *dp)
{
	if (!dp)
		return;
	stop_fdb(dp);
	fdb_close(&dp->fdb);
	explainer_close(&dp->explainer);
	apply_close(&dp->applier);
	tunnels_close(&dp->tunnels);
	devices_close(&dp->devices);
	attach_close(&dp->attached);
	held_close(&dp->held);
	programs_close(&dp->programs);
	maps_close(&dp->maps);
	instance_close(&dp->instance);
	free(dp);
}

int datapath_remove(struct datapath *dp, struct error *err)
{
	if (dp->is_removed)
		return 0;
	stop_fdb(dp);
	if (tunnels_remove_all(&dp->tunnels, err) || devices_remove_all(&dp->devices, err) ||
	    instance_remove(&dp->instance, err))
		return -1;
	dp->is_removed = true;
	return 0;
}

void datapath_on_change(struct datapath *dp, void (*cb)(void *arg), void *arg)
{
	dp->devices.on_change = cb;
	dp->devices.on_change_arg = arg;
}

static bool is_port(void *arg, uint32_t ifindex)
{
	return attach_has(&((struct datapath *)arg)->attached, ifindex, PROGRAM_INGRESS);
}

static int compile_all(struct datapath *dp, const struct model *model, struct image **ret,
		       struct error *err)
{
	struct compile_host host = { .devices = dp->devices.view, .hz = dp->hz };

	host.has_gre = dp->tunnels.is_host_tunnelling;
	for (const struct tunnel *t = dp->tunnels.all; t; t = t->hh.next)
		dp->devices.view[t->slot].route = &t->route;
	return compile(model, &host, dp->applier.sets, dp->applier.filters, ret, err);
}

static int apply(struct datapath *dp, const struct model *model, struct error *err)
{
	struct image *wanted;

	devices_update(&dp->devices, model);
	if (tunnels_update(&dp->tunnels, model, err) || open_reentry(dp, err) ||
	    apply_begin(&dp->applier, err) || compile_all(dp, model, &wanted, err) ||
	    apply_image_take(&dp->applier, wanted, err))
		return -1;
	/* A table's size may be less than it was. */
	evict_check(&dp->evict);
	/* No frame meets a port that is not configured: programs come last and go first. */
	devices_attach(&dp->devices);
	if (tunnels_attach(&dp->tunnels, model, is_port, dp, err))
		return -1;
	return devices_release(&dp->devices, err);
}

int datapath_apply(struct datapath *dp, const struct model *model, struct error *err)
{
	int failed;

	if (dp->is_removed)
		return error_set(err, "internal error", "the datapath was removed");
	if (devices_begin(&dp->devices, err))
		return -1;
	failed = apply(dp, model, err);
	devices_end(&dp->devices);
	return failed;
}
