/* SPDX-License-Identifier: Apache-2.0 */
/* Mirrors' keys of ours: options, ports described before they exist, the account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/sticky_rig.h"

/* --- options --- */

static void stock_behaviour_by_option(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Mirror", "m0", "external_ids", "bvs-sticky=false");
	settle(f);
	BOUND("");
	vswitch_begin(&f->v);
	del_port(f, "tap1");
	add_port(f, "br0", "tap1", "");
	vswitch_commit(&f->v);
	settle(f);
	SRC("");
	STATUS("pending: nothing is selected");
	set_map(f, "Mirror", "m0", "external_ids", "");
	set_map(f, "Open_vSwitch", "", "other_config", "bvs-sticky=false");
	set_ports(f, "m0", "select_src_port", "tap1");
	settle(f);
	BOUND("");
	/* The mirror's own word is stronger. */
	set_map(f, "Mirror", "m0", "external_ids", "bvs-sticky=true");
	settle(f);
	BOUND("tap1 src, tap3 output");
	del_port(f, "tap1");
	settle(f);
	STATUS("pending: waiting for port tap1 (src)");
	/* Who waits stops. */
	set_map(f, "Mirror", "m0", "external_ids", "");
	settle(f);
	BOUND("");
	STATUS("pending: nothing is selected");
	set_map(f, "Open_vSwitch", "", "other_config", "");
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("");
	BOUND("tap3 output");
}

static void what_is_not_understood_copies_nothing(void **state)
{
	static const struct {
		const char *ids;
		const char *want;
	} cases[] = {
		{ "bvs-stiky=true", "external_ids:bvs-stiky is not known" },
		{ "bvs-wire-form=maybe",
		  "external_ids:bvs-wire-form=maybe is neither true nor false" },
		{ "bvs-remote=gre:10.0.0.9",
		  "external_ids:bvs-remote is set beside another output port" },
		{ "bvs-mtu=maybe",
		  "external_ids:bvs-mtu=maybe is none of truncate, fragment and drop" },
		{ "bvs-metadata=packet", "external_ids:bvs-metadata: the output is no tunnel" },
		{ "bvs-sticky=maybe", "external_ids:bvs-sticky=maybe is neither true nor false" },
		{ "bvs-account=1", "external_ids:bvs-account=1 is neither true nor false" },
		{ "bvs-src-ports=", "external_ids:bvs-src-ports: an item is empty" },
		{ "bvs-dst-ports=a;;b", "external_ids:bvs-dst-ports: an item is empty" },
		{ "bvs-output-port=tap4",
		  "output_port and external_ids:bvs-output-port are both set" },
	};
	struct fixture *f = *state;
	char want[200];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_map(f, "Mirror", "m0", "external_ids", cases[i].ids);
		settle(f);
		snprintf(want, sizeof(want), "error: %s", cases[i].want);
		STATUS(want);
		assert_null(strstr(line(f, "m0"), "out="));
	}
	set_map(f, "Mirror", "m0", "external_ids", "");
	set_map(f, "Open_vSwitch", "", "other_config", "bvs-sticky=0");
	settle(f);
	STATUS("error: Open_vSwitch other_config:bvs-sticky=0 is neither true nor false");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-sticky=true");
	settle(f);
	STATUS("active");
	/* A mirror with a mistake elsewhere finds its ports all the same. */
	set_map(f, "Mirror", "m0", "external_ids", "bvs-x=1,bvs-sticky=true");
	settle(f);
	del_port(f, "tap1");
	settle(f);
	add_port(f, "br0", "tap1", "");
	settle(f);
	SRC("tap1");
	STATUS("error: external_ids:bvs-x is not known");
}

static void an_unreadable_record_is_left_alone(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Mirror", "m0", "external_ids", "bvs-bound=tap1,a=b");
	settle(f);
	STATUS("error: external_ids:bvs-bound: item 1 is not readable");
	assert_string_equal(get(f, "Mirror", "m0", "external_ids"),
			    "[\"map\",[[\"a\",\"b\"],[\"bvs-bound\",\"tap1\"]]]");
	set_map(f, "Mirror", "m0", "external_ids", "a=b");
	settle(f);
	STATUS("active");
	BOUND("tap1 src, tap3 output");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-bound=x,bvs-sticky=false");
	settle(f);
	STATUS("active");
	BOUND("");
}

