/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which bridge, port and mirror lives in which slot of the kernel's maps.  A slot
 * stays as long as the row, so that adding one port moves no other; it is given to
 * another object only under a new generation and with its counters at zero.  The pinned
 * map that datapath keeps is the truth, this is its copy in memory.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/error.h"
#include "datapath/datapath.h"

struct model;
struct allocation;

struct allocation_entry {
	/* As in the pinned map.  extra of a bridge: the ofport given last; of a port: its
	 * ofport and its rank by age, so that neither changes over a restart. */
	struct datapath_slot at;
	/* The rest lasts as long as the process. */
	uint64_t age; /* of mirrors without a bit yet: lower is older */
	bool has_fingerprint;
	uint64_t fingerprint; /* of ports: what must flush them when it changes */
	bool has_mac;
	uint8_t mac[6]; /* of bridges: the local port's */
	uint64_t pass; /* the last one that wanted it */
	UT_hash_handle hh;
};

/* Reads what an earlier process left. */
must_check int allocation_load(struct datapath *dp, struct allocation **ret, struct error *err);
void allocation_free(struct allocation *a); /* NULL is fine */

/* Gives every object of the model its slot, ports their order, mirrors their bit, and
 * sorts both by age.  What gets none is refused in the model itself (port->error,
 * mirror->state).  On return all is in the pinned map; what the model does not have any
 * more is there, too, until allocation_release(). */
must_check int allocation_assign(struct allocation *a, struct model *model, struct error *err);

/* Forgets what the model of the last allocation_assign() did not have.  After
 * datapath_apply(): until then the kernel uses it. */
must_check int allocation_release(struct allocation *a, struct error *err);

/* NULL: has no slot. */
struct allocation_entry *allocation_find(struct allocation *a, enum datapath_slot_kind kind,
					 const struct uuid *uuid);
struct allocation_entry *allocation_at(struct allocation *a, enum datapath_slot_kind kind,
				       uint32_t slot);
/* Writes at.extra, when it is new. */
must_check int allocation_set_extra(struct allocation *a, struct allocation_entry *e,
				    uint32_t extra, struct error *err);

/* Of ports. */
uint32_t allocation_ofport(const struct allocation_entry *e);
must_check int allocation_set_ofport(struct allocation *a, struct allocation_entry *e,
				     uint32_t ofport, struct error *err);
