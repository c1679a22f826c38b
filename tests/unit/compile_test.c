/* SPDX-License-Identifier: Apache-2.0 */
/* userspace/datapath/compile*.c and vlan_sets.c: from a model to map entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi.h"
#include "datapath/compile.h"
#include "datapath/filters.h"
#include "datapath/image.h"
#include "datapath/vlan_sets.h"
#include "switch/model.h"

enum { MAX_PORTS = 8, MAX_MIRRORS = 3, HZ = 250 };

#define HOST(W) (&(struct compile_host){ .devices = (W)->devices, .hz = HZ })

/* Bridge br0 in slot 4 with ports in slots 11, 12 ..., all trunks, up, ifindex 100 + slot. */
struct world {
	struct model model;
	struct model_bridge bridge;
	struct model_bridge *bridges[1];
	struct model_port ports[MAX_PORTS];
	struct model_port *port_list[MAX_PORTS];
	struct model_mirror mirrors[MAX_MIRRORS];
	struct model_mirror *mirror_list[MAX_MIRRORS];
	struct compile_device devices[PORT_SLOTS];
	struct vlan_sets *sets;
	struct filters *filters;
	struct image *active; /* in force so far */
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->bridges[0] = &w->bridge;
	w->model.bridges = w->bridges;
	w->model.n_bridges = 1;
	w->bridge.name = "br0";
	w->bridge.slot = (struct slot){ 4, 40 };
	w->bridge.ageing_s = 300;
	w->bridge.fdb_max = 2048;
	w->bridge.ports = w->port_list;
	w->bridge.mirrors = w->mirror_list;
	w->sets = vlan_sets_new();
	w->filters = filters_new();
	w->active = image_new();
	image_seal(w->active);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	image_free(w->active);
	vlan_sets_free(w->sets);
	filters_free(w->filters);
	free(w);
	return 0;
}

static struct model_port *add_port(struct world *w)
{
	size_t i = w->bridge.n_ports++;
	struct model_port *port = &w->ports[i];
	uint32_t slot = 11 + (uint32_t)i;

	w->port_list[i] = port;
	port->name = "port";
	port->slot = (struct slot){ slot, slot * 10 };
	port->order = (uint16_t)i;
	w->devices[slot] =
		(struct compile_device){ .ifindex = 100 + slot, .mtu = 1500, .is_up = true };
	return port;
}

static struct model_mirror *add_mirror(struct world *w, const struct model_port *out)
{
	size_t i = w->bridge.n_mirrors++;
	struct model_mirror *mirror = &w->mirrors[i];

	w->mirror_list[i] = mirror;
	mirror->name = "mirror";
	mirror->slot = (struct slot){ 21 + (uint32_t)i, 7 };
	mirror->bit = (uint16_t)(i * 70); /* in different words */
	mirror->out_port = out;
	mirror->is_active = true;
	return mirror;
}

/* Compiles, and takes the result as what is in force. */
static const struct image *compiled(struct world *w)
{
	struct image *image;
	struct error err;

	vlan_sets_begin(w->sets, w->active);
	filters_begin(w->filters, w->active);
	if (compile(&w->model, HOST(w), w->sets, w->filters, &image, &err))
		fail_msg("%s", err.text);
	image_free(w->active);
	w->active = image;
	return image;
}

static const struct port_config *port_of(const struct image *image, uint32_t slot)
{
	return image_get(image, IMAGE_PORTS, slot);
}

static const struct bridge_config *bridge_of(const struct image *image)
{
	return image_get(image, IMAGE_BRIDGES, 4);
}

static uint32_t word_of(const struct image *image, enum image_map map, uint32_t key)
{
	const uint32_t *word = image_get(image, map, key);

	return word ? *word : 0;
}

static void test_nothing(void **state)
{
	struct world *w = *state;

	w->model.n_bridges = 0;
	assert_int_equal(compiled(w)->n, 0);
}

