// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* For a batch of frames that come in at once: a test run of it on a device. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp") int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
