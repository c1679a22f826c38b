/* SPDX-License-Identifier: Apache-2.0 */
/* reconcile/allocation: slots that stay, and are never inherited. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "reconcile/allocation.h"
#include "switch/mirror.h"
#include "unit/fake_datapath.h"

struct fixture {
	struct datapath *dp;
	struct allocation *a;
	struct model *m;
};

static void reload(struct fixture *f)
{
	struct error err;

	allocation_free(f->a);
	assert_int_equal(allocation_load(f->dp, &f->a, &err), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dp = fake_datapath_new();
	reload(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	model_free(f->m);
	allocation_free(f->a);
	datapath_close(f->dp);
	free(f);
	for (int kind = 1; kind < 4; kind++)
		fake_max_slots[kind] = FAKE_SLOTS;
	return 0;
}

/* --- models by hand: an object's uuid is made of its number --- */

static struct uuid uuid_of(unsigned int n)
{
	struct uuid u = { { 1, (uint8_t)(n >> 8), (uint8_t)n } };

	return u;
}

static struct model_bridge *bridge(struct fixture *f, unsigned int n)
{
	struct arena *arena = f->m->arena;
	struct model_bridge *b = arena_alloc(arena, sizeof(*b));

	b->uuid = uuid_of(n);
	b->name = arena_printf(arena, "br%u", n);
	b->ports = arena_new_array(arena, struct model_port *, 600);
	b->mirrors = arena_new_array(arena, struct model_mirror *, 600);
	f->m->bridges[f->m->n_bridges++] = b;
	return b;
}

static struct model_port *port(struct fixture *f, struct model_bridge *b, unsigned int n)
{
	struct model_port *p = arena_alloc(f->m->arena, sizeof(*p));

	p->uuid = uuid_of(n);
	p->name = arena_printf(f->m->arena, "p%u", n);
	b->ports[b->n_ports++] = p;
	return p;
}

static struct model_mirror *mirror(struct fixture *f, struct model_bridge *b, unsigned int n,
				   struct model_port *out)
{
	struct model_mirror *m = arena_alloc(f->m->arena, sizeof(*m));
	struct mirror_input in = { .has_output_port = true, .out_port = out };

	m->uuid = uuid_of(n);
	m->name = arena_printf(f->m->arena, "m%u", n);
	m->selects_all = true;
	mirror_resolve(&in, f->m->arena, m);
	b->mirrors[b->n_mirrors++] = m;
	return m;
}

static void begin(struct fixture *f)
{
	struct arena *arena = arena_new();

	model_free(f->m);
	f->m = arena_alloc(arena, sizeof(*f->m));
	f->m->arena = arena;
	f->m->bridges = arena_new_array(arena, struct model_bridge *, 100);
}

/* As a pass does it. */
static void assign(struct fixture *f)
{
	struct error err;

	assert_int_equal(allocation_assign(f->a, f->m, &err), 0);
	assert_int_equal(datapath_apply(f->dp, f->m, &err), 0);
	assert_int_equal(allocation_release(f->a, &err), 0);
}

static void one_more_port_moves_no_other(void **state)
{
	struct fixture *f = *state;
	struct slot slots[10];
	struct model_bridge *b;

	begin(f);
	b = bridge(f, 1);
	for (unsigned int i = 0; i < 10; i++)
		port(f, b, 100 + i);
	assign(f);
	assert_int_equal(b->slot.number, 1);
	for (unsigned int i = 0; i < 10; i++)
		slots[i] = b->ports[i]->slot;
	begin(f);
	b = bridge(f, 1);
	port(f, b, 50); /* before the others in its name, but younger */
	for (unsigned int i = 0; i < 10; i++)
		port(f, b, 100 + i);
	assign(f);
	for (unsigned int i = 0; i < 10; i++) {
		assert_memory_equal(&b->ports[i]->slot, &slots[i], sizeof(slots[i]));
		assert_int_equal(b->ports[i]->order, i);
	}
	assert_int_equal(b->ports[10]->slot.number, 11);
}

