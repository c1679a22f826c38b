/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bvsd: puts the parts together.  Wiring only.
 */
#define LOG_MODULE "main"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/pidfile.h"
#include "base/version.h"
#include "datapath/datapath.h"
#include "options.h"
#include "ovsdb/convert.h"
#include "ovsdb/db.h"
#include "ovsdb/journal.h"
#include "ovsdb/salvage.h"
#include "ovsdb/schema.h"
#include "reconcile/commands.h"
#include "reconcile/reconcile.h"
#include "session/appctl.h"
#include "session/appctl_log.h"
#include "session/appctl_server.h"
#include "session/publish.h"
#include "session/server.h"

/* The schema of a new database, so that the program needs no installed file.  The path
 * is relative to the top of the source tree, where the compiler runs. */
__asm__(".pushsection .rodata\n"
	".global embedded_schema, embedded_schema_end\n"
	"embedded_schema:\n"
	".incbin \"schema/vswitch.ovsschema\"\n"
	"embedded_schema_end:\n"
	".byte 0\n"
	".popsection\n");
extern const char embedded_schema[], embedded_schema_end[];

enum { MAX_NAMES = 3 };

struct daemon {
	struct options options;
	struct loop *loop;
	struct pidfile *pidfile;
	struct journal *journal;
	struct db *db;
	struct server *server;
	struct datapath *datapath;
	struct reconcile *reconcile;
	struct appctl *appctl;
	struct appctl_log log;
	struct publish *names[MAX_NAMES];
	const char *rundir;
	bool is_cleanup; /* take the switch out of the kernel at the end */
	struct loop_signal sigterm, sigint;
};

static int load_schema(const struct options *o, struct schema **ret, struct error *err)
{
	if (o->schema)
		return schema_from_file(o->schema, ret, err);
	/* cppcheck-suppress comparePointers ; two labels around one object */
	return schema_from_text(embedded_schema, (size_t)(embedded_schema_end - embedded_schema),
				ret, err);
}

/* The switch needs the tables and columns of its own schema. */
static int bring_up_to_date(struct daemon *d, struct error *err)
{
	struct schema *schema;
	char *backup;

	if (load_schema(&d->options, &schema, err) < 0 ||
	    convert_file(d->db, d->journal, schema, &backup, err) < 0)
		return -1;
	if (backup)
		log_info("event=file-converted file=%s version=%s backup=%s",
			 journal_path(d->journal), db_schema(d->db)->version, backup);
	free(backup);
	return 0;
}

static int open_database(struct daemon *d, struct error *err)
{
	struct schema *schema;

	if (load_schema(&d->options, &schema, err) < 0)
		return -1;
	if (!d->options.db)
		return db_new(schema, &d->db, err);
	if (journal_open(d->options.db, schema, &d->journal, &d->db, err) < 0)
		return -1;
	if (journal_warning(d->journal))
		log_warn("event=file-torn text=\"%s\"", journal_warning(d->journal));
	return d->options.is_db_only ? 0 : bring_up_to_date(d, err);
}

/* --salvage: 0 when there is a new file, whatever had to be left out. */
static int run_salvage(const struct options *o)
{
	struct buf report = BUF_INIT;
	struct error err;
	int rc = o->db ? salvage(o->db, o->salvage, &report, &err)
		       : error_set(&err, "syntax error", "--salvage needs the name of a database");

	if (report.len)
		fprintf(stderr, "%s", report.data);
	if (rc < 0)
		fprintf(stderr, "bvsd: %s\n", err.text);
	else
		fprintf(stderr, "bvsd: %s: %s\n", o->salvage,
			report.len ? "written, with the losses above" : "written, nothing is lost");
	buf_free(&report);
	return rc < 0 ? 1 : 0;
}

#define SSL_COLUMN(COLUMN) "db:Open_vSwitch,SSL," COLUMN

static int set_keys(struct daemon *d, struct error *err)
{
	static const struct key_names in_database = {
		.private_key = SSL_COLUMN("private_key"),
		.certificate = SSL_COLUMN("certificate"),
		.ca_cert = SSL_COLUMN("ca_cert"),
		.learns_ca = SSL_COLUMN("bootstrap_ca_cert"),
	};
	const struct options *o = &d->options;
	bool has_keys = o->keys.private_key || o->keys.certificate || o->keys.ca_cert;

	return server_set_keys(d->server, o->is_db_only || has_keys ? &o->keys : &in_database, err);
}

