/* SPDX-License-Identifier: Apache-2.0 */
/* Monitors: what each kind is told, when updates are merged and shared, and errors.  That
 * the texts are the reference's is the business of tests/ovsdb/cases and differential.bats. */
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
#include "base/json.h"
#include "base/json_doc.h"
#include "ovsdb/db.h"
#include "ovsdb/dump.h"
#include "ovsdb/monitor.h"
#include "ovsdb/transact.h"
#include "unit/json_fixture.h"

static const char schema_text[] =
	"{\"name\":\"t\",\"version\":\"1.0.0\",\"tables\":{"
	"\"R\":{\"isRoot\":true,\"columns\":{\"i\":{\"type\":\"integer\"},"
	"\"name\":{\"type\":\"string\"},"
	"\"set\":{\"type\":{\"key\":\"integer\",\"min\":0,\"max\":\"unlimited\"}},"
	"\"opt\":{\"type\":{\"key\":\"string\",\"min\":0,\"max\":1}}}},"
	"\"S\":{\"isRoot\":true,\"columns\":{\"i\":{\"type\":\"integer\"}}}}}";

#define A "aaaaaaaa-0000-0000-0000-000000000000"
#define B "bbbbbbbb-0000-0000-0000-000000000000"

struct fixture {
	struct db *db;
	struct monitor_set *set;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct schema *schema;

	assert_int_equal(schema_from_text(schema_text, strlen(schema_text), &schema, NULL), 0);
	assert_int_equal(db_new(schema, &f->db, NULL), 0);
	f->set = monitor_set_new(f->db, NULL);
	assert_non_null(f->set);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	monitor_set_free(f->set);
	db_free(f->db);
	free(f);
	return 0;
}

static bool no_lock(void *arg, const char *lock)
{
	(void)arg, (void)lock;
	return false;
}

static void run(struct fixture *f, const char *ops)
{
	struct buf text = BUF_INIT;
	struct transact *t;
	struct json_doc *params;

	buf_printf(&text, "['t',%s]", ops);
	params = fixture_json(text.data);
	t = transact_new(f->db, params, json_doc_root(params), 0, no_lock, NULL);
	assert_int_equal(transact_run(t, 0), TRANSACT_DONE);
	assert_null(strstr(transact_reply(t)->data, "\"error\""));
	transact_free(t);
	json_doc_unref(params);
	buf_free(&text);
}

static void insert(struct fixture *f, const char *uuid, int i, const char *name)
{
	char ops[256];

	snprintf(ops, sizeof(ops),
		 "{'op':'insert','table':'R','uuid':'%s','row':{'i':%d,'name':'%s'}}", uuid, i,
		 name);
	run(f, ops);
}

static void set_i(struct fixture *f, const char *uuid, int i)
{
	char ops[256];

	snprintf(
		ops, sizeof(ops),
		"{'op':'update','table':'R','where':[['_uuid','==',['uuid','%s']]],'row':{'i':%d}}",
		uuid, i);
	run(f, ops);
}

static struct monitor *watch(struct fixture *f, enum monitor_kind kind, const char *requests)
{
	struct json_doc *doc = fixture_json(requests);
	struct monitor *m;
	struct error err;

	if (monitor_new(f->set, kind, json_doc_root(doc), &m, &err) < 0)
		fail_msg("%s: %s", requests, err.text);
	json_doc_unref(doc);
	return m;
}

static void assert_refused(struct fixture *f, enum monitor_kind kind, const char *requests,
			   const char *reason)
{
	struct json_doc *doc = fixture_json(requests);
	struct monitor *m;
	struct error err;

	assert_int_equal(monitor_new(f->set, kind, json_doc_root(doc), &m, &err), -1);
	assert_string_equal(err.text, reason);
	json_doc_unref(doc);
}

static void assert_same_json(const char *have, const char *expected)
{
	char *a = fixture_json_text(have), *b = fixture_json_text(expected);

	assert_string_equal(a, b);
	free(a);
	free(b);
}

static void assert_initial(struct monitor *m, const char *expected)
{
	struct dump_reader rows;
	struct blob *blob;

	assert_int_equal(monitor_initial(m, &rows, NULL), 0);
	assert_true(dump_reader_next(&rows, &blob));
	assert_same_json(blob->data, expected);
	blob_unref(blob);
	dump_reader_end(&rows);
}

