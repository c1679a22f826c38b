/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bvsctl: what bvs has and stock OVS clients have no command for.  Everything else is
 * ovs-vsctl's and ovs-appctl's.  Here: options, the list of commands, and help.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "cli/cli.h"

static const struct cli_command *const commands[] = {
	&cli_show,  &cli_mirror,   &cli_explain, &cli_doctor,
	&cli_image, &cli_datapath, &cli_db,	 &cli_appctl,
};
enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *to)
{
	fputs("usage: bvsctl [OPTIONS] COMMAND [WORD...]\n\nCommands:\n", to);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->what);
	fputs("  help       all about a command: help COMMAND\n"
	      "\n"
	      "Options:\n"
	      "  -t, --target=PATH  control socket; default: that of the bvsd whose pid file is "
	      "in\n"
	      "                     $OVS_RUNDIR (/var/run/openvswitch)\n"
	      "  --db=unix:PATH     the database; default: unix:$OVS_RUNDIR/db.sock\n"
	      "  -T, --timeout=SEC  wait at most this long for an answer (default "
	      "$OVS_CTL_TIMEOUT,\n"
	      "                     or 10)\n"
	      "  --json             answers as JSON: show, mirror, explain, doctor\n"
	      "  -h, --help\n"
	      "  -V, --version\n"
	      "\n"
	      "The exit code is 0 when all went well, 1 when the daemon refused, cannot be reached "
	      "or\n"
	      "doctor found an error, 2 when the words or options make no sense.\n",
	      to);
}

static const struct cli_command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int unknown(const char *name)
{
	fprintf(stderr, "bvsctl: no command \"%s\" (\"bvsctl --help\" lists them)\n", name);
	return CLI_MISUSE;
}

static int help(int argc, char **argv)
{
	const struct cli_command *c;

	if (argc < 2) {
		print_usage(stdout);
		return CLI_OK;
	}
	c = find(argv[1]);
	return c ? cli_print(c->help) : unknown(argv[1]);
}

static int set_db(struct cli *cli, const char *remote)
{
	if (strncmp(remote, "unix:", 5)) {
		fputs("bvsctl: --db takes unix:PATH\n", stderr);
		return CLI_MISUSE;
	}
	cli->db = remote + 5;
	return -1;
}

/* False: it is no number of seconds, or out of range. */
static bool set_timeout(struct cli *cli, const char *text)
{
	char *end;
	long seconds = strtol(text, &end, 10);

	if (*end || seconds < 1 || seconds > 86400)
		return false;
	cli->timeout_ms = (int)seconds * 1000;
	return true;
}

/* As ovs-vsctl and ovs-appctl, which make nothing of a wrong one. */
static void set_timeout_of_environment(struct cli *cli)
{
	const char *text = getenv("OVS_CTL_TIMEOUT");

	if (text)
		set_timeout(cli, text);
}

enum { OPT_DB = 256, OPT_JSON };

/* An exit code, or -1: go on. */
static int parse_options(int argc, char **argv, struct cli *cli)
{
	static const struct option longs[] = {
		{ "target", required_argument, NULL, 't' },
		{ "timeout", required_argument, NULL, 'T' },
		{ "db", required_argument, NULL, OPT_DB },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, rc = -1;

	while (rc < 0 && (c = getopt_long(argc, argv, "+t:T:hV", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			cli->target = optarg;
			break;
		case 'T':
			if (set_timeout(cli, optarg))
				break;
			fputs("bvsctl: --timeout takes seconds, 1 to 86400\n", stderr);
			return CLI_MISUSE;
		case OPT_DB:
			rc = set_db(cli, optarg);
			break;
		case OPT_JSON:
			cli->is_json = true;
			break;
		case 'h':
			print_usage(stdout);
			return CLI_OK;
		case 'V':
			puts("bvsctl (bvs) " BVS_VERSION);
			return CLI_OK;
		default:
			fputs("(\"bvsctl --help\" says more)\n", stderr);
			return CLI_MISUSE;
		}
	}
	return rc;
}

/* --json is understood among the words of a command as well, but for "appctl", whose words
 * are not ours. */
static int take_json(struct cli *cli, int argc, char **argv)
{
	int n = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			cli->is_json = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	return n;
}

int main(int argc, char **argv)
{
	struct cli cli = { .timeout_ms = 10000 };
	const struct cli_command *c;
	int rc;

	set_timeout_of_environment(&cli);
	rc = parse_options(argc, argv, &cli);
	if (rc >= 0)
		return rc;
	argc -= optind;
	argv += optind;
	if (!argc) {
		print_usage(stderr);
		return CLI_MISUSE;
	}
	if (!strcmp(argv[0], "help"))
		return help(argc, argv);
	c = find(argv[0]);
	if (!c)
		return unknown(argv[0]);
	if (c != &cli_appctl) {
		argc = take_json(&cli, argc, argv);
		if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
			return cli_print(c->help);
	}
	return c->run(&cli, argc, argv);
}
