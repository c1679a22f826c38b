/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Asks the packet path what it would do with a frame: the program of bpf/explain.bpf.c, run on
 * the configuration in force.  Loaded when somebody asks for the first time, by a thread: the
 * verifier takes most of a second.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct explain_job;
struct explain_patch;
struct explain_record;
struct loop;
struct maps;

struct explainer {
	const struct maps *maps;
	struct loop *loop;
	struct explainer_load *load; /* since somebody asked */
	void (*on_loaded)(void *arg); /* NULL: nobody wants to know */
	void *on_loaded_arg;
};

void explainer_open(struct explainer *e, struct loop *loop, const struct maps *maps);
void explainer_close(struct explainer *e); /* waits for the thread */

/* 0: explainer_run() may be called.  1: it is being loaded; ask again from on_loaded(), which is
 * called in the loop.  -1: it cannot be loaded; who asks later begins anew. */
must_check int explainer_ensure(struct explainer *e, struct error *err);

/* What the program wrote down, in order. */
struct explained {
	struct explain_record *records;
	struct explain_patch *patches; /* by the same index, of those that are EXPLAIN_PATCH */
	size_t n;
	bool is_cut_short; /* there was more */
};
void explained_free(struct explained *e);

/* One passage through one bridge.  *ret is the caller's to explained_free(). */
must_check int explainer_run(const struct explainer *e, const struct explain_job *job,
			     const void *frame, size_t len, struct explained *ret,
			     struct error *err);