/* expected NULL: nothing to see. */
static void assert_update(struct monitor *m, const char *expected)
{
	struct blob *blob = NULL;
	struct uuid id;

	if (monitor_has_pending(m))
		assert_int_equal(monitor_fetch(m, &blob, &id, NULL), 0);
	if (!blob && expected)
		fail_msg("no update, expected %s", expected);
	if (!expected)
		assert_null(blob);
	else
		assert_same_json(blob->data, expected);
	blob_unref(blob);
	assert_false(monitor_has_pending(m));
}

static void change_conditions(struct monitor *m, const char *requests)
{
	struct json_doc *doc = fixture_json(requests);
	struct error err;

	if (monitor_set_conditions(m, json_doc_root(doc), &err) < 0)
		fail_msg("%s: %s", requests, err.text);
	json_doc_unref(doc);
}

static void the_first_kind_tells_old_and_new(void **state)
{
	struct fixture *f = *state;
	struct monitor *m;

	insert(f, A, 1, "a");
	m = watch(f, MONITOR, "{'R':{'columns':['i','name','opt']}}");
	assert_initial(m, "{'R':{'" A "':{'new':{'i':1,'name':'a','opt':['set',[]]}}}}");
	assert_update(m, NULL);
	set_i(f, A, 2);
	assert_update(m,
		      "{'R':{'" A "':{'old':{'i':1},'new':{'i':2,'name':'a','opt':['set',[]]}}}}");
	insert(f, B, 3, "b");
	assert_update(m, "{'R':{'" B "':{'new':{'i':3,'name':'b','opt':['set',[]]}}}}");
	run(f, "{'op':'delete','table':'R','where':[['name','==','b']]}");
	assert_update(m, "{'R':{'" B "':{'old':{'i':3,'name':'b','opt':['set',[]]}}}}");
	monitor_free(m);
}

static void the_others_tell_differences(void **state)
{
	struct fixture *f = *state;
	struct monitor *m;

	insert(f, A, 1, "");
	run(f, "{'op':'update','table':'R','where':[],'row':{'set':['set',[1,2]],'opt':'x'}}");
	m = watch(f, MONITOR_COND, "{'R':[{'columns':['i','name','set','opt']}]}");
	assert_initial(m, "{'R':{'" A "':{'initial':{'i':1,'opt':'x','set':['set',[1,2]]}}}}");
	run(f, "{'op':'update','table':'R','where':[],'row':{'i':2,'set':['set',[2,3]],"
	       "'opt':['set',[]]}}");
	assert_update(m, "{'R':{'" A "':{'modify':{'i':2,'opt':['set',[]],'set':['set',[1,3]]}}}}");
	insert(f, B, 0, "b");
	assert_update(m, "{'R':{'" B "':{'insert':{'name':'b'}}}}");
	run(f, "{'op':'delete','table':'R','where':[['name','==','b']]}");
	assert_update(m, "{'R':{'" B "':{'delete':null}}}");
	monitor_free(m);
}

static void select_flags_are_obeyed(void **state)
{
	struct fixture *f = *state;
	struct monitor *none, *some, *bare;

	insert(f, A, 1, "a");
	none = watch(
		f, MONITOR_COND,
		"{'R':{'select':{'initial':false,'insert':false,'delete':false,'modify':false}}}");
	some = watch(f, MONITOR_COND,
		     "{'R':[{'columns':['i'],'select':{'initial':false,'modify':false}},"
		     "{'columns':['name'],'select':{'insert':false}}]}");
	bare = watch(f, MONITOR_COND, "{'R':{'columns':[]},'S':[]}");
	assert_initial(none, "{}");
	assert_initial(some, "{'R':{'" A "':{'initial':{'name':'a'}}}}");
	assert_initial(bare, "{'R':{'" A "':{'initial':{}}}}");
	set_i(f, A, 2);
	assert_update(none, NULL);
	assert_update(some, NULL);
	assert_update(bare, NULL);
	insert(f, B, 3, "b");
	assert_update(none, NULL);
	assert_update(some, "{'R':{'" B "':{'insert':{'i':3}}}}");
	assert_update(bare, "{'R':{'" B "':{'insert':{}}}}");
	run(f, "{'op':'delete','table':'R','where':[]}");
	assert_update(none, NULL);
	assert_update(some, "{'R':{'" A "':{'delete':null},'" B "':{'delete':null}}}");
	assert_update(bare, "{'R':{'" A "':{'delete':null},'" B "':{'delete':null}}}");
	monitor_free(none);
	monitor_free(some);
	monitor_free(bare);
}

