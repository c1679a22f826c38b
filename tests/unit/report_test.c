/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile: what it writes into the database: the row of Open_vSwitch, addresses, states,
 * figures; just the cells that differ. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/reconcile_rig.h"

/* --- the row of Open_vSwitch --- */

static void write_file(const struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");

	fputs(text, file);
	fclose(file);
}

static void a_new_database_gets_its_row(void **state)
{
	struct fixture *f = *state;
	const char *ids = get(f, "Open_vSwitch", "", "external_ids");

	ROOT("ovs_version", "\"1.2.3\"");
	ROOT("db_version", "\"8.8.0\"");
	ROOT("datapath_types", "\"system\"");
	ROOT("system_type", "\"unknown\"");
	ROOT("cur_cfg", "0");
	assert_non_null(strstr(ids, "[\"hostname\",\""));
	assert_non_null(strstr(ids, "[\"rundir\",\"/run/there\"]"));
	assert_non_null(strstr(ids, "[\"system-id\",\""));
}

static void a_restart_keeps_what_is_the_users(void **state)
{
	struct fixture *f = *state;
	char *before = strdup(get(f, "Open_vSwitch", "", "external_ids"));

	/* The same again: not one cell is written. */
	f->n_commits = 0;
	restart(f);
	settle(f);
	assert_int_equal(f->n_commits, 0);
	ROOT("external_ids", before);
	free(before);
	vswitch_set(&f->v, "Open_vSwitch", "", "external_ids",
		    "[\"map\",[[\"hostname\",\"mine\"],[\"rundir\",\"/old\"],"
		    "[\"system-id\",\"kept\"],[\"x\",\"y\"]]]");
	vswitch_set(&f->v, "Open_vSwitch", "", "ovs_version", "\"3.1.0\"");
	write_file(f, "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\n");
	restart(f);
	ROOT("ovs_version", "\"1.2.3\"");
	ROOT("system_type", "\"debian\"");
	ROOT("system_version", "\"12\"");
	/* A machine that has the file is known by what it says. */
	ROOT("external_ids", "[\"map\",[[\"hostname\",\"mine\"],[\"rundir\",\"/run/there\"],"
			     "[\"system-id\",\"NAME=\\\"Debian GNU/Linux\\\"\"],[\"x\",\"y\"]]]");
	remove(f->path);
	vswitch_set(&f->v, "Open_vSwitch", "", "external_ids",
		    "[\"map\",[[\"system-id\",\"kept\"]]]");
	restart(f);
	assert_non_null(
		strstr(get(f, "Open_vSwitch", "", "external_ids"), "[\"system-id\",\"kept\"]"));
}

static void a_replaced_row_is_filled(void **state)
{
	struct fixture *f = *state;
	struct uuid old = vswitch_find(&f->v, "Open_vSwitch", "");
	const struct schema_table *t = vswitch_table(&f->v, "Open_vSwitch");
	struct error err;

	vswitch_begin(&f->v);
	assert_int_equal(txn_delete(f->v.txn, t, &old, &err), 0);
	vswitch_commit(&f->v);
	settle(f);
	assert_int_equal(db_n_rows(f->v.db, t), 0); /* the client's choice */
	vswitch_begin(&f->v);
	vswitch_insert(&f->v, "Open_vSwitch", "");
	vswitch_commit(&f->v);
	settle(f);
	ROOT("ovs_version", "\"1.2.3\"");
}

static void only_cells_that_differ_are_written(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	f->n_commits = 0;
	fake_changed(f->dp); /* a device did something that matters to nobody */
	settle(f);
	assert_int_equal(f->n_commits, 0);
	f->dp->ports[2].stats.rx_packets = 5; /* not before the statistics are due */
	vswitch_set(&f->v, "Port", "a", "tag", "5");
	settle(f);
	assert_int_equal(f->n_commits, 1); /* the client's own */
	vswitch_begin(&f->v);
	vswitch_next_cfg(&f->v);
	vswitch_commit(&f->v);
	settle(f);
	assert_int_equal(f->n_rows, 1);
	assert_int_equal(f->n_cells, 1);
	ROOT("cur_cfg", "3");
	/* Notes are the users': no pass. */
	f->dp->n_applied = 0;
	vswitch_set(&f->v, "Port", "a", "external_ids", "[\"map\",[[\"a\",\"b\"]]]");
	vswitch_set(&f->v, "Bridge", "br0", "external_ids", "[\"map\",[[\"a\",\"b\"]]]");
	settle(f);
	assert_int_equal(f->dp->n_applied, 0);
	/* A client that writes a status column is put right. */
	vswitch_set(&f->v, "Interface", "a", "ofport", "77");
	settle(f);
	INTERFACE("a", "ofport", "1");
}

