/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The body of struct datapath, for the files that implement datapath.h.
 */
#include <stdbool.h>

#include "abi.h"
#include "datapath/apply.h"
#include "datapath/attach.h"
#include "datapath/devices.h"
#include "datapath/evict.h"
#include "datapath/explain.h"
#include "datapath/fdb.h"
#include "datapath/held.h"
#include "datapath/instance.h"
#include "datapath/maps.h"
#include "datapath/programs.h"
#include "datapath/sweep.h"
#include "datapath/tunnel.h"

struct datapath {
	struct instance instance;
	struct maps maps;
	struct programs programs;
	struct held_table held;
	struct attachments attached;
	struct devices devices;
	struct tunnels tunnels;
	struct applier applier;
	struct fdb fdb;
	struct sweep sweep;
	struct evict evict;
	struct explainer explainer;
	struct settings settings; /* as the map has them */
	uint32_t hz;
	bool is_removed;
};
