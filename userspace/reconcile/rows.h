/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Values of rows in the forms that the model has them.
 */
#include <stdbool.h>
#include <stdint.h>

struct arena;
struct column;
struct row;
struct vlan_bits;

/* A set of VLANs; NULL where it is empty. */
const struct vlan_bits *rows_vlans(const struct row *r, const struct column *c,
				   struct arena *arena);
/* A map's value as atoi() would have it; `otherwise` where absent or 0. */
int rows_map_integer(const struct row *r, const struct column *c, const char *key, int otherwise);
bool rows_map_bool(const struct row *r, const struct column *c, const char *key);
