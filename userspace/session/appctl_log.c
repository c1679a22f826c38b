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

#define MODULE "bvsd"

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

static int reopen(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		  struct error *err)
{
	const struct appctl_log *log = arg;

	(void)n_args, (void)args, (void)reply;
	if (!log->file)
		return error_set(err, "not found", "Logging to file not configured");
	return appctl_log_open(log, err);
}

static bool find_level(const char *name, enum log_level *ret)
{
	/* Errors are always printed. */
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "off", LOG_ERR },   { "emer", LOG_ERR },  { "err", LOG_ERR },
		{ "warn", LOG_WARN }, { "info", LOG_INFO }, { "dbg", LOG_DBG },
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!strcasecmp(levels[i].name, name)) {
			*ret = levels[i].level;
			return true;
		}
	}
	return false;
}

struct spec {
	enum log_level level;
	bool has_level, has_destination, has_module;
	bool is_elsewhere; /* for a destination that is not in use */
};

static bool is_destination(const char *word)
{
	return !strcasecmp(word, "console") || !strcasecmp(word, "syslog") ||
	       !strcasecmp(word, "file");
}

static int read_word(const struct appctl_log *log, const char *word, struct spec *spec,
		     struct error *err)
{
	bool *seen;

	if (!strcasecmp(word, "any") || !strcasecmp(word, MODULE)) {
		seen = spec->has_module ? &spec->has_destination : &spec->has_module;
	} else if (is_destination(word)) {
		seen = &spec->has_destination;
		spec->is_elsewhere = strcasecmp(word, log->file ? "file" : "console");
	} else if (find_level(word, &spec->level)) {
		seen = &spec->has_level;
	} else {
		return error_set(err, "syntax error", "no destination, level, or module \"%s\"",
				 word);
	}
	if (*seen)
		return error_set(err, "syntax error", "cannot specify multiple %s",
				 seen == &spec->has_level ? "levels" : "destinations");
	*seen = true;
	return 0;
}

static int set_one(const struct appctl_log *log, const char *text, struct error *err)
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
	if (!spec.is_elsewhere)
		log_set_level(spec.level);
	return 0;
}

/* Without words everything is said, as with the word "dbg". */
static int set(void *arg, size_t n_args, const char *const *args, struct buf *reply,
	       struct error *err)
{
	(void)reply;
	for (size_t i = 0; i < n_args; i++) {
		if (set_one(arg, args[i], err) < 0)
			return -1;
	}
	return n_args ? 0 : set_one(arg, "dbg", err);
}

static int list(void *arg, size_t n_args, const char *const *args, struct buf *reply,
		struct error *err)
{
	static const char *const names[] = {
		[LOG_ERR] = "ERR", [LOG_WARN] = "WARN", [LOG_INFO] = "INFO", [LOG_DBG] = "DBG"
	};
	const struct appctl_log *log = arg;
	const char *level = names[log_get_level()];

	(void)n_args, (void)args, (void)err;
	buf_puts(reply, "                 console    syslog    file\n"
			"                 -------    ------    ------\n");
	buf_printf(reply, "%-16s  %4s       %4s       %4s\n", MODULE, log->file ? "OFF" : level,
		   "OFF", log->file ? level : "OFF");
	return 0;
}

int appctl_log_add(struct appctl *a, struct appctl_log *log, struct error *err)
{
	if (appctl_add(a, "vlog/list", "", 0, 0, list, log, err) < 0 ||
	    appctl_add(a, "vlog/reopen", "", 0, 0, reopen, log, err) < 0)
		return -1;
	return appctl_add(a, "vlog/set", "[module][:destination][:level]...", 0, 64, set, log, err);
}
