/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A tunnel port's options: their meaning, and what is wrong with them in the words of Open
 * vSwitch.  Called by reconcile; knows no rows and no headers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct buf;

enum model_tunnel_kind { MODEL_TUNNEL_GRE, MODEL_TUNNEL_ERSPAN, MODEL_TUNNEL_VXLAN };

/* IPv4 addresses are mapped: ::ffff:a.b.c.d. */
struct tunnel_address {
	uint8_t b[16];
};

enum tunnel_key_kind { TUNNEL_KEY_ABSENT, TUNNEL_KEY_GIVEN, TUNNEL_KEY_FLOW };

struct tunnel_key {
	enum tunnel_key_kind kind;
	uint32_t value; /* a session of 10 bits, a VNI of 24; 0 unless given */
};

/* What ERSPAN says of a frame: the same of each, as Open vSwitch does by the options; or where
 * and how it was met, with its port in a subheader (or in type II's index), with the time in
 * 64 bits, or as far as it goes without a subheader. */
enum erspan_metadata {
	ERSPAN_STATIC,
	ERSPAN_PACKET,
	ERSPAN_PACKET_64BIT,
	ERSPAN_PACKET_PLAIN,
};

struct model_tunnel {
	enum model_tunnel_kind kind;
	struct tunnel_address remote;
	bool has_local;
	struct tunnel_address local;
	struct tunnel_key in_key, out_key;
	bool has_csum; /* of UDP over IPv6: unless csum=false, as receivers want one */
	bool has_seq;
	bool may_fragment; /* df_default=false */
	bool inherits_tos, inherits_ttl;
	uint8_t tos, ttl;
	uint16_t dst_port; /* VXLAN */
	uint8_t erspan_ver; /* as Open vSwitch counts: 0, 1 and 2 are type I, II and III */
	uint32_t erspan_idx;
	uint8_t erspan_dir, erspan_hwid;
	enum erspan_metadata metadata;
	bool sends_only; /* a mirror's own: what comes back is for nobody */
};

bool tunnel_is_type(const char *type); /* of an Interface */

/* One element of Interface.options. */
struct tunnel_option {
	const char *key, *value;
};

/* -1: the port cannot be, and why.  Otherwise what was left aside is added to `ignored`, line
 * by line. */
must_check int tunnel_parse(const char *name, const char *type, const struct tunnel_option *options,
			    size_t n, struct model_tunnel *ret, struct buf *ignored,
			    struct error *err);

/* A mirror's own tunnel: "erspan:10.0.0.9,session=7,ver=3", "gre:fd00::2,key=1",
 * "vxlan:10.0.0.9,vni=5".  Nothing is left aside here. */
must_check int tunnel_parse_remote(const char *text, struct model_tunnel *ret, struct error *err);

/* "packet" and its like to t->metadata; what the kind of tunnel cannot is an error, in which
 * `what` ("t0: bvs-metadata") is the subject. */
must_check int tunnel_set_metadata(struct model_tunnel *t, const char *what, const char *value,
				   struct error *err);
const char *tunnel_metadata_name(enum erspan_metadata metadata);

/* Would both get the same packets? */
bool tunnel_is_same(const struct model_tunnel *a, const struct model_tunnel *b);

bool tunnel_is_ipv6(const struct tunnel_address *a);
struct tunnel_address_text {
	char s[46];
};
struct tunnel_address_text tunnel_address_text(const struct tunnel_address *a);
/* Lives until the block ends. */
#define TUNNEL_ADDRESS_STR(A) (tunnel_address_text(A).s)

const char *tunnel_kind_name(const struct model_tunnel *t);
/* "gre remote=10.0.0.9 in_key=0x1", for people. */
void tunnel_describe(struct buf *to, const struct model_tunnel *t);