static void slots_stay_over_a_restart(void **state)
{
	struct fixture *f = *state;
	struct slot slots[5];
	struct model_bridge *b;
	size_t n_events;

	for (int round = 0; round < 2; round++) {
		begin(f);
		b = bridge(f, 1);
		for (unsigned int i = 0; i < 5; i++) {
			struct model_port *p = port(f, b, 100 + i);

			p->vlan.mode = MODEL_VLAN_ACCESS;
			/* Learned by the process before: it is not for us to flush. */
			p->vlan.tag = (uint16_t)(round + 1);
			mirror(f, b, 200 + i, p);
		}
		n_events = f->dp->events.len;
		assign(f);
		for (unsigned int i = 0; i < 5 && round; i++)
			assert_memory_equal(&b->ports[i]->slot, &slots[i], sizeof(slots[i]));
		for (unsigned int i = 0; i < 5; i++)
			slots[i] = b->ports[i]->slot;
		for (unsigned int i = 0; i < 5; i++)
			assert_int_equal(b->mirrors[i]->bit, i);
		if (!round)
			reload(f);
	}
	/* Nothing was written but the model. */
	assert_string_equal(f->dp->events.data + n_events, "apply ");
}

static void a_freed_slot_comes_last_and_renewed(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;
	struct slot first;
	size_t n_events;

	fake_max_slots[DATAPATH_SLOT_PORT] = 5; /* 1 to 4 */
	reload(f);
	begin(f);
	b = bridge(f, 1);
	port(f, b, 100);
	port(f, b, 101);
	assign(f);
	first = b->ports[0]->slot;
	f->dp->mirrors[first.number].selected = 1;
	for (unsigned int i = 1; i < 4; i++) {
		begin(f);
		b = bridge(f, 1);
		port(f, b, 101);
		port(f, b, 200 + i);
		assign(f); /* 100 is gone; each time another younger one */
		if (i < 3)
			assert_int_equal(b->ports[1]->slot.number, 2 + i);
	}
	assert_int_equal(b->ports[1]->slot.number, first.number);
	assert_true(b->ports[1]->slot.generation > first.generation);
	/* Cleared and written down before the kernel hears of it; the old one goes after. */
	begin(f);
	b = bridge(f, 1);
	port(f, b, 101);
	port(f, b, 300);
	n_events = f->dp->events.len;
	assign(f);
	assert_string_equal(f->dp->events.data + n_events, "clear put apply delete ");
}

static void no_slot_left(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b, *c;

	fake_max_slots[DATAPATH_SLOT_PORT] = 3;
	fake_max_slots[DATAPATH_SLOT_BRIDGE] = 2;
	reload(f);
	begin(f);
	b = bridge(f, 1);
	for (unsigned int i = 0; i < 3; i++)
		port(f, b, 100 + i);
	mirror(f, b, 200, b->ports[2]);
	b->mirrors[0]->src_ports = arena_new_array(f->m->arena, const struct model_port *, 2);
	b->mirrors[0]->src_ports[0] = b->ports[2];
	b->mirrors[0]->src_ports[1] = b->ports[1];
	b->mirrors[0]->n_src_ports = 2;
	c = bridge(f, 2);
	port(f, c, 103);
	assign(f);
	assert_string_equal(b->ports[2]->error,
			    "could not add network device p102: all 2 ports are in use");
	assert_int_equal(b->ports[2]->slot.number, 0);
	assert_string_equal(b->mirrors[0]->state,
			    "error: could not add network device p102: all 2 ports are in use");
	assert_false(b->mirrors[0]->is_active);
	assert_int_equal(b->mirrors[0]->n_src_ports, 1);
	assert_ptr_equal(b->mirrors[0]->src_ports[0], b->ports[1]);
	assert_int_equal(c->slot.number, 0);
	assert_string_equal(c->ports[0]->error, "bridge br2: all 1 bridges are in use");
	/* The slot that becomes free is given in the pass after. */
	begin(f);
	b = bridge(f, 1);
	port(f, b, 100);
	port(f, b, 102);
	assign(f);
	assert_non_null(b->ports[1]->error);
	begin(f);
	b = bridge(f, 1);
	port(f, b, 100);
	port(f, b, 102);
	assign(f);
	assert_null(b->ports[1]->error);
}

