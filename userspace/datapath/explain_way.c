/* SPDX-License-Identifier: Apache-2.0 */
/* datapath.h: what would become of a frame: the program's records to switch/explain.h. */
#include <stdlib.h>
#include <string.h>

#include "abi.h"
#include "base/arena.h"
#include "datapath/datapath.h"
#include "datapath/drops.h"
#include "datapath/explain.h"
#include "datapath/handle.h"
#include "datapath/image.h"
#include "switch/explain.h"
#include "switch/model.h"

enum { PASSAGES_MAX = 32, ADDRESSES = 12, TAG = 4 };

/* A frame that is to be looked at, where it comes in. */
struct entry {
	struct explain_job job;
	const struct model_bridge *bridge;
	const struct model_port *port;
	uint8_t *bytes; /* in the arena */
	size_t len;
	/* Behind a patch within a bridge: its mirrors that have seen to the packet before. */
	struct explain_patch before;
};

struct way {
	struct datapath *dp;
	const struct model *model;
	struct arena *arena;
	struct entry entries[PASSAGES_MAX]; /* and the passages are in the same order */
	size_t n_entries;
	bool is_cut_short;
};

/* A passage while its records are read; the arrays have room for all that there are. */
struct passage {
	struct way *way;
	const struct entry *entry;
	struct explain_passage *to;
	struct explain_output *outputs;
	struct explain_drop *drops;
	struct explain_mirror *mirrors;
	struct explain_output *copies; /* the next free one */
	struct explain_mirror *mirror; /* the one at work; NULL: production */
	struct explain_mirror nobody; /* at work for one that would not be asked again */
	bool is_production;
};

static const char *outcome_text(uint32_t outcome, uint32_t why)
{
	static const char *const whys[] = {
		[EXPLAIN_MERGED] = "its output has had a copy for another mirror",
		[EXPLAIN_FILTER] = "its filter does not match",
		[EXPLAIN_OTHER_VLAN] = "its VLAN is not in select_vlan",
		[EXPLAIN_PROTECTED] = "from a protected port to a protected output",
		[EXPLAIN_IN_OUTPUT_VLAN] = "it is in the output VLAN already",
		[EXPLAIN_RESERVED_ADDRESS] = "reserved address, which no output VLAN gets",
	};

	if (why && why < sizeof(whys) / sizeof(whys[0]))
		return whys[why];
	switch ((enum outcome)outcome) {
	case OUTCOME_NO_TARGET:
		return "no output port that has a device";
	case OUTCOME_FILTERED:
		return NULL;
	case OUTCOME_MTU:
		return "longer than the output port's MTU";
	case OUTCOME_CLONE:
	case OUTCOME_BUDGET:
	case OUTCOME_BACKLOG:
		return "refused by the kernel";
	case OUTCOME_SENT:
	case OUTCOME_TRUNCATED:
	case OUTCOME_UNDER_WAY:
		break;
	}
	return NULL;
}

static const struct model_port *port_at(const struct model *m, uint32_t slot,
					const struct model_bridge **ret_bridge)
{
	for (size_t i = 0; slot && i < m->n_bridges; i++) {
		for (size_t k = 0; k < m->bridges[i]->n_ports; k++) {
			if (m->bridges[i]->ports[k]->slot.number != slot)
				continue;
			if (ret_bridge)
				*ret_bridge = m->bridges[i];
			return m->bridges[i]->ports[k];
		}
	}
	return NULL;
}

/* The same frame with other tags in place of its outermost one. */
static uint8_t *with_tags(struct arena *arena, const struct entry *from,
			  const struct explain_record *r, size_t *ret_len)
{
	const uint32_t tags[] = { r->outer, r->inner };
	uint16_t type = (uint16_t)(from->bytes[ADDRESSES] << 8 | from->bytes[ADDRESSES + 1]);
	size_t skip = ADDRESSES + (type == 0x8100 || type == 0x88a8 ? TAG : 0);
	uint8_t *bytes = arena_alloc(arena, from->len + 2 * TAG), *to = bytes + ADDRESSES;

	memcpy(bytes, from->bytes, ADDRESSES);
	for (int i = 0; i < 2; i++) {
		for (int shift = 24; tags[i] && shift >= 0; shift -= 8)
			*to++ = (uint8_t)(tags[i] >> shift);
	}
	memcpy(to, from->bytes + skip, from->len - skip);
	*ret_len = (size_t)(to - bytes) + from->len - skip;
	if (r->c && r->c < *ret_len)
		*ret_len = r->c;
	return bytes;
}

