/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asks the packet path what it would do with a frame: the program of bpf/explain.bpf.c, run on
 * the configuration in force.  Loaded when somebody asks for the first time.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct explain_job;
struct explain_record;
struct maps;

struct explainer {
	void *skel; /* NULL until it is needed */
};

void explainer_close(struct explainer *e);

/* One passage through one bridge.  *ret is malloc'd, *ret_n records of it count; as many as
 * EXPLAIN_RECORDS: there were more. */
must_check int explainer_run(struct explainer *e, const struct maps *maps,
			     const struct explain_job *job, const void *frame, size_t len,
			     struct explain_record **ret, size_t *ret_n, struct error *err);
