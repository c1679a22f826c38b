/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "cli/client.h"
#include "cli/member.h"

int cli_fail(const struct error *err)
{
	size_t len = strlen(err->text);

	fprintf(stderr, "bvsctl: %s%s", err->text, len && err->text[len - 1] == '\n' ? "" : "\n");
	return CLI_FAILED;
}

int cli_misuse(const struct cli_command *c, const char *fmt, ...)
{
	va_list args;

	fputs("bvsctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n(\"bvsctl help %s\" says more)\n", c->name);
	return CLI_MISUSE;
}

static const char *rundir(void)
{
	const char *dir = getenv("OVS_RUNDIR");

	return dir && *dir ? dir : "/var/run/openvswitch";
}

int cli_ask(const struct cli *cli, const char *command, size_t n_args, const char *const *args,
	    char **ret_text, struct error *err)
{
	char *found = NULL;
	int failed;

	if (!cli->target && client_find_socket(rundir(), &found, err) < 0)
		return -1;
	failed = client_ask(cli->target ? cli->target : found, cli->timeout_ms, command, n_args,
			    args, ret_text, err);
	free(found);
	return failed;
}

int cli_print(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? CLI_FAILED : CLI_OK;
}

int cli_pass(const struct cli *cli, const char *command, size_t n_args, const char *const *args)
{
	struct error err;
	char *text;
	int rc;

	if (cli_ask(cli, command, n_args, args, &text, &err))
		return cli_fail(&err);
	rc = cli_print(text);
	free(text);
	return rc;
}

int cli_status(const struct cli *cli, struct json_doc **ret, struct error *err)
{
	char *text;
	int failed;

	if (cli_ask(cli, "bvs/status", 0, NULL, &text, err))
		return -1;
	failed = json_parse(text, strlen(text), ret, err);
	free(text);
	return failed;
}

/* Of the operations that were done the last one is what went wrong; null follows it. */
static int find_error(const struct json *results, struct error *err)
{
	for (size_t i = 0; i < json_n_elements(results); i++) {
		const struct json *r = json_at(results, i);
		const char *what = json_string(json_get(r, "error"));

		if (what)
			return error_set(err, "refused", "%s%s%s", what,
					 *member_string(r, "details") ? ": " : "",
					 member_string(r, "details"));
	}
	return 0;
}

int cli_transact(const struct cli *cli, const char *operations, struct error *err)
{
	struct buf path = BUF_INIT, params = BUF_INIT;
	struct json_doc *results = NULL;
	char *text = NULL;
	int failed;

	if (cli->db)
		buf_puts(&path, cli->db);
	else
		buf_printf(&path, "%s/db.sock", rundir());
	buf_printf(&params, "[\"Open_vSwitch\",%s]", operations);
	failed = !buf_ok(&path) || !buf_ok(&params)
			 ? error_nomem(err)
			 : client_call(path.data, cli->timeout_ms, "transact", params.data, &text,
				       err) ||
				   json_parse(text, strlen(text), &results, err) ||
				   find_error(json_doc_root(results), err);
	buf_free(&path);
	buf_free(&params);
	json_doc_unref(results);
	free(text);
	return failed ? -1 : 0;
}