static void a_changed_port_is_flushed_alone(void **state)
{
	const struct vlan_bits flood_vlans = { .words = { 1 << 9 } };
	struct fixture *f = *state;
	struct slot before[3];
	struct model_bridge *b;

	for (int round = 0; round < 8; round++) {
		begin(f);
		b = bridge(f, 1);
		for (unsigned int i = 0; i < 3; i++)
			port(f, b, 100 + i)->vlan.mode = MODEL_VLAN_ACCESS;
		b->ports[1]->vlan.tag = round >= 1;
		b->ports[1]->is_protected = round >= 2;
		b->ports[1]->vlan.mode = round >= 3 ? MODEL_VLAN_DOT1Q_TUNNEL : MODEL_VLAN_ACCESS;
		b->ports[1]->vlan.priority_tags = round >= 4;
		b->ports[1]->is_reserved = round >= 5; /* nothing to forget */
		b->flood_vlans = round >= 6 ? &flood_vlans : NULL; /* a matter of all ports */
		assign(f);
		for (unsigned int i = 0; round && i < 3; i++) {
			bool is_flushed = (i == 1 && round < 5) || round == 6;

			assert_int_equal(b->ports[i]->slot.number, before[i].number);
			assert_int_equal(b->ports[i]->slot.generation != before[i].generation,
					 is_flushed);
		}
		for (unsigned int i = 0; i < 3; i++)
			before[i] = b->ports[i]->slot;
	}
}

/* facts B13 */
static void deleted_ports_stations_are_forgotten_on_all_bridges(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;
	char forgotten[32];

	for (unsigned int n_bridges = 1; n_bridges <= 2; n_bridges++) {
		begin(f);
		b = bridge(f, 1);
		port(f, b, 100);
		port(f, b, 101);
		if (n_bridges > 1)
			bridge(f, 2);
		assign(f);
		snprintf(forgotten, sizeof(forgotten), "forget=%u ", b->ports[1]->slot.number);
		begin(f);
		port(f, bridge(f, 1), 100);
		if (n_bridges > 1)
			bridge(f, 2);
		buf_reset(&f->dp->events);
		assign(f);
		/* A single bridge has forgotten them with the port. */
		assert_int_equal(strstr(f->dp->events.data, "forget=") != NULL, n_bridges > 1);
		if (n_bridges > 1)
			assert_non_null(strstr(f->dp->events.data, forgotten));
	}
}

static void a_port_that_moves_is_as_good_as_new(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;
	struct error err;
	uint32_t generation;

	begin(f);
	b = bridge(f, 1);
	port(f, b, 100);
	bridge(f, 2);
	assign(f);
	generation = b->ports[0]->slot.generation;
	assert_int_equal(
		allocation_set_ofport(f->a,
				      allocation_find(f->a, DATAPATH_SLOT_PORT, &b->ports[0]->uuid),
				      7, &err),
		0);
	begin(f);
	bridge(f, 1);
	b = bridge(f, 2);
	port(f, b, 100);
	assign(f);
	assert_true(b->ports[0]->slot.generation > generation);
	assert_int_equal(b->ports[0]->ofport, 0);
}

static struct allocation_entry *entry(struct fixture *f, unsigned int n)
{
	const struct uuid uuid = uuid_of(n);

	return allocation_find(f->a, DATAPATH_SLOT_PORT, &uuid);
}

