/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which rows became what in a model, and on which bridge: made by desired for one pass,
 * asked by desired_mirror and sticky.  A row is in one place, or in none.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

struct arena;
struct columns;
struct db;
struct model_bridge;
struct model_port;
struct port_identity;
struct port_index;
struct row;

struct placed {
	const struct row *row; /* of Port, Interface or Mirror */
	const struct model_bridge *bridge;
	struct model_port *port; /* NULL: a Port without an Interface, or a Mirror */
};

/* n: the most rows that will be added.  Lives in the arena. */
struct port_index *port_index_new(struct arena *arena, const struct columns *c, size_t n);
/* NULL: the row is somewhere else already. */
struct placed *port_index_add(struct port_index *index, const struct row *row,
			      const struct model_bridge *bridge, struct model_port *port);
/* NULL: none. */
struct placed *port_index_find(const struct port_index *index, const struct uuid *row);
/* Among Port rows, when all have been added. */
const struct placed *port_index_by_name(struct port_index *index, const char *name);

/* What a Port row is known by; the strings are the rows'.  interface may be NULL. */
void port_index_identity(const struct columns *c, const struct row *port,
			 const struct row *interface, struct port_identity *ret);
/* The Interface whose notes those are; NULL: none. */
const struct row *port_index_interface(const struct db *db, const struct columns *c,
				       const struct row *port);

/* Tells rows of one name apart. */
static inline uint32_t port_index_tag(const struct uuid *uuid)
{
	return (uint32_t)uuid->b[0] << 24 | (uint32_t)uuid->b[1] << 16 | (uint32_t)uuid->b[2] << 8 |
	       uuid->b[3];
}
