/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The one way to fail.  A function that can fail for a reason a user will read
 * returns 0 or -1 and takes a struct error last, which lives on the caller's
 * stack: nothing to free.  The tag is the OVSDB error ("constraint violation",
 * "I/O error" ...) and the text its details.  Used by every layer; knows none.
 */
#include <stdarg.h>
#include <stdbool.h>

#define must_check __attribute__((warn_unused_result))

struct error {
	int errnum; /* errno of the cause, 0 where there is none */
	char tag[64];
	char text[4024]; /* ends in "..." where the text did not fit */
	char syntax[2000]; /* the JSON that was refused, cut off likewise; "": not such an error */
};

/* Fills *err (which may be NULL: the caller does not care why) and returns -1. */
int error_set(struct error *err, const char *tag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As error_set() with the tag "I/O error", the text followed by " (strerror)" of
 * errnum.  errnum is positive, as errno. */
int error_errno(struct error *err, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the JSON that was refused to an error that is set.  Returns -1. */
int error_set_syntax(struct error *err, const char *json_text);

/* The tag of allocation failure, with a text of its own.  Returns -1. */
int error_nomem(struct error *err);

/* Puts "<fmt>: " before the text of an error that is set already.  Returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
