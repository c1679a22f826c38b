/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A port's VLAN columns to what they mean: defaults resolved, members completed.
 * Called by reconcile; knows no rows and no packets.
 */
#include <stdbool.h>
#include <stdint.h>

#include "switch/model.h"

struct arena;

/* The columns as they stand; an empty one is NULL, or has_tag false. */
struct vlan_input {
	const char *mode; /* vlan_mode */
	bool has_tag;
	uint16_t tag;
	const struct vlan_bits *trunks;
	const struct vlan_bits *cvlans;
	const char *priority_tags; /* other_config */
	const char *qinq_ethertype; /* other_config:qinq-ethtype */
};

/* *ret points to in's sets or into the arena. */
void vlan_resolve(const struct vlan_input *in, struct arena *arena, struct model_vlan *ret);

/* Changes when what was learned through the port must be forgotten: with any VLAN setting
 * that has another meaning than before. */
uint64_t vlan_fingerprint(const struct model_vlan *vlan, uint64_t basis);
/* Likewise of a bridge's flood_vlans: a change there makes all its ports forget. */
uint64_t vlan_bits_fingerprint(const struct vlan_bits *bits);

const char *vlan_mode_name(enum model_vlan_mode mode);
