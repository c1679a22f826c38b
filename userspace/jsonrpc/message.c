/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/message.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "base/text.h"

/* Takes each member to its place; JSON null counts as absent. */
static int take_members(struct message *m, const struct json *root, struct error *err)
{
	const struct json_member *member;

	json_foreach_member (root, member) {
		const char *name = member->name.string;
		const struct json *value = json_is_null(&member->value) ? NULL : &member->value;

		if (!strcmp(name, "method")) {
			m->method = json_string(value);
			if (!m->method)
				return error_set(err, "syntax error", "method is not a string");
		} else if (!strcmp(name, "params")) {
			m->params = value;
		} else if (!strcmp(name, "result")) {
			m->result = value;
		} else if (!strcmp(name, "error")) {
			m->error = value;
		} else if (!strcmp(name, "id")) {
			m->id = value;
		} else {
			return error_set(err, "syntax error", "unexpected member \"%s\"", name);
		}
	}
	return 0;
}

static int check_parts(struct message *m, struct error *err)
{
	const char *wrong = NULL;

	if (m->result)
		m->kind = MESSAGE_REPLY;
	else if (m->error)
		m->kind = MESSAGE_ERROR;
	else
		m->kind = m->id ? MESSAGE_REQUEST : MESSAGE_NOTIFICATION;

	if (m->kind == MESSAGE_REQUEST || m->kind == MESSAGE_NOTIFICATION) {
		if (!m->method)
			wrong = "a request must have \"method\"";
		else if (!json_is_array(m->params))
			wrong = "a request must have an array as \"params\"";
	} else {
		if (m->method || m->params)
			wrong = "a reply must not have \"method\" or \"params\"";
		else if (!m->id)
			wrong = "a reply must have \"id\"";
		else if (m->result && m->error)
			wrong = "a reply must not have both \"result\" and \"error\"";
	}
	return wrong ? error_set(err, "syntax error", "%s", wrong) : 0;
}

int message_parse(const char *text, size_t len, struct message *ret, struct error *err)
{
	struct message m = { .doc = NULL };
	const struct json *root;

	if (json_parse(text, len, &m.doc, err) < 0)
		return -1;
	root = json_doc_root(m.doc);
	if (!json_is_object(root)) {
		message_clear(&m);
		return error_set(err, "syntax error", "a message must be an object");
	}
	if (take_members(&m, root, err) < 0 || check_parts(&m, err) < 0) {
		message_clear(&m);
		return -1;
	}
	*ret = m;
	return 0;
}

void message_clear(struct message *m)
{
	json_doc_unref(m->doc);
	*m = (struct message){ .doc = NULL };
}

static void put_id(struct buf *to, const struct json *id)
{
	buf_puts(to, "{\"id\":");
	if (id)
		text_put_json(to, id);
	else
		buf_puts(to, "null");
}

void message_put_reply_begin(struct buf *to, const struct json *id)
{
	put_id(to, id);
	buf_puts(to, ",\"result\":");
}

void message_put_reply_end(struct buf *to)
{
	buf_puts(to, ",\"error\":null}");
}

void message_put_request_begin(struct buf *to, const char *method, const struct json *id)
{
	put_id(to, id);
	buf_puts(to, ",\"method\":");
	text_put_string(to, method);
	buf_puts(to, ",\"params\":");
}

void message_put_request_end(struct buf *to)
{
	buf_putc(to, '}');
}

void message_put_notification_begin(struct buf *to, const char *method)
{
	message_put_request_begin(to, method, NULL);
}

void message_put_notification_end(struct buf *to)
{
	buf_putc(to, '}');
}

void message_put_error_text(struct buf *to, const struct json *id, const char *text)
{
	put_id(to, id);
	buf_puts(to, ",\"error\":");
	text_put_string(to, text);
	buf_putc(to, '}');
}

void message_put_error(struct buf *to, const struct json *id, const struct error *error)
{
	put_id(to, id);
	buf_puts(to, ",\"error\":");
	text_put_error(to, error);
	buf_putc(to, '}');
}
