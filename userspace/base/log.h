/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One line per event on stderr (or the log file that main opened as stderr):
 * "2026-01-31T12:00:00.000Z WARN reconcile: event=mirror-pending name=m0 ...".
 * Layers below session and reconcile return errors instead of logging.
 */
#include <stdint.h>

enum log_level { LOG_ERR, LOG_WARN, LOG_INFO, LOG_DBG };

/* The one global that is allowed: lines above this level are not printed. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_line(enum log_level level, const char *module, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_err(...) log_line(LOG_ERR, LOG_MODULE, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, LOG_MODULE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, LOG_MODULE, __VA_ARGS__)
#define log_dbg(...) log_line(LOG_DBG, LOG_MODULE, __VA_ARGS__)

/* At most `burst` lines in ten seconds; the next line that passes is preceded by
 * one that counts those left out.  The owner keeps one, zeroed, per kind of event. */
struct log_limit {
	uint32_t n_passed;
	uint32_t n_left_out;
	int64_t window_ms; /* when the current ten seconds began */
};
int log_limited(struct log_limit *limit, uint32_t burst); /* 1: do not print */