static void test_bridge(void **state)
{
	struct world *w = *state;
	const struct bridge_config *b;

	b = bridge_of(compiled(w));
	assert_int_equal(b->generation, 40);
	assert_int_equal(b->flags, 0);
	assert_int_equal(b->ageing, 300 * HZ);
	assert_int_equal(b->fdb_max, 2048);
	assert_int_equal(b->trunk_head, 0);
	assert_int_equal(b->has_flood_vlans, 0);
	w->bridge.is_secure = w->bridge.forwards_bpdu = true;
	b = bridge_of(compiled(w));
	assert_int_equal(b->flags, BRIDGE_SECURE | BRIDGE_FORWARD_BPDU);
}

static void test_port(void **state)
{
	struct world *w = *state;
	struct model_port *port = add_port(w);
	const struct port_config *p;

	port->kind = MODEL_PORT_LOCAL;
	port->is_protected = true;
	port->order = 3;
	port->vlan.mode = MODEL_VLAN_NATIVE_UNTAGGED;
	port->vlan.tag = 10;
	port->vlan.qinq_ethertype = 0x88a8;
	port->vlan.priority_tags = MODEL_PRIORITY_TAGS_ALWAYS;
	w->devices[11].has_peer = w->devices[11].is_queued = true;
	memcpy(w->devices[11].peer_mac, "\2\0\0\0\0\7", 6);
	p = port_of(compiled(w), 11);
	assert_int_equal(p->ifindex, 111);
	assert_int_equal(p->generation, 110);
	assert_int_equal(p->flags, PORT_UP | PORT_PEER | PORT_LOCAL | PORT_PROTECTED | PORT_QUEUED);
	assert_int_equal(p->bridge, 4);
	assert_int_equal(p->tag, 10);
	assert_int_equal(p->vlan_mode, VLAN_NATIVE_UNTAGGED);
	assert_int_equal(p->priority_tags, PRIORITY_TAGS_ALWAYS);
	assert_memory_equal(&p->qinq_ethertype_be, "\x88\xa8", 2);
	assert_int_equal(p->mtu, 1500);
	assert_memory_equal(p->peer_mac, "\2\0\0\0\0\7", 6);
	assert_int_equal(p->order, 3);
	assert_int_equal(word_of(w->active, IMAGE_PORT_OF_IFINDEX, 111), 11);
}

static void test_port_without_device_stays_configured_but_down(void **state)
{
	struct world *w = *state;
	const struct port_config *p;

	add_port(w);
	memset(&w->devices[11], 0, sizeof(w->devices[11]));
	w->devices[11].is_up = w->devices[11].has_peer = w->devices[11].is_queued = true;
	p = port_of(compiled(w), 11);
	assert_int_equal(p->bridge, 4);
	assert_int_equal(p->flags, 0);
	assert_int_equal(p->ifindex, 0);
	assert_int_equal(bridge_of(w->active)->trunk_head, 11);
	assert_null(image_get(w->active, IMAGE_PORT_OF_IFINDEX, 0));
}

static void test_port_with_error_is_left_out(void **state)
{
	struct world *w = *state;

	add_port(w)->error = "no good";
	add_port(w)->slot.number = 0;
	assert_int_equal(compiled(w)->n, 1); /* the bridge */
}

/* The lists that a flood walks: newest first, so that one more port is two writes. */
static void test_flood_lists(void **state)
{
	struct world *w = *state;
	struct model_port *port;
	struct image *before;
	struct image_write *writes;

	add_port(w);
	port = add_port(w);
	port->vlan.mode = MODEL_VLAN_ACCESS;
	port->vlan.tag = 10;
	port = add_port(w);
	port->vlan.mode = MODEL_VLAN_NATIVE_TAGGED;
	port->vlan.tag = 10;
	port = add_port(w);
	port->vlan.mode = MODEL_VLAN_DOT1Q_TUNNEL;
	port->vlan.tag = 10;
	port = add_port(w);
	port->vlan.mode = MODEL_VLAN_ACCESS;
	port->vlan.tag = 4095;
	compiled(w);
	assert_int_equal(bridge_of(w->active)->trunk_head, 13);
	assert_int_equal(port_of(w->active, 13)->next, 11);
	assert_int_equal(port_of(w->active, 11)->next, 0);
	assert_int_equal(word_of(w->active, IMAGE_ACCESS_HEAD, 4 << 16 | 10), 14);
	assert_int_equal(port_of(w->active, 14)->next, 12);
	assert_int_equal(port_of(w->active, 12)->next, 0);
	assert_int_equal(word_of(w->active, IMAGE_ACCESS_HEAD, 4 << 16 | 4095), 15);

	before = w->active;
	w->active = image_new();
	image_seal(w->active);
	add_port(w);
	compiled(w);
	/* bridge, port, ifindex */
	assert_int_equal(image_diff(w->active, before, before, &writes), 3);
	free(writes);
	image_free(before);
}

