/* SPDX-License-Identifier: Apache-2.0 */
#include "switch/tunnel.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum { DEFAULT_TTL = 64, VXLAN_PORT = 4789, ERSPAN_SESSIONS = 1024, ERSPAN_INDEXES = 1 << 20 };

static const struct {
	const char *name;
	enum model_tunnel_kind kind;
	bool has_csum, has_seq, has_port;
} types[] = {
	{ "gre", MODEL_TUNNEL_GRE, true, true, false },
	{ "ip6gre", MODEL_TUNNEL_GRE, true, true, false },
	{ "erspan", MODEL_TUNNEL_ERSPAN, false, true, false },
	{ "ip6erspan", MODEL_TUNNEL_ERSPAN, false, true, false },
	{ "vxlan", MODEL_TUNNEL_VXLAN, true, false, true },
};
enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

static int find_type(const char *type)
{
	int i = 0;

	while (i < N_TYPES && strcmp(types[i].name, type))
		i++;
	return i;
}

bool tunnel_is_type(const char *type)
{
	return find_type(type) < N_TYPES;
}

/* --- addresses --- */

bool tunnel_is_ipv6(const struct tunnel_address *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) != 0;
}

static bool parse_address(const char *s, struct tunnel_address *ret)
{
	struct tunnel_address a = { { [10] = 0xff, [11] = 0xff } };

	if (inet_pton(AF_INET, s, a.b + 12) != 1 && inet_pton(AF_INET6, s, a.b) != 1)
		return false;
	*ret = a;
	return true;
}

static bool is_multicast(const struct tunnel_address *a)
{
	return tunnel_is_ipv6(a) ? a->b[0] == 0xff : a->b[12] >> 4 == 14;
}

struct tunnel_address_text tunnel_address_text(const struct tunnel_address *a)
{
	struct tunnel_address_text text;

	if (tunnel_is_ipv6(a))
		inet_ntop(AF_INET6, a->b, text.s, sizeof(text.s));
	else
		inet_ntop(AF_INET, a->b + 12, text.s, sizeof(text.s));
	return text;
}

/* --- options --- */

struct parsing {
	const char *name;
	int type;
	struct model_tunnel t;
	bool has_remote;
	const char *csum, *key, *in_key, *out_key, *metadata;
	struct buf *ignored;
	struct error *err;
};

static int refuse(struct parsing *p, const char *fmt, const char *value)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, fmt, p->name, value);
	error_set(p->err, "constraint violation", "%s", buf_ok(&text) ? text.data : p->name);
	buf_free(&text);
	return -1;
}

static int set_remote(struct parsing *p, const char *value)
{
	if (!strcmp(value, "flow"))
		return refuse(p, "%s: remote_ip=%s is not supported: there are no flows to say it",
			      value);
	if (!parse_address(value, &p->t.remote)) {
		/* Open vSwitch goes on, and ends with the second line. */
		return error_set(p->err, "constraint violation",
				 "%s: bad %s 'remote_ip'\n"
				 "%s: %s type requires valid 'remote_ip' argument",
				 p->name, types[p->type].name, p->name, types[p->type].name);
	}
	if (is_multicast(&p->t.remote))
		return refuse(p, "%s: multicast remote_ip=%s not allowed", value);
	p->has_remote = true;
	return 0;
}

static int set_local(struct parsing *p, const char *value)
{
	if (!strcmp(value, "flow"))
		return refuse(p, "%s: %s type requires 'remote_ip=flow' with 'local_ip=flow'",
			      types[p->type].name);
	p->t.has_local = parse_address(value, &p->t.local);
	if (!p->t.has_local)
		buf_printf(p->ignored, "%s: bad %s 'local_ip'\n", p->name, types[p->type].name);
	return 0;
}

static void set_tos(struct parsing *p, const char *value)
{
	char *end;
	long tos;

	p->t.inherits_tos = !strcmp(value, "inherit");
	if (p->t.inherits_tos)
		return;
	tos = strtol(value, &end, 0);
	if (*end || tos < 0 || tos > 255 || (tos & 3))
		buf_printf(p->ignored, "%s: invalid TOS %s\n", p->name, value);
	else
		p->t.tos = (uint8_t)tos;
}

static void set_ttl(struct parsing *p, const char *value)
{
	p->t.inherits_ttl = !strcmp(value, "inherit");
	if (!p->t.inherits_ttl)
		p->t.ttl = (uint8_t)atoi(value);
}

