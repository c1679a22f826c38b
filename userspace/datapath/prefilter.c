/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/prefilter.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datapath/instance.h"
#include "datapath/pins.h"
#include "datapath/programs.h"
#include "datapath/tcx.h"

static const struct {
	const char *name;
	uint32_t flags;
} modes[] = {
	[MODEL_XDP_OFF] = { "off", 0 },
	[MODEL_XDP_NATIVE] = { "native", XDP_FLAGS_DRV_MODE },
	[MODEL_XDP_GENERIC] = { "generic", XDP_FLAGS_SKB_MODE },
};

static struct prefiltered *find(const struct prefilter *p, uint32_t ifindex)
{
	struct prefiltered *d;

	HASH_FIND(hh, p->all, &ifindex, sizeof(ifindex), d);
	return d;
}

static struct prefiltered *get(struct prefilter *p, uint32_t ifindex)
{
	struct prefiltered *d = find(p, ifindex);

	if (d)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d)
		abort();
	d->ifindex = ifindex;
	HASH_ADD(hh, p->all, ifindex, sizeof(d->ifindex), d);
	return d;
}

static void forget(struct prefilter *p, struct prefiltered *d)
{
	HASH_DEL(p->all, d);
	free(d);
}

/* --- pinned links --- */

struct pin_name {
	char text[40];
};

static const char *pin_name(struct pin_name *pin, uint32_t ifindex, enum model_xdp mode)
{
	snprintf(pin->text, sizeof(pin->text), "xdp-%u-%s", ifindex, modes[mode].name);
	return pin->text;
}

/* Detached before the name goes: somebody may have the link open. */
static int remove_link(const struct prefilter *p, const char *pin, struct error *err)
{
	int link = pins_get(p->instance->dir, pin);

	if (link >= 0) {
		(void)bpf_link_detach(link);
		close(link);
	}
	if (pins_remove(p->instance->dir, pin))
		return error_errno(err, errno, "remove %s/%s", p->instance->path, pin);
	return 0;
}

static int detach(const struct prefilter *p, struct prefiltered *d, struct error *err)
{
	struct pin_name pin = { "" };

	if (d->mode != MODEL_XDP_OFF && remove_link(p, pin_name(&pin, d->ifindex, d->mode), err))
		return -1;
	d->mode = MODEL_XDP_OFF;
	return 0;
}

/* A link that cannot be pinned would go with the process: it goes at once. */
static int attach(const struct prefilter *p, struct prefiltered *d, enum model_xdp mode)
{
	struct bpf_link_create_opts opts = { .sz = sizeof(opts), .flags = modes[mode].flags };
	int link = bpf_link_create(p->programs->fds[PROGRAM_PREFILTER], (int)d->ifindex, BPF_XDP,
				   &opts);
	struct pin_name pin = { "" };
	int failed;

	if (link < 0)
		return -1;
	failed = pins_replace(p->instance->dir, pin_name(&pin, d->ifindex, mode), link);
	if (failed)
		(void)bpf_link_detach(link);
	else
		d->mode = mode;
	close(link);
	return failed;
}

/* --- what was left --- */

/* A link tells the device's number whatever namespace that went to: the one here must have
 * the program. */
static bool is_here(uint32_t ifindex, enum model_xdp mode, const struct tcx_link *link)
{
	__u32 id = 0;

	return link->ifindex == ifindex &&
	       !bpf_xdp_query_id((int)ifindex, (int)modes[mode].flags, &id) &&
	       id == link->program_id;
}

struct adoption {
	struct prefilter *p;
	struct error *err;
	int failed;
};

static void adopt(void *arg, const char *name)
{
	struct adoption *adoption = arg;
	struct prefilter *p = adoption->p;
	enum model_xdp mode = MODEL_XDP_NATIVE;
	struct tcx_link info;
	char text[16];
	uint32_t ifindex;
	int link;

	if (adoption->failed || sscanf(name, "xdp-%u-%15s", &ifindex, text) != 2)
		return;
	if (strcmp(text, modes[mode].name))
		mode = MODEL_XDP_GENERIC;
	link = pins_get(p->instance->dir, name);
	if (link < 0 || tcx_link_info(link, &info))
		adoption->failed =
			error_errno(adoption->err, errno, "open %s/%s", p->instance->path, name);
	else if (!is_here(ifindex, mode, &info))
		adoption->failed = remove_link(p, name, adoption->err);
	else if (info.program_id != p->programs->ids[PROGRAM_PREFILTER] &&
		 bpf_link_update(link, p->programs->fds[PROGRAM_PREFILTER], NULL))
		adoption->failed =
			error_errno(adoption->err, errno, "update %s/%s", p->instance->path, name);
	else
		get(p, ifindex)->mode = mode;
	if (link >= 0)
		close(link);
}

int prefilter_open(struct prefilter *p, const struct instance *instance,
		   const struct programs *programs, struct error *err)
{
	struct adoption adoption = { p, err, 0 };

	*p = (struct prefilter){ .instance = instance, .programs = programs };
	if (pins_each(instance->dir, adopt, &adoption))
		return error_errno(err, errno, "read %s", instance->path);
	return adoption.failed;
}

void prefilter_close(struct prefilter *p)
{
	for (struct prefiltered *d = p->all, *next; d; d = next) {
		next = d->hh.next;
		forget(p, d);
	}
}

/* --- a round --- */

void prefilter_begin(struct prefilter *p)
{
	p->pass++;
}

static const char *reason(int cause)
{
	switch (cause) {
	case EBUSY:
	case EEXIST:
		return "another program is there";
	case EOPNOTSUPP:
		return "the device has no such hook";
	default:
		return strerror(cause);
	}
}

void prefilter_add(struct prefilter *p, uint32_t ifindex, enum model_xdp mode, const char *refusal)
{
	enum model_xdp wanted = refusal ? MODEL_XDP_OFF : mode;
	struct prefiltered *d = get(p, ifindex);
	struct error err;

	if (d->pass == p->pass)
		return;
	d->pass = p->pass;
	if (d->mode != wanted && detach(p, d, &err))
		snprintf(d->state, sizeof(d->state), "off: %.80s", err.text);
	else if (refusal)
		snprintf(d->state, sizeof(d->state), "off: %.80s", refusal);
	else if (d->mode != wanted && attach(p, d, wanted))
		snprintf(d->state, sizeof(d->state), "off: %s", reason(errno));
	else
		snprintf(d->state, sizeof(d->state), "%s", modes[wanted].name);
}

int prefilter_end(struct prefilter *p, struct error *err)
{
	for (struct prefiltered *d = p->all, *next; d; d = next) {
		next = d->hh.next;
		if (d->pass == p->pass)
			continue;
		if (detach(p, d, err))
			return -1;
		forget(p, d);
	}
	return 0;
}

const char *prefilter_state(const struct prefilter *p, uint32_t ifindex)
{
	const struct prefiltered *d = find(p, ifindex);

	return d && d->pass == p->pass ? d->state : "";
}
