/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/compile_tunnel.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "abi.h"
#include "datapath/image.h"
#include "datapath/route.h"
#include "switch/tunnel.h"

enum {
	ETHERNET = 14,
	PROTO_UDP = 17,
	PROTO_GRE = 47,
	GRE_TEB = 0x6558,
	GRE_ERSPAN = 0x88be,
	GRE_ERSPAN3 = 0x22eb,
	GRE_CSUM = 0x80, /* of the first byte */
	GRE_KEY = 0x20,
	GRE_SEQ = 0x10,
};

/* --- headers --- */

/* Bytes one after the other; the array's end is never reached: abi.h has room for the longest. */
struct writing {
	uint8_t *at;
};

static void put(struct writing *w, const void *bytes, size_t n)
{
	memcpy(w->at, bytes, n);
	w->at += n;
}

static void put8(struct writing *w, uint32_t value)
{
	*w->at++ = (uint8_t)value;
}

static void put16(struct writing *w, uint32_t value)
{
	put8(w, value >> 8);
	put8(w, value);
}

static void put32(struct writing *w, uint32_t value)
{
	put16(w, value >> 16);
	put16(w, value);
}

static uint32_t protocol(const struct model_tunnel *t)
{
	return t->kind == MODEL_TUNNEL_VXLAN ? PROTO_UDP : PROTO_GRE;
}

/* Length, identification, checksum are the packet path's. */
static void put_ipv4(struct writing *w, const struct model_tunnel *t, const struct route *route)
{
	put8(w, 0x45);
	put8(w, t->tos);
	put32(w, 0);
	put16(w, t->may_fragment ? 0 : 0x4000);
	put8(w, t->ttl);
	put8(w, protocol(t));
	put16(w, 0);
	put(w, route->source + 12, 4);
	put(w, t->remote.b + 12, 4);
}

static void put_ipv6(struct writing *w, const struct model_tunnel *t, const struct route *route)
{
	put32(w, 6u << 28 | (uint32_t)t->tos << 20);
	put16(w, 0);
	put8(w, protocol(t));
	put8(w, t->ttl);
	put(w, route->source, 16);
	put(w, t->remote.b, 16);
}

static bool has_key(const struct model_tunnel *t)
{
	return t->kind == MODEL_TUNNEL_GRE && t->out_key.kind != TUNNEL_KEY_ABSENT;
}

/* ERSPAN counts always, but for its first type, which has no fields at all. */
static bool has_seq(const struct model_tunnel *t)
{
	return t->kind == MODEL_TUNNEL_ERSPAN ? t->erspan_ver != 0 : t->has_seq;
}

static void put_gre(struct writing *w, const struct model_tunnel *t)
{
	put8(w, (t->has_csum ? GRE_CSUM : 0) | (has_key(t) ? GRE_KEY : 0) |
			(has_seq(t) ? GRE_SEQ : 0));
	put8(w, 0);
	put16(w, t->kind == MODEL_TUNNEL_GRE ? GRE_TEB
		 : t->erspan_ver == 2	     ? GRE_ERSPAN3
					     : GRE_ERSPAN);
	if (t->has_csum)
		put32(w, 0);
	if (has_key(t))
		put32(w, t->out_key.value);
	if (has_seq(t))
		put32(w, 0);
}

static enum erspan_platform platform_of(const struct model_tunnel *t)
{
	switch (t->metadata) {
	case ERSPAN_STATIC:
	case ERSPAN_PACKET_PLAIN:
		return PLATFORM_NONE;
	case ERSPAN_PACKET:
		return PLATFORM_PORT;
	case ERSPAN_PACKET_64BIT:
		return PLATFORM_1588;
	}
	abort();
}

/* What differs from frame to frame is the packet path's. */
static void put_erspan(struct writing *w, const struct model_tunnel *t)
{
	bool is_static = t->metadata == ERSPAN_STATIC;
	enum erspan_platform platform = platform_of(t);

	put32(w, (uint32_t)t->erspan_ver << 28 | t->out_key.value);
	if (t->erspan_ver == 1) {
		put32(w, is_static ? t->erspan_idx : 0);
		return;
	}
	put32(w, 0); /* the time */
	put16(w, 0); /* no security group */
	/* An Ethernet frame, hardware ID, direction, the time's unit, is there a subheader: 100 us
	 * are unit 0, seconds and nanoseconds unit 2. */
	put16(w, 0x8000 | (uint32_t)t->erspan_hwid << 4 |
			 (is_static ? (uint32_t)t->erspan_dir << 3 : 0) |
			 (platform == PLATFORM_1588 ? 2 << 1 : 0) |
			 (platform != PLATFORM_NONE ? 1 : 0));
	if (platform == PLATFORM_NONE)
		return;
	put32(w, (uint32_t)platform << 26);
	put32(w, 0);
}

static void put_vxlan(struct writing *w, const struct model_tunnel *t)
{
	put16(w, 0);
	put16(w, t->dst_port);
	put32(w, 0);
	put32(w, 0x08000000);
	put32(w, t->out_key.value << 8);
}

static void put_head(const struct model_tunnel *t, const struct route *route,
		     struct tunnel_config *ret)
{
	struct writing w = { ret->head };

	put(&w, route->next_hop, 6);
	put(&w, route->mac, 6);
	if (tunnel_is_ipv6(&t->remote)) {
		put16(&w, 0x86dd);
		put_ipv6(&w, t, route);
	} else {
		put16(&w, 0x0800);
		put_ipv4(&w, t, route);
	}
	ret->gre_at = (uint8_t)(w.at - ret->head);
	if (t->kind == MODEL_TUNNEL_VXLAN)
		put_vxlan(&w, t);
	else
		put_gre(&w, t);
	if (t->kind == MODEL_TUNNEL_ERSPAN && t->erspan_ver) {
		ret->erspan_at = (uint8_t)(w.at - ret->head);
		put_erspan(&w, t);
	}
	ret->head_len = (uint8_t)(w.at - ret->head);
}

