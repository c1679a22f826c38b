/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile: whole passes, from a client's transaction to the status that it reads. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/loop.h"
#include "reconcile/reconcile.h"
#include "unit/fake_datapath.h"
#include "unit/vswitch_db.h"

struct fixture {
	struct vswitch v;
	struct loop *loop;
	struct datapath *dp;
	struct reconcile *r;
	struct db_listener listener;
	unsigned int n_commits;
	size_t n_rows; /* changed by the last commit */
	size_t n_cells;
	char dir[32];
	char path[64];
};

static void on_commit(void *f_, const struct change_list *changes)
{
	struct fixture *f = f_;

	f->n_commits++;
	f->n_rows = changes->n;
	f->n_cells = 0;
	for (size_t i = 0; i < changes->n; i++) {
		const struct schema_table *t = row_change_table(&changes->changes[i]);

		for (size_t k = COLUMN_FIRST; k < t->n_columns; k++)
			f->n_cells += row_change_has(&changes->changes[i], t->columns[k]);
	}
}

static void start(struct fixture *f)
{
	const struct reconcile_options options = {
		.version = "1.2.3",
		.rundir = "/run/there",
		.system_id_file = f->path,
		.os_release_file = f->path,
	};
	struct error err;

	if (reconcile_new(f->loop, f->v.db, f->dp, &options, &f->r, &err))
		vswitch_fail("reconcile_new", &err);
}

