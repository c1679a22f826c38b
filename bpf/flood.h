/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * Frames for many: the members of a VLAN, and sending to each of them.  The lists are
 * linked through the ports' records; a member's record is checked again, as a list's head
 * may be recycled under a reader.
 */
#include "ctx.h"
#include "output.h"

static __always_inline void walk_start(struct ctx *c, const struct vlan *vlan)
{
	struct access_key key = { .bridge = c->in->bridge, .vlan = tag_vid(vlan->outer) };
	struct head_entry *head = bpf_map_lookup_elem(&access_head, &key);

	c->w->walk.next = c->bridge->trunk_head;
	c->w->walk.then = head ? head->v[c->w->version & 1] : 0;
}

static __always_inline bool is_member(const struct ctx *c, const struct port_config *port,
				      const struct vlan *vlan)
{
	return port->bridge == c->in->bridge && !(port->flags & PORT_RESERVED) &&
	       vlan_is_carried(port, tag_vid(vlan->outer)) && vlan_inner_passes(port, vlan->inner);
}

/* The next slot of the walk; false at its end. */
static __always_inline bool walk_next(struct ctx *c, __u32 *ret)
{
	if (!c->w->walk.next) {
		c->w->walk.next = c->w->walk.then;
		c->w->walk.then = 0;
	}
	*ret = c->w->walk.next;
	return *ret != 0;
}

/* Steps over the slot, and returns its record if that port is a member. */
static __always_inline const struct port_config *walk_member(struct ctx *c, __u32 slot,
							     const struct vlan *vlan)
{
	const struct port_config *port = port_get(slot, c->w->version);

	c->w->walk.next = port ? port->next : 0;
	return port && is_member(c, port, vlan) ? port : NULL;
}

/* Likewise, if the frame is for that port. */
static __always_inline const struct port_config *walk_port(struct ctx *c, __u32 slot)
{
	const struct port_config *port = walk_member(c, slot, &c->w->vlan);

	return port && slot != c->w->in_slot && !is_protected_pair(port, c->in) ? port : NULL;
}

/* Do mirrors see what leaves here?  They see it as the port reads it back: what it would not
 * take in they do not. */
static __always_inline bool is_seen_leaving(const struct ctx *c, const struct port_config *port)
{
	struct vlan_form form;

	if (likely(!(port->flags & PORT_MIRRORED_OUT)))
		return false;
	form = vlan_leave(port, &c->w->vlan);
	return vlan_admits(port, &form);
}

/* Which mirrors select any of the outputs?  Into c->w->pending. */
static long flood_select_step(__u32 i, void *arg)
{
	const struct port_config *port;
	struct ctx *c = arg;
	__u32 slot;

	if (!walk_next(c, &slot))
		return 1;
	port = walk_port(c, slot);
	if (port && is_seen_leaving(c, port))
		for_mirror_words (c, w)
			c->w->pending[w] |= port->dst_mirrors[w];
	return 0;
}

static __always_inline void flood_select(struct ctx *c)
{
	walk_start(c, &c->w->vlan);
	bpf_loop(PORT_SLOTS, flood_select_step, c, 0);
}

static long flood_step(__u32 i, void *arg)
{
	const struct port_config *port;
	struct ctx *c = arg;
	__u32 slot;

	if (!walk_next(c, &slot))
		return 1;
	port = walk_port(c, slot);
	if (!port)
		return 0;
	c->w->form = vlan_leave(port, &c->w->vlan);
	if (!can_send(c, slot, port, &c->w->form))
		return 0;
	if (c->w->held_slot)
		send_clone(c, c->w->held_slot, c->w->held_ifindex, &c->w->held_form);
	c->w->held_slot = slot;
	c->w->held_ifindex = port->ifindex;
	c->w->held_form = c->w->form;
	return 0;
}

static __always_inline int flood_send(struct ctx *c)
{
	c->w->held_slot = 0;
	walk_start(c, &c->w->vlan);
	bpf_loop(PORT_SLOTS, flood_step, c, 0);
	if (c->w->held_slot)
		return send_last(c, c->w->held_slot, c->w->held_ifindex, &c->w->held_form);
	count_drop(c->w->in_slot, DROP_NO_OUTPUT);
	return TC_ACT_SHOT;
}
