/* SPDX-License-Identifier: Apache-2.0 */
/* switch/vlan: what a port's VLAN columns mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "switch/vlan.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return !arena;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct model_vlan resolve(struct vlan_input in)
{
	struct model_vlan v;

	vlan_resolve(&in, arena, &v);
	return v;
}

static const struct vlan_bits *bits(uint16_t a, uint16_t b)
{
	struct vlan_bits *v = arena_alloc(arena, sizeof(*v));

	vlan_bits_add(v, a);
	vlan_bits_add(v, b);
	return v;
}

static void mode_follows_tag_where_the_column_is_empty(void **state)
{
	(void)state;
	assert_int_equal(resolve((struct vlan_input){ 0 }).mode, MODEL_VLAN_TRUNK);
	assert_int_equal(resolve((struct vlan_input){ .has_tag = true, .tag = 7 }).mode,
			 MODEL_VLAN_ACCESS);
	assert_int_equal(resolve((struct vlan_input){ .has_tag = true, .tag = 7 }).tag, 7);
	/* tag 0 is a tag */
	assert_int_equal(resolve((struct vlan_input){ .has_tag = true }).mode, MODEL_VLAN_ACCESS);
}

static void every_mode_by_its_name(void **state)
{
	static const enum model_vlan_mode modes[] = {
		MODEL_VLAN_TRUNK,	    MODEL_VLAN_ACCESS,	     MODEL_VLAN_NATIVE_TAGGED,
		MODEL_VLAN_NATIVE_UNTAGGED, MODEL_VLAN_DOT1Q_TUNNEL,
	};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct vlan_input in = { .mode = vlan_mode_name(modes[i]), .has_tag = true };

		in.tag = 5;
		assert_int_equal(resolve(in).mode, modes[i]);
		assert_int_equal(resolve(in).tag, modes[i] == MODEL_VLAN_TRUNK ? 0 : 5);
		in.has_tag = false;
		assert_int_equal(resolve(in).tag, 0);
	}
}

static void trunks_count_where_the_mode_has_them(void **state)
{
	const struct vlan_bits *t = bits(1, 4095);
	struct model_vlan v;

	(void)state;
	assert_ptr_equal(resolve((struct vlan_input){ .trunks = t }).trunks, t);
	assert_null(resolve((struct vlan_input){ .trunks = t, .has_tag = true }).trunks);
	assert_null(resolve((struct vlan_input){ .trunks = t, .mode = "dot1q-tunnel" }).trunks);
	assert_null(resolve((struct vlan_input){ .cvlans = t }).cvlans);
	v = resolve((struct vlan_input){ .cvlans = t, .mode = "dot1q-tunnel" });
	assert_ptr_equal(v.cvlans, t);
}

static void the_native_vlan_is_a_member(void **state)
{
	const struct vlan_bits *t = bits(1, 2);
	struct vlan_input in = { .mode = "native-tagged", .has_tag = true, .tag = 9, .trunks = t };
	struct model_vlan v = resolve(in);

	(void)state;
	assert_true(vlan_bits_has(v.trunks, 9) && vlan_bits_has(v.trunks, 1));
	assert_false(vlan_bits_has(v.trunks, 0));
	assert_false(vlan_bits_has(t, 9)); /* the input is not touched */
	in.trunks = NULL;
	v = resolve(in); /* every VLAN but 0: without a tag means the native one here */
	assert_false(vlan_bits_has(v.trunks, 0));
	assert_true(vlan_bits_has(v.trunks, 1) && vlan_bits_has(v.trunks, 4095));
	in.trunks = t;
	in.has_tag = false; /* VLAN 0 is the native one: trunks counts as it is */
	in.mode = "native-untagged";
	assert_ptr_equal(resolve(in).trunks, t);
	in.trunks = NULL;
	assert_null(resolve(in).trunks); /* all */
}

static void other_config_values(void **state)
{
	static const struct {
		const char *text;
		enum model_priority_tags want;
	} tags[] = {
		{ NULL, MODEL_PRIORITY_TAGS_NEVER },
		{ "never", MODEL_PRIORITY_TAGS_NEVER },
		{ "yes", MODEL_PRIORITY_TAGS_NEVER },
		{ "true", MODEL_PRIORITY_TAGS_IF_NONZERO },
		{ "if-nonzero", MODEL_PRIORITY_TAGS_IF_NONZERO },
		{ "always", MODEL_PRIORITY_TAGS_ALWAYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_int_equal(
			resolve((struct vlan_input){ .priority_tags = tags[i].text }).priority_tags,
			tags[i].want);
	assert_int_equal(resolve((struct vlan_input){ 0 }).qinq_ethertype, 0x88a8);
	assert_int_equal(resolve((struct vlan_input){ .qinq_ethertype = "802.1q" }).qinq_ethertype,
			 0x8100);
	assert_int_equal(resolve((struct vlan_input){ .qinq_ethertype = "x" }).qinq_ethertype,
			 0x88a8);
}

static void fingerprint_tells_what_flushes(void **state)
{
	struct vlan_input in = { .has_tag = true, .tag = 5, .trunks = bits(1, 2) };
	struct model_vlan v = resolve(in), w;
	uint64_t before = vlan_fingerprint(&v, 0);

	(void)state;
	in.trunks = bits(1, 3); /* an access port has none */
	in.priority_tags = "never"; /* as without */
	in.qinq_ethertype = "802.1ad";
	w = resolve(in);
	assert_true(vlan_fingerprint(&w, 0) == before);
	assert_true(vlan_fingerprint(&w, 1) != before);
	in.priority_tags = "always";
	w = resolve(in);
	assert_true(vlan_fingerprint(&w, 0) != before);
	in.priority_tags = NULL;
	in.qinq_ethertype = "802.1q";
	w = resolve(in);
	assert_true(vlan_fingerprint(&w, 0) != before);
	in.qinq_ethertype = NULL;
	in.tag = 6;
	w = resolve(in);
	assert_true(vlan_fingerprint(&w, 0) != before);
	in.tag = 5;
	in.mode = "native-tagged";
	w = resolve(in);
	assert_true(vlan_fingerprint(&w, 0) != before);
	/* Every single VLAN counts, and none equals all. */
	for (uint16_t vid = 0; vid < 4096; vid++) {
		v = (struct model_vlan){ .trunks = bits(vid, vid) };
		w = (struct model_vlan){ .trunks = bits(vid, (uint16_t)((vid + 64) % 4096)) };
		assert_true(vlan_fingerprint(&v, 0) != vlan_fingerprint(&w, 0));
		w.trunks = NULL;
		assert_true(vlan_fingerprint(&v, 0) != vlan_fingerprint(&w, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mode_follows_tag_where_the_column_is_empty),
		cmocka_unit_test(every_mode_by_its_name),
		cmocka_unit_test(trunks_count_where_the_mode_has_them),
		cmocka_unit_test(the_native_vlan_is_a_member),
		cmocka_unit_test(other_config_values),
		cmocka_unit_test(fingerprint_tells_what_flushes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