/* Until nothing is left to do. */
static void settle(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		loop_turn(f->loop, 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	log_set_level(LOG_ERR);
	snprintf(f->dir, sizeof(f->dir), "/tmp/reconcile_test.XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/file", f->dir);
	vswitch_new(&f->v);
	f->loop = loop_new();
	f->dp = fake_datapath_new();
	start(f);
	settle(f);
	f->listener = (struct db_listener){ .on_commit = on_commit, .arg = f };
	db_listen(f->v.db, &f->listener);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reconcile_free(f->r);
	datapath_close(f->dp);
	loop_free(f->loop);
	vswitch_free(&f->v);
	remove(f->path);
	remove(f->dir);
	free(f);
	return 0;
}

static const char *get(struct fixture *f, const char *table, const char *name, const char *column)
{
	return vswitch_get(&f->v, table, name, column);
}
#define GET(TABLE, NAME, COLUMN, WANT) assert_string_equal(get(f, TABLE, NAME, COLUMN), WANT)
#define INTERFACE(NAME, COLUMN, WANT) GET("Interface", NAME, COLUMN, WANT)
#define ROOT(COLUMN, WANT) GET("Open_vSwitch", "", COLUMN, WANT)
#define EMPTY "[\"set\",[]]"

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
	reconcile_free(f->r);
	start(f);
	settle(f);
	assert_int_equal(f->n_commits, 0);
	ROOT("external_ids", before);
	free(before);
	vswitch_set(&f->v, "Open_vSwitch", "", "external_ids",
		    "[\"map\",[[\"hostname\",\"mine\"],[\"rundir\",\"/old\"],"
		    "[\"system-id\",\"kept\"],[\"x\",\"y\"]]]");
	vswitch_set(&f->v, "Open_vSwitch", "", "ovs_version", "\"3.1.0\"");
	write_file(f, "NAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\n");
	reconcile_free(f->r);
	start(f);
	ROOT("ovs_version", "\"1.2.3\"");
	ROOT("system_type", "\"debian\"");
	ROOT("system_version", "\"12\"");
	/* A machine that has the file is known by what it says. */
	ROOT("external_ids", "[\"map\",[[\"hostname\",\"mine\"],[\"rundir\",\"/run/there\"],"
			     "[\"system-id\",\"NAME=\\\"Debian GNU/Linux\\\"\"],[\"x\",\"y\"]]]");
	remove(f->path);
	vswitch_set(&f->v, "Open_vSwitch", "", "external_ids",
		    "[\"map\",[[\"system-id\",\"kept\"]]]");
	reconcile_free(f->r);
	start(f);
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

/* --- ports --- */

static void add_br_and_ports(void **state)
{
	struct fixture *f = *state;

	fake_datapath_add_device(f->dp, "eth0", "00:00:5e:00:00:07");
	vswitch_add_br(&f->v, "br0");
	settle(f);
	ROOT("cur_cfg", "1");
	INTERFACE("br0", "ofport", "65534");
	INTERFACE("br0", "error", EMPTY);
	vswitch_add_port(&f->v, "br0", "eth0", "");
	settle(f);
	ROOT("cur_cfg", "2");
	INTERFACE("eth0", "ofport", "1");
	INTERFACE("eth0", "ifindex", "102");
	INTERFACE("eth0", "mac_in_use", "\"00:00:5e:00:00:07\"");
	INTERFACE("eth0", "mtu", "1500");
	INTERFACE("eth0", "admin_state", "\"up\"");
	INTERFACE("eth0", "link_state", "\"up\"");
	INTERFACE("eth0", "link_speed", "10000000000");
	INTERFACE("eth0", "duplex", "\"full\"");
	INTERFACE("eth0", "link_resets", "1");
	INTERFACE("eth0", "status",
		  "[\"map\",[[\"driver_name\",\"veth\"],[\"driver_version\",\"1.0\"],"
		  "[\"firmware_version\",\"\"]]]");
	INTERFACE("eth0", "statistics",
		  "[\"map\",[[\"collisions\",0],[\"rx_bytes\",0],[\"rx_crc_err\",0],"
		  "[\"rx_dropped\",0],[\"rx_errors\",0],[\"rx_frame_err\",0],"
		  "[\"rx_missed_errors\",0],[\"rx_multicast_packets\",0],[\"rx_over_err\",0],"
		  "[\"rx_packets\",0],[\"tx_bytes\",0],[\"tx_dropped\",0],[\"tx_errors\",0],"
		  "[\"tx_packets\",0]]]");
	GET("Bridge", "br0", "datapath_version", "\"1.2.3\"");
}

static void missing_device_comes_late_and_goes(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "eth7", "");
	vswitch_add_port(&f->v, "br0", "i0", "internal");
	settle(f);
	ROOT("cur_cfg", "3");
	INTERFACE("eth7", "ofport", "-1");
	INTERFACE("eth7", "error", "\"could not open network device eth7 (No such device)\"");
	INTERFACE("eth7", "mtu", EMPTY);
	INTERFACE("i0", "ofport", "1"); /* the one that failed took none */
	fake_datapath_add_device(f->dp, "eth7", "00:00:5e:00:00:07");
	settle(f);
	INTERFACE("eth7", "ofport", "2");
	INTERFACE("eth7", "error", EMPTY);
	fake_datapath_del_device(f->dp, "eth7");
	settle(f);
	INTERFACE("eth7", "ofport", "-1");
	INTERFACE("eth7", "statistics", "[\"map\",[]]");
	INTERFACE("eth7", "link_state", EMPTY);
	vswitch_add_port(&f->v, "br0", "i1", "internal");
	fake_datapath_add_device(f->dp, "eth7", "00:00:5e:00:00:07");
	settle(f);
	INTERFACE("i1", "ofport", "3");
	INTERFACE("eth7", "ofport", "2"); /* its own again */
}

static void types_not_implemented_say_so(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "gnv0", "geneve");
	settle(f);
	ROOT("cur_cfg", "2");
	INTERFACE("gnv0", "ofport", "-1");
	INTERFACE("gnv0", "error",
		  "\"could not open network device gnv0 (type geneve is not implemented yet)\"");
	vswitch_set(&f->v, "Interface", "gnv0", "type", "\"internal\"");
	settle(f);
	INTERFACE("gnv0", "ofport", "1");
	INTERFACE("gnv0", "error", EMPTY);
}

