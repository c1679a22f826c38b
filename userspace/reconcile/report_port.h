/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One Interface's part of a report.
 */
struct allocation;
struct cells;
struct columns;
struct datapath;
struct model;
struct model_bridge;
struct model_port;

/* What all reports read from and write to. */
struct report {
	struct cells *cells;
	const struct columns *c;
	struct datapath *dp;
	struct allocation *allocation;
	const struct model *model; /* as applied */
	const char *version; /* for Bridge.datapath_version */
};

void report_port_state(const struct report *r, const struct model_bridge *b,
		       const struct model_port *p);
void report_port_counters(const struct report *r, const struct model_port *p);
