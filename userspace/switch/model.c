/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/model.h"

#include "base/arena.h"
#include "switch/tunnel.h"

void model_free(struct model *m)
{
	if (m)
		arena_free(m->arena); /* the model itself lives there */
}

bool model_tells_ports(const struct model_bridge *b)
{
	for (size_t i = 0; i < b->n_ports; i++) {
		const struct model_port *p = b->ports[i];

		if (p->tunnel && !p->error && p->tunnel->metadata != ERSPAN_STATIC)
			return true;
	}
	return false;
}