/* facts E49: 1, 2, (20), 3, then 2 goes: 4, 5. */
static void sequence_of_ofports(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;

	vswitch_add_br(v, "br0");
	settle(f);
	vswitch_add_port(v, "br0", "a", "internal");
	settle(f);
	vswitch_add_port(v, "br0", "b", "internal");
	settle(f);
	vswitch_begin(v);
	vswitch_add_port(v, "br0", "c", "internal");
	vswitch_set(v, "Interface", "c", "ofport_request", "20");
	vswitch_commit(v);
	settle(f);
	INTERFACE("c", "ofport", "20");
	vswitch_add_port(v, "br0", "d", "internal");
	settle(f);
	INTERFACE("d", "ofport", "3");
	vswitch_del_port(v, "br0", "b");
	settle(f);
	vswitch_add_port(v, "br0", "e", "internal");
	settle(f);
	INTERFACE("e", "ofport", "4");
	/* A new process goes on where the old one was. */
	reconcile_free(f->r);
	start(f);
	settle(f);
	vswitch_add_port(v, "br0", "g", "internal");
	settle(f);
	INTERFACE("g", "ofport", "5");
	INTERFACE("a", "ofport", "1");
	INTERFACE("c", "ofport", "20");
	vswitch_set(v, "Interface", "a", "ofport_request", "30");
	settle(f);
	INTERFACE("a", "ofport", "30");
}

static void ofports_survive_the_machine(void **state)
{
	struct fixture *f = *state;

	vswitch_add_br(&f->v, "br0");
	settle(f);
	vswitch_add_port(&f->v, "br0", "b", "internal");
	settle(f);
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	reconcile_free(f->r);
	datapath_close(f->dp); /* what was pinned is gone, the file is not */
	f->dp = fake_datapath_new();
	start(f);
	settle(f);
	INTERFACE("b", "ofport", "1");
	INTERFACE("a", "ofport", "2");
}

static void one_pass_for_many_transactions(void **state)
{
	struct fixture *f = *state;
	unsigned int n_applied;

	vswitch_add_br(&f->v, "br0");
	settle(f);
	n_applied = f->dp->n_applied;
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		vswitch_add_port(&f->v, "br0", name, "internal");
	}
	f->n_commits = 0;
	settle(f);
	assert_int_equal(f->dp->n_applied, n_applied + 1);
	assert_int_equal(f->n_commits, 1);
	INTERFACE("p2", "ofport", "3"); /* those that come at once by name, as people count */
	INTERFACE("p10", "ofport", "11");
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

/* At most ten retries. */
static void wait_for(struct fixture *f, const char *cur_cfg)
{
	for (int i = 0; i < 10 && strcmp(get(f, "Open_vSwitch", "", "cur_cfg"), cur_cfg); i++) {
		loop_turn(f->loop, 1);
		settle(f);
	}
}

static void cur_cfg_waits_for_the_kernel(void **state)
{
	struct fixture *f = *state;

	f->dp->apply_error = "no memory";
	vswitch_add_br(&f->v, "br0");
	settle(f);
	ROOT("cur_cfg", "0");
	INTERFACE("br0", "ofport", EMPTY);
	f->dp->apply_error = NULL;
	settle(f);
	ROOT("cur_cfg", "0"); /* until the time to try again, or any change */
	f->dp->slot_error = "no memory";
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	ROOT("cur_cfg", "0");
	f->dp->slot_error = NULL;
	wait_for(f, "2");
	ROOT("cur_cfg", "2");
	INTERFACE("a", "ofport", "1");
	/* In force when it is said: ofport, error and cur_cfg came together. */
	assert_non_null(strstr(f->dp->events.data, "apply"));
}

/* No event tells when a device that could not be made can be. */
static void internal_devices_are_tried_again(void **state)
{
	struct fixture *f = *state;

	f->dp->device_error = "no memory";
	vswitch_add_br(&f->v, "br0");
	settle(f);
	ROOT("cur_cfg", "1");
	INTERFACE("br0", "error", "\"no memory\"");
	f->dp->device_error = NULL;
	loop_turn(f->loop, 1);
	settle(f);
	INTERFACE("br0", "ofport", "65534");
	INTERFACE("br0", "error", EMPTY);
}

