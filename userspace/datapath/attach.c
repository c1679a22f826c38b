/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datapath/held.h"
#include "datapath/instance.h"
#include "datapath/pins.h"
#include "datapath/tcx.h"

/* Where our clsact filters sit; two of them may meet on one hook. */
enum { FILTER_HANDLE = 0xb5, FILTER_PRIORITY = 0xb5, DECAP_PRIORITY = 0xb6 };

static const struct {
	uint32_t tcx;
	enum bpf_tc_attach_point tc;
	uint32_t held;
	uint32_t priority;
	const char *name;
} points[N_TC_PROGRAMS] = {
	[PROGRAM_INGRESS] = { TCX_INGRESS, BPF_TC_INGRESS, HELD_INGRESS, FILTER_PRIORITY,
			      "ingress" },
	[PROGRAM_REENTRY] = { TCX_EGRESS, BPF_TC_EGRESS, HELD_EGRESS, FILTER_PRIORITY, "egress" },
	[PROGRAM_DECAP] = { TCX_INGRESS, BPF_TC_INGRESS, HELD_DECAP, DECAP_PRIORITY, "decap" },
	[PROGRAM_SEGMENT] = { TCX_INGRESS, BPF_TC_INGRESS, HELD_SEGMENT, FILTER_PRIORITY,
			      "segment" },
};

static struct attachment *find(const struct attachments *a, uint32_t ifindex,
			       enum program_id program)
{
	struct attach_point at = { ifindex, program };
	struct attachment *found;

	HASH_FIND(hh, a->all, &at, sizeof(at), found);
	return found;
}

static void note(struct attachments *a, uint32_t ifindex, enum program_id program)
{
	struct attachment *new = calloc(1, sizeof(*new));

	if (!new)
		abort();
	new->at.ifindex = ifindex;
	new->at.program = program;
	HASH_ADD(hh, a->all, at, sizeof(new->at), new);
}

static void strike(struct attachments *a, uint32_t ifindex, enum program_id program)
{
	struct attachment *old = find(a, ifindex, program);

	if (old)
		HASH_DEL(a->all, old);
	free(old);
}

bool attach_has(const struct attachments *a, uint32_t ifindex, enum program_id program)
{
	return find(a, ifindex, program);
}

/* --- tcx --- */

struct pin_name {
	char text[40];
};

static const char *pin_name(struct pin_name *p, uint32_t ifindex, enum program_id program)
{
	snprintf(p->text, sizeof(p->text), "link-%u-%s", ifindex, points[program].name);
	return p->text;
}

static int tcx_add(const struct attachments *a, uint32_t ifindex, enum program_id program,
		   const char *device, struct error *err)
{
	struct pin_name pin;
	int link = bpf_link_create(a->programs->fds[program], (int)ifindex,
				   (enum bpf_attach_type)points[program].tcx, NULL);
	int failed = 0;

	if (link < 0)
		return error_errno(err, errno, "attach BPF program to network device %s", device);
	pin_name(&pin, ifindex, program);
	if (pins_remove(a->instance->dir, pin.text) || pins_put(a->instance->dir, pin.text, link))
		failed = error_errno(err, errno, "pin %s/%s", a->instance->path, pin.text);
	close(link);
	return failed;
}

/* Detached before the name goes: somebody may have the link open. */
static int tcx_remove(const struct attachments *a, uint32_t ifindex, enum program_id program,
		      struct error *err)
{
	struct pin_name pin;
	int link = pins_get(a->instance->dir, pin_name(&pin, ifindex, program));

	if (link >= 0) {
		(void)bpf_link_detach(link);
		close(link);
	}
	if (pins_remove(a->instance->dir, pin.text))
		return error_errno(err, errno, "remove %s/%s", a->instance->path, pin.text);
	return 0;
}

struct adoption {
	struct attachments *a;
	struct error *err;
	int failed;
};

static void adopt_link(void *arg, const char *name)
{
	struct adoption *adoption = arg;
	struct attachments *a = adoption->a;
	struct tcx_link info;
	enum program_id program = PROGRAM_INGRESS;
	uint32_t ifindex;
	char direction[16];
	int link;

	if (adoption->failed || sscanf(name, "link-%u-%15s", &ifindex, direction) != 2)
		return;
	while (program < N_TC_PROGRAMS && strcmp(direction, points[program].name))
		program++;
	if (program == N_TC_PROGRAMS)
		return;
	link = pins_get(a->instance->dir, name);
	if (link < 0 || tcx_link_info(link, &info)) {
		adoption->failed =
			error_errno(adoption->err, errno, "open %s/%s", a->instance->path, name);
	} else if (!tcx_is_here(ifindex, points[program].tcx, &info)) {
		adoption->failed = tcx_remove(a, ifindex, program, adoption->err);
	} else {
		if (info.program_id != a->programs->ids[program] &&
		    bpf_link_update(link, a->programs->fds[program], NULL))
			adoption->failed = error_errno(adoption->err, errno, "update %s/%s",
						       a->instance->path, name);
		note(a, ifindex, program);
	}
	if (link >= 0)
		close(link);
}

/* --- clsact --- */

