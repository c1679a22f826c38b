/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/explain_json.h"

#include "base/buf.h"
#include "base/text.h"
#include "switch/explain.h"
#include "switch/model.h"

static void put_tag(struct buf *to, uint32_t tag, const char *separator)
{
	buf_printf(to, "%s{\"tpid\":%u,\"vid\":%u,\"pcp\":%u}", separator, tag >> 16, tag & 0xfff,
		   tag >> 13 & 7);
}

static void put_tags(struct buf *to, uint32_t outer, uint32_t inner)
{
	buf_puts(to, ",\"tags\":[");
	if (outer)
		put_tag(to, outer, "");
	if (inner)
		put_tag(to, inner, outer ? "," : "");
	buf_putc(to, ']');
}

static void put_outputs(struct buf *to, const char *name, const struct explain_output *list,
			size_t n)
{
	buf_printf(to, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		const struct explain_output *o = &list[i];
		bool is_cut = o->snaplen && o->snaplen < o->frame.len;

		buf_printf(to, "%s{\"port\":", i ? "," : "");
		text_put_string(to, o->port ? o->port->name : "");
		put_tags(to, o->frame.outer, o->frame.inner);
		text_member_number(to, "length", is_cut ? o->snaplen : o->frame.len);
		text_member_bool(to, "link", o->has_link);
		if (o->peer)
			text_member_string(to, "peer", o->peer->name);
		buf_putc(to, '}');
	}
	buf_putc(to, ']');
}

static void put_mirror(struct buf *to, const struct explain_passage *p,
		       const struct explain_mirror *m)
{
	static const char *const stages[] = {
		[EXPLAIN_AT_INPUT] = "input",
		[EXPLAIN_AT_OUTPUT] = "output",
		[EXPLAIN_AT_COPY] = "copy",
	};

	buf_puts(to, "{\"name\":");
	text_put_string(to, m->mirror->name);
	text_member_bool(to, "selected", m->is_asked);
	text_member_bool(to, "copied", m->is_copied);
	if (m->is_asked)
		text_member_string(to, "stage", stages[m->stage]);
	text_member_bool(to, "wire_form", m->mirror->has_wire_form);
	if (!m->is_asked || !m->is_copied)
		text_member_string(to, "why", m->is_asked ? m->why : explain_unasked(p, m->mirror));
	put_outputs(to, "copies", m->copies, m->n_copies);
	buf_putc(to, '}');
}

static void put_passage(struct buf *to, const struct explain_passage *p)
{
	buf_puts(to, "{\"bridge\":");
	text_put_string(to, p->bridge->name);
	text_member_string(to, "in_port", p->in->name);
	put_tags(to, p->frame.outer, p->frame.inner);
	text_member_number(to, "length", p->frame.len);
	if (p->is_admitted)
		text_member_number(to, "vlan", p->outer & 0xfff);
	text_member_bool(to, "learned", p->is_learned);
	text_member_bool(to, "flooded", !p->dropped && !p->is_known);
	if (p->moved_from)
		text_member_string(to, "moved_from", p->moved_from->name);
	if (p->dropped)
		text_member_string(to, "dropped", p->dropped);
	put_outputs(to, "outputs", p->outputs, p->n_outputs);
	buf_puts(to, ",\"drops\":[");
	for (size_t i = 0; i < p->n_drops; i++) {
		buf_puts(to, i ? ",{\"port\":" : "{\"port\":");
		text_put_string(to, p->drops[i].port->name);
		text_member_string(to, "why", p->drops[i].why);
		buf_putc(to, '}');
	}
	buf_puts(to, "],\"mirrors\":[");
	for (size_t i = 0; i < p->n_mirrors; i++) {
		buf_puts(to, i ? "," : "");
		put_mirror(to, p, &p->mirrors[i]);
	}
	buf_puts(to, "]}");
}

void explain_put_json(struct buf *to, const struct explain *e)
{
	buf_puts(to, "{\"bridges\":[");
	for (size_t i = 0; i < e->n_passages; i++) {
		buf_puts(to, i ? "," : "");
		put_passage(to, &e->passages[i]);
	}
	buf_printf(to, "],\"complete\":%s}\n", e->is_cut_short ? "false" : "true");
}