static int refuse(void *arg, struct change_list *changes, struct error *err)
{
	(void)changes;
	return *(bool *)arg ? error_set(err, "I/O error", "disk full") : 0;
}

static void cur_cfg_waits_for_the_file(void **state)
{
	struct fixture *f = *state;
	bool is_full = false;

	db_set_journal(f->v.db, refuse, &is_full);
	vswitch_add_br(&f->v, "br0");
	is_full = true;
	settle(f);
	ROOT("cur_cfg", "0");
	is_full = false;
	wait_for(f, "1");
	ROOT("cur_cfg", "1");
	db_set_journal(f->v.db, NULL, NULL);
}

/* facts B13: only the changed port's addresses are forgotten, and not at a restart. */
static void changed_vlans_flush_that_port(void **state)
{
	struct fixture *f = *state;
	struct vswitch *v = &f->v;
	uint32_t a, b;

	vswitch_add_br(v, "br0");
	vswitch_add_port(v, "br0", "a", "internal");
	vswitch_add_port(v, "br0", "b", "internal");
	settle(f);
#define GENERATION(NAME) (fake_datapath_slot(f->dp, NAME)->generation)
	a = GENERATION("a");
	b = GENERATION("b");
	vswitch_set(v, "Port", "a", "external_ids", "[\"map\",[[\"a\",\"b\"]]]");
	vswitch_set(v, "Port", "a", "other_config", "[\"map\",[[\"priority-tags\",\"always\"]]]");
	vswitch_set(v, "Bridge", "br0", "other_config", "[\"map\",[[\"mac-aging-time\",\"15\"]]]");
	vswitch_add_mirror(v, "br0", "m", "a", "", "b");
	settle(f);
	assert_int_equal(GENERATION("a"), a);
	vswitch_set(v, "Port", "a", "tag", "5");
	settle(f);
	assert_true(GENERATION("a") > a);
	a = GENERATION("a");
	vswitch_set(v, "Port", "a", "protected", "true");
	settle(f);
	assert_true(GENERATION("a") > a);
	a = GENERATION("a");
	reconcile_free(f->r);
	start(f);
	settle(f);
	assert_int_equal(GENERATION("a"), a);
	assert_int_equal(GENERATION("b"), b);
	vswitch_set(v, "Port", "a", "vlan_mode", "\"native-untagged\"");
	settle(f);
	assert_true(GENERATION("a") > a);
	assert_int_equal(GENERATION("b"), b);
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

static void what_is_gone_is_forgotten_afterwards(void **state)
{
	struct fixture *f = *state;
	size_t n_events;

	vswitch_add_br(&f->v, "br0");
	vswitch_add_port(&f->v, "br0", "a", "internal");
	settle(f);
	n_events = f->dp->events.len;
	vswitch_del_br(&f->v, "br0");
	settle(f);
	assert_string_equal(f->dp->events.data + n_events, "apply delete delete delete ");
	assert_int_equal(f->dp->n_slots, 0);
	assert_string_equal(fake_datapath_model(f->dp), "");
	ROOT("cur_cfg", "3");
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
		TEST(a_new_database_gets_its_row),
		TEST(a_restart_keeps_what_is_the_users),
		TEST(a_replaced_row_is_filled),
		TEST(add_br_and_ports),
		TEST(missing_device_comes_late_and_goes),
		TEST(types_not_implemented_say_so),
		TEST(sequence_of_ofports),
		TEST(ofports_survive_the_machine),
		TEST(one_pass_for_many_transactions),
		TEST(only_cells_that_differ_are_written),
		TEST(cur_cfg_waits_for_the_kernel),
		TEST(cur_cfg_waits_for_the_file),
		TEST(internal_devices_are_tried_again),
		TEST(changed_vlans_flush_that_port),
		TEST(the_least_universal_address),
		TEST(a_restart_leaves_the_address),
		TEST(mirror_states_and_figures),
		TEST(mirrors_of_one_name),
		TEST(counters_follow_the_interval),
		TEST(what_is_gone_is_forgotten_afterwards),
		TEST(columns_without_effect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
