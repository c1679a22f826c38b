/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Interface rows of the types gre, erspan, vxlan ... to tunnels of the model.  Called by
 * desired.
 */
struct arena;
struct columns;
struct model;
struct model_port;
struct once;
struct row;
struct uuid;

/* Sets kind, tunnel, or error of the port. */
void desired_tunnel(struct model_port *p, const struct row *iface, const char *type,
		    const struct columns *c, struct once *once, struct arena *arena);

/* A port for a mirror's external_ids:bvs-remote: the mirror's uuid is its own, too.  NULL: it
 * is not understood, and why is in *ret_error. */
struct model_port *desired_remote(const char *text, const struct uuid *mirror, struct arena *arena,
				  const char **ret_error);

/* When all ports are there: of two that would get the same packets the later one is none. */
void desired_tunnels_check(const struct model *model);
