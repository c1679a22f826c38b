/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/grace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Changing a map of maps ends with a wait for the programs that may still use the old
 * one. */
static int wait_by_map_of_maps(struct error *err)
{
	struct bpf_map_create_opts opts = { .sz = sizeof(opts) };
	int inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "grace_inner", 4, 4, 1, NULL);
	int outer = -1, failed = -1;
	__u32 zero = 0;

	if (inner >= 0) {
		opts.inner_map_fd = (__u32)inner;
		outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "grace", 4, 4, 1, &opts);
	}
	if (outer >= 0)
		failed = bpf_map_update_elem(outer, &zero, &inner, BPF_ANY);
	if (failed)
		failed = error_errno(err, errno, "wait for an RCU grace period");
	if (outer >= 0)
		close(outer);
	if (inner >= 0)
		close(inner);
	return failed;
}

int grace_wait(struct error *err)
{
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return 0;
	/* It does not work with nohz_full, and may be missing or filtered. */
	return wait_by_map_of_maps(err);
}
