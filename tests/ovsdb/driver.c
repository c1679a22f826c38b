/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine without a server, for replay.py: reads lines "SESSION PARAMS", PARAMS being
 * those of a "transact", writes lines "SESSION RESULT".  One database, in memory.
 */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "ovsdb/change.h"
#include "ovsdb/db.h"
#include "ovsdb/transact.h"

enum { N_SESSIONS = 10 };

struct driver {
	struct db *db;
	struct transact *waiting[N_SESSIONS];
	bool is_concerned[N_SESSIONS];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool has_lock(void *arg, const char *lock)
{
	(void)arg;
	return !strcmp(lock, "held");
}

static void on_commit(void *arg, const struct change_list *changes)
{
	struct driver *d = arg;

	for (int i = 0; i < N_SESSIONS; i++)
		if (d->waiting[i] && transact_concerns(d->waiting[i], changes))
			d->is_concerned[i] = true;
}

static void run(struct driver *d, int session)
{
	struct transact *t = d->waiting[session];

	d->is_concerned[session] = false;
	if (transact_run(t, now_ms()) == TRANSACT_WAITING)
		return;
	printf("%d %s\n", session, transact_reply(t)->data);
	fflush(stdout);
	transact_free(t);
	d->waiting[session] = NULL;
}

static void take_line(struct driver *d, char *line)
{
	int session = line[0] - '0';
	json_t *params = json_loads(line + 2, 0, NULL);

	if (!params || session < 0 || session >= N_SESSIONS || d->waiting[session]) {
		fprintf(stderr, "driver: bad line: %s", line);
		exit(2);
	}
	d->waiting[session] = transact_new(d->db, params, now_ms(), has_lock, NULL);
	json_decref(params);
	run(d, session);
}

static bool run_concerned(struct driver *d)
{
	for (int i = 0; i < N_SESSIONS; i++) {
		if (d->waiting[i] &&
		    (d->is_concerned[i] || transact_deadline_ms(d->waiting[i]) <= now_ms())) {
			run(d, i);
			return true;
		}
	}
	return false;
}

static int timeout_ms(const struct driver *d)
{
	int64_t timeout = INT64_MAX;

	for (int i = 0; i < N_SESSIONS; i++)
		if (d->waiting[i] && transact_deadline_ms(d->waiting[i]) < timeout)
			timeout = transact_deadline_ms(d->waiting[i]);
	if (timeout == INT64_MAX)
		return -1;
	timeout -= now_ms();
	return timeout < 0 ? 0 : (int)timeout;
}

int main(int argc, char **argv)
{
	struct driver d = { .db = NULL };
	struct db_listener listener = { .on_commit = on_commit, .arg = &d };
	struct pollfd input = { .fd = 0, .events = POLLIN };
	struct schema *schema;
	struct error err;
	char *line = NULL;
	size_t room = 0;

	if (argc != 2 || schema_from_file(argv[1], &schema, &err) < 0 ||
	    db_new(schema, &d.db, &err) < 0) {
		fprintf(stderr, "driver: %s\n", argc == 2 ? err.text : "usage: driver SCHEMA");
		return 1;
	}
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() sees what is there */
	db_listen(d.db, &listener);
	for (;;) {
		while (run_concerned(&d))
			;
		if (poll(&input, 1, timeout_ms(&d)) == 1) {
			if (getline(&line, &room, stdin) < 0)
				break;
			take_line(&d, line);
		}
	}
	for (int i = 0; i < N_SESSIONS; i++)
		transact_free(d.waiting[i]);
	db_unlisten(d.db, &listener);
	db_free(d.db);
	free(line);
	return 0;
}
