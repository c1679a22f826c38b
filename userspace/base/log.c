/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

enum { MAX_MODULES = 64 };

/* Where the linker has put the names; NULL: no file that logs is in this program. */
extern const char *const __start_log_modules[] __attribute__((weak));
extern const char *const __stop_log_modules[] __attribute__((weak));

static enum log_level threshold = LOG_INFO; /* of whoever is in no list */
static struct log_module modules[MAX_MODULES];
static size_t n_modules;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct log_module *)a)->name, ((const struct log_module *)b)->name);
}

struct log_module *log_find_module(const char *name)
{
	size_t n;
	struct log_module *m = log_modules(&n);

	for (size_t i = 0; i < n; i++) {
		if (!strcasecmp(m[i].name, name))
			return &m[i];
	}
	return NULL;
}

static bool is_listed(const char *name)
{
	for (size_t i = 0; i < n_modules; i++) {
		if (!strcmp(modules[i].name, name))
			return true;
	}
	return false;
}

struct log_module *log_modules(size_t *ret_n)
{
	if (!n_modules) {
		/* cppcheck-suppress comparePointers ; two labels around one section */
		for (const char *const *name = __start_log_modules; name < __stop_log_modules;
		     name++) {
			if (n_modules < MAX_MODULES && !is_listed(*name))
				modules[n_modules++] = (struct log_module){ *name, threshold, 0 };
		}
		qsort(modules, n_modules, sizeof(modules[0]), by_name);
	}
	*ret_n = n_modules;
	return modules;
}

void log_set_level(enum log_level level)
{
	size_t n;
	struct log_module *m = log_modules(&n);

	threshold = level;
	for (size_t i = 0; i < n; i++)
		m[i].level = level;
}

/* What clients chose (names, paths) reaches the log: it must not make a line of its own
 * nor speak to the terminal. */
static void mask_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	}
}

void log_line(enum log_level level, const char *module, const char *fmt, ...)
{
	static const char *const names[] = {
		[LOG_ERR] = "ERR", [LOG_WARN] = "WARN", [LOG_INFO] = "INFO", [LOG_DBG] = "DBG"
	};
	const struct log_module *m = log_find_module(module);
	char line[8192];
	struct timespec now;
	struct tm tm;
	va_list args;
	size_t len;
	int n;

	if (level > (m ? m->level : threshold))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(line + len, sizeof(line) - len,
				".%03ldZ %s %s: ", now.tv_nsec / 1000000, names[level], module);
	va_start(args, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, args);
	va_end(args);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	mask_controls(line, len);
	line[len++] = '\n';
	/* One write: lines of two processes on one terminal do not mix.  Where the
	 * log cannot be written there is nobody to tell. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

int log_limited_in(const char *module, struct log_limit *limit, uint32_t burst)
{
	const struct log_module *m = log_find_module(module);
	struct timespec ts;
	int64_t now;

	if (m && m->is_unlimited)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (!limit->window_ms || now - limit->window_ms >= 10000) {
		uint32_t n_left_out = limit->n_left_out;

		*limit = (struct log_limit){ .window_ms = now ? now : 1 };
		if (n_left_out)
			log_line(LOG_WARN, "log", "event=rate-limited left-out=%u", n_left_out);
	}
	if (limit->n_passed >= burst) {
		limit->n_left_out++;
		return 1;
	}
	limit->n_passed++;
	return 0;
}
