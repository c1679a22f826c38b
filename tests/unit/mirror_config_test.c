/* SPDX-License-Identifier: Apache-2.0 */
/* switch/mirror: which mirrors copy, and what the others say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "switch/binding.h"
#include "switch/mirror.h"

static struct model_port port = { .name = "tap3" };

static void check(struct mirror_input in, bool is_active, const char *state_text)
{
	struct arena *arena = arena_new();
	const struct model_port *src[] = { &port };
	struct model_mirror m = { .name = "m", .src_ports = src, .n_src_ports = 1 };

	mirror_resolve(&in, arena, &m);
	assert_string_equal(m.state, state_text);
	assert_int_equal(m.is_active, is_active);
	assert_int_equal(m.out_port != NULL || m.out_vlan, is_active);
	assert_true(!m.out_port || !m.out_vlan);
	arena_free(arena);
}

static void with_output_port(void **state)
{
	struct mirror_input in = { .has_output_port = true, .out_port = &port };

	(void)state;
	check(in, true, "active");
	in.output_vlan = 5; /* the port wins */
	check(in, true, "active");
}

static void with_output_vlan(void **state)
{
	struct mirror_awaited awaited = { .name = "tap3", .roles = BINDING_OUTPUT };

	(void)state;
	check((struct mirror_input){ .output_vlan = 4095 }, true, "active");
	/* It does not take the place of a port that is awaited. */
	check((struct mirror_input){ .output_vlan = 5, .awaited = &awaited, .n_awaited = 1 }, false,
	      "pending: waiting for port tap3 (output)");
}

static void what_is_not_there_yet_copies_nothing(void **state)
{
	struct mirror_input in = { .has_output_port = true, .out_port = &port };

	(void)state;
	in.error = "external_ids:bvs-x is not known";
	check(in, false, "error: external_ids:bvs-x is not known");
}

/* It stays where it is, as the filter that was good may be in force still. */
static void a_bad_filter_is_said_and_the_old_one_kept(void **state)
{
	struct mirror_input in = { .has_output_port = true,
				   .out_port = &port,
				   .filter_error = "filter: unknown field x" };
	struct model_mirror m = { .name = "m" };
	struct arena *arena = arena_new();

	(void)state;
	check(in, true, "error: filter: unknown field x");
	mirror_resolve(&in, arena, &m);
	assert_true(m.keeps_filter);
	in.error = "external_ids:bvs-x is not known";
	check(in, false, "error: external_ids:bvs-x is not known");
	in = (struct mirror_input){ .filter_error = "filter: unknown field x" };
	check(in, false, "error: filter: unknown field x");
	in = (struct mirror_input){ .has_output_port = true, .out_port = &port };
	mirror_resolve(&in, arena, &m);
	assert_false(m.keeps_filter);
	arena_free(arena);
}

static void bad_outputs(void **state)
{
	struct model_port refused = { .name = "bond0", .error = "bonds are not implemented yet" };

	(void)state;
	check((struct mirror_input){ 0 }, false, "error: no output");
	check((struct mirror_input){ .has_output_port = true }, false,
	      "error: output_port is not a port of this bridge");
	/* A port of another bridge does not give way to the VLAN: the column is set. */
	check((struct mirror_input){ .has_output_port = true, .output_vlan = 5 }, false,
	      "error: output_port is not a port of this bridge");
	check((struct mirror_input){ .has_output_port = true, .out_port = &refused }, false,
	      "error: output port bond0: bonds are not implemented yet");
}

static void select_vlan_alone_selects_nothing(void **state)
{
	struct arena *arena = arena_new();
	struct mirror_input in = { .has_output_port = true, .out_port = &port };
	struct vlan_bits vlans = { { 0 } };
	struct model_mirror m = { .name = "m", .vlans = &vlans };

	(void)state;
	mirror_resolve(&in, arena, &m);
	assert_string_equal(m.state, "pending: nothing is selected");
	assert_true(m.is_active); /* its output port and its figures are there all the same */
	m.selects_all = true;
	mirror_resolve(&in, arena, &m);
	assert_string_equal(m.state, "active");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_output_port),
		cmocka_unit_test(with_output_vlan),
		cmocka_unit_test(what_is_not_there_yet_copies_nothing),
		cmocka_unit_test(a_bad_filter_is_said_and_the_old_one_kept),
		cmocka_unit_test(bad_outputs),
		cmocka_unit_test(select_vlan_alone_selects_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
