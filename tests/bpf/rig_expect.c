// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static size_t next_record;
static bool is_taken[RECORDS];
static char context[256];

void rig_expect_start(void)
{
	memset(is_taken, 0, sizeof(is_taken));
	next_record = 0;
}

static bool is_sent(const struct record *r, const struct frame *frame)
{
	struct frame sent = rig_sent(r);
	uint32_t n = sent.len < RECORD_BYTES ? sent.len : RECORD_BYTES;

	return sent.len == frame->len && memcmp(sent.bytes, frame->bytes, n) == 0;
}

static void print_frame(const char *what, const struct frame *f)
{
	fprintf(stderr, "# %s, %u bytes:", what, f->len);
	for (uint32_t i = 0; i < f->len && i < 28; i++)
		fprintf(stderr, "%s%02x", i == 6 || i >= 12 ? " " : "", f->bytes[i]);
	fprintf(stderr, "\n");
}

void rig_say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(context, sizeof(context), fmt, args);
	va_end(args);
}

void rig_expect(enum record_kind kind, uint32_t ifindex, const struct frame *frame)
{
	struct record r;

	assert_true(next_record < rig_n_records());
	r = rig_record(next_record);
	is_taken[next_record++] = true;
	assert_int_equal(r.kind, kind);
	assert_int_equal(r.ifindex, ifindex);
	assert_int_equal(r.flags, 0);
	if (!is_sent(&r, frame)) {
		struct frame sent = rig_sent(&r);

		print_frame("sent", &sent);
		print_frame("expected", frame);
		fail_msg("wrong frame to device %u %s", ifindex, context);
	}
}

void rig_expect_end(void)
{
	size_t n = rig_n_records();

	for (size_t i = 0; i < n; i++) {
		struct record r = rig_record(i);

		if (!is_taken[i])
			fail_msg("unexpected frame to device %u %s", r.ifindex, context);
	}
}

void rig_expect_somewhere(uint32_t ifindex, const struct frame *frame)
{
	size_t n = rig_n_records();

	for (size_t i = 0; i < n; i++) {
		struct record r = rig_record(i);

		if (!is_taken[i] && r.ifindex == ifindex && is_sent(&r, frame)) {
			is_taken[i] = true;
			return;
		}
	}
	print_frame("expected", frame);
	for (size_t i = 0; i < n; i++) {
		struct record r = rig_record(i);
		struct frame sent = rig_sent(&r);

		fprintf(stderr, "# device %u:\n", r.ifindex);
		print_frame("sent", &sent);
	}
	fail_msg("no such frame to device %u %s", ifindex, context);
}
