/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The work that a round of a step is.
 */
#include <stdbool.h>
#include <stddef.h>

#include "ovsdb_server.h"

enum { MAX_OPS = 65536 };

/* What one round of a step gave. */
struct sample {
	double cpu_us; /* of the server, per operation */
	double rate; /* operations per second */
	double p50_us, p99_us;
	double value; /* what the step is about, if none of these */
};

enum metric { CPU, RATE, P99, VALUE };

struct run {
	struct server *server;
	size_t n_ports;
	size_t n; /* operations */
	unsigned int n_clients;
	const struct step *step;
	double latencies[MAX_OPS];
	size_t n_latencies;
};

struct step {
	const char *name;
	size_t n_ports; /* that the database has */
	size_t n, n_quick; /* operations in a round; n_quick 0: only in the long run */
	enum metric metric;
	void (*fn)(struct run *r, struct sample *ret);
	unsigned int n_clients;
	double at_least, goal; /* ours / stock, or ours where is_absolute; 0: none */
	bool is_absolute;
	const char *unit; /* of VALUE */
};

double quantile(double *values, size_t n, double q); /* sorts them */
void populate(struct server *s, size_t n_ports);

/* Each does r->n operations and fills in cpu_us and rate, or value; latencies go to r. */
void step_echo(struct run *r, struct sample *ret);
void step_select_by_uuid(struct run *r, struct sample *ret);
void step_select_by_name(struct run *r, struct sample *ret);
void step_select_all(struct run *r, struct sample *ret);
void step_update(struct run *r, struct sample *ret);
void step_durable(struct run *r, struct sample *ret);
void step_add_port(struct run *r, struct sample *ret);
void step_vsctl(struct run *r, struct sample *ret);
void step_first_dump(struct run *r, struct sample *ret);
void step_first_dump_all(struct run *r, struct sample *ret);
void step_further_dump(struct run *r, struct sample *ret);
void step_storm(struct run *r, struct sample *ret);
void step_update_beside_select(struct run *r, struct sample *ret);
void step_update_beside_sync(struct run *r, struct sample *ret);
void step_fanout(struct run *r, struct sample *ret);
void step_memory(struct run *r, struct sample *ret);
void step_memory_after_start(struct run *r, struct sample *ret);
void step_start(struct run *r, struct sample *ret);
