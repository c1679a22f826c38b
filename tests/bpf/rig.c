// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "datapath/image.h"
#include "recorder.skel.h"

static struct recorder *skel;
static struct ring_buffer *signals;
static size_t n_signals;

static void put(struct bpf_map *map, const void *key, const void *value)
{
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY), 0);
}

static void get(struct bpf_map *map, const void *key, void *ret)
{
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(map), key, ret), 0);
}

static int on_signal(void *arg, void *data, size_t len)
{
	uint32_t bridge = 0;

	(void)arg;
	if (len == sizeof(bridge))
		memcpy(&bridge, data, len);
	n_signals += bridge == BRIDGE;
	return 0;
}

size_t rig_n_signals(void)
{
	n_signals = 0;
	assert_true(ring_buffer__consume(signals) >= 0);
	return n_signals;
}

int rig_setup(void **state)
{
	(void)state;
	skel = recorder__open_and_load();
	if (!skel)
		return -1;
	signals = ring_buffer__new(bpf_map__fd(skel->maps.signals), on_signal, NULL, NULL);
	return signals ? 0 : -1;
}

int rig_teardown(void **state)
{
	(void)state;
	ring_buffer__free(signals);
	recorder__destroy(skel);
	return 0;
}

static void zero_map(struct bpf_map *map, uint32_t n)
{
	size_t size = bpf_map__value_size(map), copies = 1;
	char *value;

	if (bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY)
		copies = (size_t)libbpf_num_possible_cpus();
	value = calloc(copies, (size + 7) / 8 * 8);
	assert_non_null(value);
	for (uint32_t i = 0; i < n; i++)
		put(map, &i, value);
	free(value);
}

static void empty_map(struct bpf_map *map)
{
	char key[64];

	while (bpf_map_get_next_key(bpf_map__fd(map), NULL, key) == 0)
		bpf_map_delete_elem(bpf_map__fd(map), key);
}

static void forget_records(void)
{
	zero_map(skel->maps.n_records, 1);
	rig_expect_start();
}

int rig_reset(void **state)
{
	struct settings set = { .abi_version = ABI_VERSION,
				.reentry_ifindex = REENTRY_IFINDEX,
				.mark_ifindex = MARK_IFINDEX,
				.segment_ifindex = SEGMENT_IFINDEX };
	uint32_t zero = 0;

	(void)state;
	zero_map(skel->maps.epoch, 1);
	zero_map(skel->maps.ports, 128);
	zero_map(skel->maps.bridges, 8);
	zero_map(skel->maps.mirrors, MIRRORS_PER_BRIDGE + 1);
	zero_map(skel->maps.mirror_of_bit, 3 * MIRRORS_PER_BRIDGE);
	zero_map(skel->maps.port_stats, 128);
	zero_map(skel->maps.mirror_stats, MIRRORS_PER_BRIDGE + 1);
	zero_map(skel->maps.fdb_count, 8);
	zero_map(skel->maps.results, RESULTS);
	zero_map(skel->maps.scratch, 1);
	zero_map(skel->maps.tunnels, 128);
	zero_map(skel->maps.tunnel_seq, 128);
	empty_map(skel->maps.tunnel_head);
	empty_map(skel->maps.port_of_ifindex);
	empty_map(skel->maps.access_head);
	zero_map(skel->maps.budget, 1);
	empty_map(skel->maps.fdb);
	put(skel->maps.settings, &zero, &set);
	forget_records();
	(void)rig_n_signals();
	rig_say("%s", "");
	return 0;
}

const struct bpf_map *rig_map(const char *name)
{
	return bpf_object__find_map_by_name(skel->obj, name);
}

struct port_config rig_port(uint32_t slot)
{
	return (struct port_config){
		.ifindex = slot,
		.generation = 1,
		.flags = PORT_UP,
		.bridge = BRIDGE,
		.mtu = 1500,
		.order = (uint16_t)slot,
		.no_target = DROP_LINK_DOWN,
	};
}