static void test_reserved_port_is_in_no_list(void **state)
{
	struct world *w = *state;
	struct model_port *port;

	add_port(w);
	add_port(w)->is_reserved = true;
	port = add_port(w);
	port->is_reserved = true;
	port->vlan.mode = MODEL_VLAN_ACCESS;
	port->vlan.tag = 10;
	compiled(w);
	assert_int_equal(bridge_of(w->active)->trunk_head, 11);
	assert_int_equal(port_of(w->active, 11)->next, 0);
	assert_int_equal(port_of(w->active, 12)->flags, PORT_UP | PORT_RESERVED);
	assert_null(image_get(w->active, IMAGE_ACCESS_HEAD, 4 << 16 | 10));
}

static void test_mirror_of_ports(void **state)
{
	struct world *w = *state;
	struct model_port *a = add_port(w), *b = add_port(w), *out = add_port(w);
	const struct model_port *src[] = { a }, *dst[] = { a, b };
	struct model_mirror *other = add_mirror(w, b), *mirror = add_mirror(w, out);
	const struct mirror_config *m;

	other->is_active = false;
	mirror->src_ports = src;
	mirror->n_src_ports = 1;
	mirror->dst_ports = dst;
	mirror->n_dst_ports = 2;
	mirror->snaplen = 100;
	mirror->has_account = true;
	compiled(w);
	m = image_get(w->active, IMAGE_MIRRORS, 22);
	assert_int_equal(m->generation, 7);
	assert_int_equal(m->out_port, 13);
	assert_int_equal(m->snaplen, 100);
	assert_int_equal(m->flags, MIRROR_ACCOUNT);
	assert_int_equal(m->vlans, VLAN_SET_ALL);
	assert_int_equal(m->same_output[0], 0);
	assert_int_equal(m->same_output[1], 1 << 6);
	assert_int_equal(word_of(w->active, IMAGE_MIRROR_OF_BIT, 4 * MIRRORS_PER_BRIDGE + 70), 22);
	assert_int_equal(port_of(w->active, 11)->src_mirrors[1], 1 << 6);
	assert_int_equal(port_of(w->active, 11)->dst_mirrors[1], 1 << 6);
	assert_int_equal(port_of(w->active, 11)->flags,
			 PORT_UP | PORT_MIRRORED_IN | PORT_MIRRORED_OUT);
	assert_int_equal(port_of(w->active, 12)->src_mirrors[1], 0);
	assert_int_equal(port_of(w->active, 12)->flags, PORT_UP | PORT_MIRRORED_OUT);
	assert_int_equal(bridge_of(w->active)->flags, BRIDGE_MIRROR_OUT | BRIDGE_MANY_MIRRORS);
	/* The one that is not active is nowhere. */
	assert_null(image_get(w->active, IMAGE_MIRRORS, 21));
	assert_null(image_get(w->active, IMAGE_MIRROR_OF_BIT, 4 * MIRRORS_PER_BRIDGE));
}

static void test_mirror_of_all(void **state)
{
	struct world *w = *state;
	struct model_port *a = add_port(w), *out = add_port(w);
	const struct model_port *src[] = { a };
	struct model_mirror *mirror = add_mirror(w, out);

	mirror->selects_all = true;
	mirror->src_ports = src;
	mirror->n_src_ports = 1;
	compiled(w);
	assert_int_equal(bridge_of(w->active)->all_mirrors[0], 1);
	assert_int_equal(bridge_of(w->active)->flags, BRIDGE_MIRROR_ALL | BRIDGE_MIRROR_OUT);
	assert_int_equal(port_of(w->active, 11)->flags, PORT_UP);
	assert_int_equal(port_of(w->active, 11)->src_mirrors[0], 0);
}

