/* SPDX-License-Identifier: Apache-2.0 */
#include "session/appctl_server.h"

#include <string.h>

#include "base/buf.h"
#include "session/appctl.h"
#include "session/coverage.h"
#include "session/host.h"
#include "session/memory.h"
#include "session/server.h"
#include "session/tlog.h"

static int add_remote(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		      struct error *err)
{
	(void)n_args, (void)reply;
	return server_add_remote(arg, args[0], err);
}

static int remove_remote(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			 struct error *err)
{
	(void)n_args, (void)reply;
	return server_remove_remote(arg, args[0], err);
}

static int list_remotes(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			struct error *err)
{
	(void)n_args, (void)args, (void)err;
	server_put_remotes(arg, reply);
	return 0;
}

static int add_db(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		  struct error *err)
{
	(void)n_args, (void)reply;
	return server_open_db(arg, args[0], err);
}

static int remove_db(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		     struct error *err)
{
	(void)n_args, (void)reply;
	return server_remove_db(arg, args[0], err);
}

static int list_dbs(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		    struct error *err)
{
	(void)n_args, (void)args, (void)err;
	server_put_db_names(arg, reply);
	return 0;
}

static void on_compacted(void *arg, const struct error *err)
{
	appctl_answer(arg, err);
}

static int compact(void *arg, size_t n_args, const char *const *args, struct appctl_call *call,
		   struct error *err)
{
	return server_compact(arg, n_args ? args[0] : NULL, on_compacted, call, err);
}

static int trim_on_compaction(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			      struct error *err)
{
	(void)n_args, (void)reply;
	if (strcmp(args[0], "on") && strcmp(args[0], "off"))
		return error_set(err, "syntax error", "invalid argument");
	server_set_trimming(arg, !strcmp(args[0], "on"));
	return 0;
}

static int storage_status(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			  struct error *err)
{
	(void)n_args;
	if (server_has_db(arg, args[0], NULL) < 0)
		return error_set(err, "not found", "Failed to find the database.");
	buf_puts(reply, "status: ok\n");
	return 0;
}

/* We are nobody's copy. */
static int sync_status(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err)
{
	(void)arg, (void)n_args, (void)args, (void)err;
	buf_puts(reply, "state: active\n");
	return 0;
}

/* What is asked of a copy, answered as by a server that is none. */
static int say_nothing(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err)
{
	(void)arg, (void)n_args, (void)args, (void)reply, (void)err;
	return 0;
}

static int connect_active(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			  struct error *err)
{
	(void)arg, (void)n_args, (void)args, (void)err;
	buf_puts(reply, "Unable to connect: active server is not specified.\n");
	return 0;
}

static int refuse_copying(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			  struct error *err)
{
	(void)arg, (void)n_args, (void)args, (void)reply;
	return error_set(err, "not supported", "this server does not replicate others");
}

static int reconnect(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		     struct error *err)
{
	(void)n_args, (void)args, (void)reply, (void)err;
	server_reconnect(arg);
	return 0;
}

/* Clients begin again, and find a server that knows "monitor" only. */
static int disable_monitor_cond(void *arg, size_t n_args, const char *const *args,
				struct buf *reply, struct error *err)
{
	server_host(arg)->is_monitor_cond_disabled = true;
	return reconnect(arg, n_args, args, reply, err);
}

static int memory_show(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err)
{
	(void)n_args, (void)args, (void)err;
	memory_put(server_host(arg), reply);
	return 0;
}

static int log_table(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		     struct error *err)
{
	bool is_on = !strcmp(args[1], "on");

	(void)n_args, (void)reply;
	if (!is_on && strcmp(args[1], "off"))
		return error_set(err, "syntax error", "invalid command argument");
	return tlog_set(server_host(arg), args[0], is_on, err);
}

static int list_logged(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err)
{
	(void)n_args, (void)args, (void)err;
	tlog_put(server_host(arg), reply);
	return 0;
}

static int perf_show(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		     struct error *err)
{
	(void)n_args, (void)args, (void)err;
	perf_put(&server_host(arg)->perf, reply);
	return 0;
}

static int perf_forget(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		       struct error *err)
{
	(void)n_args, (void)args, (void)reply, (void)err;
	perf_clear(&server_host(arg)->perf);
	return 0;
}

static int coverage_show(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			 struct error *err)
{
	(void)n_args, (void)args, (void)err;
	coverage_put(server_coverage(arg), reply);
	return 0;
}

static int coverage_read_counter(void *arg, size_t n_args, const char *const *args,
				 struct buf *reply, struct error *err)
{
	uint64_t total;

	(void)n_args;
	if (coverage_read(server_coverage(arg), args[0], &total, err) < 0)
		return -1;
	buf_printf(reply, "%llu\n", (unsigned long long)total);
	return 0;
}

static const struct {
	const char *name, *usage;
	size_t n_min, n_max;
	appctl_fn *fn;
} commands[] = {
	{ "coverage/read-counter", "COUNTER", 1, 1, coverage_read_counter },
	{ "coverage/show", "", 0, 0, coverage_show },
	{ "memory/show", "", 0, 0, memory_show },
	{ "ovsdb-server/add-db", "DB", 1, 1, add_db },
	{ "ovsdb-server/add-remote", "REMOTE", 1, 1, add_remote },
	{ "ovsdb-server/connect-active-ovsdb-server", "", 0, 0, connect_active },
	{ "ovsdb-server/disable-monitor-cond", "", 0, 0, disable_monitor_cond },
	{ "ovsdb-server/disconnect-active-ovsdb-server", "", 0, 0, say_nothing },
	{ "ovsdb-server/get-active-ovsdb-server", "", 0, 0, say_nothing },
	{ "ovsdb-server/get-db-storage-status", "DB", 1, 1, storage_status },
	{ "ovsdb-server/get-sync-exclude-tables", "", 0, 0, say_nothing },
	{ "ovsdb-server/list-dbs", "", 0, 0, list_dbs },
	{ "ovsdb-server/list-remotes", "", 0, 0, list_remotes },
	{ "ovsdb-server/memory-trim-on-compaction", "on|off", 1, 1, trim_on_compaction },
	{ "ovsdb-server/perf-counters-clear", "", 0, 0, perf_forget },
	{ "ovsdb-server/perf-counters-show", "", 0, 0, perf_show },
	{ "ovsdb-server/reconnect", "", 0, 0, reconnect },
	{ "ovsdb-server/remove-db", "DB", 1, 1, remove_db },
	{ "ovsdb-server/remove-remote", "REMOTE", 1, 1, remove_remote },
	{ "ovsdb-server/set-active-ovsdb-server", "", 1, 1, refuse_copying },
	{ "ovsdb-server/set-active-ovsdb-server-probe-interval", "", 1, 1, refuse_copying },
	{ "ovsdb-server/set-sync-exclude-tables", "", 0, 1, refuse_copying },
	{ "ovsdb-server/sync-status", "", 0, 0, sync_status },
	{ "ovsdb-server/tlog-list", "", 0, 0, list_logged },
	{ "ovsdb-server/tlog-set", "DB:TABLE on|off", 2, 2, log_table },
};

int appctl_server_add(struct appctl *a, struct server *s, struct error *err)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (appctl_add(a, commands[i].name, commands[i].usage, commands[i].n_min,
			       commands[i].n_max, commands[i].fn, s, err) < 0)
			return -1;
	}
	return appctl_add_slow(a, "ovsdb-server/compact", "", 0, 1, compact, s, err);
}
