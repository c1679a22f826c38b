/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request: waiting, timing out, durability.  Results of the operations
 * are in tests/ovsdb/cases. */
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
#include "ovsdb/change.h"
#include "ovsdb/transact.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

struct fixture {
	struct db *db;
	struct db_listener listener;
	struct transact *watched;
	bool is_concerned;
};

static void on_commit(void *arg, const struct change_list *changes)
{
	struct fixture *f = arg;

	f->is_concerned = f->watched && transact_concerns(f->watched, changes);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->db = fixture_db();
	f->listener = (struct db_listener){ .on_commit = on_commit, .arg = f };
	db_listen(f->db, &f->listener);
	free(fixture_run(f->db, "{'op':'insert','table':'Root','row':{'name':'x','n':1}}"));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	transact_free(f->watched);
	db_unlisten(f->db, &f->listener);
	db_free(f->db);
	free(f);
	return 0;
}

static struct transact *request(struct fixture *f, const char *text, int64_t now_ms,
				transact_lock_fn *lock_fn)
{
	struct json_doc *doc = fixture_json(text);
	struct transact *t;

	t = transact_new(f->db, doc, json_doc_root(doc), now_ms, lock_fn, NULL);
	json_doc_unref(doc);
	return t;
}

#define WAIT(TIMEOUT)                                                               \
	"['T',{'op':'wait','table':'Root','where':[],'columns':['n'],'until':'=='," \
	"'rows':[{'n':2}]" TIMEOUT "},{'op':'update','table':'Root','where':[],'row':{'opt':7}}]"

static void test_wait_without_timeout(void **state)
{
	struct fixture *f = *state;

	f->watched = request(f, WAIT(""), 1000, NULL);
	assert_int_equal(transact_run(f->watched, 1000), TRANSACT_WAITING);
	assert_true(transact_deadline_ms(f->watched) == INT64_MAX);
	/* Another table does not matter. */
	free(fixture_run(f->db,
			 "{'op':'insert','table':'Root','row':{'name':'y','n':2}},{'op':'abort'}"));
	assert_false(f->is_concerned);
	free(fixture_run(f->db, "{'op':'update','table':'Root','where':[],'row':{'n':2}}"));
	assert_true(f->is_concerned);
	assert_int_equal(transact_run(f->watched, 5000), TRANSACT_DONE);
	assert_string_equal(transact_reply(f->watched)->data, "[{},{\"count\":1}]");
	assert_false(transact_is_durable(f->watched));
}

static void test_wait_concerns_its_table(void **state)
{
	struct fixture *f = *state;

	f->watched = request(f,
			     "['T',{'op':'wait','table':'Kid','where':[],'columns':['name'],"
			     "'until':'!=','rows':[]}]",
			     0, NULL);
	assert_int_equal(transact_run(f->watched, 0), TRANSACT_WAITING);
	free(fixture_run(f->db, "{'op':'update','table':'Root','where':[],'row':{'n':2}}"));
	assert_false(f->is_concerned);
	free(fixture_run(f->db, "{'op':'insert','table':'Kid','uuid-name':'k','row':{}},"
				"{'op':'update','table':'Root','where':[],"
				"'row':{'kids':['named-uuid','k']}}"));
	assert_true(f->is_concerned);
	assert_int_equal(transact_run(f->watched, 0), TRANSACT_DONE);
	assert_string_equal(transact_reply(f->watched)->data, "[{}]");
}

static void test_wait_times_out(void **state)
{
	struct fixture *f = *state;

	f->watched = request(f, WAIT(",'timeout':50"), 1000, NULL);
	assert_int_equal(transact_run(f->watched, 1000), TRANSACT_WAITING);
	assert_int_equal(transact_deadline_ms(f->watched), 1050);
	assert_int_equal(transact_run(f->watched, 1020), TRANSACT_WAITING);
	assert_int_equal(transact_run(f->watched, 1051), TRANSACT_DONE);
	assert_string_equal(transact_reply(f->watched)->data,
			    "[{\"details\":\"\\\"wait\\\" timed out after 51 ms\","
			    "\"error\":\"timed out\"},null]");
}

/* Nothing that a blocked request did is seen by others. */
static void test_blocked_request_is_invisible(void **state)
{
	struct fixture *f = *state;

	f->watched = request(f,
			     "['T',{'op':'insert','table':'Root','row':{'name':'z'}},"
			     "{'op':'wait','table':'Root','where':[],'columns':['n'],"
			     "'until':'==','rows':[]}]",
			     0, NULL);
	assert_int_equal(transact_run(f->watched, 0), TRANSACT_WAITING);
	fixture_expect(f->db, "{'op':'select','table':'Root','where':[],'columns':['name']}",
		       "[{'rows':[{'name':'x'}]}]");
}

static void test_durable(void **state)
{
	struct fixture *f = *state;

	f->watched = request(f,
			     "['T',{'op':'update','table':'Root','where':[],'row':{'n':9}},"
			     "{'op':'commit','durable':true}]",
			     0, NULL);
	assert_int_equal(transact_run(f->watched, 0), TRANSACT_DONE);
	assert_true(transact_is_durable(f->watched));
	transact_free(f->watched);
	f->watched = request(f, "['T',{'op':'commit','durable':true}]", 0, NULL);
	assert_int_equal(transact_run(f->watched, 0), TRANSACT_DONE);
	assert_false(transact_is_durable(f->watched)); /* changed nothing */
}

static bool has_lock(void *arg, const char *lock)
{
	(void)arg;
	return !strcmp(lock, "mine");
}

static void test_assert(void **state)
{
	struct fixture *f = *state;

	f->watched = request(f, "['T',{'op':'assert','lock':'mine'},{'op':'assert','lock':'no'}]",
			     0, has_lock);
	assert_int_equal(transact_run(f->watched, 0), TRANSACT_DONE);
	assert_string_equal(transact_reply(f->watched)->data,
			    "[{},{\"details\":\"Asserted lock no not held.\","
			    "\"error\":\"not owner\"}]");
}

static void test_reserved_database(void **state)
{
	struct schema *schema = fixture_schema(
		"{'name':'_Server','tables':{'Database':{'columns':{'name':{'type':'string'}}}}}");
	struct error err;
	struct db *db;
	char *reply;

	(void)state;
	assert_int_equal(db_new(schema, &db, &err), 0);
	reply = fixture_run(db, "{'op':'update','table':'Database','where':[],'row':{}}");
	assert_string_equal(reply, "[{\"details\":\"update operation not allowed on table in "
				   "reserved database _Server\",\"error\":\"not allowed\"}]");
	free(reply);
	fixture_expect(db, "{'op':'select','table':'Database','where':[]}", "[{'rows':[]}]");
	db_free(db);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wait_without_timeout),
		TEST(test_wait_concerns_its_table),
		TEST(test_wait_times_out),
		TEST(test_blocked_request_is_invisible),
		TEST(test_durable),
		TEST(test_assert),
		TEST(test_reserved_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
