/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A server under test: started from a shell command that finds $SOCK, $DB and $DIR in its
 * environment and ends in an exec, and measured from outside.
 */
#include <stdbool.h>
#include <sys/types.h>

struct server {
	const char *name;
	const char *command;
	char dir[80]; /* everything of this server's */
	char sock[96];
	char db[96];
	pid_t pid; /* 0: not running */
};

/* Returns the milliseconds until the database was served. */
double server_start(struct server *s);
void server_stop(struct server *s);
void server_settle(struct server *s); /* until it has nothing left to do */
double server_cpu_us(const struct server *s); /* of all its threads, ever */
double server_rss_mb(const struct server *s);