/* Neither numbers that users ask for nor what was flushed makes a port younger. */
static void age_stays_over_a_restart(void **state)
{
	static const unsigned int by_age[] = { 105, 103, 104, 100, 101, 102 };
	struct fixture *f = *state;
	struct model_bridge *b;
	struct error err;

	for (size_t n = 1; n <= 6; n++) {
		begin(f);
		b = bridge(f, 1);
		for (size_t i = n; i-- > 0;)
			port(f, b, by_age[i]);
		assign(f);
	}
	assert_int_equal(allocation_set_ofport(f->a, entry(f, 105), 65279, &err), 0);
	assert_int_equal(allocation_set_ofport(f->a, entry(f, 102), 1, &err), 0);
	begin(f);
	b = bridge(f, 1);
	for (size_t i = 0; i < 6; i++)
		port(f, b, by_age[i])->is_protected = by_age[i] == 103; /* it is flushed */
	assign(f);
	reload(f);
	begin(f);
	b = bridge(f, 1);
	port(f, b, 99); /* the youngest */
	for (unsigned int i = 0; i < 6; i++)
		port(f, b, 100 + i);
	assign(f);
	for (size_t i = 0; i < 6; i++) {
		const struct uuid uuid = uuid_of(by_age[i]);

		assert_true(uuid_equal(&b->ports[i]->uuid, &uuid));
		assert_int_equal(b->ports[i]->order, i);
	}
	assert_string_equal(b->ports[6]->name, "p99");
	assert_int_equal(b->ports[0]->ofport, 65279);
	assert_int_equal(b->ports[5]->ofport, 1);
}

/* Ports come and go more often than there are ranks. */
static void ranks_do_not_run_out(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;
	struct error err;

	for (unsigned int i = 0; i < 66000; i++) {
		begin(f);
		b = bridge(f, 1);
		port(f, b, 300 + i % 1000); /* a new one each time */
		port(f, b, 200);
		port(f, b, 100 + (i > 10));
		assign(f);
		if (i == 20)
			assert_int_equal(allocation_set_ofport(f->a, entry(f, 101), 4711, &err), 0);
		if (i > 11) /* the new one is the youngest */
			assert_true(b->ports[2]->uuid.b[1] * 256 + b->ports[2]->uuid.b[2] >= 300);
		buf_reset(&f->dp->events);
	}
	assert_string_equal(b->ports[0]->name, "p200");
	assert_string_equal(b->ports[1]->name, "p101");
	assert_int_equal(b->ports[1]->ofport, 4711);
}

static void bits_are_in_order_of_age(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;

	begin(f);
	b = bridge(f, 1);
	for (unsigned int i = 0; i < 4; i++)
		mirror(f, b, 203 - i, port(f, b, 100 + i));
	assign(f);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(b->mirrors[i]->bit, i);
	begin(f);
	b = bridge(f, 1);
	mirror(f, b, 150, port(f, b, 100)); /* the youngest, first by name */
	mirror(f, b, 200, b->ports[0]);
	mirror(f, b, 202, b->ports[0]);
	assign(f);
	assert_string_equal(b->mirrors[0]->name, "m202");
	assert_int_equal(b->mirrors[0]->bit, 1);
	assert_string_equal(b->mirrors[1]->name, "m200");
	assert_string_equal(b->mirrors[2]->name, "m150");
	assert_int_equal(b->mirrors[2]->bit, 4);
}

/* Many come and go: at the top all move down, and age still decides. */
static void bits_do_not_run_out(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;

	for (unsigned int round = 0; round < 300; round++) {
		begin(f);
		b = bridge(f, 1);
		port(f, b, 100);
		for (unsigned int i = 0; i < 3; i++)
			mirror(f, b, 1000 - round + i, b->ports[0]);
		assign(f);
		assert_int_equal(b->n_mirrors, 3);
		for (unsigned int i = 0; i < 3; i++) {
			char name[16];

			/* In the first round all came at once: then names decide. */
			snprintf(name, sizeof(name), "m%u", 1000 - round + (round < 2 ? i : 2 - i));
			if (round != 1)
				assert_string_equal(b->mirrors[i]->name, name);
			assert_true(b->mirrors[i]->bit < MIRRORS_MAX);
			assert_true(!i || b->mirrors[i]->bit > b->mirrors[i - 1]->bit);
		}
	}
}

