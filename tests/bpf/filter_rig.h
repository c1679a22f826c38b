/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The rig with filters on its mirrors: what enters port 1 is mirrored, by the mirror at bit 0
 * once a test has written that with its filter.
 */
#include "mirror_rig.h"

struct model_filter;

/* For each test; also seeds random(). */
int filter_set_up(void **state);
int filter_tear_down(void **state);

/* The mirror at this bit gets the filter; its instructions go to a place of their own. */
void filter_put(uint32_t bit, struct mirror_config config, const struct model_filter *filter);
/* As above, with a match as a user writes it. */
void filter_put_match(uint32_t bit, struct mirror_config config, const char *text);
/* A tcpdump expression; its memory goes with the test. */
struct model_filter filter_expression(const char *text);

/* One of filter_frames.h, by its name. */
struct frame filter_frame(const char *name);
/* Sends it into port 1: was it copied to OUT? */
bool filter_copies(const struct frame *f, enum tag_place place);
