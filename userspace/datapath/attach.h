/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The programs on devices: by a pinned tcx link each, or, on kernels before 6.6, by a clsact
 * filter that is noted in `held`.  Survives the process; a new program takes an old one's
 * place without a gap.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/error.h"
#include "datapath/programs.h"

struct held_table;
struct instance;

struct attachment {
	struct attach_point {
		uint32_t ifindex;
		uint32_t program; /* enum program_id: egress for re-entry, else ingress */
	} at;
	UT_hash_handle hh;
};

struct attachments {
	const struct instance *instance;
	const struct programs *programs;
	struct held_table *held;
	bool has_tcx;
	struct attachment *all;
};

/* Finds what is attached, gives it the new programs, and lets go of links whose device went
 * away or to another namespace meanwhile. */
must_check int attach_open(struct attachments *a, const struct instance *instance,
			   const struct programs *programs, struct held_table *held, bool no_tcx,
			   struct error *err);
void attach_close(struct attachments *a);

bool attach_has(const struct attachments *a, uint32_t ifindex, enum program_id program);
/* Nothing to do if it is there. */
must_check int attach_add(struct attachments *a, uint32_t ifindex, enum program_id program,
			  const char *device, struct error *err);
/* Also where the device is gone already, to another namespace or for good. */
must_check int attach_remove(struct attachments *a, uint32_t ifindex, enum program_id program,
			     struct error *err);
/* Whether another switch's program receives from this device. */
bool attach_is_taken(const struct attachments *a, uint32_t ifindex);
