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
	__u32 outer; /* a tag, its vid the VLAN; TPID 0: it came without one */
	__u32 inner; /* the customer's, under the service tag of a dot1q-tunnel port; or 0 */
	__u32 pcp; /* of the outermost tag as received, as in a TCI: what priority_tags shows */
};

static __always_inline bool vlan_in_set(__u16 set, __u16 vid)
{
	return set == VLAN_SET_ALL || vlan_set_has(set, vid);
}

/* May a frame with these tags come in here? */
static __always_inline bool vlan_admits(const struct port_config *port,
					const struct vlan_form *form)
{
	__u16 vid = tag_vid(form->outer);

	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_TRUNK:
		return vlan_in_set(port->trunks, vid);
	case VLAN_ACCESS:
		return vid == 0;
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		return vid == 0 || vlan_in_set(port->trunks, vid);
	case VLAN_DOT1Q_TUNNEL:
		return vlan_in_set(port->cvlans, vid);
	}
	return false;
}

static __always_inline __u16 vlan_service_type(const struct port_config *port)
{
	const __u8 *p = (const __u8 *)&port->qinq_ethertype_be;
	__u16 type = (__u16)(p[0] << 8 | p[1]);

	return is_vlan_type(type) ? type : TPID_8021AD;
}

/* The VLAN of a frame that came in here. */
static __always_inline struct vlan vlan_enter(const struct port_config *port,
					      const struct vlan_form *form)
{
	struct vlan v = { .outer = form->outer,
			  .inner = form->inner,
			  .pcp = form->outer & TCI_PCP };
	/* Given a VLAN it has a tag, if of VLAN 0 one that only priority_tags = always shows. */
	__u32 type = form->outer ? form->outer & ~0xffffu : tag_make(TPID_8021Q, 0);
	__u32 in_own_vlan = type | (form->outer & TCI_PCP) | port->tag;

	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_TRUNK:
		break;
	case VLAN_ACCESS:
		v.outer = in_own_vlan;
		v.inner = 0;
		break;
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		if (tag_vid(form->outer) == 0)
			v.outer = in_own_vlan;
		break;
	case VLAN_DOT1Q_TUNNEL:
		/* A further tag is payload now, as it was before. */
		v.inner = form->outer;
		v.outer = tag_make(vlan_service_type(port), port->tag);
		break;
	}
	return v;
}

/* Can a frame that came in here be in this VLAN?  So addresses in it can be behind the port. */
static __always_inline bool vlan_is_fed(const struct port_config *port, __u16 vid)
{
	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_ACCESS:
	case VLAN_DOT1Q_TUNNEL:
		return vid == port->tag;
	case VLAN_TRUNK:
		return vlan_in_set(port->trunks, vid);
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		return vid == port->tag || vlan_in_set(port->trunks, vid);
	}
	return false;
}

/* Does the port carry this VLAN?  True of every port in the VLAN's flood lists.  Other than
 * vlan_is_fed() where the native VLAN is 0 and `trunks` is without it: what is known to be
 * behind the port goes there, but no flood. */
static __always_inline bool vlan_is_carried(const struct port_config *port, __u16 vid)
{
	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_ACCESS:
	case VLAN_DOT1Q_TUNNEL:
		return vid == port->tag;
	case VLAN_TRUNK:
	case VLAN_NATIVE_TAGGED:
	case VLAN_NATIVE_UNTAGGED:
		return vlan_in_set(port->trunks, vid);
	}
	return false;
}

/* Of a port that carries the VLAN: may it have a frame with this customer tag? */
static __always_inline bool vlan_inner_passes(const struct port_config *port, __u32 inner)
{
	if (port->vlan_mode == VLAN_DOT1Q_TUNNEL)
		return vlan_in_set(port->cvlans, tag_vid(inner));
	return port->vlan_mode != VLAN_ACCESS || tag_vid(inner) == 0;
}

/* The tag as it is written, or 0 for one that is left out. */
static __always_inline __u32 vlan_put_tag(const struct port_config *port, __u32 tag)
{
	if (tag & (TCI_VID | TCI_PCP))
		return tag_tpid(tag) ? tag : tag_make(TPID_8021Q, tag);
	return port->priority_tags == PRIORITY_TAGS_ALWAYS && tag_tpid(tag) ? tag : 0;
}

/* The tags with which a frame leaves. */
static __always_inline struct vlan_form vlan_leave(const struct port_config *port,
						   const struct vlan *v)
{
	struct vlan_form form = { .outer = v->outer, .inner = v->inner };

	switch ((enum vlan_mode)port->vlan_mode) {
	case VLAN_TRUNK:
	case VLAN_NATIVE_TAGGED:
		break;
	case VLAN_ACCESS:
		form.outer = 0;
		form.inner = 0;
		break;
	case VLAN_NATIVE_UNTAGGED:
		if (tag_vid(v->outer) != port->tag)
			break;
		form.outer = form.inner;
		form.inner = 0;
		break;
	case VLAN_DOT1Q_TUNNEL:
		form.outer = form.inner;
		form.inner = 0;
		break;
	}
	if (port->priority_tags != PRIORITY_TAGS_NEVER)
		form.outer = (form.outer & ~TCI_PCP) | v->pcp;
	form.outer = vlan_put_tag(port, form.outer);
	form.inner = vlan_put_tag(port, form.inner);
	/* Nothing outside means that what was inside is the outer tag now. */
	if (!form.outer) {
		form.outer = form.inner;
		form.inner = 0;
	}
	return form;
}