/* Numbers are as Open vSwitch reads them: index and hardware ID in hexadecimal. */
static int set_erspan(struct parsing *p, const char *what, const char *value)
{
	struct model_tunnel *t = &p->t;
	long n;

	if (!strcmp(value, "flow"))
		return 0; /* nobody says otherwise: 0 */
	if (!strcmp(what, "idx")) {
		n = strtol(value, NULL, 16);
		t->erspan_idx = (uint32_t)n;
		return n < 0 || n >= ERSPAN_INDEXES
			       ? refuse(p, "%s: invalid erspan index: %s", value)
			       : 0;
	}
	if (!strcmp(what, "hwid")) {
		n = strtol(value, NULL, 16);
		t->erspan_hwid = (uint8_t)n;
		return n < 0 || n > 63 ? refuse(p, "%s: invalid erspan hardware ID: %s", value) : 0;
	}
	n = atoi(value);
	if (!strcmp(what, "ver")) {
		t->erspan_ver = (uint8_t)n;
		return n < 0 || n > 2 ? refuse(p, "%s: invalid erspan version: %s", value) : 0;
	}
	t->erspan_dir = (uint8_t)n;
	return n != 0 && n != 1 ? refuse(p, "%s: invalid erspan direction: %s", value) : 0;
}

static int set_packet_type(struct parsing *p, const char *value)
{
	if (!strcmp(value, "legacy_l2"))
		return 0;
	if (!strcmp(value, "legacy_l3") || !strcmp(value, "ptap"))
		return refuse(p, "%s: packet_type %s is not supported, only legacy_l2", value);
	return refuse(p, "%s: unknown packet_type '%s'", value);
}

static int set_option(struct parsing *p, const char *key, const char *value)
{
	static const char *const erspan[] = { "erspan_idx", "erspan_ver", "erspan_dir",
					      "erspan_hwid" };
	bool is_true = !strcmp(value, "true");

	if (!strcmp(key, "csum"))
		p->csum = value;
	if (!strcmp(key, "remote_ip"))
		return set_remote(p, value);
	if (!strcmp(key, "local_ip"))
		return set_local(p, value);
	if (!strcmp(key, "packet_type"))
		return set_packet_type(p, value);
	for (size_t i = 0; i < sizeof(erspan) / sizeof(erspan[0]); i++) {
		if (!strcmp(key, erspan[i]))
			return set_erspan(p, strchr(key, '_') + 1, value);
	}
	if (!strcmp(key, "tos"))
		set_tos(p, value);
	else if (!strcmp(key, "ttl"))
		set_ttl(p, value);
	else if (!strcmp(key, "dst_port") && types[p->type].has_port)
		p->t.dst_port = (uint16_t)atoi(value);
	else if (!strcmp(key, "csum") && types[p->type].has_csum)
		p->t.has_csum = is_true;
	else if (!strcmp(key, "seq") && types[p->type].has_seq)
		p->t.has_seq = is_true;
	else if (!strcmp(key, "df_default"))
		p->t.may_fragment = !strcmp(value, "false");
	else if (!strcmp(key, "key"))
		p->key = value;
	else if (!strcmp(key, "in_key"))
		p->in_key = value;
	else if (!strcmp(key, "out_key"))
		p->out_key = value;
	else if (!strcmp(key, "bvs-metadata"))
		p->metadata = value;
	else if (!strncmp(key, "bvs-", 4))
		return refuse(p, "%s: option %s is not known", key);
	else
		buf_printf(p->ignored, "%s: unknown %s argument '%s'\n", p->name,
			   types[p->type].name, key);
	return 0;
}

static struct tunnel_key parse_key(const char *s, enum model_tunnel_kind kind)
{
	struct tunnel_key key = { TUNNEL_KEY_ABSENT, 0 };

	if (!s)
		return key;
	key.kind = strcmp(s, "flow") ? TUNNEL_KEY_GIVEN : TUNNEL_KEY_FLOW;
	if (key.kind == TUNNEL_KEY_GIVEN)
		key.value = (uint32_t)strtoull(s, NULL, 0);
	if (kind == MODEL_TUNNEL_ERSPAN)
		key.value %= ERSPAN_SESSIONS;
	else if (kind == MODEL_TUNNEL_VXLAN)
		key.value &= 0xffffff;
	return key;
}

