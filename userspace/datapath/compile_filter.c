/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/compile_filter.h"

#include <linux/filter.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "datapath/filters.h"
#include "switch/filter.h"
#include "switch/model.h"

#define SAME_PLACE(MEMBER)                                                                         \
	static_assert(offsetof(struct frame_key, MEMBER) == offsetof(struct filter_key, MEMBER) && \
			      sizeof(((struct frame_key *)0)->MEMBER) ==                           \
				      sizeof(((struct filter_key *)0)->MEMBER),                    \
		      "the program's key is the model's")
SAME_PLACE(eth_dst);
SAME_PLACE(eth_src);
SAME_PLACE(vlan_tci);
SAME_PLACE(eth_type);
SAME_PLACE(nw_proto);
SAME_PLACE(nw_tos);
SAME_PLACE(nw_ttl);
SAME_PLACE(nw_frag);
SAME_PLACE(tp_src);
SAME_PLACE(tp_dst);
SAME_PLACE(tcp_flags);
SAME_PLACE(ipv6_label);
SAME_PLACE(nw_src);
SAME_PLACE(nw_dst);
SAME_PLACE(ipv6_src);
SAME_PLACE(ipv6_dst);
SAME_PLACE(nd_target);
SAME_PLACE(arp_sha);
SAME_PLACE(arp_tha);
static_assert(sizeof(struct frame_key) == sizeof(struct filter_key), "the same words");

/* One comparison for each word that the match speaks of. */
static uint32_t put_match(const struct filter_match *match, struct filter_insn *to)
{
	uint32_t values[KEY_WORDS], masks[KEY_WORDS], n = 0;

	memcpy(values, &match->value, sizeof(values));
	memcpy(masks, &match->mask, sizeof(masks));
	for (unsigned int i = 0; i < KEY_WORDS; i++) {
		if (masks[i])
			to[n++] = (struct filter_insn){ .code = FILTER_MATCH,
							.jt = (__u8)i,
							.k = values[i],
							.mask = masks[i] };
	}
	return n;
}

static uint32_t put_ops(const struct model_filter *filter, struct filter_insn *to)
{
	for (size_t i = 0; i < filter->n_ops; i++) {
		const struct filter_op *op = &filter->ops[i];

		to[i] = (struct filter_insn){
			.code = op->code, .jt = op->jt, .jf = op->jf, .k = op->k
		};
	}
	return (uint32_t)filter->n_ops;
}

static uint32_t put_filter(const struct model_filter *filter, struct filter_insn *to)
{
	uint32_t n = filter->match ? put_match(filter->match, to) : 0;

	if (filter->n_ops)
		return n + put_ops(filter, to + n);
	to[n++] = (struct filter_insn){ .code = BPF_RET | BPF_K, .k = 1 };
	return n;
}

int compile_filter(const struct model_mirror *mirror, struct filters *filters,
		   struct mirror_config *config, struct error *err)
{
	const struct model_filter *filter = &mirror->filter;
	struct filter_insn *insns;
	int failed;

	if (mirror->keeps_filter) {
		filters_in_force(filters, mirror->slot.number, mirror->slot.generation,
				 &config->filter, &config->filter_len);
		return 0;
	}
	if (!filter->match && !filter->n_ops)
		return 0;
	if (filter->n_ops > FILTER_OPS_MAX)
		return error_set(err, "internal error", "a filter of %zu instructions",
				 filter->n_ops);
	static_assert(FILTER_OPS_MAX + KEY_WORDS + 1 <= FILTER_MAX, "it fits");
	insns = calloc(FILTER_MAX, sizeof(*insns));
	if (!insns)
		abort();
	config->filter_len = put_filter(filter, insns);
	failed = filters_place(filters, insns, config->filter_len, &config->filter, err);
	free(insns);
	return failed;
}

bool compile_filter_is_usable(const struct model_mirror *mirror, const struct filters *filters)
{
	uint32_t first, n;

	return !mirror->keeps_filter ||
	       filters_in_force(filters, mirror->slot.number, mirror->slot.generation, &first, &n);
}
