/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What Mirror.filter says, in the syntax of ovs-fields(7): a list of fields, all of which a
 * frame must have.  Called by reconcile, which reads the column, by datapath, which
 * compiles it, and by whoever explains it.  Pure.
 */
#include <stdbool.h>

#include "base/error.h"
#include "switch/filter_key.h"

/* A frame matches where it equals value in all bits of mask; the others of value are 0. */
struct filter_match {
	struct filter_key value;
	struct filter_key mask;
};

/* "tcp,nw_dst=10.0.0.0/8,tp_dst=443".  On failure err's text is the reason, as stock words it
 * where it has one; *ret is untouched.  What stock would ignore is refused: a filter that
 * lets through more than its words say is worse than none. */
must_check int filter_parse(const char *text, struct filter_match *ret, struct error *err);

/* One instruction of classic BPF (linux/filter.h): what a tcpdump expression is compiled to. */
struct filter_op {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};
enum { FILTER_OPS_MAX = 4000 };

bool filter_holds(const struct filter_match *match, const struct filter_key *key);
