/* SPDX-License-Identifier: Apache-2.0 */
/* All that a monitor sees when it begins: in pieces, of the rows as they were, shared by
 * those who begin in the same state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/json_doc.h"
#include "ovsdb/dump.h"
#include "ovsdb/monitor.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

enum { N_ROWS = 3000 };

struct fixture {
	struct db *db;
	struct monitor_set *set;
	struct monitor *monitor;
};

static struct monitor *watch(struct fixture *f, const char *requests)
{
	struct json_doc *doc = fixture_json(requests);
	struct monitor *m;

	assert_int_equal(monitor_new(f->set, MONITOR_COND, json_doc_root(doc), &m, NULL), 0);
	json_doc_unref(doc);
	return m;
}

static const char all[] = "{\"Root\":[{\"columns\":[\"name\",\"n\",\"opt\",\"map\"]}],"
			  "\"Kid\":[{\"columns\":[]}]}";

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->db = fixture_db();
	for (int i = 0; i < N_ROWS; i++) {
		char op[300];

		snprintf(op, sizeof(op),
			 "{'op':'insert','table':'Root','row':{'name':'row%04d','n':%d,"
			 "'kids':['named-uuid','k'],'map':['map',[['key','%060d']]]}},"
			 "{'op':'insert','table':'Kid','uuid-name':'k','row':{}}",
			 i, i, i);
		free(fixture_run(f->db, op));
	}
	f->set = monitor_set_new(f->db, NULL);
	f->monitor = watch(f, all);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	monitor_free(f->monitor);
	monitor_set_free(f->set);
	db_free(f->db);
	free(f);
	return 0;
}

static struct dump_reader begin(struct monitor *m)
{
	struct dump_reader r;

	assert_int_equal(monitor_initial(m, &r, NULL), 0);
	return r;
}

/* The next piece goes behind *text. */
static bool next(struct dump_reader *r, struct buf *text)
{
	struct blob *piece;
	bool is_last = dump_reader_next(r, &piece);

	assert_non_null(piece);
	assert_in_range(piece->len, 1, 70000);
	buf_put(text, piece->data, piece->len);
	blob_unref(piece);
	return is_last;
}

static char *rest(struct dump_reader *r, struct buf *text)
{
	while (!next(r, text))
		;
	dump_reader_end(r);
	return buf_steal(text);
}

static char *whole(struct monitor *m)
{
	struct dump_reader r = begin(m);
	struct buf text = BUF_INIT;

	return rest(&r, &text);
}

static void change(struct fixture *f)
{
	free(fixture_run(f->db, "{'op':'update','table':'Root','where':[],'row':{'opt':1}},"
				"{'op':'delete','table':'Root','where':[['n','>',1500]]}"));
}

static void pieces_are_of_the_state_at_the_beginning(void **state)
{
	struct fixture *f = *state;
	char *expected = whole(f->monitor), *text;
	struct dump_reader r = begin(f->monitor);
	struct buf pieces = BUF_INIT;
	struct json_doc *doc;

	next(&r, &pieces);
	change(f);
	assert_true(monitor_has_pending(f->monitor));
	next(&r, &pieces);
	change(f);
	text = rest(&r, &pieces);
	assert_string_equal(text, expected);
	doc = fixture_json(text);
	assert_int_equal(json_n_members(json_get(json_doc_root(doc), "Root")), N_ROWS);
	assert_int_equal(json_n_members(json_get(json_doc_root(doc), "Kid")), N_ROWS);
	json_doc_unref(doc);
	free(text);
	free(expected);
}

/* Those who begin in the same state share the text; who begins later sees the later one. */
static void readers_share_until_something_changes(void **state)
{
	struct fixture *f = *state;
	struct monitor *other = watch(f, all);
	struct dump_reader a = begin(f->monitor), b = begin(other);
	struct blob *ta, *tb;
	char *later;

	dump_reader_next(&a, &ta);
	dump_reader_next(&b, &tb);
	assert_ptr_equal(ta, tb);
	change(f);
	later = whole(other);
	assert_non_null(strstr(later, "\"opt\":1"));
	assert_null(strstr(later, "\"n\":2999,"));
	free(later);
	blob_unref(ta);
	blob_unref(tb);
	dump_reader_next(&a, &ta);
	dump_reader_next(&b, &tb);
	assert_ptr_equal(ta, tb); /* they go on together */
	blob_unref(ta);
	blob_unref(tb);
	dump_reader_end(&a);
	dump_reader_end(&b);
	monitor_free(other);
}

/* Text is not kept for it when the others are through: made again it is the same. */
static void a_slow_reader_costs_no_text(void **state)
{
	struct fixture *f = *state;
	char *expected = whole(f->monitor), *text;
	struct dump_reader slow = begin(f->monitor), quick = begin(f->monitor);
	struct buf pieces = BUF_INIT, others = BUF_INIT;
	struct blob *first, *again;

	change(f);
	dump_reader_next(&quick, &first);
	buf_put(&others, first->data, first->len);
	text = rest(&quick, &others);
	assert_string_equal(text, expected);
	free(text);
	dump_reader_next(&slow, &again);
	assert_ptr_not_equal(again, first);
	buf_put(&pieces, again->data, again->len);
	blob_unref(first);
	blob_unref(again);
	text = rest(&slow, &pieces);
	assert_string_equal(text, expected);
	free(text);
	free(expected);
}

/* The monitor may go before the reply has left; both may be given up. */
static void monitors_and_readers_end_in_any_order(void **state)
{
	struct fixture *f = *state;
	struct monitor *m = watch(f, "{\"Root\":[{\"columns\":[\"name\"]}]}");
	struct dump_reader r = begin(m), given_up = begin(f->monitor);
	struct buf text = BUF_INIT;
	char *s;

	monitor_free(m);
	s = rest(&r, &text);
	assert_non_null(strstr(s, "\"name\":\"row2999\""));
	free(s);
	next(&given_up, &text);
	buf_free(&text);
	dump_reader_end(&given_up);
}

static void nothing_to_see_is_an_empty_object(void **state)
{
	struct monitor *m = watch(*state, "{\"Root\":[{\"where\":[[\"n\",\"==\",-5]]}]}");
	char *text = whole(m);

	assert_string_equal(text, "{}");
	free(text);
	monitor_free(m);
}

#define T(F) cmocka_unit_test_setup_teardown(F, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pieces_are_of_the_state_at_the_beginning),
		T(readers_share_until_something_changes),
		T(a_slow_reader_costs_no_text),
		T(monitors_and_readers_end_in_any_order),
		T(nothing_to_see_is_an_empty_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
