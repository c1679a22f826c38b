// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * At the XDP hook of the underlay's devices, where somebody has asked for it: what is surely
 * meant for the end of a tunnel of ours, and for nobody there, goes no further; no skb is made
 * of it.  bvs_decap would come to the same end.  Whatever is not that certain passes.
 */
#include <bpf/bpf_endian.h>
#include <linux/bpf.h>

#define OUTER_CONTEXT struct xdp_md
#define OUTER_LOAD bpf_xdp_load_bytes
#include "outer.h"

static __always_inline bool prefilter_read(struct outer *o)
{
	if (OUTER_LOAD(o->skb, 0, o->w->head, ETHERNET_LEN))
		return false;
	o->type = get_be16(o->w->head + 12);
	if (o->type == IPV4_TYPE ? !outer_ipv4(o) : o->type == IPV6_TYPE ? !outer_ipv6(o) : true)
		return false;
	/* UDP's ports are in the first piece only: it may be anybody's. */
	if (o->is_fragment)
		return o->match.kind == TUNNEL_GRE;
	return o->match.kind == TUNNEL_VXLAN ? outer_vxlan(o) : outer_gre(o);
}

/* The device's own address, which nobody else says here; the header that we send has it. */
static __always_inline bool prefilter_is_end(const struct outer *o)
{
	const struct tunnel_config *t = outer_endpoint(o);

	return t && read_be64(o->w->head) >> 16 == read_be64(t->head + 6) >> 16;
}

static __always_inline __u32 prefilter_judge(struct outer *o)
{
	if (!prefilter_read(o) || !prefilter_is_end(o))
		return OUTER_NOT_OURS;
	if (o->is_fragment)
		return outer_drops_unmatched(o) ? outer_bad(o, DROP_FRAGMENT) : OUTER_NOT_OURS;
	if (!outer_find(o)) {
		if (o->match.kind == TUNNEL_VXLAN ? outer_has_socket(o) : !outer_drops_unmatched(o))
			return OUTER_NOT_OURS;
		return outer_bad(o, DROP_NO_TUNNEL);
	}
	if (o->end > o->len || o->frame_at + ETHERNET_LEN > o->end)
		return outer_bad(o, DROP_SHORT);
	return OUTER_OURS;
}

SEC("xdp.frags") int bvs_prefilter(struct xdp_md *ctx)
{
	struct outer o = { .skb = ctx };
	__u32 zero = 0, *value = bpf_map_lookup_elem(&epoch, &zero);

	o.version = value ? *(volatile __u32 *)value & 1 : 0;
	o.w = bpf_map_lookup_elem(&tunnel_work, &zero);
	if (!o.w)
		return XDP_PASS;
	o.ifindex = ctx->ingress_ifindex;
	o.len = (__u32)bpf_xdp_get_buff_len(ctx);
	if (prefilter_judge(&o) != OUTER_BAD)
		return XDP_PASS;
	count_drop(o.slot, o.reason);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
