// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/json_parse.h"
#include "cli/diagnosis.h"
#include "base/json.h"

#define STATUS(BRIDGE)                                                           \
	"{\"settled\":true,\"maps_intact\":true,\"bridges\":[{\"name\":\"br0\"," \
	"\"addresses_max\":10," BRIDGE "}]}"

/* The lines but for the two that say that all is well with the whole. */
static void is_found(const char *status, const char *wanted)
{
	struct diagnosis d = { .n = 0 };
	struct buf b = BUF_INIT;
	struct json_doc *v;
	struct error err;
	const char *rest;

	assert_int_equal(json_parse(status, strlen(status), &v, &err), 0);
	diagnosis_of_status(&d, json_doc_root(v));
	diagnosis_put(&b, &d);
	rest = strstr(b.data, "kernel holds what was written\n");
	assert_non_null(rest);
	assert_string_equal(strchr(rest, '\n') + 1, wanted);
	diagnosis_clear(&d);
	json_doc_unref(v);
	buf_free(&b);
}

static void all_is_well(void **state)
{
	(void)state;
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"admin_up\":true,\"link\":true,\"mtu\":1500,"
			"\"drops\":{\"vlan\":7,\"hairpin\":1}}],"
			"\"mirrors\":[{\"name\":\"m\",\"state\":\"active\"}]"),
		 "ok       ports      1 bridges, 1 ports and 1 mirrors without a complaint\n");
}

static void faults_of_ports(void **state)
{
	(void)state;
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"error\":\"no device\"}]"),
		 "error    port       br0 port a: no device\n");
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"error\":\"this\\nand that\"}]"),
		 "error    port       br0 port a: this;and that\n");
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"problem\":\"no route\"}]"),
		 "warning  port       br0 port a: no route\n");
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"warning\":\"odd\",\"admin_up\":true}]"),
		 "warning  port       br0 port a: odd\n"
		 "warning  port       br0 port a: up, but has no link\n");
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"mtu\":1400,\"mtu_request\":9000}]"),
		 "warning  mtu        br0 port a: the MTU is 1400, 9000 was asked for\n");
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"drops\":{\"loop\":3}}]"),
		 "warning  drops      br0 port a: 3 frames, loop: patch ports form a loop, or a "
		 "chain of more than four, or a tunnel's packets go into it again\n");
	is_found(STATUS("\"ports\":[{\"name\":\"a\",\"drops\":{\"bad_checksum\":2}}]"),
		 "warning  drops      br0 port a: 2 frames, bad_checksum: the underlay damages "
		 "packets\n");
}

/* One that is down does not count. */
static void mtus_are_compared(void **state)
{
	(void)state;
	is_found(STATUS("\"ports\":["
			"{\"name\":\"a\",\"admin_up\":true,\"link\":true,\"mtu\":1500},"
			"{\"name\":\"b\",\"admin_up\":true,\"link\":true,\"mtu\":9000},"
			"{\"name\":\"c\",\"mtu\":1400}]"),
		 "warning  mtu        br0: port a has an MTU of 1500, port b one of 9000\n");
}

static void faults_of_mirrors_and_tables(void **state)
{
	(void)state;
	is_found(STATUS("\"mirrors\":[{\"name\":\"m\",\"state\":\"pending: x\"}]"),
		 "warning  mirror     br0 mirror m: pending: x\n");
	is_found(STATUS("\"mirrors\":[{\"name\":\"m\",\"state\":\"error: y\","
			"\"dropped_mtu\":2}]"),
		 "error    mirror     br0 mirror m: error: y\n"
		 "warning  copies     br0 mirror m: 2 copies lost: longer than its output port's "
		 "MTU\n");
	is_found(STATUS("\"addresses\":10"),
		 "warning  addresses  br0: the table of 10 addresses is full "
		 "(other_config:mac-table-size)\n");
	is_found(STATUS("\"secure\":true"),
		 "warning  bridge     br0: fail_mode is secure: it forwards nothing\n");
}

static void what_is_wrong_with_the_whole_is_an_error(void **state)
{
	static const char text[] = "{\"settled\":false,\"maps_intact\":true}";
	struct diagnosis d = { .n = 0 };
	struct buf b = BUF_INIT;
	struct json_doc *v;
	struct error err;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &v, &err), 0);
	diagnosis_of_status(&d, json_doc_root(v));
	json_doc_unref(v);
	assert_true(diagnosis_has(&d, DIAGNOSIS_ERROR));
	assert_int_equal(d.findings[0].level, DIAGNOSIS_ERROR);
	assert_int_equal(d.findings[1].level, DIAGNOSIS_OK);
	diagnosis_clear(&d);
	diagnosis_add(&d, DIAGNOSIS_WARNING, "x", "say \"%d\"", 1);
	assert_false(diagnosis_has(&d, DIAGNOSIS_ERROR));
	diagnosis_put_json(&b, &d);
	assert_string_equal(b.data, "[{\"level\":\"warning\",\"about\":\"x\",\"text\":\"say "
				    "\\\"1\\\"\"}]\n");
	diagnosis_clear(&d);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(faults_of_ports),
		cmocka_unit_test(mtus_are_compared),
		cmocka_unit_test(faults_of_mirrors_and_tables),
		cmocka_unit_test(what_is_wrong_with_the_whole_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
