/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h: what the packet programs read, "bridge/dump-image". */
#include "base/buf.h"
#include "datapath/datapath.h"
#include "reconcile/commands.h"
#include "reconcile/reconcile.h"
#include "switch/model.h"

/* A bridge's entries, below the names of the slots that they speak of. */
static int dump(const struct reconcile *r, const struct model_bridge *b, struct buf *reply,
		struct error *err)
{
	(void)err;
	buf_printf(reply, "# bridge=%u is %s\n", b->slot.number, b->name);
	for (size_t i = 0; i < b->n_ports; i++) {
		if (b->ports[i]->slot.number)
			buf_printf(reply, "# port=%u is %s\n", b->ports[i]->slot.number,
				   b->ports[i]->name);
	}
	for (size_t i = 0; i < b->n_mirrors; i++) {
		if (b->mirrors[i]->slot.number)
			buf_printf(reply, "# mirror=%u is %s\n", b->mirrors[i]->slot.number,
				   b->mirrors[i]->name);
	}
	datapath_dump_image(reconcile_datapath(r), b->slot.number, reply);
	return 0;
}

static int dump_image(void *r, size_t n_args, const char *const *args, struct buf *reply,
		      struct error *err)
{
	return command_each_bridge(r, n_args, args, dump, reply, err);
}

const struct command command_image[] = {
	{ "bridge/dump-image", "[bridge]", 0, 1, dump_image },
	{ NULL, NULL, 0, 0, NULL },
};
