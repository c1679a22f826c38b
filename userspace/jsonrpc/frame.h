/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Finds where each JSON object in a byte stream ends: JSON-RPC over a stream has no
 * other delimiter.  Looks at every byte once, however the bytes arrive.  Refuses at
 * once what cannot become an object; the full grammar is the parser's (message.h).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json_parse.h"

#define FRAME_MAX_DEPTH JSON_MAX_DEPTH /* deeper nesting is refused, as the reference does */

enum frame_state {
	FRAME_MORE, /* no end yet */
	FRAME_DONE, /* an object ends within these bytes */
};

struct frame {
	size_t max_size; /* of one object, in bytes */
	size_t size; /* of the object so far */
	unsigned int depth; /* brackets open */
	bool is_in_string;
	bool is_escaped; /* the next byte of the string is taken as it is */
	uint64_t is_array[FRAME_MAX_DEPTH / 64 + 1]; /* one bit for each open bracket */
};

void frame_init(struct frame *f, size_t max_size);

/* Goes on with len new bytes.  *ret_used: how many of them were looked at: all with
 * FRAME_MORE, up to and including the closing bracket with FRAME_DONE, after which
 * the next call starts on a new object.  White space before an object counts to it.
 * -1: this stream cannot be followed any more. */
must_check int frame_scan(struct frame *f, const char *data, size_t len, enum frame_state *ret,
			  size_t *ret_used, struct error *err);
