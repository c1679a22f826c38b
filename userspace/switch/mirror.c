/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/mirror.h"

#include "base/arena.h"

void mirror_refuse(struct model_mirror *mirror, struct arena *arena, const char *why)
{
	mirror->state = arena_printf(arena, "error: %s", why);
	mirror->is_active = false;
	mirror->slot = (struct slot){ 0, 0 };
}

/* select_vlan only restricts: alone it selects nothing. */
bool mirror_selects(const struct model_mirror *mirror)
{
	return mirror->selects_all || mirror->n_src_ports || mirror->n_dst_ports;
}

void mirror_resolve(const struct mirror_input *in, struct arena *arena, struct model_mirror *mirror)
{
	const struct model_port *out = in->out_port;

	mirror->out_port = NULL;
	if (in->unknown_key) {
		mirror_refuse(mirror, arena,
			      arena_printf(arena, "external_ids:%s is not implemented yet",
					   in->unknown_key));
	} else if (in->filter && *in->filter) {
		mirror_refuse(mirror, arena, "filter is not implemented yet");
	} else if (in->has_output_port && !out) {
		mirror_refuse(mirror, arena, "output_port is not a port of this bridge");
	} else if (out && out->error) {
		mirror_refuse(mirror, arena,
			      arena_printf(arena, "output port %s: %s", out->name, out->error));
	} else if (!out && in->has_output_vlan) {
		mirror_refuse(mirror, arena, "output_vlan (RSPAN) is not implemented yet");
	} else if (!out) {
		mirror_refuse(mirror, arena, "no output");
	} else {
		mirror->out_port = out;
		mirror->is_active = true;
		mirror->state = mirror_selects(mirror) ? "active" : "pending: nothing is selected";
	}
}
