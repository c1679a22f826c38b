/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/image_text.h"

#include <arpa/inet.h>

#include "abi.h"
#include "base/buf.h"
#include "datapath/image.h"

struct flag_name {
	uint32_t flag;
	const char *name;
};

static void put_flags(struct buf *to, uint32_t flags, const struct flag_name *names, size_t n)
{
	const char *separator = " flags=";

	for (size_t i = 0; i < n; i++) {
		if (!(flags & names[i].flag))
			continue;
		buf_printf(to, "%s%s", separator, names[i].name);
		separator = "|";
	}
}

static void put_number(struct buf *to, const char *name, uint64_t value)
{
	if (value)
		buf_printf(to, " %s=%llu", name, (unsigned long long)value);
}

/* The numbers of the bits. */
static void put_bits(struct buf *to, const char *name, const __u64 *words)
{
	char separator = '=';

	for (unsigned int bit = 0; bit < MIRRORS_PER_BRIDGE; bit++) {
		if (!(words[bit / 64] >> (bit % 64) & 1))
			continue;
		if (separator == '=')
			buf_printf(to, " %s", name);
		buf_printf(to, "%c%u", separator, bit);
		separator = ',';
	}
}

static void put_port(struct buf *to, const struct port_config *p)
{
	static const char *const modes[] = {
		[VLAN_TRUNK] = "trunk",
		[VLAN_ACCESS] = "access",
		[VLAN_NATIVE_TAGGED] = "native-tagged",
		[VLAN_NATIVE_UNTAGGED] = "native-untagged",
		[VLAN_DOT1Q_TUNNEL] = "dot1q-tunnel",
	};
	static const char *const priorities[] = { "", "if-nonzero", "always" };
	static const struct flag_name flags[] = {
		{ PORT_UP, "up" },
		{ PORT_RESERVED, "reserved" },
		{ PORT_PEER, "peer" },
		{ PORT_MIRRORED_IN, "mirrored-in" },
		{ PORT_MIRRORED_OUT, "mirrored-out" },
		{ PORT_PROTECTED, "protected" },
		{ PORT_LOCAL, "local" },
		{ PORT_TUNNEL, "tunnel" },
		{ PORT_METADATA, "metadata" },
	};

	buf_printf(to, " bridge=%u generation=%u", p->bridge, p->generation);
	put_number(to, "ifindex", p->ifindex);
	put_flags(to, p->flags, flags, sizeof(flags) / sizeof(flags[0]));
	buf_printf(to, " vlan_mode=%s",
		   p->vlan_mode <= VLAN_DOT1Q_TUNNEL ? modes[p->vlan_mode] : "?");
	if (p->vlan_mode != VLAN_TRUNK)
		buf_printf(to, " tag=%u", p->tag);
	put_number(to, "trunks-set", p->trunks);
	put_number(to, "cvlans-set", p->cvlans);
	if (p->vlan_mode == VLAN_DOT1Q_TUNNEL)
		buf_printf(to, " service-type=0x%04x", ntohs(p->qinq_ethertype_be));
	if (p->priority_tags && p->priority_tags <= PRIORITY_TAGS_ALWAYS)
		buf_printf(to, " priority-tags=%s", priorities[p->priority_tags]);
	buf_printf(to, " order=%u", p->order);
	if (p->mtu != UINT32_MAX)
		put_number(to, "mtu", p->mtu);
	if (p->flags & PORT_PEER)
		buf_printf(to, " peer-mac=%02x:%02x:%02x:%02x:%02x:%02x", p->peer_mac[0],
			   p->peer_mac[1], p->peer_mac[2], p->peer_mac[3], p->peer_mac[4],
			   p->peer_mac[5]);
	put_number(to, "patch-peer", p->patch_peer);
	put_number(to, "ofport", p->ofport);
	put_number(to, "next", p->next);
	put_bits(to, "src-mirrors", p->src_mirrors);
	put_bits(to, "dst-mirrors", p->dst_mirrors);
}

static void put_bridge(struct buf *to, const struct bridge_config *b)
{
	static const struct flag_name flags[] = {
		{ BRIDGE_SECURE, "secure" },
		{ BRIDGE_FORWARD_BPDU, "forward-bpdu" },
		{ BRIDGE_MIRROR_ALL, "mirror-all" },
		{ BRIDGE_MIRROR_OUT, "mirror-out" },
		{ BRIDGE_MANY_MIRRORS, "many-mirrors" },
	};

	buf_printf(to, " generation=%u", b->generation);
	put_flags(to, b->flags, flags, sizeof(flags) / sizeof(flags[0]));
	put_number(to, "trunk-head", b->trunk_head);
	buf_printf(to, " fdb-max=%u fdb-room=%u ageing=%llu", b->fdb_max, b->fdb_room,
		   (unsigned long long)b->ageing);
	if (b->has_flood_vlans)
		buf_printf(to, " flood-vlans-set=%u", b->flood_vlans);
	put_bits(to, "all-mirrors", b->all_mirrors);
}

