/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/vlan.h"

#include <string.h>

#include "base/arena.h"

static const char *const mode_names[] = {
	[MODEL_VLAN_TRUNK] = "trunk",
	[MODEL_VLAN_ACCESS] = "access",
	[MODEL_VLAN_NATIVE_TAGGED] = "native-tagged",
	[MODEL_VLAN_NATIVE_UNTAGGED] = "native-untagged",
	[MODEL_VLAN_DOT1Q_TUNNEL] = "dot1q-tunnel",
};
#define N_MODES (sizeof(mode_names) / sizeof(mode_names[0]))

const char *vlan_mode_name(enum model_vlan_mode mode)
{
	return mode_names[mode];
}

static enum model_vlan_mode mode_of(const struct vlan_input *in)
{
	if (!in->mode)
		return in->has_tag ? MODEL_VLAN_ACCESS : MODEL_VLAN_TRUNK;
	for (size_t i = 0; i < N_MODES; i++) {
		if (!strcmp(in->mode, mode_names[i]))
			return (enum model_vlan_mode)i;
	}
	return MODEL_VLAN_TRUNK; /* the schema allows no other text */
}

static enum model_priority_tags priority_tags_of(const char *s)
{
	if (s && (!strcmp(s, "true") || !strcmp(s, "if-nonzero")))
		return MODEL_PRIORITY_TAGS_IF_NONZERO;
	if (s && !strcmp(s, "always"))
		return MODEL_PRIORITY_TAGS_ALWAYS;
	return MODEL_PRIORITY_TAGS_NEVER;
}

/* A native VLAN is a member whatever `trunks` says, and VLAN 0 then is not: a frame without a
 * tag means the native VLAN.  Native VLAN 0 is no such: as on a trunk, `trunks` decides (what
 * comes in untagged is taken none the less). */
static const struct vlan_bits *native_trunks(const struct vlan_bits *trunks, uint16_t tag,
					     struct arena *arena)
{
	struct vlan_bits *bits;

	if (!tag)
		return trunks;
	bits = arena_alloc(arena, sizeof(*bits));
	if (trunks)
		*bits = *trunks;
	else
		memset(bits, 0xff, sizeof(*bits));
	bits->words[0] &= ~1ull;
	vlan_bits_add(bits, tag);
	return bits;
}

void vlan_resolve(const struct vlan_input *in, struct arena *arena, struct model_vlan *ret)
{
	struct model_vlan v = { .mode = mode_of(in) };

	if (v.mode != MODEL_VLAN_TRUNK && in->has_tag)
		v.tag = in->tag;
	switch (v.mode) {
	case MODEL_VLAN_TRUNK:
		v.trunks = in->trunks;
		break;
	case MODEL_VLAN_NATIVE_TAGGED:
	case MODEL_VLAN_NATIVE_UNTAGGED:
		v.trunks = native_trunks(in->trunks, v.tag, arena);
		break;
	case MODEL_VLAN_DOT1Q_TUNNEL:
		v.cvlans = in->cvlans;
		break;
	case MODEL_VLAN_ACCESS:
		break;
	}
	v.qinq_ethertype =
		in->qinq_ethertype && !strcmp(in->qinq_ethertype, "802.1q") ? 0x8100 : 0x88a8;
	v.priority_tags = priority_tags_of(in->priority_tags);
	*ret = v;
}

/* FNV-1a, by words: only ever compared with itself. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * 0x100000001b3ull;
}

static uint64_t mix_bits(uint64_t hash, const struct vlan_bits *b)
{
	if (!b)
		return mix(hash, 1);
	hash = mix(hash, 2);
	for (size_t i = 0; i < sizeof(b->words) / sizeof(b->words[0]); i++) {
		/* Multiplying moves bits upward only; this brings them back. */
		hash = mix(hash, b->words[i]);
		hash ^= hash >> 32;
	}
	return hash;
}

uint64_t vlan_fingerprint(const struct model_vlan *vlan, uint64_t basis)
{
	uint64_t hash = mix(basis ^ 0xcbf29ce484222325ull, vlan->mode);

	hash = mix(hash, vlan->tag);
	hash = mix(hash, vlan->qinq_ethertype);
	hash = mix(hash, vlan->priority_tags);
	hash = mix_bits(hash, vlan->trunks);
	return mix_bits(hash, vlan->cvlans);
}

uint64_t vlan_bits_fingerprint(const struct vlan_bits *bits)
{
	return mix_bits(0, bits);
}
