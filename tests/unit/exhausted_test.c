/* SPDX-License-Identifier: Apache-2.0 */
/* A transaction in which the first allocation fails, then one in which the second does,
 * and so on: each fails whole or succeeds whole. */
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
#include "ovsdb/refs.h"
#include "ovsdb/transact.h"
#include "unit/failing_alloc.h"
#include "unit/json_fixture.h"
#include "unit/ovsdb_fixture.h"

/* Everything at once: inserts, references, a deletion, collection, weak clean-up, a big
 * set. */
static const char request[] =
	"['T',"
	"{'op':'insert','table':'Root','uuid-name':'r','row':{'name':'new','kids':['named-uuid','k'"
	"],"
	"'weak':['named-uuid','k'],'map':['map',[['a','b'],['c','d']]]}},"
	"{'op':'insert','table':'Kid','uuid-name':'k','row':{'name':'k'}},"
	"{'op':'mutate','table':'Root','where':[['name','==','old']],"
	"'mutations':[['names','insert',['set',['x1','x2']]],['n','+=',1],"
	"['names','delete',['set',['e7','e70']]]]},"
	"{'op':'update','table':'Root','where':[['name','==','old']],'row':{'kids':['set',[]]}},"
	"{'op':'delete','table':'Root','where':[['name','==','gone']]},"
	"{'op':'select','table':'Root','where':[],'columns':['n','names']},"
	"{'op':'wait','table':'Root','where':[],'columns':['n'],'until':'!=','rows':[{'n':77}],"
	"'timeout':0},"
	"{'op':'comment','comment':'x'}]";

static void fill(struct db *db)
{
	struct buf names = BUF_INIT, ops = BUF_INIT;

	for (int i = 0; i < 300; i++)
		buf_printf(&names, "%s'e%d'", i ? "," : "", i);
	buf_printf(&ops,
		   "{'op':'insert','table':'Root','row':{'name':'old','names':['set',[%s]],"
		   "'kids':['named-uuid','a'],'weak':['named-uuid','a']}},"
		   "{'op':'insert','table':'Root','row':{'name':'gone'}},"
		   "{'op':'insert','table':'Kid','uuid-name':'a','row':{'name':'a',"
		   "'child':['named-uuid','b'],'weak':['named-uuid','b']}},"
		   "{'op':'insert','table':'Kid','uuid-name':'b','row':{'name':'b'}}",
		   names.data);
	free(fixture_run(db, ops.data));
	buf_free(&names);
	buf_free(&ops);
}

enum outcome { FAILED, SUCCEEDED, WAS_NOT_HIT };

static enum outcome try_with(struct db *db, long fail_at)
{
	struct json_doc *doc = fixture_json(request);
	char *before = fixture_dump(db), *after;
	size_t n_targets = db_refs(db)->targets.n, n_edges = db_refs(db)->edges.n;
	enum transact_state state = TRANSACT_DONE;
	struct transact *t;
	bool is_ok, was_hit;

	n_left = fail_at;
	t = transact_new(db, doc, json_doc_root(doc), 0, NULL, NULL);
	if (t)
		state = transact_run(t, 0);
	was_hit = n_left < 0;
	n_left = -1;
	assert_int_equal(state, TRANSACT_DONE);
	is_ok = t && buf_ok(transact_reply(t)) && !strstr(transact_reply(t)->data, "error");
	after = fixture_dump(db);
	if (!is_ok) {
		assert_string_equal(before, after);
		assert_int_equal(db_refs(db)->targets.n, n_targets);
		assert_int_equal(db_refs(db)->edges.n, n_edges);
		assert_int_equal(db_refs(db)->n_log, 0);
	}
	if (!is_ok && t && buf_ok(transact_reply(t)))
		assert_non_null(strstr(transact_reply(t)->data, "resources exhausted"));
	transact_free(t);
	json_doc_unref(doc);
	free(before);
	free(after);
	return !was_hit ? WAS_NOT_HIT : is_ok ? SUCCEEDED : FAILED;
}

static void test_each_allocation_fails(void **state)
{
	enum outcome outcome = FAILED;
	long n_failed = 0;

	(void)state;
	if (!HAS_OWN_ALLOCATOR)
		skip();
	for (long i = 0; outcome != WAS_NOT_HIT; i++) {
		struct db *db = fixture_db();

		fill(db);
		outcome = try_with(db, i);
		/* Some allocations are luxury: a table that cannot grow has longer chains. */
		n_failed += outcome == FAILED;
		if (outcome != FAILED)
			fixture_expect(
				db, "{'op':'select','table':'Kid','where':[],'columns':['name']}",
				"[{'rows':[{'name':'k'}]}]");
		db_free(db);
	}
	assert_true(n_failed > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_allocation_fails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
