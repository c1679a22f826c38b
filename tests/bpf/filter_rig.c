// SPDX-License-Identifier: Apache-2.0
#include "filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "datapath/compile_filter.h"
#include "datapath/expression.h"
#include "datapath/filters.h"
#include "datapath/image.h"
#include "filter_frames.h"
#include "switch/filter.h"
#include "switch/model.h"

static struct arena *arena;

void filter_put(uint32_t bit, struct mirror_config config, const struct model_filter *filter)
{
	struct model_mirror m = { .name = "m", .filter = *filter };
	struct filters *filters = filters_new();
	struct image *none = image_new();
	struct error err;

	image_seal(none);
	filters_begin(filters, none);
	if (compile_filter(&m, filters, &config, &err))
		fail_msg("%s", err.text);
	rig_put_filter(bit * FILTER_MAX, &filters->insns[config.filter], config.filter_len);
	config.filter = bit * FILTER_MAX;
	rig_put_mirror(bit, config);
	filters_free(filters);
	image_free(none);
}

void filter_put_match(uint32_t bit, struct mirror_config config, const char *text)
{
	struct filter_match match;
	struct error err;

	if (filter_parse(text, &match, &err))
		fail_msg("%s: %s", text, err.text);
	filter_put(bit, config, &(struct model_filter){ .match = &match });
}

struct model_filter filter_expression(const char *text)
{
	struct model_filter ret = { .expression = text };
	struct error err;

	if (expression_compile(text, arena, &ret.ops, &ret.n_ops, &err))
		fail_msg("%s: %s", text, err.text);
	return ret;
}

bool filter_copies(const struct frame *f, enum tag_place place)
{
	bool ret = false;

	rig_send(1, f, place);
	for (size_t i = 0; i < rig_n_records(); i++) {
		struct record r = rig_record(i);

		ret |= r.kind == RECORD_CLONE && r.ifindex == OUT;
	}
	return ret;
}

int filter_set_up(void **state)
{
	mirror_set_up(state);
	select_src(0, 1);
	mirror_put_ports();
	arena = arena_new();
	srandom(7);
	return 0;
}

int filter_tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

struct frame filter_frame(const char *name)
{
	struct frame f = { .len = 0 };

	for (size_t i = 0; i < N_FILTER_FRAMES; i++) {
		if (!strcmp(filter_frames[i].name, name))
			f.len = (uint32_t)filter_frame_bytes(filter_frames[i].hex, f.bytes);
	}
	assert_int_not_equal(f.len, 0);
	return f;
}