/* --- the bridge's address --- */

static void the_least_universal_address(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;
	char own[64];

	vswitch_add_br(v, "br0");
	settle(f);
	snprintf(own, sizeof(own), "%s", get(f, "Interface", "br0", "mac_in_use"));
	fake_datapath_add_device(f->dp, "eth1", "00:00:5e:00:00:02");
	fake_datapath_add_device(f->dp, "eth2", "00:00:5e:00:00:01");
	fake_datapath_add_device(f->dp, "vet1", "02:00:00:00:00:00");
	vswitch_add_port(v, "br0", "vet1", "");
	vswitch_add_port(v, "br0", "i0", "internal");
	settle(f);
	INTERFACE("br0", "mac_in_use", own); /* only local ones: its own */
	vswitch_add_port(v, "br0", "eth1", "");
	settle(f);
	INTERFACE("br0", "mac_in_use", "\"00:00:5e:00:00:02\"");
	GET("Bridge", "br0", "datapath_id", "\"000000005e000002\"");
	vswitch_add_port(v, "br0", "eth2", "");
	settle(f);
	INTERFACE("br0", "mac_in_use", "\"00:00:5e:00:00:01\"");
	vswitch_add_mirror(v, "br0", "m", "eth1", "", "eth2");
	settle(f);
	INTERFACE("br0", "mac_in_use", "\"00:00:5e:00:00:02\"");
	vswitch_set(v, "Port", "i0", "mac", "\"00:00:00:00:00:09\""); /* counts as i0's */
	settle(f);
	INTERFACE("br0", "mac_in_use", "\"00:00:00:00:00:09\"");
	vswitch_set(v, "Bridge", "br0", "other_config",
		    "[\"map\",[[\"hwaddr\",\"06:00:00:00:00:AA\"],[\"datapath-id\",\"0xBEE\"]]]");
	settle(f);
	INTERFACE("br0", "mac_in_use", "\"06:00:00:00:00:aa\"");
	GET("Bridge", "br0", "datapath_id", "\"0000000000000bee\"");
	vswitch_set(v, "Bridge", "br0", "other_config",
		    "[\"map\",[[\"datapath-id\",\"00000000000000\"]]]");
	vswitch_set(v, "Port", "i0", "mac", EMPTY);
	vswitch_del_port(v, "br0", "eth1");
	settle(f);
	INTERFACE("br0", "mac_in_use", own);
	assert_memory_equal(get(f, "Bridge", "br0", "datapath_id"), "\"0000", 5);
}

/* The first pass of a process knows no addresses yet: br0 must not change its own for
 * that moment. */
static void a_restart_leaves_the_address(void **state)
{
	struct fixture *f = *state;

	fake_datapath_add_device(f->dp, "eth1", "00:00:5e:00:00:02");
	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "eth1", "");
	settle(f);
	assert_non_null(strstr(fake_datapath_model(f->dp), "mac=00:00:5e:00:00:02"));
	reconcile_free(f->r);
	f->dp->apply_error = "stop after the first";
	start(f);
	settle(f);
	f->dp->apply_error = NULL;
	f->dp->n_applied = 0;
	vswitch_set(&f->v, "Port", "eth1", "tag", "4");
	settle(f);
	assert_int_equal(f->dp->n_applied, 2); /* without an address, then with it */
	INTERFACE("br0", "mac_in_use", "\"00:00:5e:00:00:02\"");
}

/* --- mirrors --- */

static void mirror_states_and_figures(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	vswitch_add_port(v, "br0", "a", "internal");
	vswitch_add_port(v, "br0", "b", "internal");
	vswitch_add_port(v, "br0", "eth7", "");
	vswitch_add_mirror(v, "br0", "m0", "a", "", "b");
	settle(f);
	GET("Bridge", "br0", "status", "[\"map\",[[\"mirror-m0\",\"active\"]]]");
	GET("Mirror", "m0", "statistics", "[\"map\",[[\"tx_bytes\",0],[\"tx_packets\",0]]]");
	vswitch_add_mirror(v, "br0", "m1", "a", "", "eth7");
	settle(f);
	GET("Bridge", "br0", "status",
	    "[\"map\",[[\"mirror-m0\",\"active\"],"
	    "[\"mirror-m1\",\"pending: output port eth7 has no device\"]]]");
	/* It is in the kernel all the same: copies that find no device are counted. */
	assert_non_null(strstr(fake_datapath_model(f->dp), "mirror m1 slot=2/"));
	fake_datapath_add_device(f->dp, "eth7", "00:00:5e:00:00:07");
	settle(f);
	GET("Bridge", "br0", "status",
	    "[\"map\",[[\"mirror-m0\",\"active\"],[\"mirror-m1\",\"active\"]]]");
	vswitch_set(v, "Mirror", "m1", "output_vlan", "5");
	vswitch_set(v, "Mirror", "m1", "output_port", EMPTY);
	vswitch_del_port(v, "br0", "eth7");
	settle(f);
	GET("Bridge", "br0", "status",
	    "[\"map\",[[\"mirror-m0\",\"active\"],"
	    "[\"mirror-m1\",\"active\"]]]");
	vswitch_set_refs(v, "Bridge", "br0", "mirrors", "Mirror", "");
	settle(f);
	GET("Bridge", "br0", "status", "[\"map\",[]]");
	assert_null(strstr(fake_datapath_model(f->dp), "reserved"));
}