/* Each packet has a number, a sum, or says how long its frame is. */
static bool needs_wire_frames(const struct model_tunnel *t)
{
	return has_seq(t) || t->has_csum || t->kind == MODEL_TUNNEL_ERSPAN;
}

/* --- lists of what is received --- */

struct tunnel_head_entry {
	uint32_t hash;
	uint32_t *slot; /* in the image */
	UT_hash_handle hh;
};

static enum tunnel_kind kind_of(enum model_tunnel_kind kind)
{
	switch (kind) {
	case MODEL_TUNNEL_GRE:
		return TUNNEL_GRE;
	case MODEL_TUNNEL_ERSPAN:
		return TUNNEL_ERSPAN;
	case MODEL_TUNNEL_VXLAN:
		return TUNNEL_VXLAN;
	}
	abort();
}

static void set_match(const struct model_tunnel *t, struct tunnel_match *m)
{
	m->kind = (uint16_t)kind_of(t->kind);
	m->port_be = htons(t->dst_port);
	switch (t->in_key.kind) {
	case TUNNEL_KEY_ABSENT:
		m->key_rule = TUNNEL_KEY_NONE;
		break;
	case TUNNEL_KEY_GIVEN:
		m->key_rule = TUNNEL_KEY_EXACT;
		m->key = t->in_key.value;
		break;
	case TUNNEL_KEY_FLOW:
		m->key_rule = TUNNEL_KEY_ANY;
		break;
	}
	memcpy(m->remote, t->remote.b, sizeof(m->remote));
}

/* The list's head; its place in the image is made with the first of the list. */
static uint32_t *head_of(struct compile_tunnels *c, uint32_t hash)
{
	struct tunnel_head_entry *e;

	HASH_FIND(hh, c->heads, &hash, sizeof(hash), e);
	if (e)
		return e->slot;
	e = calloc(1, sizeof(*e));
	if (!e)
		abort();
	e->hash = hash;
	e->slot = image_put(c->image, IMAGE_TUNNEL_HEAD, hash);
	HASH_ADD(hh, c->heads, hash, sizeof(e->hash), e);
	return e->slot;
}

/* The first tunnel that ends there stands for all of them. */
static void put_endpoint(struct compile_tunnels *c, uint32_t slot,
			 const struct tunnel_config *config)
{
	struct tunnel_match match = { .kind = config->match.kind,
				      .port_be = config->match.port_be,
				      .key_rule = TUNNEL_ENDPOINT,
				      .key = config->underlay };
	uint32_t *head;

	memcpy(match.remote, config->local, sizeof(match.remote));
	head = head_of(c, tunnel_hash(&match));
	if (!*head)
		*head = slot;
}

void compile_tunnel(struct compile_tunnels *c, uint32_t slot, const struct model_tunnel *t,
		    const struct route *route, struct port_config *port)
{
	static const struct route nowhere;
	struct tunnel_config *config = image_put(c->image, IMAGE_TUNNELS, slot);
	uint32_t *head;

	if (!route)
		route = &nowhere;
	set_match(t, &config->match);
	if (!t->sends_only) {
		head = head_of(c, tunnel_hash(&config->match));
		config->next = *head;
		*head = slot;
	}
	config->flags = (needs_wire_frames(t) ? TUNNEL_WIRE_FRAMES : 0) |
			(tunnel_is_ipv6(&t->remote) ? TUNNEL_IPV6 : 0) |
			(t->has_csum ? TUNNEL_CSUM : 0) | (route->comes_back ? TUNNEL_MARKED : 0) |
			(has_seq(t) ? TUNNEL_SEQ : 0) | (t->inherits_tos ? TUNNEL_TOS_INHERIT : 0) |
			(t->inherits_ttl ? TUNNEL_TTL_INHERIT : 0) |
			(t->may_fragment ? 0 : TUNNEL_DF) |
			(t->has_local ? TUNNEL_FIXED_LOCAL : 0) |
			(t->metadata != ERSPAN_STATIC ? TUNNEL_METADATA : 0);
	memcpy(config->local, t->has_local ? t->local.b : route->source, sizeof(config->local));
	put_head(t, route, config);
	config->underlay = route->ifindex;
	if (route->ifindex && !t->sends_only)
		put_endpoint(c, slot, config);
	port->no_target = route->ifindex ? DROP_NO_NEIGHBOUR : DROP_NO_ROUTE;
	if (!route->ifindex || !route->has_next_hop)
		return;
	config->ifindex = route->ifindex;
	config->mtu = route->mtu;
	port->flags |= PORT_TUNNEL | (route->is_up ? PORT_UP : 0) |
		       (t->metadata != ERSPAN_STATIC ? PORT_METADATA : 0);
	/* Where fragments may be made any frame can leave. */
	if (t->may_fragment)
		port->mtu = UINT32_MAX;
	else if (route->mtu + ETHERNET > config->head_len)
		port->mtu = route->mtu + ETHERNET - config->head_len;
}

void compile_tunnels_end(struct compile_tunnels *c, bool drops_unmatched)
{
	uint32_t *settings;

	if (c->heads) {
		settings = image_put(c->image, IMAGE_TUNNEL_HEAD, 0);
		*settings = drops_unmatched ? TUNNEL_DROP_UNMATCHED : 0;
	}
	for (struct tunnel_head_entry *e = c->heads, *next; e; e = next) {
		next = e->hh.next;
		HASH_DEL(c->heads, e);
		free(e);
	}
}
