/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/buf.h"
#include "base/version.h"
#include "session/appctl_log.h"

static void print_help(void)
{
	puts("bvsd, a BPF virtual switch that is configured by OVSDB\n"
	     "usage: bvsd [OPTION]... [DATABASE]\n"
	     "\n"
	     "DATABASE is the file that holds the configuration, made when it is absent.\n"
	     "Without it: $OVS_DBDIR/conf.db; with --db-only: in memory, nothing is kept.\n"
	     "\n"
	     "  --remote=REMOTE      meet clients there, besides the sockets that systemd passes;\n"
	     "                       may be repeated: punix:PATH (default without such a socket\n"
	     "                       $OVS_RUNDIR/db.sock), ptcp:[PORT][:IP], pssl:[PORT][:IP],\n"
	     "                       tcp:HOST[:PORT], ssl:HOST[:PORT], unix:PATH, or\n"
	     "                       db:DB,TABLE,COLUMN for those that the database tells; the\n"
	     "                       switch always follows its table Manager\n"
	     "  --private-key=FILE, --certificate=FILE, --ca-cert=FILE\n"
	     "                       for pssl and ssl, PEM, or db:DB,TABLE,COLUMN (default for\n"
	     "                       the switch: its table SSL)\n"
	     "  --bootstrap-ca-cert=FILE\n"
	     "                       the same as --ca-cert where FILE exists; otherwise it is "
	     "made\n"
	     "                       of what the first peer shows as its CA's certificate\n"
	     "  --unixctl=PATH       control socket (default $OVS_RUNDIR/bvsd.PID.ctl)\n"
	     "  --pidfile[=FILE]     write the process id (default $OVS_RUNDIR/bvsd.pid)\n"
	     "  --[no-]ovs-names     be found by ovs-appctl as ovsdb-server, ovs-vswitchd (not\n"
	     "                       with --db-only) and bvsd: locked pid files and control\n"
	     "                       sockets in $OVS_RUNDIR; by default with --pidfile, where\n"
	     "                       nobody else has the names\n"
	     "  --log-file[=FILE]    log there (default $OVS_LOGDIR/bvsd.log), not to stderr\n"
	     "  --db-only            serve the database, touch no packets\n"
	     "  --salvage=NEWFILE    write to NEWFILE what can be saved of a damaged DATABASE,\n"
	     "                       say what is lost, and end (bvsctl db salvage)\n"
	     "  --datapath-down      take the switch of DATABASE out of the kernel, where a bvsd\n"
	     "                       that has ended left it, and end\n"
	     "  --schema=FILE        schema of a new database (default: the built-in "
	     "Open_vSwitch)\n"
	     "  --bpffs=DIR          where maps and programs are pinned (default /sys/fs/bpf)\n"
	     "  -v, --verbose[=SPEC] say everything, or what SPEC asks for, as vlog/set reads it\n"
	     "  -V, --version        print the version\n"
	     "  -h, --help           print this");
}

/* $VARIABLE/file or otherwise/file; lives as long as the process. */
static const char *default_path(const char *variable, const char *otherwise, const char *file)
{
	const char *dir = getenv(variable);
	struct buf b = BUF_INIT;

	buf_printf(&b, "%s/%s", dir && *dir ? dir : otherwise, file);
	return buf_steal(&b);
}

const char *options_rundir(void)
{
	const char *dir = getenv("OVS_RUNDIR");

	return dir && *dir ? dir : "/var/run/openvswitch";
}

static const char *rundir_path(const char *file)
{
	return default_path("OVS_RUNDIR", options_rundir(), file);
}

static int add_remote(struct options *o, const char *remote)
{
	if (o->n_remotes == MAX_REMOTES) {
		fprintf(stderr, "bvsd: more than %d remotes\n", MAX_REMOTES);
		return -1;
	}
	o->remotes[o->n_remotes++] = remote;
	return 0;
}

/* Sockets that systemd listens on for us. */
static int add_activated_remotes(struct options *o)
{
	int n = sd_listen_fds(true);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		struct buf name = BUF_INIT;

		buf_printf(&name, "pfd:%d", fd);
		if (add_remote(o, buf_steal(&name)) < 0)
			return -1;
	}
	return 0;
}

static int add_level(struct options *o, const char *spec)
{
	if (o->n_levels == MAX_LEVELS) {
		fprintf(stderr, "bvsd: more than %d times -v\n", MAX_LEVELS);
		return -1;
	}
	o->levels[o->n_levels++] = spec ? spec : "dbg";
	return 0;
}

