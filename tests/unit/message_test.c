/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC messages: what is accepted as what, what closes the connection, what is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "base/text.h"
#include "jsonrpc/message.h"
#include "unit/json_fixture.h"

static int kind_of(const char *text)
{
	struct message m;
	struct error err;
	int kind;

	if (message_parse(text, strlen(text), &m, &err) < 0) {
		assert_true(*err.text);
		return -1;
	}
	kind = (int)m.kind;
	message_clear(&m);
	return kind;
}

static void kinds_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(kind_of("{\"method\":\"m\",\"params\":[],\"id\":1}"), MESSAGE_REQUEST);
	assert_int_equal(kind_of("{\"method\":\"m\",\"params\":[],\"id\":[\"a\"]}"),
			 MESSAGE_REQUEST);
	assert_int_equal(
		kind_of("{\"method\":\"m\",\"params\":[],\"id\":1,\"result\":null,\"error\":null}"),
		MESSAGE_REQUEST);
	assert_int_equal(kind_of("{\"method\":\"m\",\"params\":[],\"id\":null}"),
			 MESSAGE_NOTIFICATION);
	assert_int_equal(kind_of("{\"method\":\"m\",\"params\":[]}"), MESSAGE_NOTIFICATION);
	assert_int_equal(kind_of("{\"result\":[],\"id\":1,\"error\":null}"), MESSAGE_REPLY);
	assert_int_equal(kind_of("{\"error\":\"x\",\"id\":1}"), MESSAGE_ERROR);
}

static void malformed_ones_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"method\":\"m\",\"id\":1}",
		"{\"method\":\"m\",\"params\":null,\"id\":1}",
		"{\"method\":\"m\",\"params\":{},\"id\":1}",
		"{\"method\":1,\"params\":[],\"id\":1}",
		"{\"method\":null,\"params\":[],\"id\":1}",
		"{\"params\":[],\"id\":1}",
		"{\"method\":\"m\",\"params\":[],\"id\":1,\"jsonrpc\":\"2.0\"}",
		"{\"foo\":1}",
		"{\"id\":1,\"result\":null,\"error\":null}",
		"{\"result\":1,\"error\":2,\"id\":1}",
		"{\"result\":1}",
		"[1,2]",
		"{\"method\":\"m\",\"params\":[01],\"id\":1}",
		"{\"method\":\"m\",\"params\":[1.],\"id\":1}",
		"{\"method\":\"m\",\"params\":[.5],\"id\":1}",
		"{\"method\":\"m\",\"params\":[1e309],\"id\":1}",
		"{\"method\":\"m\",\"params\":[\"\\u0000\"],\"id\":1}",
		"{\"method\":\"m\",\"params\":[\"\\ud800\"],\"id\":1}",
		"{\"method\":\"m\",\"params\":[\"\t\"],\"id\":1}",
		"{\"method\":\"m\",\"params\":[] \"id\":1}",
		"{\"method\":\"m\",\"params\":[],\"id\":1}x",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(kind_of(bad[i]), -1);
}

static void the_last_of_duplicate_members_counts(void **state)
{
	static const char text[] = "{\"method\":\"a\",\"method\":\"b\",\"params\":[],\"id\":1}";
	struct message m;

	(void)state;
	assert_int_equal(message_parse(text, strlen(text), &m, NULL), 0);
	assert_string_equal(m.method, "b");
	message_clear(&m);
}

static void values_come_back_as_the_reference_writes_them(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "[1.0, -0.0, 1e15, 1e16]", "[1,0,1000000000000000,10000000000000000]" },
		{ "[0.1, 1e20, 1.5e300, 1e-07]", "[0.1,1e+20,1.5e+300,1e-07]" },
		{ "[9223372036854775807, -9223372036854775808]",
		  "[9223372036854775807,-9223372036854775808]" },
		{ "{\"b\" : true, \"a\" : [null, false, {}, []]}",
		  "{\"a\":[null,false,{},[]],\"b\":true}" },
		{ "[\"\\/\\b\\f\\n\\r\\t\\u001f\\\\\\\"\\u00e9\\ud83d\\ude00\x7f\"]",
		  "[\"/\\b\\f\\n\\r\\t\\u001f\\\\\\\"\xc3\xa9\xf0\x9f\x98\x80\x7f\"]" },
		{ "[0.30000000000000004]", "[0.30000000000000004]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = BUF_INIT;
		struct json_doc *doc = fixture_json(cases[i].in);

		text_put_json(&b, json_doc_root(doc));
		assert_string_equal(b.data, cases[i].out);
		json_doc_unref(doc);
		buf_free(&b);
	}
}

static void an_integer_that_does_not_fit_is_a_real(void **state)
{
	static const char text[] =
		"{\"method\":\"m\",\"params\":[1,99999999999999999999],\"id\":7}";
	struct buf b = BUF_INIT;
	struct message m;

	(void)state;
	assert_int_equal(message_parse(text, strlen(text), &m, NULL), 0);
	text_put_json(&b, m.params);
	assert_string_equal(b.data, "[1,1e+20]");
	buf_reset(&b);
	text_put_json(&b, m.id);
	assert_string_equal(b.data, "7");
	buf_free(&b);
	message_clear(&m);
}

static void builders_write_whole_messages(void **state)
{
	struct json_doc *doc = fixture_json("['x',1]");
	const struct json *id = json_doc_root(doc);
	struct buf b = BUF_INIT;
	struct error err;

	(void)state;
	message_put_reply_begin(&b, id);
	buf_puts(&b, "{}");
	message_put_reply_end(&b);
	assert_string_equal(b.data, "{\"id\":[\"x\",1],\"result\":{},\"error\":null}");
	buf_reset(&b);
	message_put_notification_begin(&b, "update");
	buf_puts(&b, "[1]");
	message_put_notification_end(&b);
	assert_string_equal(b.data, "{\"id\":null,\"method\":\"update\",\"params\":[1]}");
	buf_reset(&b);
	message_put_error_text(&b, id, "unknown method");
	assert_string_equal(b.data, "{\"id\":[\"x\",1],\"error\":\"unknown method\"}");
	buf_reset(&b);
	error_set(&err, "syntax error", "bad \"thing\"");
	message_put_error(&b, id, &err);
	assert_string_equal(b.data,
			    "{\"id\":[\"x\",1],\"error\":{\"details\":\"bad \\\"thing\\\"\","
			    "\"error\":\"syntax error\"}}");
	buf_reset(&b);
	error_set_syntax(&err, "[1]");
	message_put_error(&b, id, &err);
	assert_non_null(strstr(b.data, "\"syntax\":\"[1]\""));
	json_doc_unref(doc);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(malformed_ones_are_refused),
		cmocka_unit_test(the_last_of_duplicate_members_counts),
		cmocka_unit_test(values_come_back_as_the_reference_writes_them),
		cmocka_unit_test(an_integer_that_does_not_fit_is_a_real),
		cmocka_unit_test(builders_write_whole_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
