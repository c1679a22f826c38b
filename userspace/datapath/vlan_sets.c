/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/vlan_sets.h"

#include <stdlib.h>
#include <string.h>

#include "datapath/image.h"
#include "switch/model.h"

static_assert(sizeof(struct vlan_set) == sizeof(struct vlan_bits), "one form on both sides");

static uint64_t hash_of(const struct vlan_set *set)
{
	uint64_t h = 0;

	for (int i = 0; i < 64; i++) {
		h = (h ^ set->bits[i]) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	return h;
}

struct vlan_sets *vlan_sets_new(void)
{
	struct vlan_sets *v = calloc(1, sizeof(*v));

	if (!v)
		abort();
	return v;
}

void vlan_sets_free(struct vlan_sets *v)
{
	free(v);
}

void vlan_sets_load(struct vlan_sets *v, uint32_t index, const struct vlan_set *set)
{
	v->sets[index] = *set;
	v->hashes[index] = hash_of(set);
	v->is_dirty[index] = false;
}

void vlan_sets_begin(struct vlan_sets *v, const struct image *active)
{
	memset(v->is_used, 0, sizeof(v->is_used));
	for (size_t i = 0; i < active->n; i++) {
		const struct image_entry *e = &active->entries[i];

		if (e->map == IMAGE_PORTS) {
			const struct port_config *port = e->value;

			v->is_used[port->trunks % VLAN_SETS] = true;
			v->is_used[port->cvlans % VLAN_SETS] = true;
		} else if (e->map == IMAGE_BRIDGES) {
			const struct bridge_config *bridge = e->value;

			v->is_used[bridge->flood_vlans % VLAN_SETS] = true;
		} else if (e->map == IMAGE_MIRRORS) {
			const struct mirror_config *mirror = e->value;

			v->is_used[mirror->vlans % VLAN_SETS] = true;
		}
	}
}

static bool is_full(const struct vlan_bits *bits)
{
	for (int i = 0; i < 64; i++) {
		if (bits->words[i] != UINT64_MAX)
			return false;
	}
	return true;
}

int vlan_sets_index(struct vlan_sets *v, const struct vlan_bits *bits, uint16_t *ret,
		    struct error *err)
{
	struct vlan_set set;
	uint32_t free_index = 0;
	uint64_t hash;

	if (!bits || is_full(bits)) {
		*ret = VLAN_SET_ALL;
		return 0;
	}
	memcpy(&set, bits, sizeof(set));
	hash = hash_of(&set);
	for (uint32_t i = 1; i < VLAN_SETS; i++) {
		if (v->hashes[i] == hash && !memcmp(&v->sets[i], &set, sizeof(set))) {
			v->is_used[i] = true;
			*ret = (uint16_t)i;
			return 0;
		}
		if (!free_index && !v->is_used[i])
			free_index = i;
	}
	if (!free_index)
		return error_set(err, "resources exhausted",
				 "more than %d different sets of VLANs are in use", VLAN_SETS - 1);
	vlan_sets_load(v, free_index, &set);
	v->is_used[free_index] = true;
	v->is_dirty[free_index] = true;
	*ret = (uint16_t)free_index;
	return 0;
}