static void waiting_has_an_end(void **state)
{
	struct fixture *f = *state;
	const char *s;
	size_t n = 0;

	for (int i = 0; i < 300; i++) {
		char name[16], ids[32];

		snprintf(name, sizeof(name), "veth%03d", i);
		snprintf(ids, sizeof(ids), "iface-id=%d", i);
		vswitch_begin(&f->v);
		add_port(f, "br0", name, ids);
		set_ports(f, "m0", "select_src_port", name);
		vswitch_commit(&f->v);
		settle(f);
		del_port(f, name);
		settle(f);
	}
	s = record(f, "m0");
	for (const char *at = s; (at = strstr(at, " src")); at++)
		n++;
	assert_int_equal(n, 256);
	assert_null(strstr(s, "veth043"));
	assert_non_null(strstr(s, "veth044"));
	assert_non_null(strstr(s, "veth299"));
	assert_non_null(strstr(s, "tap3 output"));
	assert_non_null(strstr(status(f), "and 248 more"));
}

/* --- ports described before they exist --- */

static void selected_by_description(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "select_src_port", "");
	set_map(f, "Mirror", "m0", "external_ids",
		"bvs-src-ports=vnet*;tap1;vm-id=7,bvs-dst-ports=tap2;eth9");
	settle(f);
	LINE("m0", "src=tap1 dst=tap2 out=tap3 state=\"pending: waiting for port eth9 (dst)\"");
	SRC(""); /* the stock columns are the users' */
	DST("");
	BOUND("tap3 output");
	add_port(f, "br0", "vnet12", "");
	add_port(f, "br0", "eth9", "");
	add_port(f, "br0", "tap10", "vm-id=7");
	add_port(f, "br0", "tap11", "vm-id=77");
	add_port(f, "br1", "vnet13", "vm-id=7");
	settle(f);
	LINE("m0", "src=tap1,tap10,vnet12 dst=eth9,tap2 out=tap3 state=\"active\"");
	set_map(f, "Interface", "tap11", "external_ids", "vm-id=7");
	set_map(f, "Interface", "tap10", "external_ids", "");
	del_port(f, "vnet12");
	del_port(f, "tap1");
	settle(f);
	LINE("m0",
	     "src=tap11 dst=eth9,tap2 out=tap3 state=\"pending: waiting for port tap1 (src)\"");
	/* Any key: so any note of an Interface is read while such a mirror is there. */
	set_map(f, "Mirror", "m0", "external_ids", "bvs-src-ports=role=web");
	settle(f);
	STATUS("pending: nothing is selected");
	set_map(f, "Interface", "tap2", "external_ids", "role=web");
	settle(f);
	LINE("m0", "src=tap2 out=tap3 state=\"active\"");
}

static void columns_and_descriptions_add_up(void **state)
{
	struct fixture *f = *state;

	set_map(f, "Mirror", "m0", "external_ids", "bvs-src-ports=tap?;tap1;tap1");
	settle(f);
	LINE("m0", "src=tap1,tap2,tap4 out=tap3 state=\"active\"");
	del_port(f, "tap1");
	settle(f);
	STATUS("pending: waiting for ports tap1 (src), tap1 (src), tap1 (src)");
	add_port(f, "br0", "tap1", "");
	settle(f);
	LINE("m0", "src=tap1,tap2,tap4 out=tap3 state=\"active\"");
	SRC("tap1");
}

static void a_pattern_selects_no_output(void **state)
{
	struct fixture *f = *state;

	vswitch_add_mirror(&f->v, "br0", "a0", "", "", "tap4");
	set_map(f, "Mirror", "a0", "external_ids", "bvs-dst-ports=tap*");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-src-ports=*;br1");
	settle(f);
	LINE("a0", "dst=tap1,tap2 out=tap4 state=\"active\"");
	LINE("m0",
	     "src=br0,tap1,tap2 out=tap3 state=\"pending: waiting for port br1 (src, it is on "
	     "another bridge)\"");
	/* A name does: somebody wants a chain. */
	set_map(f, "Mirror", "m0", "external_ids", "bvs-src-ports=tap4");
	set_ports(f, "m0", "select_src_port", "");
	settle(f);
	LINE("m0", "src=tap4 out=tap3 state=\"active\"");
}