struct bridge_config rig_bridge(void)
{
	return (struct bridge_config){
		.generation = 1, .fdb_max = 8192, .fdb_room = 9000, .ageing = 64 * 1000
	};
}

void rig_put_port_version(uint32_t slot, int version, struct port_config config)
{
	struct port_entry entry;

	get(skel->maps.ports, &slot, &entry);
	entry.v[version] = config;
	put(skel->maps.ports, &slot, &entry);
}

void rig_put_port(uint32_t slot, struct port_config config)
{
	rig_put_port_version(slot, 0, config);
	rig_put_port_version(slot, 1, config);
	if (config.ifindex)
		put(skel->maps.port_of_ifindex, &config.ifindex, &slot);
}

void rig_put_bridge_version(uint32_t slot, int version, struct bridge_config config)
{
	struct bridge_entry entry;

	get(skel->maps.bridges, &slot, &entry);
	entry.v[version] = config;
	put(skel->maps.bridges, &slot, &entry);
}

void rig_put_bridge(uint32_t slot, struct bridge_config config)
{
	rig_put_bridge_version(slot, 0, config);
	rig_put_bridge_version(slot, 1, config);
}

void rig_put_mirror_version(uint32_t slot, int version, struct mirror_config config)
{
	struct mirror_entry entry;

	get(skel->maps.mirrors, &slot, &entry);
	entry.v[version] = config;
	put(skel->maps.mirrors, &slot, &entry);
}

void rig_put_mirror(uint32_t bit, struct mirror_config config)
{
	uint32_t slot = bit + 1, key = BRIDGE * MIRRORS_PER_BRIDGE + bit;
	struct head_entry entry = { { slot, slot } };

	rig_put_mirror_version(slot, 0, config);
	rig_put_mirror_version(slot, 1, config);
	put(skel->maps.mirror_of_bit, &key, &entry);
}

void rig_set_epoch(uint32_t epoch)
{
	uint32_t zero = 0;

	put(skel->maps.epoch, &zero, &epoch);
}

void rig_put_head(uint16_t vlan, uint32_t slot)
{
	struct access_key key = { .bridge = BRIDGE, .vlan = vlan };
	struct head_entry entry = { { slot, slot } };

	put(skel->maps.access_head, &key, &entry);
}

void rig_put_vlan_set(uint16_t set, const int *vids)
{
	struct vlan_set value = { 0 };
	uint32_t key = set;

	for (; *vids >= 0; vids++)
		value.bits[*vids / 64] |= 1ull << (*vids % 64);
	put(skel->maps.vlan_sets, &key, &value);
}

void rig_put_filter(uint32_t first, const struct filter_insn *insns, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t key = first + i;

		put(skel->maps.filters, &key, &insns[i]);
	}
}

void rig_link(struct bridge_config bridge, const uint32_t *slots)
{
	uint32_t last_of_vlan[4096] = { 0 }, last_trunk = 0;
	size_t n = 0;

	while (slots[n])
		n++;
	/* From the back: each becomes its list's head. */
	for (size_t i = n; i-- > 0;) {
		uint32_t slot = slots[i], *head;
		struct port_entry entry;
		struct port_config *p = &entry.v[0];

		get(skel->maps.ports, &slot, &entry);
		head = p->vlan_mode == VLAN_ACCESS || p->vlan_mode == VLAN_DOT1Q_TUNNEL
			       ? &last_of_vlan[p->tag]
			       : &last_trunk;
		p->next = *head;
		*head = slot;
		rig_put_port(slot, *p);
		if (head != &last_trunk)
			rig_put_head(p->tag, slot);
	}
	bridge.trunk_head = last_trunk;
	rig_put_bridge(BRIDGE, bridge);
}

static struct fdb_key fdb_key_of(uint8_t mac, uint16_t vlan)
{
	struct fdb_key key = { .vlan = vlan, .bridge = BRIDGE };

