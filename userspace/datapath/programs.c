/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bvs.skel.h"
#include "datapath/hash.h"
#include "datapath/instance.h"
#include "datapath/maps.h"
#include "datapath/pins.h"

static const char *const pin_names[N_PROGRAMS] = {
	[PROGRAM_INGRESS] = "prog-ingress",	[PROGRAM_REENTRY] = "prog-reentry",
	[PROGRAM_DECAP] = "prog-decap",		[PROGRAM_SEGMENT] = "prog-segment",
	[PROGRAM_PREFILTER] = "prog-prefilter",
};

void programs_init(struct programs *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < N_PROGRAMS; i++)
		p->fds[i] = -1;
}

void programs_close(struct programs *p)
{
	for (int i = 0; i < N_PROGRAMS; i++) {
		if (p->fds[i] >= 0)
			close(p->fds[i]);
		p->fds[i] = -1;
	}
}

static int read_ids(struct programs *p, struct error *err)
{
	for (int i = 0; i < N_PROGRAMS; i++) {
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (bpf_obj_get_info_by_fd(p->fds[i], &info, &len))
			return error_errno(err, errno, "BPF program %s", pin_names[i]);
		p->ids[i] = info.id;
	}
	return 0;
}

static bool open_pinned(struct programs *p, const struct instance *instance)
{
	for (int i = 0; i < N_PROGRAMS; i++) {
		p->fds[i] = pins_get(instance->dir, pin_names[i]);
		if (p->fds[i] < 0) {
			programs_close(p);
			return false;
		}
	}
	return true;
}

enum { LOG_SIZE = 1 << 20 };

/* Why the verifier refused a program: its last line but for the one that only says how many
 * instructions were processed. */
static const char *last_word(char *log)
{
	char *end = strstr(log, "\nprocessed "), *start;

	if (end)
		*end = '\0';
	start = strrchr(log, '\n');
	return start ? start + 1 : log;
}

static int refused(struct bvs *skel, char *logs, int cause, struct error *err)
{
	struct bpf_program *program;
	size_t i = 0;

	bpf_object__for_each_program (program, skel->obj) {
		char *log = logs + i++ * LOG_SIZE;

		if (*log)
			return error_errno(err, cause, "load BPF program %s: %s",
					   bpf_program__name(program), last_word(log));
	}
	return error_errno(err, cause, "load BPF programs");
}

static int load(struct bvs *skel, struct error *err)
{
	struct bpf_program *program;
	size_t n = 0;
	char *logs;
	int failed;

	bpf_object__for_each_program (program, skel->obj)
		n++;
	logs = calloc(n, LOG_SIZE); /* touched only when there is something to say */
	if (!logs)
		abort();
	n = 0;
	bpf_object__for_each_program (program, skel->obj) {
		bpf_program__set_log_buf(program, logs + n * LOG_SIZE, LOG_SIZE);
		n++;
	}
	failed = bvs__load(skel);
	if (failed)
		failed = refused(skel, logs, -failed, err);
	free(logs);
	return failed;
}

static int copy_fd(const struct bpf_program *program)
{
	return fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3);
}

static int load_all(struct programs *p, const struct instance *instance, struct maps *maps,
		    struct error *err)
{
	struct bvs *skel = bvs__open();
	int failed;

	if (!skel)
		return error_errno(err, errno, "open BPF programs");
	failed = maps_adopt(maps, skel->obj, err) || load(skel, err) ||
		 maps_keep(maps, skel->obj, err);
	if (!failed) {
		p->fds[PROGRAM_INGRESS] = copy_fd(skel->progs.bvs_ingress);
		p->fds[PROGRAM_REENTRY] = copy_fd(skel->progs.bvs_reentry);
		p->fds[PROGRAM_DECAP] = copy_fd(skel->progs.bvs_decap);
		p->fds[PROGRAM_SEGMENT] = copy_fd(skel->progs.bvs_segment);
		p->fds[PROGRAM_PREFILTER] = copy_fd(skel->progs.bvs_prefilter);
	}
	bvs__destroy(skel);
	for (int i = 0; i < N_PROGRAMS && !failed; i++) {
		if (p->fds[i] < 0)
			failed = error_errno(err, errno, "BPF program %s", pin_names[i]);
		else if (pins_replace(instance->dir, pin_names[i], p->fds[i]))
			failed = error_errno(err, errno, "pin %s/%s", instance->path, pin_names[i]);
	}
	return failed ? -1 : 0;
}

int programs_open(struct programs *p, const struct instance *instance, struct maps *maps,
		  struct error *err)
{
	const void *bytes;
	bool has_maps;
	size_t len;

	libbpf_set_print(NULL); /* what it has to say is in our errors */
	bytes = bvs__elf_bytes(&len);
	p->hash = hash64(HASH64_INIT, bytes, len);
	if (maps_open_pinned(maps, &has_maps, err))
		return -1;
	if (!has_maps || p->hash != instance->programs || !open_pinned(p, instance)) {
		p->is_new = true;
		if (load_all(p, instance, maps, err))
			return -1;
	}
	return read_ids(p, err);
}

int programs_commit(struct programs *p, struct instance *instance, struct error *err)
{
	if (!p->is_new)
		return 0;
	p->is_new = false;
	return instance_set_programs(instance, p->hash, err);
}