/* It goes on at a patch port's other end. */
static void go_on(struct passage *p, const struct explain_record *r,
		  const struct explain_patch *patch)
{
	struct way *w = p->way;
	struct entry *e;

	if (w->n_entries == PASSAGES_MAX) {
		w->is_cut_short = true;
		return;
	}
	e = &w->entries[w->n_entries];
	e->port = port_at(w->model, r->a, &e->bridge);
	if (!e->port)
		return;
	e->job = (struct explain_job){ .port = r->a,
				       .version = p->entry->job.version,
				       .hops = p->entry->job.hops + 1 };
	if (e->bridge == p->entry->bridge)
		e->before = *patch;
	e->bytes = with_tags(w->arena, p->entry, r, &e->len);
	w->n_entries++;
}

static void read_output(struct passage *p, const struct explain_record *r,
			const struct explain_patch *patch)
{
	const struct image *image = p->way->dp->applier.active;
	const uint32_t *slot =
		r->event == EXPLAIN_SEND ? image_get(image, IMAGE_PORT_OF_IFINDEX, r->a) : &r->b;
	const struct port_config *config = slot ? image_get(image, IMAGE_PORTS, *slot) : NULL;
	struct explain_output *o = p->mirror ? p->copies++ : &p->outputs[p->to->n_outputs++];

	if (p->mirror && !p->mirror->n_copies++)
		p->mirror->copies = o;
	*o = (struct explain_output){
		.port = slot ? port_at(p->way->model, *slot, NULL) : NULL,
		.frame = { .outer = r->outer, .inner = r->inner, .len = r->len },
		.snaplen = r->c,
		.has_link = config && config->flags & PORT_UP,
	};
	if (r->event != EXPLAIN_PATCH)
		return;
	o->peer = port_at(p->way->model, r->a, NULL);
	go_on(p, r, patch);
}

static void read_drop(struct passage *p, const struct explain_record *r)
{
	const struct model_port *port = port_at(p->way->model, r->a, NULL);

	if (r->b == DROP_MALFORMED || r->b == DROP_NO_OUTPUT)
		p->to->dropped = drop_text(r->b);
	else if (p->is_production && !p->to->dropped && port)
		p->drops[p->to->n_drops++] =
			(struct explain_drop){ .port = port, .why = drop_text(r->b) };
}

static bool has_bit(const __u64 *words, uint32_t bit)
{
	return words[bit / 64 % MIRROR_WORDS] >> bit % 64 & 1;
}

/* The program sees each passage as if it were the first; on the same bridge the packet path
 * remembers. */
static void read_mirror(struct passage *p, const struct explain_record *r)
{
	const struct explain_patch *before = &p->entry->before;

	p->mirror = &p->nobody;
	for (size_t i = 0; i < p->to->n_mirrors; i++) {
		struct explain_mirror *m = &p->mirrors[i];
		bool is_done = has_bit(before->done, m->mirror->bit);

		if (m->mirror->slot.number != r->a)
			continue;
		m->is_asked = true;
		m->stage = (enum explain_stage)r->b;
		m->is_copied = false;
		m->why = is_done ? "it has seen to the packet before the patch port"
			 : has_bit(before->served, m->mirror->bit)
				 ? outcome_text(OUTCOME_FILTERED, EXPLAIN_MERGED)
				 : NULL;
		if (!m->why)
			p->mirror = m;
	}
}

static void read_outcome(struct passage *p, uint32_t outcome, uint32_t why)
{
	if (!p->mirror)
		return;
	p->mirror->is_copied = outcome >= OUTCOME_SENT;
	if (!p->mirror->is_copied && (why || !p->mirror->why))
		p->mirror->why = outcome_text(outcome, why);
}

static void read_decision(struct passage *p, const struct explain_record *r)
{
	p->to->is_admitted = r->event == EXPLAIN_VLAN;
	p->to->outer = p->to->is_admitted ? r->outer : 0;
	p->to->inner = p->to->is_admitted ? r->inner : 0;
	p->to->is_known = r->c != 0;
	if (r->a)
		p->to->dropped = drop_text(r->b);
}