static int clsact_add(const struct attachments *a, uint32_t ifindex, enum program_id program,
		      const char *device, struct error *err)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook),
				    .ifindex = (int)ifindex,
				    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS };
	struct bpf_tc_opts opts = { .sz = sizeof(opts),
				    .handle = FILTER_HANDLE,
				    .priority = points[program].priority,
				    .prog_fd = a->programs->fds[program],
				    .flags = BPF_TC_F_REPLACE };
	int failed;

	if (held_change(a->held, ifindex, device, points[program].held, 0, err))
		return -1;
	failed = bpf_tc_hook_create(&hook);
	if (failed && failed != -EEXIST)
		return error_errno(err, -failed, "add clsact to network device %s", device);
	if (!failed && held_change(a->held, ifindex, device, HELD_QDISC, 0, err))
		return -1;
	hook.attach_point = points[program].tc;
	failed = bpf_tc_attach(&hook, &opts);
	if (failed)
		return error_errno(err, -failed, "attach BPF program to network device %s", device);
	return 0;
}

/* Whatever is not there any more, with its device or without, is fine. */
static int clsact_remove(const struct attachments *a, uint32_t ifindex, enum program_id program,
			 struct error *err)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook),
				    .ifindex = (int)ifindex,
				    .attach_point = points[program].tc };
	struct bpf_tc_opts opts = { .sz = sizeof(opts),
				    .handle = FILTER_HANDLE,
				    .priority = points[program].priority };
	uint32_t flags = held_flags(a->held, ifindex), ours = points[program].held;

	if (!(flags & ours))
		return 0;
	(void)bpf_tc_detach(&hook, &opts);
	if ((flags & HELD_QDISC) &&
	    !(flags & (HELD_INGRESS | HELD_EGRESS | HELD_DECAP | HELD_SEGMENT) & ~ours)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		(void)bpf_tc_hook_destroy(&hook);
		ours |= HELD_QDISC;
	}
	return held_change(a->held, ifindex, "", 0, ours, err);
}

/* A filter that is noted but not there was never made, or its device went. */
static int adopt_filter(struct attachments *a, uint32_t ifindex, enum program_id program,
			struct error *err)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook),
				    .ifindex = (int)ifindex,
				    .attach_point = points[program].tc };
	struct bpf_tc_opts opts = { .sz = sizeof(opts),
				    .handle = FILTER_HANDLE,
				    .priority = points[program].priority };

	if (bpf_tc_query(&hook, &opts))
		return clsact_remove(a, ifindex, program, err);
	note(a, ifindex, program);
	if (opts.prog_id == a->programs->ids[program])
		return 0;
	return clsact_add(a, ifindex, program, "", err);
}

/* Whether a filter sits in our place. */
static bool clsact_has_filter(uint32_t ifindex, enum program_id program)
{
	struct bpf_tc_hook hook = { .sz = sizeof(hook),
				    .ifindex = (int)ifindex,
				    .attach_point = points[program].tc };
	struct bpf_tc_opts opts = { .sz = sizeof(opts),
				    .handle = FILTER_HANDLE,
				    .priority = points[program].priority };

	return !bpf_tc_query(&hook, &opts);
}

static int adopt_filters(struct attachments *a, struct error *err)
{
	for (struct held_device *d = a->held->devices, *next; d; d = next) {
		next = d->hh.next;
		uint32_t ifindex = d->ifindex, flags = d->held.flags; /* d may go */

		for (int i = 0; i < N_TC_PROGRAMS; i++) {
			if ((flags & points[i].held) &&
			    adopt_filter(a, ifindex, (enum program_id)i, err))
				return -1;
		}
	}
	return 0;
}

/* --- both --- */

int attach_open(struct attachments *a, const struct instance *instance,
		const struct programs *programs, struct held_table *held, bool no_tcx,
		struct error *err)
{
	struct adoption adoption = { a, err, 0 };

	a->instance = instance;
	a->programs = programs;
	a->held = held;
	a->all = NULL;
	a->has_tcx = !no_tcx && tcx_is_supported(programs->fds[PROGRAM_INGRESS]);
	if (!a->has_tcx)
		return adopt_filters(a, err);
	if (pins_each(instance->dir, adopt_link, &adoption))
		return error_errno(err, errno, "read %s", instance->path);
	return adoption.failed;
}

void attach_close(struct attachments *a)
{
	for (struct attachment *at = a->all, *next; at; at = next) {
		next = at->hh.next;
		HASH_DEL(a->all, at);
		free(at);
	}
}

int attach_add(struct attachments *a, uint32_t ifindex, enum program_id program, const char *device,
	       struct error *err)
{
	if (find(a, ifindex, program))
		return 0;
	if (a->has_tcx ? tcx_add(a, ifindex, program, device, err)
		       : clsact_add(a, ifindex, program, device, err))
		return -1;
	note(a, ifindex, program);
	return 0;
}

int attach_remove(struct attachments *a, uint32_t ifindex, enum program_id program,
		  struct error *err)
{
	if (!find(a, ifindex, program))
		return 0;
	if (a->has_tcx ? tcx_remove(a, ifindex, program, err)
		       : clsact_remove(a, ifindex, program, err))
		return -1;
	strike(a, ifindex, program);
	return 0;
}

bool attach_is_taken(const struct attachments *a, uint32_t ifindex)
{
	if (find(a, ifindex, PROGRAM_INGRESS))
		return false;
	return a->has_tcx ? tcx_has_program(ifindex, TCX_INGRESS, "bvs_ingress")
			  : clsact_has_filter(ifindex, PROGRAM_INGRESS);
}