static void who_lags_gets_one_merged_update(void **state)
{
	struct fixture *f = *state;
	struct monitor *m, *quick;

	m = watch(f, MONITOR_COND, "{'R':{'columns':['i','name']}}");
	quick = watch(f, MONITOR_COND, "{'R':{'columns':['i','name']}}");
	insert(f, A, 1, "a");
	assert_update(quick, "{'R':{'" A "':{'insert':{'i':1,'name':'a'}}}}");
	set_i(f, A, 2);
	assert_update(quick, "{'R':{'" A "':{'modify':{'i':2}}}}");
	insert(f, B, 1, "b"); /* comes and goes */
	run(f, "{'op':'delete','table':'R','where':[['name','==','b']]}");
	assert_update(quick, NULL);
	assert_update(m, "{'R':{'" A "':{'insert':{'i':2,'name':'a'}}}}");
	set_i(f, A, 3);
	set_i(f, A, 2);
	assert_update(m, NULL);
	assert_update(quick, NULL);
	monitor_free(m);
	monitor_free(quick);
}

/* Three that stand at different places, each of which sees what is new to it. */
static void places_do_not_disturb_each_other(void **state)
{
	struct fixture *f = *state;
	struct monitor *m[4];
	int i;

	insert(f, A, 0, "");
	for (i = 0; i < 4; i++) {
		m[i] = watch(f, MONITOR_COND, "{'R':{'columns':['i']}}");
		set_i(f, A, i + 1);
	}
	monitor_free(m[1]);
	assert_update(m[2], "{'R':{'" A "':{'modify':{'i':4}}}}");
	set_i(f, A, 3);
	assert_update(m[3], NULL); /* 3 when it came, 3 now */
	assert_update(m[0], "{'R':{'" A "':{'modify':{'i':3}}}}");
	assert_update(m[2], "{'R':{'" A "':{'modify':{'i':3}}}}");
	monitor_free(m[0]);
	monitor_free(m[3]);
	monitor_free(m[2]);
}

static void equal_monitors_share_their_text(void **state)
{
	struct fixture *f = *state;
	struct monitor *a = watch(f, MONITOR_COND, "{'R':[{'columns':['i','name']}]}");
	struct monitor *b = watch(f, MONITOR_COND, "{'R':{'columns':['name','i'],'where':[]}}");
	struct monitor *c = watch(f, MONITOR_COND_SINCE, "{'R':{'columns':['name','i']}}");
	struct dump_reader ra, rb;
	struct blob *ta, *tb, *tc;
	struct uuid id;

	assert_int_equal(monitor_initial(a, &ra, NULL), 0);
	assert_int_equal(monitor_initial(b, &rb, NULL), 0);
	dump_reader_next(&ra, &ta);
	dump_reader_next(&rb, &tb);
	assert_ptr_equal(ta, tb);
	blob_unref(ta);
	blob_unref(tb);
	dump_reader_end(&ra);
	dump_reader_end(&rb);
	insert(f, A, 1, "a");
	assert_int_equal(monitor_fetch(a, &ta, &id, NULL), 0);
	assert_true(uuid_equal(&id, monitor_txn_id(a)));
	assert_int_equal(monitor_fetch(b, &tb, &id, NULL), 0);
	assert_int_equal(monitor_fetch(c, &tc, &id, NULL), 0);
	assert_ptr_equal(ta, tb);
	assert_ptr_not_equal(ta, tc);
	blob_unref(ta);
	blob_unref(tb);
	blob_unref(tc);
	monitor_free(a);
	monitor_free(b);
	monitor_free(c);
}

static void conditions_hide_rows(void **state)
{
	struct fixture *f = *state;
	struct monitor *m;

	insert(f, A, 1, "a");
	m = watch(f, MONITOR_COND, "{'R':{'columns':['name'],'where':[['i','>',5],['i','==',3]]}}");
	assert_initial(m, "{}");
	insert(f, B, 3, "b");
	assert_update(m, "{'R':{'" B "':{'insert':{'name':'b'}}}}");
	set_i(f, A, 9);
	assert_update(m, "{'R':{'" A "':{'insert':{'name':'a'}}}}");
	set_i(f, A, 8);
	assert_update(m, NULL);
	set_i(f, A, 0);
	assert_update(m, "{'R':{'" A "':{'delete':null}}}");
	monitor_free(m);
}

