/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One line per event on stderr (or the log file that main opened as stderr):
 * "2026-01-31T12:00:00.000Z WARN reconcile: event=mirror-pending name=m0 ...".
 * Layers below session and reconcile return errors instead of logging.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_OFF, LOG_EMER, LOG_ERR, LOG_WARN, LOG_INFO, LOG_DBG };

/* The one global that is allowed. */
struct log_module {
	const char *name;
	enum log_level level; /* lines above it are not printed */
	bool is_unlimited; /* log_limited() lets everything pass */
};
struct log_module *log_modules(size_t *ret_n); /* in order of name */
struct log_module *log_find_module(const char *name); /* in any case of letters; or NULL */
void log_set_level(enum log_level level); /* of all */

void log_line(enum log_level level, const char *module, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* For source files, which define LOG_MODULE.  Each place leaves that name in a section of the
 * program, so that modules can be listed before they say anything. */
#define log_at(LEVEL, ...)                                                                       \
	do {                                                                                     \
		static const char *const module_ __attribute__((section("log_modules"), used)) = \
			LOG_MODULE;                                                              \
		log_line(LEVEL, module_, __VA_ARGS__);                                           \
	} while (0)
#define log_err(...) log_at(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_dbg(...) log_at(LOG_DBG, __VA_ARGS__)

/* At most `burst` lines in ten seconds; the next line that passes is preceded by
 * one that counts those left out.  The owner keeps one, zeroed, per kind of event. */
struct log_limit {
	uint32_t n_passed;
	uint32_t n_left_out;
	int64_t window_ms; /* when the current ten seconds began */
};
int log_limited_in(const char *module, struct log_limit *limit, uint32_t burst);
#define log_limited(LIMIT, BURST) log_limited_in(LOG_MODULE, LIMIT, BURST) /* 1: do not print */
