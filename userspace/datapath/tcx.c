/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/tcx.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The arguments of BPF_PROG_QUERY as of Linux 6.6. */
struct query {
	__u32 target_ifindex;
	__u32 attach_type;
	__u32 query_flags;
	__u32 attach_flags;
	__aligned_u64 program_ids;
	__u32 count;
	__u32 pad;
	__aligned_u64 program_attach_flags;
	__aligned_u64 link_ids;
	__aligned_u64 link_attach_flags;
	__u64 revision;
};
static_assert(offsetof(struct query, link_ids) == 40, "the kernel's layout");

enum { MAX_PROGRAMS = 64 }; /* the kernel's limit for one hook */

struct attached {
	__u32 n;
	__u32 program_ids[MAX_PROGRAMS];
	__u32 link_ids[MAX_PROGRAMS];
};

static int query(uint32_t ifindex, uint32_t attach_type, struct attached *ret)
{
	struct query q = { .target_ifindex = ifindex,
			   .attach_type = attach_type,
			   .program_ids = (uintptr_t)ret->program_ids,
			   .link_ids = (uintptr_t)ret->link_ids,
			   .count = MAX_PROGRAMS };

	memset(ret, 0, sizeof(*ret));
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &q, sizeof(q)))
		return -1;
	ret->n = q.count < MAX_PROGRAMS ? q.count : MAX_PROGRAMS;
	return 0;
}

/* A kernel that knows the attach type misses the device, others refuse the type. */
bool tcx_is_supported(int program)
{
	int link = bpf_link_create(program, INT_MAX, (enum bpf_attach_type)TCX_INGRESS, NULL);

	if (link < 0)
		return errno == ENODEV;
	close(link);
	return true;
}

int tcx_link_info(int link, struct tcx_link *ret)
{
	struct bpf_link_info info;
	__u32 len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(link, &info, &len))
		return -1;
	ret->id = info.id;
	ret->program_id = info.prog_id;
	ret->ifindex = info.xdp.ifindex; /* at the same place in a tcx link's */
	return 0;
}

bool tcx_is_here(uint32_t ifindex, uint32_t attach_type, const struct tcx_link *link)
{
	struct attached attached;

	if (link->ifindex != ifindex || query(ifindex, attach_type, &attached))
		return false;
	for (__u32 i = 0; i < attached.n; i++) {
		if (attached.link_ids[i] == link->id)
			return true;
	}
	return false;
}

bool tcx_has_program(uint32_t ifindex, uint32_t attach_type, const char *name)
{
	struct attached attached;

	if (query(ifindex, attach_type, &attached))
		return false;
	for (__u32 i = 0; i < attached.n; i++) {
		struct bpf_prog_info info;
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(attached.program_ids[i]);
		bool found;

		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		found = !bpf_obj_get_info_by_fd(fd, &info, &len) && !strcmp(info.name, name);
		close(fd);
		if (found)
			return true;
	}
	return false;
}
