/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asks the packet path what it would do with a frame: the program of bpf/explain.bpf.c, run on
 * the configuration in force.  Loaded when somebody asks for the first time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct explain_job;
struct explain_patch;
struct explain_record;
struct maps;

struct explainer {
	void *skel; /* NULL until it is needed */
};

void explainer_close(struct explainer *e);

/* What the program wrote down, in order. */
struct explained {
	struct explain_record *records;
	struct explain_patch *patches; /* by the same index, of those that are EXPLAIN_PATCH */
	size_t n;
	bool is_cut_short; /* there was more */
};
void explained_free(struct explained *e);

/* One passage through one bridge.  *ret is the caller's to explained_free(). */
must_check int explainer_run(struct explainer *e, const struct maps *maps,
			     const struct explain_job *job, const void *frame, size_t len,
			     struct explained *ret, struct error *err);