static void put_mirror(struct buf *to, const struct mirror_config *m)
{
	buf_printf(to, " generation=%u", m->generation);
	put_number(to, "out-port", m->out_port);
	put_number(to, "out-vlan", m->out_vlan);
	put_number(to, "vlans-set", m->vlans);
	put_number(to, "snaplen", m->snaplen);
	buf_puts(to, m->flags & MIRROR_WIRE_FORM ? " wire-form" : "");
	buf_puts(to, m->flags & MIRROR_ACCOUNT ? " account" : "");
	if (m->filter_len)
		buf_printf(to, " filter=%u filter-length=%u", m->filter, m->filter_len);
	put_bits(to, "same-output", m->same_output);
}

static void put_tunnel(struct buf *to, const struct tunnel_config *t)
{
	buf_printf(to, " flags=0x%x", t->flags);
	put_number(to, "device", t->ifindex);
	put_number(to, "mtu", t->mtu);
	put_number(to, "next", t->next);
	buf_puts(to, " header=");
	for (uint32_t i = 0; i < t->head_len; i++)
		buf_printf(to, "%02x", t->head[i]);
}

static void put_entry(struct buf *to, const struct image_entry *e)
{
	const uint32_t *number = e->value;

	switch (e->map) {
	case IMAGE_PORTS:
		buf_printf(to, "port=%u", e->key);
		put_port(to, e->value);
		break;
	case IMAGE_BRIDGES:
		buf_printf(to, "bridge=%u", e->key);
		put_bridge(to, e->value);
		break;
	case IMAGE_ACCESS_HEAD:
		buf_printf(to, "access-ports-of bridge=%u vlan=%u first-port=%u", e->key >> 16,
			   e->key & 0xffff, *number);
		break;
	case IMAGE_MIRROR_OF_BIT:
		buf_printf(to, "mirror-bit bridge=%u bit=%u mirror=%u", e->key / MIRRORS_PER_BRIDGE,
			   e->key % MIRRORS_PER_BRIDGE, *number);
		break;
	case IMAGE_MIRRORS:
		buf_printf(to, "mirror=%u", e->key);
		put_mirror(to, e->value);
		break;
	case IMAGE_TUNNELS:
		buf_printf(to, "tunnel-of-port=%u", e->key);
		put_tunnel(to, e->value);
		break;
	case IMAGE_TUNNEL_HEAD:
		if (e->key)
			buf_printf(to, "tunnels-by-hash=%08x first-port=%u", e->key, *number);
		else
			buf_printf(to, "tunnels drop-unmatched=%u",
				   *number & TUNNEL_DROP_UNMATCHED);
		break;
	case IMAGE_PORT_OF_IFINDEX:
		buf_printf(to, "device=%u port=%u", e->key, *number);
		break;
	case N_IMAGE_MAPS:
		break;
	}
	buf_putc(to, '\n');
}

static bool is_port_of(const struct image *image, uint32_t port, uint32_t bridge)
{
	const struct port_config *p = image_get(image, IMAGE_PORTS, port);

	return p && p->bridge == bridge;
}

static bool is_mirror_of(const struct image *image, uint32_t mirror, uint32_t bridge)
{
	for (uint32_t bit = 0; bit < MIRRORS_PER_BRIDGE; bit++) {
		const uint32_t *slot =
			image_get(image, IMAGE_MIRROR_OF_BIT, bridge * MIRRORS_PER_BRIDGE + bit);

		if (slot && *slot == mirror)
			return true;
	}
	return false;
}

static bool is_of(const struct image *image, const struct image_entry *e, uint32_t bridge)
{
	switch (e->map) {
	case IMAGE_PORTS:
		return is_port_of(image, e->key, bridge);
	case IMAGE_BRIDGES:
		return e->key == bridge;
	case IMAGE_ACCESS_HEAD:
		return e->key >> 16 == bridge;
	case IMAGE_MIRROR_OF_BIT:
		return e->key / MIRRORS_PER_BRIDGE == bridge;
	case IMAGE_MIRRORS:
		return is_mirror_of(image, e->key, bridge);
	case IMAGE_TUNNELS:
		return is_port_of(image, e->key, bridge);
	case IMAGE_TUNNEL_HEAD:
		return e->key && is_port_of(image, *(const uint32_t *)e->value, bridge);
	case IMAGE_PORT_OF_IFINDEX:
		return is_port_of(image, *(const uint32_t *)e->value, bridge);
	case N_IMAGE_MAPS:
		break;
	}
	return false;
}

void image_put_text(struct buf *to, const struct image *image, uint32_t bridge)
{
	for (size_t i = 0; i < image->n; i++) {
		if (!bridge || is_of(image, &image->entries[i], bridge))
			put_entry(to, &image->entries[i]);
	}
}
