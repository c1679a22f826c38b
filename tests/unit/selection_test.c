/* SPDX-License-Identifier: Apache-2.0 */
/* Big replies in pieces: the same text as in one, of the rows as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_doc.h"
#include "ovsdb/transact.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

enum { N_ROWS = 2000 };

static int set_up(void **state)
{
	struct db *db = fixture_db();

	for (int i = 0; i < N_ROWS; i++) {
		char op[200];

		snprintf(op, sizeof(op),
			 "{'op':'insert','table':'Root','row':{'name':'row%04d','n':%d,"
			 "'names':['set',['a','b']],'map':['map',[['key','%060d']]]}}",
			 i, i, i);
		free(fixture_run(db, op));
	}
	*state = db;
	return 0;
}

static int tear_down(void **state)
{
	db_free(*state);
	return 0;
}

static struct transact *run(struct db *db, const char *ops)
{
	struct buf text = BUF_INIT;
	struct transact *t;
	struct json_doc *doc;

	buf_printf(&text, "['T',%s]", ops);
	doc = fixture_json(text.data);
	t = transact_new(db, doc, json_doc_root(doc), 0, NULL, NULL);
	assert_int_equal(transact_run(t, 0), TRANSACT_DONE);
	json_doc_unref(doc);
	buf_free(&text);
	return t;
}

#define SELECT "{'op':'select','table':'Root','where':[],'sort':['name']}"
#define SELECT_TWO \
	"{'op':'select','table':'Root','where':[['n','<',3]],'columns':['name'],'sort':['name']}"

/* Between the pieces somebody else changes all rows, and deletes some. */
static char *in_pieces(struct db *db, const char *ops)
{
	struct transact *t = run(db, ops);
	struct buf text = BUF_INIT, piece = BUF_INIT;
	unsigned int n = 0;
	bool is_last;

	assert_true(transact_is_reply_big(t));
	do {
		is_last = transact_next_piece(t, &piece);
		assert_true(piece.len < 70000);
		buf_put(&text, piece.data, piece.len);
		buf_reset(&piece);
		if (++n == 2)
			free(fixture_run(db, "{'op':'update','table':'Root','where':[],"
					     "'row':{'names':['set',[]],'opt':1}},"
					     "{'op':'delete','table':'Root','where':"
					     "[['n','>',1500]]}"));
	} while (!is_last);
	assert_true(n > 3);
	buf_free(&piece);
	transact_free(t);
	return buf_steal(&text);
}

static char *in_one(struct db *db, const char *ops)
{
	struct transact *t = run(db, ops);
	char *text = buf_steal(transact_reply(t));

	transact_free(t);
	return text;
}

static void test_pieces_are_the_whole(void **state)
{
	static const char ops[] = SELECT "," SELECT_TWO "," SELECT;
	char *whole = in_one(*state, ops);
	char *pieces = in_pieces(*state, ops);
	struct json_doc *doc = fixture_json(whole);
	const struct json *json = json_doc_root(doc);

	assert_string_equal(pieces, whole);
	assert_int_equal(json_n_elements(json), 3);
	assert_int_equal(json_n_elements(json_get(json_at(json, 0), "rows")), N_ROWS);
	json_doc_unref(doc);
	free(whole);
	free(pieces);
}

/* What the same transaction does behind the select does not show in it. */
static void test_later_operations_do_not_show(void **state)
{
	char *whole = in_one(*state, "{'op':'update','table':'Root','where':[],'row':{'opt':3}},"
				     "{'op':'select','table':'Root','where':[],"
				     "'columns':['name','opt'],'sort':['name']},"
				     "{'op':'update','table':'Root','where':[],'row':{'opt':4}},"
				     "{'op':'delete','table':'Root','where':[['n','==',1]]}");

	assert_non_null(strstr(whole, "{\"name\":\"row0001\",\"opt\":3}"));
	assert_null(strstr(whole, "\"opt\":4"));
	free(whole);
}

/* Neither a reply that is given up half way nor a failed select keeps anything. */
static void test_given_up(void **state)
{
	struct transact *t = run(*state, SELECT "," SELECT);
	struct buf piece = BUF_INIT;
	char *reply;

	transact_next_piece(t, &piece);
	buf_free(&piece);
	transact_free(t);
	reply = in_one(*state, SELECT_TWO ",{'op':'select','table':'Root','where':[],'x':1}");
	assert_non_null(strstr(reply, "Member 'x' is present but not allowed here."));
	assert_null(strstr(reply, "row0005"));
	free(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pieces_are_the_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_later_operations_do_not_show, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_given_up, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
