/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * bvsd's command line, read once at the start by main.c.  All strings live as long as the
 * process.
 */
#include <stdbool.h>
#include <stddef.h>

#include "session/key_files.h"

enum { MAX_REMOTES = 16, MAX_LEVELS = 16 };

struct options {
	const char *remotes[MAX_REMOTES];
	size_t n_remotes;
	const char *unixctl;
	const char *pidfile; /* NULL: none */
	bool is_default_pidfile;
	const char *schema; /* NULL: the embedded one */
	const char *bpffs;
	const char *db; /* NULL: in memory */
	const char *log_file; /* NULL: stderr */
	const char *levels[MAX_LEVELS]; /* of -v */
	size_t n_levels;
	struct key_names keys; /* all NULL: those of the table SSL, with the switch */
	enum { NAMES_WITH_PIDFILE, NAMES_YES, NAMES_NO } names; /* of OVS's daemons */
	const char *salvage; /* the file to write; NULL: serve */
	bool is_db_only;
	bool is_datapath_down; /* take what the database's switch left in the kernel; serve nothing */
};

/* 0: go on; 1: all was said, the program ends well; -1: misuse, which was said. */
int options_parse(int argc, char **argv, struct options *ret);
/* Where sockets and pid files are: $OVS_RUNDIR or stock's directory. */
const char *options_rundir(void);
