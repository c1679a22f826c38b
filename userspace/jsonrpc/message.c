/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/message.h"

#include <stdbool.h>

#include "base/buf.h"
#include "jsonrpc/json_text.h"

/* Takes each member to its place; JSON null counts as absent. */
static int take_members(struct message *m, struct error *err)
{
	json_t *value;
	const char *key;

	json_object_foreach (m->root, key, value) {
		bool is_null = json_is_null(value);

		if (!strcmp(key, "method")) {
			m->method = json_string_value(value);
			if (!m->method)
				return error_set(err, "syntax error", "method is not a string");
		} else if (!strcmp(key, "params")) {
			m->params = is_null ? NULL : value;
		} else if (!strcmp(key, "result")) {
			m->result = is_null ? NULL : value;
		} else if (!strcmp(key, "error")) {
			m->error = is_null ? NULL : value;
		} else if (!strcmp(key, "id")) {
			m->id = is_null ? NULL : value;
		} else {
			return error_set(err, "syntax error", "unexpected member \"%s\"", key);
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

/* An integer that does not fit is no error but a real, as in the reference.  The parser
 * can do that for all numbers of a message only. */
static json_t *parse_json(const char *text, size_t len, json_error_t *why)
{
	json_t *json = json_loadb(text, len, 0, why);

	if (!json && json_error_code(why) == json_error_numeric_overflow)
		json = json_loadb(text, len, JSON_DECODE_INT_AS_REAL, why);
	return json;
}

int message_parse(const char *text, size_t len, struct message *ret, struct error *err)
{
	struct message m = { .root = NULL };
	json_error_t why;

	m.root = parse_json(text, len, &why);
	if (!m.root)
		return error_set(err, "syntax error", "%s at byte %d", why.text, why.position);
	if (!json_is_object(m.root)) {
		message_clear(&m);
		return error_set(err, "syntax error", "a message must be an object");
	}
	if (take_members(&m, err) < 0 || check_parts(&m, err) < 0) {
		message_clear(&m);
		return -1;
	}
	*ret = m;
	return 0;
}

void message_clear(struct message *m)
{
	json_decref(m->root);
	*m = (struct message){ .root = NULL };
}

static void put_id(struct buf *to, const json_t *id)
{
	buf_puts(to, "{\"id\":");
	if (id)
		json_text_put(to, id);
	else
		buf_puts(to, "null");
}

void message_put_reply_begin(struct buf *to, const json_t *id)
{
	put_id(to, id);
	buf_puts(to, ",\"result\":");
}

void message_put_reply_end(struct buf *to)
{
	buf_puts(to, ",\"error\":null}");
}

void message_put_request_begin(struct buf *to, const char *method, const json_t *id)
{
	put_id(to, id);
	buf_puts(to, ",\"method\":");
	json_text_put_string(to, method, strlen(method));
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

void message_put_error_text(struct buf *to, const json_t *id, const char *text)
{
	put_id(to, id);
	buf_puts(to, ",\"error\":");
	json_text_put_string(to, text, strlen(text));
	buf_putc(to, '}');
}

static void put_member(struct buf *to, const char *name, const char *value)
{
	buf_printf(to, "\"%s\":", name);
	json_text_put_string(to, value, strlen(value));
}

void message_put_error(struct buf *to, const json_t *id, const struct error *error)
{
	put_id(to, id);
	buf_puts(to, ",\"error\":{");
	if (*error->syntax) {
		put_member(to, "syntax", error->syntax);
		buf_putc(to, ',');
	}
	put_member(to, "details", error->text);
	buf_putc(to, ',');
	put_member(to, "error", error->tag);
	buf_puts(to, "}}");
}
