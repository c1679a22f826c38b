/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once
/*
 * The VLAN rules: what a port accepts, which VLAN a frame is in inside the switch, and
 * which tags it wears when it leaves.  Pure functions of a port's record and a frame's
 * tags: tests run all of them natively.  The includer defines vlan_set_has().
 *
 * A tag of vid 0 is "no VLAN, but a priority"; one of vid 0 and priority 0 says nothing
 * and does not survive, except towards a port with priority_tags = always.
 */
#include "pkt.h"

/* Is vid in the set?  Not asked about VLAN_SET_ALL. */
static __always_inline bool vlan_set_has(__u16 set, __u16 vid);

/* A frame inside the switch. */
struct vlan {
	struct vlan_tag outer; /* the VLAN; tpid 0: it came without a tag */
	struct vlan_tag inner; /* the customer's, under the service tag of a dot1q-tunnel port */
	__u16 pcp; /* of the outermost tag as received, as a TCI: what priority_tags restores */
};

static __always_inline __u16 vlan_vid(const struct vlan *v)
{
	return v->outer.tci & TCI_VID;
}

static __always_inline bool vlan_in_set(__u16 set, __u16 vid)
{
	return set == VLAN_SET_ALL || vlan_set_has(set, vid);
}

/* May a frame with these tags come in here? */
static __always_inline bool vlan_admits(const struct port_config *port,
					const struct vlan_form *form)
{
	__u16 vid = form->outer.tci & TCI_VID;

	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_ACCESS:
		return vid == 0;
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		return vid == 0 || vid == port->tag || vlan_in_set(port->trunks, vid);
	case VLAN_TRUNK:
		return vlan_in_set(port->trunks, vid);
	case VLAN_DOT1Q_TUNNEL:
		return vlan_in_set(port->cvlans, vid);
	}
	return false;
}

static __always_inline __u16 vlan_service_type(const struct port_config *port)
{
	__u16 type = pkt_u16((const __u8 *)&port->qinq_ethertype_be);

	return is_vlan_type(type) ? type : TPID_8021AD;
}

/* The VLAN of a frame that came in here. */
static __always_inline void vlan_enter(const struct port_config *port,
				       const struct vlan_form *form, struct vlan *ret)
{
	__u16 tci = form->outer.tci;

	ret->outer = form->outer;
	ret->inner = form->inner;
	ret->pcp = tci & TCI_PCP;
	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_ACCESS:
		ret->outer.tci = (tci & TCI_PCP) | port->tag;
		ret->inner.tpid = 0;
		ret->inner.tci = 0;
		return;
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		if ((tci & TCI_VID) == 0)
			ret->outer.tci = (tci & TCI_PCP) | port->tag;
		return;
	case VLAN_TRUNK:
		return;
	case VLAN_DOT1Q_TUNNEL:
		/* A further tag is payload now, as it was before. */
		ret->inner = form->outer;
		ret->outer.tpid = vlan_service_type(port);
		ret->outer.tci = port->tag;
		return;
	}
}

/* Does the port carry this VLAN?  True of every port in the VLAN's flood lists. */
static __always_inline bool vlan_is_carried(const struct port_config *port, __u16 vid)
{
	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_ACCESS:
	case VLAN_DOT1Q_TUNNEL:
		return vid == port->tag;
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		return vid == port->tag || vlan_in_set(port->trunks, vid);
	case VLAN_TRUNK:
		return vlan_in_set(port->trunks, vid);
	}
	return false;
}

/* Of a port that carries the VLAN: may it have a frame with this customer tag? */
static __always_inline bool vlan_inner_passes(const struct port_config *port, const struct vlan *v)
{
	__u16 vid = v->inner.tci & TCI_VID;

	if (port->vlan_mode == VLAN_DOT1Q_TUNNEL)
		return vlan_in_set(port->cvlans, vid);
	return port->vlan_mode != VLAN_ACCESS || vid == 0;
}

static __always_inline void vlan_put_tag(const struct port_config *port, struct vlan_tag *tag)
{
	bool says_something = tag->tci & (TCI_VID | TCI_PCP);

	if (says_something || (port->priority_tags == PRIORITY_TAGS_ALWAYS && tag->tpid)) {
		if (!tag->tpid)
			tag->tpid = TPID_8021Q;
		return;
	}
	tag->tpid = 0;
	tag->tci = 0;
}

/* The tags with which a frame leaves. */
static __always_inline void vlan_leave(const struct port_config *port, const struct vlan *v,
				       struct vlan_form *ret)
{
	bool pops = false;

	ret->outer = v->outer;
	ret->inner = v->inner;
	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_ACCESS:
		ret->inner.tpid = 0;
		ret->inner.tci = 0;
		pops = true;
		break;
	case VLAN_NATIVE_UNTAGGED:
		pops = (v->outer.tci & TCI_VID) == port->tag;
		break;
	case VLAN_DOT1Q_TUNNEL:
		pops = true;
		break;
	case VLAN_TRUNK:
	case VLAN_NATIVE_TAGGED:
		break;
	}
	if (pops) {
		ret->outer = ret->inner;
		ret->inner.tpid = 0;
		ret->inner.tci = 0;
	}
	if (port->priority_tags != PRIORITY_TAGS_NEVER)
		ret->outer.tci = (ret->outer.tci & ~TCI_PCP) | v->pcp;
	vlan_put_tag(port, &ret->outer);
	vlan_put_tag(port, &ret->inner);
	/* Nothing outside means that what was inside is the outer tag now. */
	if (!ret->outer.tpid) {
		ret->outer = ret->inner;
		ret->inner.tpid = 0;
		ret->inner.tci = 0;
	}
}