static void the_257th_mirror_is_refused(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;

	begin(f);
	b = bridge(f, 1);
	port(f, b, 100);
	for (unsigned int i = 0; i < MIRRORS_MAX; i++)
		mirror(f, b, 1000 + i, b->ports[0]);
	assign(f);
	assert_int_equal(b->mirrors[MIRRORS_MAX - 1]->bit, MIRRORS_MAX - 1);
	begin(f);
	b = bridge(f, 1);
	port(f, b, 100);
	mirror(f, b, 500, b->ports[0]); /* first by name: takes no other's place */
	for (unsigned int i = 0; i < MIRRORS_MAX; i++)
		mirror(f, b, 1000 + i, b->ports[0]);
	assign(f);
	assert_string_equal(b->mirrors[MIRRORS_MAX]->name, "m500");
	assert_string_equal(b->mirrors[MIRRORS_MAX]->state,
			    "error: more than 256 mirrors in this bridge");
	assert_string_equal(b->mirrors[0]->state, "active");
}

static void a_mirror_at_fault_keeps_its_slot(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;
	uint32_t slot;

	begin(f);
	b = bridge(f, 1);
	mirror(f, b, 200, port(f, b, 100));
	assign(f);
	slot = b->mirrors[0]->slot.number;
	f->dp->mirrors[slot].tx_packets = 9;
	begin(f);
	b = bridge(f, 1);
	mirror(f, b, 200, NULL);
	assign(f);
	assert_false(b->mirrors[0]->is_active);
	assert_int_equal(b->mirrors[0]->slot.number, 0);
	assert_int_equal(allocation_find(f->a, DATAPATH_SLOT_MIRROR, &b->mirrors[0]->uuid)->at.slot,
			 slot);
	begin(f);
	b = bridge(f, 1);
	mirror(f, b, 200, port(f, b, 100));
	assign(f);
	assert_int_equal(b->mirrors[0]->slot.number, slot);
	assert_int_equal(f->dp->mirrors[slot].tx_packets, 9);
}

static void a_mirror_in_two_bridges(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b, *c;

	for (int round = 0; round < 2; round++) {
		begin(f);
		b = bridge(f, 1);
		mirror(f, b, 200, port(f, b, 100));
		c = bridge(f, 2);
		mirror(f, c, 200, port(f, c, 101));
		assign(f);
		assert_string_equal(b->mirrors[0]->state, "active");
		assert_string_equal(c->mirrors[0]->state,
				    "error: the mirror belongs to another bridge, too");
	}
}

static void nonsense_in_the_pinned_map(void **state)
{
	struct fixture *f = *state;
	struct model_bridge *b;
	struct error err;

	for (unsigned int i = 0; i < 4; i++) {
		struct datapath_slot at = { .kind = DATAPATH_SLOT_PORT,
					    .uuid = uuid_of(100 + i),
					    .slot = i == 3 ? FAKE_SLOTS : i / 2,
					    .generation = 1,
					    .owner = 1 };

		assert_int_equal(datapath_slot_put(f->dp, &at, &err), 0);
	}
	reload(f);
	begin(f);
	b = bridge(f, 1);
	for (unsigned int i = 0; i < 4; i++)
		port(f, b, 100 + i);
	assign(f);
	for (unsigned int i = 0; i < 4; i++) {
		assert_true(b->ports[i]->slot.number);
		for (unsigned int k = 0; k < i; k++)
			assert_int_not_equal(b->ports[i]->slot.number, b->ports[k]->slot.number);
	}
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_more_port_moves_no_other),
		TEST(slots_stay_over_a_restart),
		TEST(a_freed_slot_comes_last_and_renewed),
		TEST(no_slot_left),
		TEST(a_changed_port_is_flushed_alone),
		TEST(deleted_ports_stations_are_forgotten_on_all_bridges),
		TEST(a_port_that_moves_is_as_good_as_new),
		TEST(age_stays_over_a_restart),
		TEST(ranks_do_not_run_out),
		TEST(bits_are_in_order_of_age),
		TEST(bits_do_not_run_out),
		TEST(the_257th_mirror_is_refused),
		TEST(a_mirror_at_fault_keeps_its_slot),
		TEST(a_mirror_in_two_bridges),
		TEST(nonsense_in_the_pinned_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
