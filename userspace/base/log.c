/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_get_level(void)
{
	return threshold;
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
	static const char *const names[] = { "ERR", "WARN", "INFO", "DBG" };
	char line[8192];
	struct timespec now;
	struct tm tm;
	va_list args;
	size_t len;
	int n;

	if (level > threshold)
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

int log_limited(struct log_limit *limit, uint32_t burst)
{
	struct timespec ts;
	int64_t now;

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