static void any_of_several_conditions_is_enough(void **state)
{
	struct fixture *f = *state;
	struct monitor *m;

	insert(f, A, 1, "a");
	insert(f, B, 2, "b");
	m = watch(f, MONITOR_COND,
		  "{'R':[{'columns':['i'],'where':[['i','==',1]]},"
		  "{'columns':['name'],'where':[['i','==',7]]}]}");
	assert_initial(m, "{'R':{'" A "':{'initial':{'i':1,'name':'a'}}}}");
	change_conditions(m, "{'R':[{'where':[['i','==',2]]},{'where':[['i','==',1]]}]}");
	assert_update(m, "{'R':{'" B "':{'insert':{'i':2,'name':'b'}}}}");
	change_conditions(m, "{'R':[]}");
	assert_update(m, NULL);
	monitor_free(m);
	m = watch(f, MONITOR_COND, "{'R':[{'columns':['i'],'where':[false]},{'columns':[]}]}");
	assert_initial(m, "{'R':{'" A "':{'initial':{'i':1}},'" B "':{'initial':{'i':2}}}}");
	monitor_free(m);
}

static void changed_conditions_bring_and_take_rows(void **state)
{
	struct fixture *f = *state;
	struct monitor *m;

	insert(f, A, 1, "a");
	insert(f, B, 2, "b");
	m = watch(f, MONITOR_COND, "{'R':{'columns':['i'],'where':[['i','==',1]]}}");
	assert_initial(m, "{'R':{'" A "':{'initial':{'i':1}}}}");
	change_conditions(m, "{'R':[{'where':[['i','==',2]]}]}");
	assert_update(m, "{'R':{'" A "':{'delete':null},'" B "':{'insert':{'i':2}}}}");
	change_conditions(m, "{'R':[{'where':[['i','==',2]]}]}");
	assert_update(m, NULL);
	/* Changes that were not fetched yet and the conditions in one. */
	set_i(f, B, 3);
	set_i(f, A, 7);
	change_conditions(m, "{'R':[{'where':[true]}]}");
	assert_update(m, "{'R':{'" A "':{'insert':{'i':7}},'" B "':{'modify':{'i':3}}}}");
	set_i(f, A, 8);
	assert_update(m, "{'R':{'" A "':{'modify':{'i':8}}}}");
	change_conditions(m, "{'R':[{'where':[false]}]}");
	assert_update(m, "{'R':{'" A "':{'delete':null},'" B "':{'delete':null}}}");
	set_i(f, A, 9);
	assert_update(m, NULL);
	monitor_free(m);
}

static void wrong_requests_have_the_reference_texts(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, MONITOR, "[]", "monitor-requests must be object");
	assert_refused(f, MONITOR, "{'X':[]}", "no table named X");
	assert_refused(f, MONITOR, "{'R':1}", "Parsing table R failed: Object expected.");
	assert_refused(f, MONITOR, "{'R':{'columns':1}}",
		       "Parsing table R failed: Type mismatch for member 'columns'.");
	assert_refused(f, MONITOR, "{'R':{'columns':['x']}}", "x is not a valid column name");
	assert_refused(f, MONITOR, "{'R':{'columns':[1]}}", "array of column names expected");
	assert_refused(f, MONITOR, "{'R':[{'columns':['i']},{'columns':['i']}]}",
		       "column i mentioned more than once");
	assert_refused(f, MONITOR, "{'R':{'where':[]}}",
		       "Parsing table R failed: Member 'where' is present but not allowed here.");
	assert_refused(
		f, MONITOR_COND, "{'R':{'select':{'x':true}}}",
		"Parsing table R select failed: Member 'x' is present but not allowed here.");
	assert_refused(f, MONITOR_COND, "{'R':{'where':[['x','==',1]]}}",
		       "No column x in table R.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(F) cmocka_unit_test_setup_teardown(F, setup, teardown)
		T(the_first_kind_tells_old_and_new),
		T(the_others_tell_differences),
		T(select_flags_are_obeyed),
		T(who_lags_gets_one_merged_update),
		T(places_do_not_disturb_each_other),
		T(equal_monitors_share_their_text),
		T(conditions_hide_rows),
		T(any_of_several_conditions_is_enough),
		T(changed_conditions_bring_and_take_rows),
		T(wrong_requests_have_the_reference_texts),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