static void mirrors_of_one_name(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;
	struct uuid first, second;
	char want[200];

	vswitch_add_br(v, "br0");
	vswitch_add_port(v, "br0", "a", "internal");
	vswitch_add_mirror(v, "br0", "m", "br0", "", "a");
	first = vswitch_find(v, "Mirror", "m");
	vswitch_add_mirror(v, "br0", "m", "br0", "", "");
	second = vswitch_find(v, "Mirror", "m");
	settle(f);
	snprintf(want, sizeof(want), "[\"mirror-%s\",\"active\"]", UUID_STR(&first));
	assert_non_null(strstr(get(f, "Bridge", "br0", "status"), want));
	snprintf(want, sizeof(want), "[\"mirror-%s\",\"error: no output\"]", UUID_STR(&second));
	assert_non_null(strstr(get(f, "Bridge", "br0", "status"), want));
}

/* facts C36: figures go over a change of columns, and a new row starts at 0. */
static void counters_follow_the_interval(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	vswitch_add_port(v, "br0", "a", "internal");
	vswitch_add_mirror(v, "br0", "m0", "br0", "", "a");
	settle(f);
	f->dp->mirrors[1].tx_packets = 2;
	f->dp->mirrors[1].tx_bytes = 196;
	f->dp->ports[1].stats.rx_bytes = UINT64_MAX; /* more than a column can hold */
	vswitch_set(v, "Mirror", "m0", "snaplen", "100");
	settle(f);
	GET("Mirror", "m0", "statistics", "[\"map\",[[\"tx_bytes\",0],[\"tx_packets\",0]]]");
	f->n_commits = 0;
	loop_turn(f->loop, 1); /* five seconds */
	settle(f);
	assert_int_equal(f->n_commits, 1);
	assert_int_equal(f->n_cells, 2);
	GET("Mirror", "m0", "statistics", "[\"map\",[[\"tx_bytes\",196],[\"tx_packets\",2]]]");
	assert_non_null(strstr(get(f, "Interface", "br0", "statistics"),
			       "[\"rx_bytes\",9223372036854775807]"));
	vswitch_set_refs(v, "Bridge", "br0", "mirrors", "Mirror", "");
	vswitch_add_mirror(v, "br0", "m0", "br0", "", "a");
	settle(f);
	GET("Mirror", "m0", "statistics", "[\"map\",[[\"tx_bytes\",0],[\"tx_packets\",0]]]");
}

/* What is stored but does nothing is said once for each kind. */
static void columns_without_effect(void **state)
{
	struct fixture *f = *state;
	int saved = dup(STDERR_FILENO), fd;
	char text[4096];
	ssize_t n;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	fd = open(f->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDERR_FILENO);
	log_set_level(LOG_WARN);
	vswitch_set(&f->v, "Bridge", "br0", "stp_enable", "true");
	vswitch_set(&f->v, "Port", "a", "lacp", "\"active\"");
	vswitch_set(&f->v, "Bridge", "br0", "stp_enable", "false");
	vswitch_set(&f->v, "Bridge", "br0", "stp_enable", "true");
	log_set_level(LOG_ERR);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(
		strstr(text, "event=no-effect table=Bridge column=stp_enable what=\"STP\""));
	assert_non_null(strstr(text, "event=no-effect table=Port column=lacp what=\"LACP\""));
	n = 0;
	for (const char *s = text; *s; s++)
		n += *s == '\n';
	assert_int_equal(n, 2);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_database_gets_its_row),  TEST(a_restart_keeps_what_is_the_users),
		TEST(a_replaced_row_is_filled),	    TEST(only_cells_that_differ_are_written),
		TEST(the_least_universal_address),  TEST(a_restart_leaves_the_address),
		TEST(mirror_states_and_figures),    TEST(mirrors_of_one_name),
		TEST(counters_follow_the_interval), TEST(columns_without_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
