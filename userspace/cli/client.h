/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One question to a running daemon, over its control socket or its database's.  Used by every
 * bvsctl command; knows no command.
 */
#include <stddef.h>

#include "base/error.h"

/* Finds the control socket of the bvsd whose pid file is DIR/bvsd.pid; the text is
 * malloc'd.  Fails where no daemon runs there. */
must_check int client_find_socket(const char *dir, char **ret_path, struct error *err);

/* Sends a command and its words, waits for the answer at most timeout_ms.  *ret_text is
 * malloc'd.  The daemon's own refusal is an error with its text. */
must_check int client_ask(const char *path, int timeout_ms, const char *command, size_t n_args,
			  const char *const *args, char **ret_text, struct error *err);

/* Likewise, with params as JSON text; *ret_text is the result as JSON text. */
must_check int client_call(const char *path, int timeout_ms, const char *method, const char *params,
			   char **ret_text, struct error *err);