static void output_by_description(void **state)
{
	struct fixture *f = *state;

	set_ports(f, "m0", "output_port", "");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-output-port=ids0");
	vswitch_set(&f->v, "Mirror", "m0", "output_vlan", "9");
	settle(f);
	LINE("m0", "src=tap1 state=\"pending: waiting for port ids0 (output)\"");
	add_port(f, "br0", "ids0", "");
	settle(f);
	LINE("m0", "src=tap1 out=ids0 state=\"active\"");
	assert_non_null(strstr(fake_datapath_model(f->dp), "order=5 reserved\n"));
	OUTPUT("");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-output-port=ids*");
	settle(f);
	LINE("m0", "src=tap1 out=ids0 state=\"active\"");
	add_port(f, "br0", "ids1", "vm-id=sensor");
	settle(f);
	LINE("m0", "src=tap1 state=\"error: external_ids:bvs-output-port: ids0 and ids1 match\"");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-output-port=vm-id=sensor");
	settle(f);
	LINE("m0", "src=tap1 out=ids1 state=\"active\"");
	vswitch_begin(&f->v);
	del_port(f, "ids1");
	vswitch_commit(&f->v);
	settle(f);
	LINE("m0", "src=tap1 state=\"pending: waiting for port vm-id=sensor (output)\"");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-output-port=ids0;ids1");
	settle(f);
	STATUS("error: external_ids:bvs-output-port: more than one port");
}

static void output_by_description_ends_the_waiting(void **state)
{
	struct fixture *f = *state;

	del_port(f, "tap3");
	settle(f);
	set_map(f, "Mirror", "m0", "external_ids",
		"bvs-output-port=tap4,bvs-bound=tap3@00000001 "
		"output");
	settle(f);
	LINE("m0", "src=tap1 out=tap4 state=\"active\"");
	BOUND("tap1 src");
	add_port(f, "br0", "tap3", "");
	settle(f);
	OUTPUT("");
}

/* --- the account --- */

static void the_account_is_for_those_who_ask(void **state)
{
#define STOCK "[\"map\",[[\"tx_bytes\",196],[\"tx_packets\",2]]]"
#define WHOLE                                                                   \
	"[\"map\",[[\"dropped_backlog\",6],[\"dropped_budget\",7],"             \
	"[\"dropped_clone\",8],[\"dropped_mtu\",10],[\"dropped_no_target\",9]," \
	"[\"filtered\",2],[\"merged\",3],[\"selected\",1],[\"sent\",4],"        \
	"[\"truncated\",5],[\"tx_bytes\",196],[\"tx_packets\",2]]]"
	struct fixture *f = *state;

	f->dp->mirrors[1] = (struct datapath_mirror_stats){ 2, 196, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	loop_turn(f->loop, 1); /* five seconds */
	settle(f);
	assert_string_equal(get(f, "Mirror", "m0", "statistics"), STOCK);
	/* Not only when the figures are due. */
	set_map(f, "Mirror", "m0", "external_ids", "bvs-account=true");
	settle(f);
	assert_string_equal(get(f, "Mirror", "m0", "statistics"), WHOLE);
	set_map(f, "Open_vSwitch", "", "other_config", "bvs-account=true");
	set_map(f, "Mirror", "m0", "external_ids", "bvs-account=false");
	settle(f);
	assert_string_equal(get(f, "Mirror", "m0", "statistics"), STOCK);
	set_map(f, "Mirror", "m0", "external_ids", "");
	settle(f);
	assert_string_equal(get(f, "Mirror", "m0", "statistics"), WHOLE);
	/* It goes on over a loss. */
	del_port(f, "tap3");
	settle(f);
	add_port(f, "br0", "tap3", "");
	settle(f);
	assert_string_equal(get(f, "Mirror", "m0", "statistics"), WHOLE);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, sticky_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(stock_behaviour_by_option),
		TEST(what_is_not_understood_copies_nothing),
		TEST(an_unreadable_record_is_left_alone),
		TEST(waiting_has_an_end),
		TEST(selected_by_description),
		TEST(columns_and_descriptions_add_up),
		TEST(a_pattern_selects_no_output),
		TEST(output_by_description),
		TEST(output_by_description_ends_the_waiting),
		TEST(the_account_is_for_those_who_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
