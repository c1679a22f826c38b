/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* Not in the middle of a character: what is told has to be UTF-8. */
static void mark_cut(char *text, size_t size)
{
	size_t at = size - sizeof("...");

	while (at && (text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, "...", sizeof("..."));
}

static void put_text(struct error *err, size_t at, const char *fmt, va_list args)
{
	size_t room = sizeof(err->text) - at;
	int n = vsnprintf(err->text + at, room, fmt, args);

	if (n >= 0 && (size_t)n >= room)
		mark_cut(err->text, sizeof(err->text));
}

int error_set(struct error *err, const char *tag, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -1;
	err->errnum = 0;
	err->syntax[0] = '\0';
	snprintf(err->tag, sizeof(err->tag), "%s", tag);
	va_start(args, fmt);
	put_text(err, 0, fmt, args);
	va_end(args);
	return -1;
}

int error_errno(struct error *err, int errnum, const char *fmt, ...)
{
	va_list args;
	size_t len;

	if (!err)
		return -1;
	err->errnum = errnum;
	err->syntax[0] = '\0';
	snprintf(err->tag, sizeof(err->tag), "I/O error");
	va_start(args, fmt);
	put_text(err, 0, fmt, args);
	va_end(args);
	len = strlen(err->text);
	snprintf(err->text + len, sizeof(err->text) - len, " (%s)", strerror(errnum));
	return -1;
}

int error_set_syntax(struct error *err, const char *json_text)
{
	if (!err)
		return -1;
	if ((size_t)snprintf(err->syntax, sizeof(err->syntax), "%s", json_text) >=
	    sizeof(err->syntax))
		mark_cut(err->syntax, sizeof(err->syntax));
	return -1;
}

int error_nomem(struct error *err)
{
	return error_set(err, "resources exhausted", "out of memory");
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list args;
	size_t len;

	if (!err)
		return -1;
	memcpy(old, err->text, sizeof(old));
	va_start(args, fmt);
	put_text(err, 0, fmt, args);
	va_end(args);
	len = strlen(err->text);
	if ((size_t)snprintf(err->text + len, sizeof(err->text) - len, ": %s", old) >=
	    sizeof(err->text) - len)
		mark_cut(err->text, sizeof(err->text));
	return -1;
}