static void test_mirrors_with_the_same_output(void **state)
{
	struct world *w = *state;
	struct model_port *x = add_port(w), *y = add_port(w);
	const struct mirror_config *m;

	add_mirror(w, x);
	add_mirror(w, y);
	add_mirror(w, x)->bit = 2;
	compiled(w);
	m = image_get(w->active, IMAGE_MIRRORS, 21);
	assert_int_equal(m->same_output[0], 1 | 1 << 2);
	m = image_get(w->active, IMAGE_MIRRORS, 22);
	assert_int_equal(m->same_output[0], 0);
	assert_int_equal(m->same_output[1], 1 << 6);
	m = image_get(w->active, IMAGE_MIRRORS, 23);
	assert_int_equal(m->same_output[0], 1 | 1 << 2);
}

static void test_mirror_to_a_vlan(void **state)
{
	struct world *w = *state;
	struct model_port *out = add_port(w);
	const struct mirror_config *m;

	add_mirror(w, NULL)->out_vlan = 99;
	add_mirror(w, NULL)->out_vlan = 98;
	add_mirror(w, out);
	w->mirrors[2].bit = 2;
	w->mirrors[2].out_vlan = 99; /* the port wins */
	compiled(w);
	m = image_get(w->active, IMAGE_MIRRORS, 21);
	assert_int_equal(m->out_port, 0);
	assert_int_equal(m->out_vlan, 99);
	assert_int_equal(m->same_output[0], 1);
	m = image_get(w->active, IMAGE_MIRRORS, 23);
	assert_int_equal(m->out_port, 11);
	assert_int_equal(m->out_vlan, 0);
	assert_int_equal(m->same_output[0], 1 << 2);
	/* Two to one VLAN: one copy. */
	w->mirrors[1].out_vlan = 99;
	compiled(w);
	m = image_get(w->active, IMAGE_MIRRORS, 21);
	assert_int_equal(m->same_output[0], 1);
	assert_int_equal(m->same_output[1], 1 << 6);
}

static void test_patch_port(void **state)
{
	struct world *w = *state;
	struct model_port *a = add_port(w), *b = add_port(w), *lone = add_port(w);
	const struct port_config *p;

	a->kind = b->kind = lone->kind = MODEL_PORT_PATCH;
	memset(w->devices, 0, sizeof(w->devices));
	a->peer = b;
	b->peer = a;
	p = port_of(compiled(w), 11);
	assert_int_equal(p->patch_peer, 12);
	assert_int_equal(p->ifindex, 0);
	assert_int_equal(p->flags, PORT_UP);
	assert_int_equal(p->mtu, UINT32_MAX);
	assert_int_equal(port_of(w->active, 12)->patch_peer, 11);
	/* Nothing passes, but it is a port. */
	assert_int_equal(port_of(w->active, 13)->patch_peer, 0);
	assert_int_equal(port_of(w->active, 13)->flags, 0);
	assert_int_equal(bridge_of(w->active)->trunk_head, 13);
	b->error = "no good";
	assert_int_equal(port_of(compiled(w), 11)->patch_peer, 0);
}

static void test_mirror_without_output_is_idle(void **state)
{
	struct world *w = *state;
	const struct mirror_config *m;

	add_mirror(w, NULL);
	add_mirror(w, NULL);
	compiled(w);
	m = image_get(w->active, IMAGE_MIRRORS, 21);
	assert_int_equal(m->out_port, 0);
	assert_int_equal(m->same_output[0], 1);
	assert_int_equal(m->same_output[1], 0);
}

static struct vlan_bits vlans(uint16_t a, uint16_t b)
{
	struct vlan_bits bits = { 0 };

	vlan_bits_add(&bits, a);
	vlan_bits_add(&bits, b);
	return bits;
}

