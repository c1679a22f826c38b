/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * JSON-RPC messages (RFC 7047 section 4): read into their parts, written as text.
 * As strict as the reference: whatever this refuses closes the connection.  Called by
 * conn (reading) and by whoever answers; knows no method.
 */
#include <stddef.h>

#include "base/error.h"

struct buf;
struct json;
struct json_doc;

enum message_kind { MESSAGE_REQUEST, MESSAGE_NOTIFICATION, MESSAGE_REPLY, MESSAGE_ERROR };

/* The parts belong to doc.  What a kind does not have is NULL. */
struct message {
	enum message_kind kind;
	const char *method; /* requests and notifications */
	const struct json *params; /* of the same: an array */
	const struct json *result; /* replies */
	const struct json *error; /* errors; not null */
	const struct json *id; /* all but notifications: any value but null */
	struct json_doc *doc;
};

must_check int message_parse(const char *text, size_t len, struct message *ret, struct error *err);
void message_clear(struct message *m); /* drops doc */

/* "begin" and "end" go around the JSON text of the result or the params, which may be
 * sent as separate pieces. */
void message_put_reply_begin(struct buf *to, const struct json *id);
void message_put_reply_end(struct buf *to);
void message_put_notification_begin(struct buf *to, const char *method);
void message_put_notification_end(struct buf *to);
void message_put_request_begin(struct buf *to, const char *method, const struct json *id);
void message_put_request_end(struct buf *to);

/* {"id":..,"error":"text"}; there is no "result" in an error. */
void message_put_error_text(struct buf *to, const struct json *id, const char *text);
/* The error as an object, with "syntax" where it has one. */
void message_put_error(struct buf *to, const struct json *id, const struct error *error);
