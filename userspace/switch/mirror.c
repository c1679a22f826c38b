/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/mirror.h"

#include "base/arena.h"
#include "base/buf.h"
#include "switch/binding.h"

void mirror_refuse(struct model_mirror *mirror, struct arena *arena, const char *why)
{
	mirror->state = arena_printf(arena, "error: %s", why);
	mirror->is_active = false;
	mirror->slot = (struct slot){ 0, 0 };
}

/* select_vlan only restricts: alone it selects nothing. */
static bool selects(const struct model_mirror *mirror)
{
	return mirror->selects_all || mirror->n_src_ports || mirror->n_dst_ports;
}

/* "waiting for ports tap1 (src), vnet3 (output, it is on another bridge)" */
static const char *awaited_text(const struct mirror_input *in, struct arena *arena)
{
	enum { NAMED = 8 };
	struct buf b = BUF_INIT;
	const char *text;

	buf_puts(&b, in->n_awaited > 1 ? "waiting for ports" : "waiting for port");
	for (size_t i = 0; i < in->n_awaited && i < NAMED; i++) {
		const struct mirror_awaited *a = &in->awaited[i];

		buf_printf(&b, "%s %s (%s%s%s)", i ? "," : "", a->name,
			   binding_roles_name(a->roles), a->why ? ", " : "", a->why ? a->why : "");
	}
	if (in->n_awaited > NAMED)
		buf_printf(&b, " and %zu more", in->n_awaited - NAMED);
	text = buf_ok(&b) ? arena_strdup(arena, b.data) : "waiting for ports";
	buf_free(&b);
	return text;
}

static bool awaits_output(const struct mirror_input *in)
{
	for (size_t i = 0; i < in->n_awaited; i++) {
		if (in->awaited[i].roles & BINDING_OUTPUT)
			return true;
	}
	return false;
}

/* For want of a port, or of a selection. */
static void set_pending(struct model_mirror *mirror, struct arena *arena, const char *why)
{
	mirror->state = arena_printf(arena, "pending: %s", why);
}

void mirror_resolve(const struct mirror_input *in, struct arena *arena, struct model_mirror *mirror)
{
	const struct model_port *out = in->out_port;

	mirror->out_port = NULL;
	mirror->out_vlan = 0;
	mirror->keeps_filter = in->filter_error != NULL;
	if (in->error) {
		mirror_refuse(mirror, arena, in->error);
	} else if (awaits_output(in)) {
		set_pending(mirror, arena, awaited_text(in, arena));
	} else if (in->has_output_port && !out) {
		mirror_refuse(mirror, arena, "output_port is not a port of this bridge");
	} else if (out && out->error) {
		mirror_refuse(mirror, arena,
			      arena_printf(arena, "output port %s: %s", out->name, out->error));
	} else if (!out && !in->output_vlan) {
		mirror_refuse(mirror, arena, "no output");
	} else {
		mirror->out_port = out;
		mirror->out_vlan = out ? 0 : in->output_vlan;
		mirror->is_active = true;
		mirror->state = "active";
		if (in->n_awaited)
			set_pending(mirror, arena, awaited_text(in, arena));
		else if (!selects(mirror))
			set_pending(mirror, arena, "nothing is selected");
	}
	/* It goes on with the filter that it had; so this does not end its activity. */
	if (in->filter_error && !in->error)
		mirror->state = arena_printf(arena, "error: %s", in->filter_error);
}
