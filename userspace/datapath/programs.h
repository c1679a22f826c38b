/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The packet programs: loaded into maps that may be in use already and pinned; or, where the
 * pinned ones were loaded from the very same bytes, simply taken over.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct instance;
struct maps;

enum program_id {
	PROGRAM_INGRESS,
	PROGRAM_REENTRY,
	PROGRAM_DECAP,
	PROGRAM_SEGMENT,
	N_TC_PROGRAMS,
	PROGRAM_PREFILTER = N_TC_PROGRAMS, /* XDP */
	N_PROGRAMS
};

struct programs {
	int fds[N_PROGRAMS]; /* -1: none */
	uint32_t ids[N_PROGRAMS]; /* the kernel's */
	bool is_new; /* loaded now: programs_commit() is due */
	uint64_t hash;
};

void programs_init(struct programs *p);
void programs_close(struct programs *p);

/* Opens all of maps, too. */
must_check int programs_open(struct programs *p, const struct instance *instance, struct maps *maps,
			     struct error *err);
/* When every device runs the new programs: notes what the pinned ones were loaded from.  Until
 * then a later process does not trust the pins. */
must_check int programs_commit(struct programs *p, struct instance *instance, struct error *err);
