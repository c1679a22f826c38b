/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What would become of a frame, in the model's terms, and that as text.  Filled in by
 * datapath, which asks the packet path itself; shown by reconcile.  Nothing is decided here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct model_bridge;
struct model_mirror;
struct model_port;

/* Tags as TPID << 16 | TCI, 0 for none. */
struct explain_frame {
	uint32_t outer, inner;
	uint32_t len;
};

struct explain_output {
	const struct model_port *port;
	struct explain_frame frame;
	uint32_t snaplen; /* it is cut to that; 0: whole */
	bool has_link; /* else it is lost there */
	const struct model_port *peer; /* of a patch port: where it goes on; NULL: none */
};

/* Why a frame, or one output of it, goes nowhere. */
struct explain_drop {
	const struct model_port *port;
	const char *why;
};

/* Where a mirror looks. */
enum explain_stage { EXPLAIN_AT_INPUT, EXPLAIN_AT_OUTPUT, EXPLAIN_AT_COPY };
struct explain_mirror {
	const struct model_mirror *mirror;
	bool is_asked; /* it selects the frame, by its ports; the rest is about those */
	enum explain_stage stage;
	bool is_copied;
	const char *why; /* NULL: copied */
	const struct explain_output *copies;
	size_t n_copies;
};

/* One bridge on the frame's way. */
struct explain_passage {
	const struct model_bridge *bridge;
	const struct model_port *in;
	struct explain_frame frame; /* as it comes in */
	bool is_admitted;
	uint32_t outer, inner; /* inside */
	const char *dropped; /* why; NULL: forwarded, as far as there are outputs */
	bool is_known; /* the destination; otherwise it floods */
	bool is_learned; /* the source, for the first time or at another port than ... */
	const struct model_port *moved_from;
	const struct explain_output *outputs;
	size_t n_outputs;
	const struct explain_drop *drops; /* of outputs */
	size_t n_drops;
	const struct explain_mirror *mirrors; /* all of the bridge's, by age */
	size_t n_mirrors;
};

struct explain {
	struct arena *arena;
	const struct explain_passage *passages;
	size_t n_passages;
	bool is_cut_short; /* there was more than could be written down */
};

void explain_free(struct explain *e); /* NULL is fine */

/* Lines of text. */
void explain_put(struct buf *to, const struct explain *e);

/* For a mirror that is not asked. */
const char *explain_unasked(const struct explain_passage *p, const struct model_mirror *m);