/* Without a switch nothing of ours works on the database: it may be removed. */
static void give_database(struct daemon *d)
{
	server_give_db(d->server, db_schema(d->db)->name);
	d->db = NULL;
	d->journal = NULL;
}

static int start_server(struct daemon *d, struct error *err)
{
	size_t i;

	if (server_new(d->loop, &d->server, err) < 0 ||
	    server_add_db(d->server, d->db, d->journal, err) < 0)
		return -1;
	if (d->options.is_db_only)
		give_database(d);
	if (set_keys(d, err) < 0)
		return -1;
	if (!d->options.is_db_only &&
	    server_add_remote(d->server, "db:Open_vSwitch,Open_vSwitch,manager_options", err) < 0)
		return -1;
	for (i = 0; i < d->options.n_remotes; i++) {
		if (server_add_remote(d->server, d->options.remotes[i], err) < 0)
			return -1;
	}
	return 0;
}

static int open_datapath(struct daemon *d, struct error *err)
{
	struct datapath_options options = { .bpffs = d->options.bpffs };
	char *owner = realpath(d->options.db ? d->options.db : ".", NULL);
	int rc;

	if (!owner)
		return error_errno(err, errno, "resolve %s", d->options.db);
	options.owner = owner;
	rc = datapath_open(d->loop, &options, &d->datapath, err);
	free(owner);
	return rc;
}

/* Everything that touches packets: the lock that keeps a second switch away, the
 * datapath and the reconciler. */
static int start_switch(struct daemon *d, struct error *err)
{
	struct reconcile_options options = { .version = BVS_VERSION, .rundir = d->rundir };

	if (open_datapath(d, err) < 0)
		return -1;
	server_fix_schema(d->server, db_schema(d->db)->name);
	if (!server_hold_lock(d->server, "ovs_vswitchd"))
		return error_set(err, "internal error", "cannot take the lock ovs_vswitchd");
	return reconcile_new(d->loop, d->db, d->datapath, &options, &d->reconcile, err);
}

/* The kernel goes on forwarding, unless `exit --cleanup` asked otherwise. */
static void stop_switch(struct daemon *d)
{
	struct error err;

	reconcile_free(d->reconcile);
	if (d->is_cleanup && d->datapath && datapath_remove(d->datapath, &err) < 0)
		log_err("event=cleanup-failed text=\"%s\"", err.text);
	datapath_close(d->datapath);
}

static int command_version(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			   struct error *err)
{
	(void)arg, (void)n_args, (void)args, (void)err;
	buf_puts(reply, "bvsd (bvs) " BVS_VERSION "\n");
	return 0;
}

static int command_exit(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			struct error *err)
{
	struct daemon *d = arg;

	(void)reply;
	if (n_args && strcmp(args[0], "--cleanup"))
		return error_set(err, "syntax error", "the only option is --cleanup");
	d->is_cleanup = n_args;
	loop_stop(d->loop);
	return 0;
}

static int command_dump(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			struct error *err)
{
	struct daemon *d = arg;

	(void)n_args, (void)args;
	if (!d->reconcile)
		return error_set(err, "not found", "no switch: started with --db-only");
	reconcile_dump(d->reconcile, reply);
	return 0;
}

/* As which daemons ovs-appctl finds us. */
static int publish_names(struct daemon *d, struct error *err)
{
	static const char *const names[MAX_NAMES] = { "bvsd", "ovsdb-server", "ovs-vswitchd" };
	const struct options *o = &d->options;
	size_t n = o->is_db_only ? 2 : MAX_NAMES;

	if (o->names == NAMES_NO || (o->names == NAMES_WITH_PIDFILE && !o->pidfile))
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct publish_options options = { .rundir = d->rundir, .name = names[i] };

		/* "bvsd" has both already, unless they were put elsewhere. */
		options.has_pidfile = !i && o->is_default_pidfile;
		options.has_socket = !i && !o->unixctl;
		if (!publish_new(d->appctl, &options, &d->names[i], err))
			continue;
		if (o->names == NAMES_YES)
			return -1;
		log_warn("event=name-not-taken name=%s text=\"%s\"", names[i], err->text);
	}
	return 0;
}

static int listen_appctl(struct daemon *d, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc;

	if (d->options.unixctl)
		return appctl_listen(d->appctl, d->options.unixctl, err);
	buf_printf(&path, "%s/bvsd.%ld.ctl", d->rundir, (long)getpid());
	rc = buf_ok(&path) ? appctl_listen(d->appctl, path.data, err) : error_nomem(err);
	buf_free(&path);
	/* Nobody asked for it by name: the switch is worth more than its control socket. */
	if (rc < 0)
		log_warn("event=no-control-socket text=\"%s\"", err->text);
	return 0;
}

