/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Finds dead peers: after an interval without a sign of life an "echo" request goes out,
 * after a second one the connection is dropped.  One in each session.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct conn;
struct coverage;
struct message;

struct probe {
	struct loop *loop;
	struct conn *conn;
	struct coverage *coverage;
	struct loop_timer timer;
	int64_t interval_ms;
	int64_t sent_ms; /* of the request without an answer; 0: none */
};

/* interval_ms 0: none.  Restarts a started one. */
void probe_start(struct probe *p, int64_t interval_ms);
void probe_stop(struct probe *p);

/* Is m what the peer answers to an echo of ours? */
bool probe_is_answer(const struct message *m);
