/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The address of a bridge, which its local port bears: other_config:hwaddr, or the
 * least universally administered one among its ports (Port.mac counts as the port's)
 * that are no mirror's output, or one made from the bridge's UUID.
 */
#include <stdbool.h>

struct allocation;
struct datapath;
struct model;

/* Into the model what was chosen last, so that the local port keeps its address; one that
 * this process has not chosen yet is left as the device has it. */
void local_mac_recall(struct allocation *a, struct model *model);

/* After datapath_apply(), when the ports' addresses are known: chooses, into the model.
 * True: some local port must change its address, so apply again. */
bool local_mac_choose(struct allocation *a, struct datapath *dp, struct model *model);
