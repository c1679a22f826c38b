// SPDX-License-Identifier: Apache-2.0
/*
 * The VLAN rules as frames: a broadcast through each kind of port, its tag in the bytes
 * and in metadata, and every byte of every output.  (All pairs of ports: unit/vlan_test.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

/* One bridge with a port of each kind.  Sets: 1 is {10, 20}, 2 is {10}. */
enum { A10 = 1, A10P, A5, A0, T, T1, TA, NT, NU, NUP, Q, Q8, QC, N_PORTS = QC };
static const char *const names[] = {
	"", "A10", "A10P", "A5", "A0", "T", "T1", "TA", "NT", "NU", "NUP", "Q", "Q8", "QC",
};

static const struct port_config kinds[] = {
	[A10] = { .vlan_mode = VLAN_ACCESS, .tag = 10 },
	[A10P] = { .vlan_mode = VLAN_ACCESS, .tag = 10, .priority_tags = PRIORITY_TAGS_IF_NONZERO },
	[A5] = { .vlan_mode = VLAN_ACCESS, .tag = 5 },
	[A0] = { .vlan_mode = VLAN_ACCESS },
	[T] = { .vlan_mode = VLAN_TRUNK },
	[T1] = { .vlan_mode = VLAN_TRUNK, .trunks = 1 },
	[TA] = { .vlan_mode = VLAN_TRUNK, .priority_tags = PRIORITY_TAGS_ALWAYS },
	[NT] = { .vlan_mode = VLAN_NATIVE_TAGGED, .tag = 10, .trunks = 1 },
	[NU] = { .vlan_mode = VLAN_NATIVE_UNTAGGED, .tag = 10, .trunks = 1 },
	[NUP] = { .vlan_mode = VLAN_NATIVE_UNTAGGED,
		  .tag = 10,
		  .trunks = 1,
		  .priority_tags = PRIORITY_TAGS_IF_NONZERO },
	[Q] = { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5 },
	[Q8] = { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5, .qinq_ethertype_be = 0x0081 },
	[QC] = { .vlan_mode = VLAN_DOT1Q_TUNNEL, .tag = 5, .cvlans = 2 },
};

static void set_up_ports(void)
{
	uint32_t slots[N_PORTS + 1] = { 0 };

	rig_put_vlan_set(1, (int[]){ 10, 20, -1 });
	rig_put_vlan_set(2, (int[]){ 10, -1 });
	for (uint32_t slot = 1; slot <= N_PORTS; slot++) {
		struct port_config p = rig_port(slot);

		p.vlan_mode = kinds[slot].vlan_mode;
		p.tag = kinds[slot].tag;
		p.trunks = kinds[slot].trunks;
		p.cvlans = kinds[slot].cvlans;
		p.priority_tags = kinds[slot].priority_tags;
		p.qinq_ethertype_be = kinds[slot].qinq_ethertype_be;
		rig_put_port(slot, p);
		slots[slot - 1] = slot;
	}
	rig_link(rig_bridge(), slots);
}