	rig_mac(key.mac, mac);
	return key;
}

void rig_put_fdb(uint8_t mac, uint16_t vlan, uint32_t slot, uint32_t generation, uint64_t seen)
{
	struct fdb_key key = fdb_key_of(mac, vlan);
	struct fdb_value value = { .port = slot | (uint64_t)generation << 32, .seen = seen };

	put(skel->maps.fdb, &key, &value);
}

bool rig_get_fdb(uint8_t mac, uint16_t vlan, struct fdb_value *ret)
{
	struct fdb_key key = fdb_key_of(mac, vlan);

	return bpf_map_lookup_elem(bpf_map__fd(skel->maps.fdb), &key, ret) == 0;
}

size_t rig_count_fdb(void)
{
	struct fdb_key key, *previous = NULL;
	size_t n = 0;

	while (bpf_map_get_next_key(bpf_map__fd(skel->maps.fdb), previous, &key) == 0) {
		previous = &key;
		n++;
	}
	return n;
}

struct fdb_count rig_fdb_count(void)
{
	uint32_t key = BRIDGE;
	struct fdb_count count;

	get(skel->maps.fdb_count, &key, &count);
	return count;
}

/* Adds up the processors' copies: structs of __u64 only. */
static void get_sum(struct bpf_map *map, uint32_t key, void *ret, size_t size)
{
	size_t n = (size_t)libbpf_num_possible_cpus(), words = size / 8;
	uint64_t *sum = ret, *all = calloc(n, size);

	assert_non_null(all);
	get(map, &key, all);
	memset(ret, 0, size);
	for (size_t i = 0; i < n * words; i++)
		sum[i % words] += all[i];
	free(all);
}

struct port_stats rig_port_stats(uint32_t slot)
{
	struct port_stats ret;

	get_sum(skel->maps.port_stats, slot, &ret, sizeof(ret));
	return ret;
}

struct mirror_stats rig_mirror_stats(uint32_t bit)
{
	struct mirror_stats ret;

	get_sum(skel->maps.mirror_stats, bit + 1, &ret, sizeof(ret));
	return ret;
}

/* The kernel's jiffies64, by way of an address learned just now in a bridge of its own. */
uint64_t rig_jiffies(void)
{
	const uint32_t slot = 127, bridge = 7;
	struct frame f = rig_frame(BROADCAST, 1, "", 0);
	struct fdb_key key = { .mac = { 2, 0, 0, 0, 0, 1 }, .bridge = bridge };
	struct port_config port = rig_port(slot);
	struct fdb_value value;

	port.bridge = (uint16_t)bridge;
	rig_put_port(slot, port);
	rig_put_bridge(bridge, rig_bridge());
	rig_send(slot, &f, TAG_IN_BYTES);
	get(skel->maps.fdb, &key, &value);
	bpf_map_delete_elem(bpf_map__fd(skel->maps.fdb), &key);
	rig_put_port(slot, (struct port_config){ 0 });
	forget_records();
	return value.seen;
}

void rig_set_result(uint32_t ifindex, int clone, int check_mtu)
{
	struct result result = { .clone = clone, .check_mtu = check_mtu };

	put(skel->maps.results, &ifindex, &result);
}

void rig_set_clock(uint64_t ns)
{
	struct result result;
	uint32_t zero = 0;

	get(skel->maps.results, &zero, &result);
	result.ns = ns;
	put(skel->maps.results, &zero, &result);
}

void rig_set_checksum(enum checksum c)
{
	struct result result;
	uint32_t zero = 0;

	get(skel->maps.results, &zero, &result);
	result.checksum = c;
	put(skel->maps.results, &zero, &result);
}

enum checksum rig_checksum(void)
{
	struct result result;
	uint32_t zero = 0;

	get(skel->maps.results, &zero, &result);
	return (enum checksum)result.checksum;
}