static void read_record(struct passage *p, const struct explain_record *r,
			const struct explain_patch *patch)
{
	switch ((enum explain_event)r->event) {
	case EXPLAIN_NOT_ADMITTED:
	case EXPLAIN_VLAN:
		read_decision(p, r);
		break;
	case EXPLAIN_LEARNS:
		p->to->is_learned = true;
		break;
	case EXPLAIN_MOVES:
		p->to->is_learned = true;
		p->to->moved_from = port_at(p->way->model, r->a, NULL);
		break;
	case EXPLAIN_DROP:
		read_drop(p, r);
		break;
	case EXPLAIN_MIRROR:
		read_mirror(p, r);
		break;
	case EXPLAIN_WHY:
		read_outcome(p, OUTCOME_FILTERED, r->a);
		break;
	case EXPLAIN_OUTCOME:
		read_outcome(p, r->a, 0);
		break;
	case EXPLAIN_PRODUCTION:
		p->mirror = NULL;
		p->is_production = true;
		break;
	case EXPLAIN_SEND:
	case EXPLAIN_PATCH:
		read_output(p, r, patch);
		break;
	}
}

static uint32_t tag_of(const struct entry *e)
{
	const uint8_t *b = e->bytes + ADDRESSES;
	uint32_t tag = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];

	return tag >> 16 == 0x8100 || tag >> 16 == 0x88a8 ? tag : 0;
}

static void read_way(struct way *w, const struct entry *e, const struct explained *way,
		     struct explain_passage *to)
{
	const size_t n = way->n;
	struct passage p = { .way = w, .entry = e, .to = to };

	p.outputs = arena_new_array(w->arena, struct explain_output, n + 1);
	p.copies = arena_new_array(w->arena, struct explain_output, n + 1);
	p.drops = arena_new_array(w->arena, struct explain_drop, n + 1);
	p.mirrors = arena_new_array(w->arena, struct explain_mirror, e->bridge->n_mirrors + 1);
	to->bridge = e->bridge;
	to->in = e->port;
	to->frame = (struct explain_frame){ .outer = tag_of(e), .len = (uint32_t)e->len };
	to->outputs = p.outputs;
	to->drops = p.drops;
	to->mirrors = p.mirrors;
	to->n_mirrors = e->bridge->n_mirrors;
	for (size_t i = 0; i < to->n_mirrors; i++)
		p.mirrors[i].mirror = e->bridge->mirrors[i];
	for (size_t i = 0; i < n; i++)
		read_record(&p, &way->records[i], &way->patches[i]);
	/* Every other reason has a record of its own. */
	for (size_t i = 0; i < to->n_mirrors; i++) {
		if (p.mirrors[i].is_asked && !p.mirrors[i].is_copied && !p.mirrors[i].why)
			p.mirrors[i].why = "its filter does not match";
	}
	if (way->is_cut_short)
		w->is_cut_short = true;
}

static int walk(struct way *w, struct explain_passage *passages, struct error *err)
{
	for (size_t i = 0; i < w->n_entries; i++) {
		struct explained way;

		if (explainer_run(&w->dp->explainer, &w->entries[i].job, w->entries[i].bytes,
				  w->entries[i].len, &way, err))
			return -1;
		read_way(w, &w->entries[i], &way, &passages[i]);
		explained_free(&way);
	}
	return 0;
}

void datapath_on_explain_ready(struct datapath *dp, void (*cb)(void *arg), void *arg)
{
	dp->explainer.on_loaded = cb;
	dp->explainer.on_loaded_arg = arg;
}

int datapath_explain_ready(struct datapath *dp, struct error *err)
{
	return explainer_ensure(&dp->explainer, err);
}

int datapath_explain(struct datapath *dp, const struct model *model, const struct model_port *in,
		     const void *frame, size_t len, struct explain **ret, struct error *err)
{
	struct way *w = calloc(1, sizeof(*w));
	struct explain_passage *passages;
	struct arena *arena = arena_new();
	struct explain *e;
	int failed;

	if (!w || !arena)
		abort();
	w->dp = dp;
	w->model = model;
	w->arena = arena;
	e = arena_alloc(arena, sizeof(*e));
	passages = arena_new_array(arena, struct explain_passage, PASSAGES_MAX);
	w->n_entries = 1;
	w->entries[0] = (struct entry){ .job = { .port = in->slot.number,
						 .version = dp->applier.epoch & 1 },
					.bytes = arena_alloc(arena, len + 2 * TAG),
					.len = len };
	memcpy(w->entries[0].bytes, frame, len);
	w->entries[0].port = port_at(model, in->slot.number, &w->entries[0].bridge);
	failed = !w->entries[0].port
			 ? error_set(err, "not found", "port %s is not in the datapath", in->name)
			 : walk(w, passages, err);
	*e = (struct explain){ .arena = arena,
			       .passages = passages,
			       .n_passages = w->n_entries,
			       .is_cut_short = w->is_cut_short };
	if (failed)
		explain_free(e);
	else
		*ret = e;
	free(w);
	return failed;
}
