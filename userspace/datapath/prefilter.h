/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The program at the XDP hook of the underlay's devices, by a pinned link each: it goes on
 * without us.  Only where it is asked for; a device that does not take it, or has another
 * program there, does without.
 */
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/error.h"
#include "switch/model.h"

struct instance;
struct programs;

struct prefiltered {
	uint32_t ifindex;
	enum model_xdp mode; /* how it is attached; off: it is not */
	uint32_t pass; /* the last prefilter_add() */
	char state[96]; /* for people: "native", "generic", "off: ..." */
	UT_hash_handle hh;
};

struct prefilter {
	const struct instance *instance;
	const struct programs *programs;
	struct prefiltered *all; /* by ifindex */
	uint32_t pass;
};

/* Finds what an earlier process left, gives it the new program, and lets go of links whose
 * device is gone. */
must_check int prefilter_open(struct prefilter *p, const struct instance *instance,
			      const struct programs *programs, struct error *err);
void prefilter_close(struct prefilter *p); /* fine on a zeroed one */

/* One round: prefilter_begin(), then each device that shall have it, then prefilter_end(), which
 * takes it off all others.  What a device does not take is its state and no error; nor does it
 * get the program where there is a refusal (or NULL), which is its state then. */
void prefilter_begin(struct prefilter *p);
void prefilter_add(struct prefilter *p, uint32_t ifindex, enum model_xdp mode, const char *refusal);
must_check int prefilter_end(struct prefilter *p, struct error *err);

/* "": it is not wanted there. */
const char *prefilter_state(const struct prefilter *p, uint32_t ifindex);
