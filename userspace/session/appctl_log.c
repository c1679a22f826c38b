/* SPDX-License-Identifier: Apache-2.0 */
#include "session/appctl_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/appctl.h"

int appctl_log_open(const struct appctl_log *log, struct error *err)
{
	int fd;

	if (!log->file)
		return 0;
	fd = open(log->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return error_errno(err, errno, "open %s", log->file);
	if (dup2(fd, STDERR_FILENO) < 0) {
		error_errno(err, errno, "write to %s", log->file);
		close(fd);
		return -1;
	}
	if (fd != STDERR_FILENO)
		close(fd);
	return 0;
}

/* Until "vlog/reopen" nothing is said: there is no other place to say it. */
static int close_file(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		      struct error *err)
{
	const struct appctl_log *log = arg;
	int fd;

	(void)n_args, (void)args, (void)reply;
	if (!log->file)
		return 0;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
		error_errno(err, errno, "close %s", log->file);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

static int reopen(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		  struct error *err)
{
	const struct appctl_log *log = arg;

	(void)n_args, (void)args, (void)reply;
	if (!log->file)
		return error_set(err, "not found", "Logging to file not configured");
	return appctl_log_open(log, err);
}

static const char *const level_names[] = {
	[LOG_OFF] = "OFF",   [LOG_EMER] = "EMER", [LOG_ERR] = "ERR",
	[LOG_WARN] = "WARN", [LOG_INFO] = "INFO", [LOG_DBG] = "DBG",
};

static bool find_level(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (!strcasecmp(level_names[i], name)) {
			*ret = (enum log_level)i;
			return true;
		}
	}
	return false;
}

struct spec {
	struct log_module *module; /* NULL: all */
	enum log_level level;
	bool has_level, has_destination, has_module;
	bool is_elsewhere; /* for a destination that is not in use */
};

static bool is_destination(const char *word)
{
	return !strcasecmp(word, "console") || !strcasecmp(word, "syslog") ||
	       !strcasecmp(word, "file");
}

static int take_once(bool *seen, const char *what, struct error *err)
{
	if (*seen)
		return error_set(err, "syntax error", "cannot specify multiple %s", what);
	*seen = true;
	return 0;
}

static int read_word(const struct appctl_log *log, const char *word, struct spec *spec,
		     struct error *err)
{
	struct log_module *module = log_find_module(word);
	bool is_any = !strcasecmp(word, "any");

	if (is_destination(word) || (is_any && spec->has_module)) {
		spec->is_elsewhere = !is_any && strcasecmp(word, log->file ? "file" : "console");
		return take_once(&spec->has_destination, "destinations", err);
	}
	if (module || is_any) {
		spec->module = spec->has_module ? spec->module : module;
		return take_once(&spec->has_module, "modules", err);
	}
	if (find_level(word, &spec->level))
		return take_once(&spec->has_level, "levels", err);
	return error_set(err, "syntax error", "no destination, level, or module \"%s\"", word);
}

int appctl_log_set(const struct appctl_log *log, const char *text, struct error *err)
{
	struct spec spec = { .level = LOG_DBG };
	char copy[256], *at = copy, *word;

	if (!strncasecmp(text, "PATTERN:", 8))
		return error_set(err, "not supported", "the form of log lines is fixed");
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return error_set(err, "syntax error", "too long: \"%s\"", text);
	while ((word = strsep(&at, " ,:"))) {
		if (*word && read_word(log, word, &spec, err) < 0)
			return -1;
	}
	if (spec.is_elsewhere)
		return 0;
	if (spec.module)
		spec.module->level = spec.level;
	else
		log_set_level(spec.level);
	return 0;
}

/* Without words everything is said, as with the word "dbg". */
static int set(void *arg, size_t n_args, const char *const *args, struct buf *reply,
	       struct error *err)
{
	(void)reply;
	for (size_t i = 0; i < n_args; i++) {
		if (appctl_log_set(arg, args[i], err) < 0)
			return -1;
	}
	return n_args ? 0 : appctl_log_set(arg, "dbg", err);
}

static int list(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		struct error *err)
{
	const struct appctl_log *log = arg;
	const struct log_module *m;
	size_t n;

	(void)n_args, (void)args, (void)err;
	buf_puts(reply, "                 console    syslog    file\n"
			"                 -------    ------    ------\n");
	m = log_modules(&n);
	for (size_t i = 0; i < n; i++) {
		const char *level = level_names[m[i].level];

		buf_printf(reply, "%-16s  %4s       %4s       %4s%s\n", m[i].name,
			   log->file ? "OFF" : level, "OFF", log->file ? level : "OFF",
			   m[i].is_unlimited ? "    (rate limiting disabled)" : "");
	}
	return 0;
}

static int list_pattern(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			struct error *err)
{
	const struct appctl_log *log = arg;

	(void)n_args, (void)args, (void)err;
	buf_puts(reply, "         prefix                            format\n"
			"         ------                            ------\n");
	buf_printf(reply,
		   "%-8s none                              %%D{%%Y-%%m-%%dT%%H:%%M:%%S.###Z} "
		   "%%p %%c: %%m\n",
		   log->file ? "FILE" : "CONSOLE");
	return 0;
}

/* Of the named modules, or of all.  A name that is none changes nothing. */
static int set_limits(size_t n_args, const char *const *args, bool is_unlimited, struct error *err)
{
	struct log_module *m;
	size_t n, i;

	for (i = 0; i < n_args; i++) {
		if (strcasecmp(args[i], "any") && !log_find_module(args[i]))
			return error_set(err, "not found", "unknown module");
	}
	m = log_modules(&n);
	for (i = 0; i < n; i++) {
		bool is_meant = !n_args;

		for (size_t k = 0; k < n_args; k++)
			is_meant |= !strcasecmp(args[k], "any") || !strcasecmp(args[k], m[i].name);
		if (is_meant)
			m[i].is_unlimited = is_unlimited;
	}
	return 0;
}

static int enable_limits(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			 struct error *err)
{
	(void)arg, (void)reply;
	return set_limits(n_args, args, false, err);
}

static int disable_limits(void *arg, size_t n_args, const char *const *args, struct buf *reply,
			  struct error *err)
{
	(void)arg, (void)reply;
	return set_limits(n_args, args, true, err);
}

int appctl_log_add(struct appctl *a, struct appctl_log *log, struct error *err)
{
	static const struct {
		const char *name, *usage;
		size_t n_max;
		appctl_fn *fn;
	} commands[] = {
		{ "vlog/close", "", 0, close_file },
		{ "vlog/disable-rate-limit", "[module]...", 64, disable_limits },
		{ "vlog/enable-rate-limit", "[module]...", 64, enable_limits },
		{ "vlog/list", "", 0, list },
		{ "vlog/list-pattern", "", 0, list_pattern },
		{ "vlog/reopen", "", 0, reopen },
		{ "vlog/set", "[module][:destination][:level]...", 64, set },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (appctl_add(a, commands[i].name, commands[i].usage, 0, commands[i].n_max,
			       commands[i].fn, log, err) < 0)
			return -1;
	}
	return 0;
}
