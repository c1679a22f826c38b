/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/dump.h"

#include "base/buf.h"
#include "switch/mac.h"
#include "switch/model.h"
#include "switch/tunnel.h"
#include "switch/vlan.h"

static const char *const kinds[] = {
	[MODEL_PORT_SYSTEM] = "system", [MODEL_PORT_INTERNAL] = "internal",
	[MODEL_PORT_LOCAL] = "local",	[MODEL_PORT_PATCH] = "patch",
	[MODEL_PORT_TUNNEL] = "tunnel",
};

void dump_vlans(struct buf *to, const struct vlan_bits *b)
{
	const char *separator = "";

	for (unsigned int vid = 0; vid < 4096; vid++) {
		unsigned int first = vid;

		if (!vlan_bits_has(b, (uint16_t)vid))
			continue;
		while (vid < 4095 && vlan_bits_has(b, (uint16_t)(vid + 1)))
			vid++;
		buf_printf(to, "%s%u", separator, first);
		if (vid > first)
			buf_printf(to, "-%u", vid);
		separator = ",";
	}
}

/* " name=1-4,7"; nothing for NULL. */
static void dump_bits(struct buf *to, const char *name, const struct vlan_bits *b)
{
	if (!b)
		return;
	buf_printf(to, " %s=", name);
	dump_vlans(to, b);
}

static void dump_slot(struct buf *to, const struct slot *slot)
{
	if (slot->number)
		buf_printf(to, " slot=%u/%u", slot->number, slot->generation);
}

static void dump_port(struct buf *to, const struct model_port *p)
{
	buf_printf(to, "  port %s", p->name);
	if (p->error) {
		buf_printf(to, " error=\"%s\"\n", p->error);
		return;
	}
	buf_printf(to, " %s", kinds[p->kind]);
	dump_slot(to, &p->slot);
	if (p->ofport)
		buf_printf(to, " ofport=%u", p->ofport);
	buf_printf(to, " order=%u", p->order);
	if (p->vlan.mode != MODEL_VLAN_TRUNK)
		buf_printf(to, " %s=%u", vlan_mode_name(p->vlan.mode), p->vlan.tag);
	dump_bits(to, "trunks", p->vlan.trunks);
	dump_bits(to, "cvlans", p->vlan.cvlans);
	if (p->has_mac)
		buf_printf(to, " mac=%s", MAC_STR(p->mac));
	if (p->mtu_request)
		buf_printf(to, " mtu=%u", p->mtu_request);
	if (p->peer)
		buf_printf(to, " peer=%s", p->peer->name);
	if (p->tunnel) {
		buf_putc(to, ' ');
		tunnel_describe(to, p->tunnel);
	}
	buf_puts(to, p->is_protected ? " protected" : "");
	buf_puts(to, p->is_reserved ? " reserved\n" : "\n");
}

static void dump_ports(struct buf *to, const char *name, const struct model_port *const *ports,
		       size_t n)
{
	if (n)
		buf_printf(to, " %s=%s", name, ports[0]->name);
	for (size_t i = 1; i < n; i++)
		buf_printf(to, ",%s", ports[i]->name);
}

static void dump_mirror(struct buf *to, const struct model_mirror *m)
{
	buf_printf(to, "  mirror %s", m->name);
	dump_slot(to, &m->slot);
	buf_printf(to, " bit=%u", m->bit);
	buf_puts(to, m->selects_all ? " all" : "");
	dump_ports(to, "src", m->src_ports, m->n_src_ports);
	dump_ports(to, "dst", m->dst_ports, m->n_dst_ports);
	dump_bits(to, "vlans", m->vlans);
	if (m->out_port)
		buf_printf(to, " out=%s", m->out_port->name);
	if (m->out_vlan)
		buf_printf(to, " out-vlan=%u", m->out_vlan);
	if (m->snaplen)
		buf_printf(to, " snaplen=%u", m->snaplen);
	buf_puts(to, m->has_wire_form ? " wire-form" : "");
	if (m->filter.match)
		buf_printf(to, " filter=\"%s\"", m->filter.match_text);
	if (m->filter.n_ops)
		buf_printf(to, " expression=\"%s\"", m->filter.expression);
	buf_puts(to, m->keeps_filter ? " keeps-filter" : "");
	if (m->too_long != MODEL_TOO_LONG_DEFAULT)
		buf_printf(to, " too-long=%d", m->too_long);
	buf_printf(to, " state=\"%s\"\n", m->state);
}

static void dump_bridge(struct buf *to, const struct model_bridge *b)
{
	buf_printf(to, "bridge %s", b->name);
	dump_slot(to, &b->slot);
	buf_printf(to, " ageing=%u fdb=%u", b->ageing_s, b->fdb_max);
	buf_puts(to, b->is_secure ? " secure" : "");
	buf_puts(to, b->forwards_bpdu ? " forward-bpdu" : "");
	dump_bits(to, "flood-vlans", b->flood_vlans);
	if (b->has_hwaddr)
		buf_printf(to, " hwaddr=%s", MAC_STR(b->hwaddr));
	buf_putc(to, '\n');
	for (size_t i = 0; i < b->n_ports; i++)
		dump_port(to, b->ports[i]);
	for (size_t i = 0; i < b->n_mirrors; i++)
		dump_mirror(to, b->mirrors[i]);
}

void dump_model(struct buf *to, const struct model *model)
{
	for (size_t i = 0; i < model->n_bridges; i++)
		dump_bridge(to, model->bridges[i]);
}