static void test_vlan_sets_are_shared_and_stable(void **state)
{
	struct world *w = *state;
	struct vlan_bits x = vlans(1, 4095), also_x = x, y = vlans(2, 3), all;
	uint16_t first;

	memset(&all, 0xff, sizeof(all));
	add_port(w)->vlan.trunks = &x;
	add_port(w)->vlan.trunks = &also_x;
	add_port(w)->vlan.trunks = &all;
	w->bridge.flood_vlans = &y;
	compiled(w);
	first = port_of(w->active, 11)->trunks;
	assert_int_not_equal(first, VLAN_SET_ALL);
	assert_memory_equal(&w->sets->sets[first], &x, sizeof(x));
	assert_true(w->sets->is_dirty[first]);
	assert_int_equal(port_of(w->active, 12)->trunks, first);
	assert_int_equal(port_of(w->active, 13)->trunks, VLAN_SET_ALL);
	assert_int_equal(bridge_of(w->active)->has_flood_vlans, 1);
	assert_memory_equal(&w->sets->sets[bridge_of(w->active)->flood_vlans], &y, sizeof(y));
	/* The same again gives the same numbers, with another set first, too. */
	w->port_list[0] = &w->ports[2];
	w->port_list[2] = &w->ports[0];
	compiled(w);
	assert_int_equal(port_of(w->active, 11)->trunks, first);
}

static void test_vlan_set_in_force_is_not_overwritten(void **state)
{
	struct world *w = *state;
	struct vlan_bits bits = vlans(1, 1);
	struct model_port *port = add_port(w);
	uint16_t one, two;

	port->vlan.trunks = &bits;
	one = port_of(compiled(w), 11)->trunks;
	bits = vlans(2, 2);
	two = port_of(compiled(w), 11)->trunks;
	assert_int_not_equal(one, two);
	assert_memory_equal(&w->sets->sets[two], &bits, sizeof(bits));
	/* Nothing speaks of the first one any more. */
	bits = vlans(3, 3);
	assert_int_equal(port_of(compiled(w), 11)->trunks, one);
}

static void test_too_many_vlan_sets(void **state)
{
	struct world *w = *state;
	struct error err;
	uint16_t index;

	for (uint32_t i = 1; i < VLAN_SETS; i++) {
		struct vlan_bits bits = vlans((uint16_t)i, 4000);

		assert_int_equal(vlan_sets_index(w->sets, &bits, &index, &err), 0);
	}
	add_port(w)->vlan.trunks = &(struct vlan_bits){ .words = { 5 } };
	assert_int_equal(compile(&w->model, HOST(w), w->sets, w->filters, NULL, &err), -1);
	assert_string_equal(err.text, "bridge br0: port port: more than 1023 different sets of "
				      "VLANs are in use");
}

static void test_impossible_slots_are_refused(void **state)
{
	struct world *w = *state;
	struct error err;

	add_port(w)->slot.number = PORT_SLOTS;
	assert_int_equal(compile(&w->model, HOST(w), w->sets, w->filters, NULL, &err), -1);
	w->ports[0].slot.number = 11;
	add_port(w)->slot.number = 11;
	assert_int_equal(compile(&w->model, HOST(w), w->sets, w->filters, NULL, &err), -1);
	w->ports[1].slot.number = 12;
	w->bridge.slot.number = BRIDGE_SLOTS;
	assert_int_equal(compile(&w->model, HOST(w), w->sets, w->filters, NULL, &err), -1);
	w->bridge.slot.number = 4;
	add_mirror(w, NULL)->bit = MIRRORS_PER_BRIDGE;
	assert_int_equal(compile(&w->model, HOST(w), w->sets, w->filters, NULL, &err), -1);
}

#define test(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nothing),
		test(test_bridge),
		test(test_port),
		test(test_port_without_device_stays_configured_but_down),
		test(test_port_with_error_is_left_out),
		test(test_flood_lists),
		test(test_reserved_port_is_in_no_list),
		test(test_mirror_of_ports),
		test(test_mirror_of_all),
		test(test_mirrors_with_the_same_output),
		test(test_mirror_to_a_vlan),
		test(test_patch_port),
		test(test_mirror_without_output_is_idle),
		test(test_vlan_sets_are_shared_and_stable),
		test(test_vlan_set_in_force_is_not_overwritten),
		test(test_too_many_vlan_sets),
		test(test_impossible_slots_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