/* Headers that always have the field: absent says 0. */
static void settle_keys(struct parsing *p)
{
	struct model_tunnel *t = &p->t;
	bool has_field =
		t->kind == MODEL_TUNNEL_VXLAN || (t->kind == MODEL_TUNNEL_ERSPAN && t->erspan_ver);

	t->in_key = parse_key(p->in_key ? p->in_key : p->key, t->kind);
	t->out_key = parse_key(p->out_key ? p->out_key : p->key, t->kind);
	if (t->kind == MODEL_TUNNEL_ERSPAN && !t->erspan_ver)
		t->in_key = t->out_key = (struct tunnel_key){ TUNNEL_KEY_ABSENT, 0 };
	if (has_field && t->in_key.kind == TUNNEL_KEY_ABSENT)
		t->in_key.kind = TUNNEL_KEY_GIVEN;
	if (has_field && t->out_key.kind == TUNNEL_KEY_ABSENT)
		t->out_key.kind = TUNNEL_KEY_GIVEN;
}

/* --- what ERSPAN tells of a frame --- */

static const char *const metadata_names[] = {
	[ERSPAN_STATIC] = "static",
	[ERSPAN_PACKET] = "packet",
	[ERSPAN_PACKET_64BIT] = "packet-64bit",
	[ERSPAN_PACKET_PLAIN] = "packet-plain",
};
enum { N_METADATA = sizeof(metadata_names) / sizeof(metadata_names[0]) };

const char *tunnel_metadata_name(enum erspan_metadata metadata)
{
	return metadata_names[metadata];
}

int tunnel_set_metadata(struct model_tunnel *t, const char *what, const char *value,
			struct error *err)
{
	int i = 0;

	while (i < N_METADATA && strcmp(metadata_names[i], value))
		i++;
	if (i == N_METADATA)
		return error_set(err, "constraint violation",
				 "%s=%s is none of static, packet, packet-64bit and packet-plain",
				 what, value);
	if (i != ERSPAN_STATIC && (t->kind != MODEL_TUNNEL_ERSPAN || !t->erspan_ver))
		return error_set(err, "constraint violation",
				 "%s=%s is for ERSPAN's types II and III only", what, value);
	if (i == ERSPAN_PACKET_64BIT && t->erspan_ver != 2)
		return error_set(err, "constraint violation", "%s=%s is for ERSPAN's type III only",
				 what, value);
	t->metadata = (enum erspan_metadata)i;
	return 0;
}

static int settle_metadata(struct parsing *p)
{
	struct buf what = BUF_INIT;
	int failed;

	if (!p->metadata)
		return 0;
	buf_printf(&what, "%s: bvs-metadata", p->name);
	failed = tunnel_set_metadata(&p->t, buf_ok(&what) ? what.data : "bvs-metadata", p->metadata,
				     p->err);
	buf_free(&what);
	return failed;
}

static int settle(struct parsing *p, const char *type)
{
	struct model_tunnel *t = &p->t;

	if (!p->has_remote)
		return refuse(p, "%s: %s type requires valid 'remote_ip' argument", type);
	if (t->has_local && tunnel_is_ipv6(&t->local) != tunnel_is_ipv6(&t->remote))
		return refuse(p,
			      "%s: 'remote_ip' and 'local_ip' has to be of the same address "
			      "family%s",
			      "");
	if (!t->ttl)
		t->ttl = DEFAULT_TTL;
	if (t->kind == MODEL_TUNNEL_VXLAN && tunnel_is_ipv6(&t->remote) && !p->csum)
		t->has_csum = true;
	settle_keys(p);
	return settle_metadata(p);
}

int tunnel_parse(const char *name, const char *type, const struct tunnel_option *options, size_t n,
		 struct model_tunnel *ret, struct buf *ignored, struct error *err)
{
	struct parsing p = { .name = name, .type = find_type(type), .ignored = ignored };

	p.err = err;
	p.t.kind = types[p.type].kind;
	p.t.dst_port = types[p.type].has_port ? VXLAN_PORT : 0;
	p.t.erspan_ver = p.t.kind == MODEL_TUNNEL_ERSPAN ? 1 : 0;
	for (size_t i = 0; i < n; i++) {
		if (set_option(&p, options[i].key, options[i].value))
			return -1;
	}
	if (settle(&p, type))
		return -1;
	*ret = p.t;
	return 0;
}

/* --- a mirror's own --- */

enum { REMOTE_LEN = 512, REMOTE_OPTIONS = 16 };

/* Shorter names than those of Interface.options. */
static const char *remote_key(const char *key)
{
	static const char *const names[][2] = {
		{ "session", "key" },	 { "vni", "key" },	    { "local", "local_ip" },
		{ "port", "dst_port" },	 { "ver", "erspan_ver" },   { "idx", "erspan_idx" },
		{ "dir", "erspan_dir" }, { "hwid", "erspan_hwid" }, { "metadata", "bvs-metadata" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(key, names[i][0]))
			return names[i][1];
	}
	return key;
}