/* Who gets what: "PORT TAGS, PORT TAGS", in the order of the ports; the others get nothing. */
static const struct row {
	uint32_t in;
	const char *tags;
	const char *out;
} rows[] = {
	{ A10, "", "A10P, T [10], T1 [10], TA [10], NT [10], NU, NUP" },
	{ A10, "[0]", "A10P, T [10], T1 [10], TA [10], NT [10], NU, NUP" },
	{ A10, "[0 p5]",
	  "A10P [0 p5], T [10 p5], T1 [10 p5], TA [10 p5], NT [10 p5], NU, NUP [0 p5]" },
	{ A10, "[10]", "" },
	{ A10, "[20]", "" },
	{ A10, "[0][20]",
	  "A10P [20], T [10][20], T1 [10][20], TA [10][20], NT [10][20], NU [20], NUP [20]" },
	{ A0, "", "T, TA [0]" },
	{ A5, "", "T [5], TA [5], Q, Q8" },
	{ T, "", "A0, TA" },
	{ T, "[0]", "A0, TA [0]" },
	{ T, "[0 p5]", "A0, TA [0 p5]" },
	{ T, "[10]", "A10, A10P, T1 [10], TA [10], NT [10], NU, NUP" },
	{ T, "[10 p3d]",
	  "A10, A10P [0 p3], T1 [10 p3d], TA [10 p3d], NT [10 p3d], NU, NUP [0 p3]" },
	{ T, "[88a8 10 p3]",
	  "A10, A10P [0 p3], T1 [88a8 10 p3], TA [88a8 10 p3], NT [88a8 10 p3], NU, NUP [0 p3]" },
	{ T, "[20 p3]", "T1 [20 p3], TA [20 p3], NT [20 p3], NU [20 p3], NUP [20 p3]" },
	{ T, "[10][20]",
	  "A10 [20], A10P [20], T1 [10][20], TA [10][20], NT [10][20], NU [20], NUP [20]" },
	{ T, "[0][10]", "A0 [10], TA [0][10]" },
	{ T, "[88a8 5][10]", "A5 [10], TA [88a8 5][10], Q [10], Q8 [10]" },
	{ T, "[4095]", "TA [4095]" },
	{ T1, "", "" },
	{ T1, "[0 p5]", "" },
	{ T1, "[30]", "" },
	{ T1, "[20]", "T [20], TA [20], NT [20], NU [20], NUP [20]" },
	{ NT, "", "A10, A10P, T [10], T1 [10], TA [10], NU, NUP" },
	{ NT, "[10 p3]", "A10, A10P [0 p3], T [10 p3], T1 [10 p3], TA [10 p3], NU, NUP [0 p3]" },
	{ NT, "[30]", "" },
	{ NU, "[0 p5]",
	  "A10, A10P [0 p5], T [10 p5], T1 [10 p5], TA [10 p5], NT [10 p5], NUP [0 p5]" },
	{ Q, "", "A5, T [88a8 5], TA [88a8 5], Q8" },
	{ Q, "[0]", "A5, T [88a8 5], TA [88a8 5][0], Q8" },
	{ Q, "[10 p3]", "T [88a8 5][10 p3], TA [88a8 5 p3][10 p3], Q8 [10 p3], QC [10 p3]" },
	{ Q, "[20]", "T [88a8 5][20], TA [88a8 5][20], Q8 [20]" },
	{ Q, "[10][20]", "T [88a8 5][10][20], TA [88a8 5][10][20], Q8 [10][20], QC [10][20]" },
	{ Q8, "[10]", "T [5][10], TA [5][10], Q [10], QC [10]" },
	{ Q8, "[88a8 10]", "T [5][88a8 10], TA [5][88a8 10], Q [88a8 10], QC [88a8 10]" },
	{ QC, "", "" },
	{ QC, "[20]", "" },
	{ QC, "[10]", "T [88a8 5][10], TA [88a8 5][10], Q [10], Q8 [10]" },
};

static uint32_t find_port(const char *name, size_t len)
{
	for (uint32_t slot = 1; slot <= N_PORTS; slot++)
		if (strncmp(names[slot], name, len) == 0 && !names[slot][len])
			return slot;
	fail_msg("no port %s", name);
	return 0;
}

static void check_row(const struct row *row, enum tag_place place)
{
	struct frame in = rig_frame(BROADCAST, 1, row->tags, 0);
	int verdict = rig_send(row->in, &in, place);
	size_t n = 0;

	for (const char *p = row->out; *p; p += strspn(p, ", ")) {
		size_t name_len = strcspn(p, " ,"), len = strcspn(p, ",");
		char tags[64];
		struct frame out;

		snprintf(tags, sizeof(tags), "%.*s", (int)(len - name_len), p + name_len);
		out = rig_frame(BROADCAST, 1, tags, 0);
		rig_expect_somewhere(find_port(p, name_len), &out);
		p += len;
		n++;
	}
	rig_expect_end();
	/* The last output takes the original, and it alone. */
	assert_int_equal(verdict, n ? 7 : 2);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rig_record(i).kind, i + 1 < n ? RECORD_CLONE : RECORD_REDIRECT);
}

static void each_port_floods_to_each_other(void **state)
{
	(void)state;
	set_up_ports();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int place = TAG_IN_BYTES; place <= TAG_IN_METADATA; place++) {
			rig_say("into port %u: %s, %s", rows[i].in, rows[i].tags,
				place == TAG_IN_BYTES ? "in bytes" : "in metadata");
			check_row(&rows[i], (enum tag_place)place);
		}
}

