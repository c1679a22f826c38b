/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The mirrors' part of compile(): their records, the bits of selected ports and of the
 * bridge.
 */
#include <stdint.h>

#include "base/error.h"

struct bridge_config;
struct filters;
struct image;
struct model_bridge;
struct port_config;
struct vlan_sets;

/* ports: the records of all ports by slot, NULL where there is none. */
must_check int compile_mirrors(const struct model_bridge *bridge, struct bridge_config *config,
			       struct port_config **ports, struct vlan_sets *sets,
			       struct filters *filters, struct image *image, struct error *err);
