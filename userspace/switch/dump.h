/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The model as text, one line per object: for tests and for people who ask the daemon.
 */
struct buf;
struct model;
struct vlan_bits;

/* "1-4,7" */
void dump_vlans(struct buf *to, const struct vlan_bits *b);
void dump_model(struct buf *to, const struct model *model);