/* The counters: a refused frame counts as received and as dropped for its VLAN. */
static void a_refused_vlan_is_counted_and_not_learned(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "[20]", 0);
	struct fdb_value value;

	(void)state;
	set_up_ports();
	assert_int_equal(rig_send(A10, &f, TAG_IN_METADATA), 2);
	assert_int_equal(rig_port_stats(A10).rx_packets, 1);
	assert_int_equal(rig_port_stats(A10).rx_bytes, f.len);
	assert_int_equal(rig_port_stats(A10).drops[DROP_VLAN], 1);
	assert_false(rig_get_fdb(1, 20, &value));
	assert_false(rig_get_fdb(1, 10, &value));
}

static void a_frame_that_ends_in_its_tag_is_dropped(void **state)
{
	struct frame f = rig_frame(BROADCAST, 1, "[10]", 0);

	(void)state;
	set_up_ports();
	for (f.len = 15; f.len < 20; f.len++)
		assert_int_equal(rig_send(T, &f, TAG_IN_BYTES), 2);
	assert_int_equal(rig_port_stats(T).drops[DROP_MALFORMED], 5);
	assert_int_equal(rig_send(T, &f, TAG_IN_BYTES), 7);
}

static void short_and_odd_sizes_pass_unchanged(void **state)
{
	(void)state;
	set_up_ports();
	for (uint32_t len = 1; len < 100; len++) {
		struct frame f = rig_frame(BROADCAST, 1, "", len);

		assert_int_equal(rig_send(T, &f, TAG_IN_BYTES), 7);
		rig_expect_somewhere(A0, &f);
		rig_expect_somewhere(TA, &f);
		rig_expect_end();
	}
}

/* A known destination: by its own rules, and with the tags it wears. */
static void unicast_wears_the_tags_of_its_port(void **state)
{
	struct frame a = rig_frame(9, 1, "[10 p3]", 0), b = rig_frame(9, 1, "", 0);
	struct frame customer = rig_frame(9, 1, "[20]", 0), service = rig_frame(9, 1, "", 0);

	(void)state;
	set_up_ports();
	rig_put_fdb(9, 10, A10, 1, rig_jiffies());
	rig_send(T, &a, TAG_IN_METADATA);
	rig_expect(RECORD_REDIRECT, A10, &b);
	rig_expect_end();
	rig_send(T, &a, TAG_IN_BYTES);
	rig_expect(RECORD_REDIRECT, A10, &b);
	/* The customer's VLAN decides about floods only. */
	rig_put_fdb(9, 5, QC, 1, rig_jiffies());
	rig_send(Q, &customer, TAG_IN_METADATA);
	rig_expect(RECORD_REDIRECT, QC, &customer);
	rig_put_fdb(9, 5, A5, 1, rig_jiffies());
	rig_send(Q, &customer, TAG_IN_METADATA);
	rig_expect(RECORD_REDIRECT, A5, &service);
	rig_expect_end();
}

/* Where the destination was learned in a VLAN that its port has left: as if unknown. */
static void a_port_that_left_the_vlan_is_not_sent_to(void **state)
{
	struct frame f = rig_frame(9, 1, "[20]", 0);

	(void)state;
	set_up_ports();
	rig_put_fdb(9, 20, A10, 1, rig_jiffies());
	rig_send(T, &f, TAG_IN_METADATA);
	for (uint32_t slot = T1; slot <= NUP; slot++)
		rig_expect_somewhere(slot, &f);
	rig_expect_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_port_floods_to_each_other, rig_reset),
		cmocka_unit_test_setup(a_refused_vlan_is_counted_and_not_learned, rig_reset),
		cmocka_unit_test_setup(a_frame_that_ends_in_its_tag_is_dropped, rig_reset),
		cmocka_unit_test_setup(short_and_odd_sizes_pass_unchanged, rig_reset),
		cmocka_unit_test_setup(unicast_wears_the_tags_of_its_port, rig_reset),
		cmocka_unit_test_setup(a_port_that_left_the_vlan_is_not_sent_to, rig_reset),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