static int run(struct bpf_program *prog, const struct frame *frame, struct __sk_buff *skb)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->len,
		    .ctx_in = skb, .ctx_size_in = sizeof(*skb));

	forget_records();
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(prog), &opts), 0);
	return (int)opts.retval;
}

int rig_send(uint32_t ifindex, const struct frame *frame, enum tag_place place)
{
	struct __sk_buff skb = { .mark = ifindex };

	return run(place == TAG_IN_METADATA ? skel->progs.run_meta : skel->progs.run_bytes, frame,
		   &skb);
}

int rig_send_gso(uint32_t ifindex, const struct frame *frame, uint32_t gso_size)
{
	struct __sk_buff skb = { .mark = ifindex, .gso_size = gso_size };

	return run(skel->progs.run_bytes, frame, &skb);
}

int rig_run_reentry(const struct frame *frame, uint32_t mark)
{
	struct __sk_buff skb = { .mark = mark, .cb = { 1, 2, 3, 4, 5 } };

	return run(skel->progs.bvs_reentry, frame, &skb);
}

int rig_run_tunnel(const struct frame *frame, uint32_t gso_size)
{
	struct __sk_buff skb = { .gso_size = gso_size };

	return run(skel->progs.run_tunnel_meta, frame, &skb);
}

int rig_run_segment(const struct frame *frame, const struct record *r)
{
	struct __sk_buff skb = { .mark = r->mark };

	memcpy(skb.cb, r->cb, sizeof(skb.cb));
	return run(skel->progs.run_segment_meta, frame, &skb);
}

int rig_run_decap(const struct frame *packet)
{
	struct __sk_buff skb = { .mark = 0 };

	return run(skel->progs.run_decap, packet, &skb);
}

void rig_put_tunnels(const struct image *image)
{
	empty_map(skel->maps.tunnel_head);
	zero_map(skel->maps.tunnels, 128);
	for (size_t i = 0; i < image->n; i++) {
		const struct image_entry *e = &image->entries[i];
		struct tunnel_entry tunnel;
		struct head_entry head;

		if (e->map == IMAGE_TUNNELS) {
			tunnel.v[0] = tunnel.v[1] = *(struct tunnel_config *)e->value;
			put(skel->maps.tunnels, &e->key, &tunnel);
		} else if (e->map == IMAGE_TUNNEL_HEAD) {
			head.v[0] = head.v[1] = *(uint32_t *)e->value;
			put(skel->maps.tunnel_head, &e->key, &head);
		}
	}
}

enum { UNANSWERED = 99 };

void rig_put_job(struct job job)
{
	size_t n = (size_t)libbpf_num_possible_cpus();
	struct job *all = calloc(n, sizeof(job));
	uint32_t zero = 0;

	assert_non_null(all);
	assert_int_equal(bpf_map__value_size(skel->maps.scratch), sizeof(job));
	job.outcome = UNANSWERED;
	for (size_t i = 0; i < n; i++)
		all[i] = job;
	put(skel->maps.scratch, &zero, all);
	free(all);
}

/* That of the processor on which the program ran. */
struct job rig_job(void)
{
	size_t n = (size_t)libbpf_num_possible_cpus(), at = 0;
	struct job *all = calloc(n, sizeof(*all)), ret;
	uint32_t zero = 0;

	assert_non_null(all);
	get(skel->maps.scratch, &zero, all);
	for (size_t i = 0; i < n; i++)
		at = all[i].outcome != UNANSWERED || !all[i].is_valid ? i : at;
	ret = all[at];
	free(all);
	return ret;
}

size_t rig_n_records(void)
{
	uint32_t zero = 0, n;

	get(skel->maps.n_records, &zero, &n);
	assert_true(n <= RECORDS);
	return n;
}

struct record rig_record(size_t i)
{
	uint32_t key = (uint32_t)i;
	struct record r;

	get(skel->maps.records, &key, &r);
	return r;
}
