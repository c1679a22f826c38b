/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The one row of Open_vSwitch: made where a database has none, and filled with what
 * clients ask a switch for before anything else (versions, types, the system's name).
 */
#include "base/error.h"

struct cells;
struct columns;
struct row;
struct schema;

struct root_row_options {
	const char *version; /* of this program */
	const char *rundir;
	const char *system_id_file; /* NULL: /etc/openvswitch/system-id.conf */
	const char *os_release_file; /* NULL: /etc/os-release */
};

/* row NULL: there is none, and one is inserted. */
void root_row_fill(struct cells *cells, const struct columns *c, const struct row *row,
		   const struct root_row_options *options);