/* After all options: what "console" and "file" mean depends on --log-file. */
static int set_levels(const struct options *o)
{
	const struct appctl_log log = { .file = o->log_file };
	struct error err;

	for (size_t i = 0; i < o->n_levels; i++) {
		if (appctl_log_set(&log, o->levels[i], &err) < 0) {
			fprintf(stderr, "bvsd: -v%s: %s\n", o->levels[i], err.text);
			return -1;
		}
	}
	return 0;
}

enum {
	OPT_REMOTE = 256,
	OPT_UNIXCTL,
	OPT_PIDFILE,
	OPT_DB_ONLY,
	OPT_SCHEMA,
	OPT_BPFFS,
	OPT_BOOTSTRAP,
	OPT_NAMES,
	OPT_NO_NAMES,
	OPT_LOG_FILE,
	OPT_SALVAGE,
	OPT_DATAPATH_DOWN,
};

static const struct option long_options[] = {
	{ "remote", required_argument, NULL, OPT_REMOTE },
	{ "unixctl", required_argument, NULL, OPT_UNIXCTL },
	{ "pidfile", optional_argument, NULL, OPT_PIDFILE },
	{ "db-only", no_argument, NULL, OPT_DB_ONLY },
	{ "schema", required_argument, NULL, OPT_SCHEMA },
	{ "bpffs", required_argument, NULL, OPT_BPFFS },
	{ "private-key", required_argument, NULL, 'p' },
	{ "certificate", required_argument, NULL, 'c' },
	{ "ca-cert", required_argument, NULL, 'C' },
	{ "bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP },
	{ "ovs-names", no_argument, NULL, OPT_NAMES },
	{ "no-ovs-names", no_argument, NULL, OPT_NO_NAMES },
	{ "log-file", optional_argument, NULL, OPT_LOG_FILE },
	{ "salvage", required_argument, NULL, OPT_SALVAGE },
	{ "datapath-down", no_argument, NULL, OPT_DATAPATH_DOWN },
	{ "verbose", optional_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* 0: done; 1: the program ends well at once; -1: misuse, which was said. */
static int set_option(struct options *o, int c)
{
	switch (c) {
	case OPT_REMOTE:
		return add_remote(o, optarg);
	case OPT_UNIXCTL:
		o->unixctl = optarg;
		return 0;
	case OPT_PIDFILE:
		o->pidfile = optarg ? optarg : rundir_path("bvsd.pid");
		o->is_default_pidfile = !optarg;
		return 0;
	case OPT_DB_ONLY:
		o->is_db_only = true;
		return 0;
	case OPT_SCHEMA:
		o->schema = optarg;
		return 0;
	case OPT_BPFFS:
		o->bpffs = optarg;
		return 0;
	case OPT_SALVAGE:
		o->salvage = optarg;
		return 0;
	case OPT_DATAPATH_DOWN:
		o->is_datapath_down = true;
		return 0;
	case 'p':
		o->keys.private_key = optarg;
		return 0;
	case 'c':
		o->keys.certificate = optarg;
		return 0;
	case 'C':
	case OPT_BOOTSTRAP:
		o->keys.ca_cert = optarg;
		o->keys.learns_ca = c == OPT_BOOTSTRAP ? "yes" : NULL;
		return 0;
	case OPT_NAMES:
		o->names = NAMES_YES;
		return 0;
	case OPT_NO_NAMES:
		o->names = NAMES_NO;
		return 0;
	case OPT_LOG_FILE:
		o->log_file =
			optarg ? optarg
			       : default_path("OVS_LOGDIR", "/var/log/openvswitch", "bvsd.log");
		return 0;
	case 'v':
		return add_level(o, optarg);
	case 'V':
		puts("bvsd " BVS_VERSION);
		return 1;
	case 'h':
		print_help();
		return 1;
	default:
		fputs("Try 'bvsd --help'.\n", stderr);
		return -1;
	}
}

int options_parse(int argc, char **argv, struct options *o)
{
	int c, rc;

	while ((c = getopt_long(argc, argv, "v::Vhp:c:C:", long_options, NULL)) != -1) {
		rc = set_option(o, c);
		if (rc)
			return rc;
	}
	if (set_levels(o) < 0)
		return -1;
	if (argc - optind > 1) {
		fprintf(stderr, "bvsd: one database at most, but %s is a second one\n",
			argv[optind + 1]);
		return -1;
	}
	o->db = argv[optind];
	if (!o->db && !o->is_db_only)
		o->db = default_path("OVS_DBDIR", "/etc/openvswitch", "conf.db");
	if (add_activated_remotes(o) < 0)
		return -1;
	if (!o->n_remotes && !o->salvage && !o->is_datapath_down) {
		const char *path = rundir_path("db.sock");
		struct buf b = BUF_INIT;

		buf_printf(&b, "punix:%s", path ? path : "");
		return add_remote(o, buf_steal(&b));
	}
	return 0;
}