static void on_explain_ready(void *arg)
{
	appctl_retry(((struct daemon *)arg)->appctl);
}

static int add_switch_commands(struct daemon *d, struct error *err)
{
	static const struct command *const tables[] = { command_fdb, command_dpif, command_image,
							command_mirror, command_status };

	if (!d->reconcile)
		return 0;
	datapath_on_explain_ready(d->datapath, on_explain_ready, d);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct command *c = tables[i]; c->name; c++) {
			if (appctl_add(d->appctl, c->name, c->usage, c->n_min, c->n_max, c->fn,
				       d->reconcile, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int start_appctl(struct daemon *d, struct error *err)
{
	d->appctl = appctl_new(d->loop, server_coverage(d->server));
	if (!d->appctl)
		return error_nomem(err);
	if (appctl_add(d->appctl, "version", "", 0, 0, command_version, d, err) < 0 ||
	    appctl_add(d->appctl, "exit", "[--cleanup]", 0, 1, command_exit, d, err) < 0 ||
	    appctl_add(d->appctl, "bvs/show-model", "", 0, 0, command_dump, d, err) < 0 ||
	    add_switch_commands(d, err) < 0 || appctl_server_add(d->appctl, d->server, err) < 0 ||
	    appctl_log_add(d->appctl, &d->log, err) < 0)
		return -1;
	return listen_appctl(d, err) < 0 ? -1 : publish_names(d, err);
}

static void on_end_signal(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

/* --datapath-down: refused while a bvsd runs the switch. */
static int run_datapath_down(struct daemon *d)
{
	struct error err;
	int rc = -1;

	d->loop = loop_new();
	if (!d->loop)
		(void)error_set(&err, "I/O error", "the kernel gives no event loop");
	else if (open_datapath(d, &err) == 0)
		rc = datapath_remove(d->datapath, &err);
	if (rc < 0)
		fprintf(stderr, "bvsd: %s\n", err.text);
	datapath_close(d->datapath);
	loop_free(d->loop);
	return rc < 0 ? 1 : 0;
}

static int start(struct daemon *d, struct error *err)
{
	d->log.file = d->options.log_file;
	if (appctl_log_open(&d->log, err) < 0)
		return -1;
	d->loop = loop_new();
	if (!d->loop)
		return error_set(err, "I/O error", "the kernel gives no event loop");
	loop_signal_start(d->loop, &d->sigterm, SIGTERM, on_end_signal, d);
	loop_signal_start(d->loop, &d->sigint, SIGINT, on_end_signal, d);
	if (d->options.pidfile && pidfile_new(d->options.pidfile, &d->pidfile, err) < 0)
		return -1;
	if (open_database(d, err) < 0 || start_server(d, err) < 0)
		return -1;
	if (!d->options.is_db_only && start_switch(d, err) < 0)
		return -1;
	return start_appctl(d, err);
}

static void stop(struct daemon *d)
{
	for (size_t i = 0; i < MAX_NAMES; i++)
		publish_free(d->names[i]);
	appctl_free(d->appctl);
	stop_switch(d);
	server_free(d->server);
	journal_close(d->journal);
	db_free(d->db);
	pidfile_free(d->pidfile);
	loop_signal_stop(&d->sigterm);
	loop_signal_stop(&d->sigint);
	loop_free(d->loop);
}

/* A session takes a descriptor; nobody here uses select(), for whose sake the limit is low. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn("event=descriptor-limit-kept limit=%llu",
			 (unsigned long long)limit.rlim_cur);
}

int main(int argc, char **argv)
{
	/* Static: what its options point to is kept until the very end. */
	static struct daemon d = { .options = { .bpffs = "/sys/fs/bpf" } };
	struct error err;
	int rc = options_parse(argc, argv, &d.options);

	d.rundir = options_rundir();
	if (rc)
		return rc < 0 ? 2 : 0;
	if (d.options.salvage)
		return run_salvage(&d.options);
	if (d.options.is_datapath_down)
		return run_datapath_down(&d);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a write error like any other */
	raise_descriptor_limit();
	rc = start(&d, &err);
	if (rc < 0) {
		fprintf(stderr, "bvsd: %s\n", err.text);
	} else {
		log_info("event=started version=%s database=%s", BVS_VERSION,
			 d.options.db ? d.options.db : "(in memory)");
		loop_run(d.loop);
	}
	stop(&d);
	return rc < 0 ? 1 : 0;
}
