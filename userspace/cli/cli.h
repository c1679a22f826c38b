/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What bvsctl's commands have in common: whom they talk to, how they answer.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct json_doc;

struct cli {
	const char *target; /* control socket; NULL: that of the daemon in $OVS_RUNDIR */
	const char *db; /* the database's socket; NULL: $OVS_RUNDIR/db.sock */
	int timeout_ms;
	bool is_json;
};

/* Exit codes. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_MISUSE = 2 };

/* argv[0] is the command's own name.  Returns an exit code. */
typedef int cli_fn(const struct cli *cli, int argc, char **argv);
struct cli_command {
	const char *name;
	const char *what; /* one line for the list of commands */
	const char *help; /* all about it */
	cli_fn *run;
};

extern const struct cli_command cli_show, cli_mirror, cli_explain, cli_doctor, cli_image,
	cli_appctl, cli_datapath, cli_db;

/* Says what is wrong, on stderr, and returns the exit code. */
int cli_fail(const struct error *err);
int cli_misuse(const struct cli_command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Asks the daemon; *ret_text is malloc'd. */
must_check int cli_ask(const struct cli *cli, const char *command, size_t n_args,
		       const char *const *args, char **ret_text, struct error *err);
/* The same, and prints the answer.  Returns an exit code. */
int cli_pass(const struct cli *cli, const char *command, size_t n_args, const char *const *args);
/* Everything about the switch; the caller's to json_doc_unref(). */
must_check int cli_status(const struct cli *cli, struct json_doc **ret, struct error *err);
/* A transaction on database Open_vSwitch: operations as JSON text, separated by commas.  Fails,
 * with its error, when one of them does. */
must_check int cli_transact(const struct cli *cli, const char *operations, struct error *err);

/* Prints, newline included; an exit code. */
int cli_print(const char *text);
