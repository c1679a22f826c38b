/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/commands.h"

#include <string.h>

#include "reconcile/reconcile.h"
#include "switch/model.h"

const struct model_bridge *command_bridge(const struct reconcile *r, const char *name,
					  struct error *err)
{
	const struct model *m = reconcile_model(r);

	for (size_t i = 0; m && i < m->n_bridges; i++) {
		if (!strcmp(m->bridges[i]->name, name))
			return m->bridges[i];
	}
	error_set(err, "not found", "no such bridge");
	return NULL;
}

int command_each_bridge(const struct reconcile *r, size_t n_args, const char *const *args,
			int (*fn)(const struct reconcile *r, const struct model_bridge *b,
				  struct buf *reply, struct error *err),
			struct buf *reply, struct error *err)
{
	const struct model *m = reconcile_model(r);

	if (n_args) {
		const struct model_bridge *b = command_bridge(r, args[0], err);

		return b ? fn(r, b, reply, err) : -1;
	}
	for (size_t i = 0; m && i < m->n_bridges; i++) {
		if (fn(r, m->bridges[i], reply, err))
			return -1;
	}
	return 0;
}
