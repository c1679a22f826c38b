/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/explain.h"

#include "base/arena.h"
#include "base/buf.h"
#include "switch/model.h"

void explain_free(struct explain *e)
{
	if (e)
		arena_free(e->arena); /* it lives there itself */
}

static void put_tag(struct buf *to, uint32_t tag)
{
	uint32_t tpid = tag >> 16, pcp = tag >> 13 & 7;

	buf_puts(to, "tagged ");
	if (tpid != 0x8100)
		buf_printf(to, "0x%04x ", tpid);
	buf_printf(to, "%u", tag & 0xfff);
	if (pcp)
		buf_printf(to, " priority %u", pcp);
}

/* "untagged", "tagged 10 priority 3", "tagged 0x88a8 5, tagged 10". */
static void put_tags(struct buf *to, uint32_t outer, uint32_t inner)
{
	if (!outer && !inner)
		buf_puts(to, "untagged");
	if (outer)
		put_tag(to, outer);
	if (outer && inner)
		buf_puts(to, ", ");
	if (inner)
		put_tag(to, inner);
}

static void put_output(struct buf *to, const struct explain_output *o)
{
	uint32_t len = o->snaplen && o->snaplen < o->frame.len ? o->snaplen : o->frame.len;

	buf_printf(to, "%s, ", o->port ? o->port->name : "?");
	put_tags(to, o->frame.outer, o->frame.inner);
	buf_printf(to, ", %u bytes", len);
	if (len < o->frame.len)
		buf_printf(to, " of %u", o->frame.len);
	if (!o->has_link)
		buf_puts(to, " (lost there: no link)");
	if (o->peer)
		buf_printf(to, ", on to %s", o->peer->name);
	buf_putc(to, '\n');
}

static void put_outputs(struct buf *to, const char *what, const struct explain_output *list,
			size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_puts(to, what);
		put_output(to, &list[i]);
	}
}

/* Does it select the output of a port that the frame leaves by? */
static bool selects_output(const struct explain_passage *p, const struct model_mirror *m)
{
	for (size_t i = 0; i < p->n_outputs; i++) {
		for (size_t k = 0; k < m->n_dst_ports; k++) {
			if (m->dst_ports[k] == p->outputs[i].port)
				return true;
		}
	}
	return false;
}

const char *explain_unasked(const struct explain_passage *p, const struct model_mirror *m)
{
	if (!m->is_active)
		return m->state;
	if (!p->is_admitted)
		return "mirrors do not see a frame that its input port refuses";
	if (!m->selects_all && !m->n_src_ports && !m->n_dst_ports)
		return "it selects nothing";
	if (p->dropped)
		return "it does not select the input port, and the frame is not sent";
	if (selects_output(p, m))
		return "mirrors do not see what a port sends and would not take in";
	return "it selects neither the input port nor one that the frame is sent to";
}

static void put_mirror(struct buf *to, const struct explain_passage *p,
		       const struct explain_mirror *m)
{
	static const char *const stages[] = {
		[EXPLAIN_AT_INPUT] = "as it came in",
		[EXPLAIN_AT_OUTPUT] = "as it leaves",
		[EXPLAIN_AT_COPY] = "as another mirror's copy leaves",
	};

	buf_printf(to, "  mirror %s: ", m->mirror->name);
	if (!m->is_asked)
		buf_printf(to, "not copied: %s\n", explain_unasked(p, m->mirror));
	else if (!m->is_copied)
		buf_printf(to, "selected, but not copied: %s\n", m->why);
	else
		buf_printf(to, "copied, %s%s\n", stages[m->stage],
			   m->mirror->has_wire_form ? ", as wire frames" : "");
	put_outputs(to, "    to ", m->copies, m->n_copies);
}

static void put_source(struct buf *to, const struct explain_passage *p)
{
	if (p->moved_from)
		buf_printf(to, "  source: learned, was at %s\n", p->moved_from->name);
	else if (p->is_learned)
		buf_puts(to, "  source: learned\n");
}

static void put_passage(struct buf *to, const struct explain_passage *p)
{
	buf_printf(to, "bridge %s: in by %s, ", p->bridge->name, p->in->name);
	put_tags(to, p->frame.outer, p->frame.inner);
	buf_printf(to, ", %u bytes\n", p->frame.len);
	if (p->is_admitted)
		buf_printf(to, "  VLAN: %u\n", p->outer & 0xfff);
	put_source(to, p);
	if (p->dropped)
		buf_printf(to, "  dropped: %s\n", p->dropped);
	else if (!p->is_known)
		buf_puts(to, "  flooded\n");
	put_outputs(to, "    to ", p->outputs, p->n_outputs);
	for (size_t i = 0; i < p->n_drops; i++)
		buf_printf(to, "    not to %s: %s\n", p->drops[i].port->name, p->drops[i].why);
	for (size_t i = 0; i < p->n_mirrors; i++)
		put_mirror(to, p, &p->mirrors[i]);
}

void explain_put(struct buf *to, const struct explain *e)
{
	for (size_t i = 0; i < e->n_passages; i++)
		put_passage(to, &e->passages[i]);
	if (e->is_cut_short)
		buf_puts(to, "there is more than can be shown\n");
}
