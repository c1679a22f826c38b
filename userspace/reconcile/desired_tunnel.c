/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/desired_tunnel.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "ovsdb/datum.h"
#include "ovsdb/row.h"
#include "reconcile/columns.h"
#include "reconcile/once.h"
#include "switch/model.h"
#include "switch/tunnel.h"
#include "switch/vlan.h"

#define LOG_MODULE "reconcile"

static void log_ignored(struct once *once, const struct buf *ignored)
{
	char *next;

	if (!ignored->len || !buf_ok(ignored))
		return;
	for (char *line = ignored->data; *line; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		if (once_first(once, "tunnel %s", line))
			log_warn("event=ignored reason=\"%s\"", line);
	}
}

void desired_tunnel(struct model_port *p, const struct row *iface, const char *type,
		    const struct columns *c, struct once *once, struct arena *arena)
{
	const struct datum *d = row_datum(iface, c->interface.options);
	struct tunnel_option *options = arena_new_array(arena, struct tunnel_option, datum_n(d));
	struct model_tunnel *tunnel = arena_alloc(arena, sizeof(*tunnel));
	struct buf ignored = BUF_INIT;
	struct datum_cursor cursor;
	struct error err;
	size_t n = 0;

	p->kind = MODEL_PORT_TUNNEL;
	datum_foreach (d, &cursor)
		options[n++] = (struct tunnel_option){ cursor.key->string, cursor.value->string };
	if (tunnel_parse(p->name, type, options, n, tunnel, &ignored, &err)) {
		p->error = arena_strdup(arena, err.text);
	} else {
		p->tunnel = tunnel;
		log_ignored(once, &ignored);
	}
	buf_free(&ignored);
}

struct model_port *desired_remote(const char *text, const struct uuid *mirror, struct arena *arena,
				  const char **ret_error)
{
	struct model_tunnel *tunnel = arena_alloc(arena, sizeof(*tunnel));
	struct model_port *p = arena_alloc(arena, sizeof(*p));
	struct vlan_input trunk = { .mode = NULL };
	struct error err;

	if (tunnel_parse_remote(text, tunnel, &err)) {
		*ret_error = arena_printf(arena, "external_ids:%s", err.text);
		return NULL;
	}
	p->uuid = p->interface_uuid = *mirror;
	p->name = arena_printf(arena, "mirror-%s", UUID_STR(mirror));
	p->kind = MODEL_PORT_TUNNEL;
	p->tunnel = tunnel;
	p->is_remote = p->is_reserved = true;
	vlan_resolve(&trunk, arena, &p->vlan);
	return p;
}

/* True: a port before this one, by bridge and place, has the same. */
static bool is_taken(const struct model *model, const struct model_port *p)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++) {
			const struct model_port *other = b->ports[k];

			if (other == p)
				return false;
			if (other->tunnel && !other->error &&
			    tunnel_is_same(other->tunnel, p->tunnel))
				return true;
		}
	}
	return false;
}

void desired_tunnels_check(const struct model *model)
{
	for (size_t i = 0; i < model->n_bridges; i++) {
		const struct model_bridge *b = model->bridges[i];

		for (size_t k = 0; k < b->n_ports; k++) {
			struct model_port *p = b->ports[k];

			if (p->tunnel && !p->error && is_taken(model, p))
				p->error = arena_printf(model->arena,
							"could not add network device %s to "
							"ofproto (%s)",
							p->name, strerror(EEXIST));
		}
	}
}
