/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bvsctl: what bvs has and stock OVS clients have no command for.  Everything else is
 * ovs-vsctl's and ovs-appctl's.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/version.h"
#include "cli/client.h"

static const char usage[] =
	"usage: bvsctl [OPTIONS] COMMAND [WORD...]\n"
	"\n"
	"Commands:\n"
	"  datapath down            end the daemon and take its switch out of the kernel\n"
	"                           (where it has ended already: bvsd --datapath-down)\n"
	"  db salvage FILE NEWFILE  write to NEWFILE what can be saved of a damaged database,\n"
	"                           and say what is lost\n"
	"  appctl COMMAND [WORD...] any command of the daemon's control socket\n"
	"                           (appctl list-commands shows them)\n"
	"\n"
	"Options:\n"
	"  -t, --target=PATH  control socket; default: that of the bvsd whose pid file is in\n"
	"                     $OVS_RUNDIR (/var/run/openvswitch)\n"
	"  -T, --timeout=SEC  wait at most this long for the answer (default 10)\n"
	"  -h, --help\n"
	"  -V, --version\n";

struct options {
	const char *target;
	int timeout_s;
};

static int fail(const struct error *err)
{
	size_t len = strlen(err->text);

	fprintf(stderr, "bvsctl: %s%s", err->text, len && err->text[len - 1] == '\n' ? "" : "\n");
	return 1;
}

static int ask(const struct options *o, const char *command, size_t n_args, const char *const *args)
{
	const char *dir = getenv("OVS_RUNDIR");
	char *found = NULL, *text = NULL;
	struct error err;
	int rc = 0;

	if (!o->target &&
	    client_find_socket(dir && *dir ? dir : "/var/run/openvswitch", &found, &err) < 0)
		return fail(&err);
	if (client_ask(o->target ? o->target : found, o->timeout_s * 1000, command, n_args, args,
		       &text, &err) < 0)
		rc = fail(&err);
	else if (fputs(text, stdout) < 0 || fflush(stdout) < 0)
		rc = 1;
	free(found);
	free(text);
	return rc;
}

static int command_datapath(const struct options *o, int argc, char **argv)
{
	static const char *const cleanup[] = { "--cleanup" };

	if (argc != 2 || strcmp(argv[1], "down")) {
		fprintf(stderr, "bvsctl: the command is \"datapath down\"\n");
		return 2;
	}
	return ask(o, "exit", 1, cleanup);
}

/* The work is bvsd's, which knows the file: ours is the one beside us, or else the one that
 * is found in $PATH. */
static int command_db(const struct options *o, int argc, char **argv)
{
	struct buf output = BUF_INIT, path = BUF_INIT;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *name;

	(void)o;
	if (argc != 4 || strcmp(argv[1], "salvage")) {
		fprintf(stderr, "bvsctl: the command is \"db salvage FILE NEWFILE\"\n");
		return 2;
	}
	self[n < 0 ? 0 : n] = '\0';
	buf_printf(&path, "%s/bvsd", dirname(self));
	buf_printf(&output, "--salvage=%s", argv[3]);
	if (!buf_ok(&path) || !buf_ok(&output)) {
		fprintf(stderr, "bvsctl: out of memory\n");
		return 1;
	}
	name = access(path.data, X_OK) ? "bvsd" : path.data;
	execlp(name, "bvsd", output.data, "--", argv[2], (char *)NULL);
	fprintf(stderr, "bvsctl: cannot run bvsd: %s\n", strerror(errno));
	buf_free(&path);
	buf_free(&output);
	return 1;
}

static int command_appctl(const struct options *o, int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "bvsctl: appctl needs a command (try \"list-commands\")\n");
		return 2;
	}
	return ask(o, argv[1], (size_t)argc - 2, (const char *const *)argv + 2);
}

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "target", required_argument, NULL, 't' },
		{ "timeout", required_argument, NULL, 'T' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "+t:T:hV", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			o->target = optarg;
			break;
		case 'T':
			o->timeout_s = (int)strtol(optarg, &end, 10);
			if (*end || o->timeout_s < 1 || o->timeout_s > 86400) {
				fprintf(stderr, "bvsctl: --timeout takes seconds, 1 to 86400\n");
				return 2;
			}
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("bvsctl (bvs) " BVS_VERSION);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *o, int argc, char **argv);
	} commands[] = {
		{ "datapath", command_datapath },
		{ "db", command_db },
		{ "appctl", command_appctl },
	};
	struct options o = { .timeout_s = 10 };
	int rc = parse_options(argc, argv, &o);

	if (rc >= 0)
		return rc;
	argc -= optind;
	argv += optind;
	for (size_t i = 0; argc && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(&o, argc, argv);
	}
	if (argc)
		fprintf(stderr, "bvsctl: no command \"%s\"\n", argv[0]);
	fputs(usage, stderr);
	return 2;
}