/* ERSPAN's types as its specification counts them. */
static const char *remote_value(const char *key, const char *value)
{
	static const char *const versions[] = { "0", "1", "2" };

	if (strcmp(key, "ver"))
		return value;
	return strlen(value) == 1 && *value >= '1' && *value <= '3' ? versions[*value - '1'] : "-1";
}

static int remote_options(char *rest, struct tunnel_option *options, size_t *ret_n,
			  struct error *err)
{
	size_t n = 0;

	options[n++] = (struct tunnel_option){ "remote_ip", strsep(&rest, ",") };
	for (char *item; (item = strsep(&rest, ","));) {
		char *value = strchr(item, '=');

		if (!value || n == REMOTE_OPTIONS)
			return error_set(err, "constraint violation",
					 "bvs-remote: '%s' is not of the form key=value", item);
		*value++ = '\0';
		options[n++] =
			(struct tunnel_option){ remote_key(item), remote_value(item, value) };
	}
	*ret_n = n;
	return 0;
}

int tunnel_parse_remote(const char *text, struct model_tunnel *ret, struct error *err)
{
	struct tunnel_option options[REMOTE_OPTIONS];
	struct buf ignored = BUF_INIT;
	char copy[REMOTE_LEN], *rest = copy;
	const char *type;
	int failed;
	size_t n = 0;

	if (strlen(text) >= sizeof(copy))
		return error_set(err, "constraint violation", "bvs-remote: too long");
	memcpy(copy, text, strlen(text) + 1);
	type = strsep(&rest, ":");
	if (!rest || !tunnel_is_type(type))
		return error_set(err, "constraint violation",
				 "bvs-remote: '%s' is none of gre, erspan and vxlan", type);
	if (remote_options(rest, options, &n, err))
		return -1;
	failed = tunnel_parse("bvs-remote", type, options, n, ret, &ignored, err);
	if (!failed && ignored.len)
		failed = error_set(err, "constraint violation", "%.*s", (int)ignored.len - 1,
				   ignored.data);
	buf_free(&ignored);
	ret->sends_only = true;
	return failed;
}

/* --- comparing --- */

bool tunnel_is_same(const struct model_tunnel *a, const struct model_tunnel *b)
{
	if (a->kind != b->kind || a->dst_port != b->dst_port || a->has_local != b->has_local)
		return false;
	if (memcmp(&a->remote, &b->remote, sizeof(a->remote)) ||
	    (a->has_local && memcmp(&a->local, &b->local, sizeof(a->local))))
		return false;
	return a->in_key.kind == b->in_key.kind && a->in_key.value == b->in_key.value;
}

static void describe_key(struct buf *to, const char *name, const struct tunnel_key *key)
{
	if (key->kind == TUNNEL_KEY_FLOW)
		buf_printf(to, " %s=flow", name);
	else if (key->kind == TUNNEL_KEY_GIVEN)
		buf_printf(to, " %s=0x%x", name, key->value);
}

const char *tunnel_kind_name(const struct model_tunnel *t)
{
	static const char *const names[] = { "gre", "erspan", "vxlan" };

	return names[t->kind];
}

void tunnel_describe(struct buf *to, const struct model_tunnel *t)
{
	buf_printf(to, "%s remote=%s", tunnel_kind_name(t), TUNNEL_ADDRESS_STR(&t->remote));
	if (t->has_local)
		buf_printf(to, " local=%s", TUNNEL_ADDRESS_STR(&t->local));
	describe_key(to, "in_key", &t->in_key);
	describe_key(to, "out_key", &t->out_key);
	if (t->kind == MODEL_TUNNEL_VXLAN)
		buf_printf(to, " dst_port=%u", t->dst_port);
	if (t->kind == MODEL_TUNNEL_ERSPAN)
		buf_printf(to, " ver=%u idx=0x%x dir=%u hwid=0x%x", t->erspan_ver, t->erspan_idx,
			   t->erspan_dir, t->erspan_hwid);
	if (t->metadata)
		buf_printf(to, " metadata=%s", tunnel_metadata_name(t->metadata));
	buf_puts(to, t->has_csum ? " csum" : "");
	buf_puts(to, t->has_seq ? " seq" : "");
	buf_puts(to, t->may_fragment ? " fragments" : "");
}
