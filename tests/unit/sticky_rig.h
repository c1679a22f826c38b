/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A switch with one mirror, for the tests of sticky mirrors: what clients do to it, in one
 * line each, and what is to be seen.  Included by one .c of a program, after cmocka.h.
 */
#include "unit/reconcile_rig.h"

/* br0 with tap1 to tap4, br1, and a mirror of tap1's frames to tap3. */
static inline int sticky_setup(void **state)
{
	struct fixture *f;
	struct vswitch *v;

	if (setup(state))
		return -1;
	f = *state;
	v = &f->v;
	vswitch_begin(v);
	vswitch_add_br(v, "br0");
	vswitch_add_br(v, "br1");
	vswitch_add_port(v, "br0", "tap1", "internal");
	vswitch_add_port(v, "br0", "tap2", "internal");
	vswitch_add_port(v, "br0", "tap3", "internal");
	vswitch_add_port(v, "br0", "tap4", "internal");
	vswitch_add_mirror(v, "br0", "m0", "tap1", "", "tap3");
	vswitch_commit(v);
	settle(f);
	f->n_commits = 0;
	return 0;
}

#define RECORD "bvs-bound"

/* ids: "KEY=VALUE,KEY=VALUE" or "". */
static inline void set_map(struct fixture *f, const char *table, const char *name,
			   const char *column, const char *ids)
{
	char *copy = strdup(ids), *rest = copy, *item;
	struct buf b = BUF_INIT;

	buf_puts(&b, "[\"map\",[");
	while (*ids && (item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');

		*value++ = '\0';
		for (char *s = value; *s; s++)
			*s = *s == ';' ? ',' : *s; /* ';' is for a comma in a value */
		buf_printf(&b, "%s[\"%s\",\"%s\"]", item == copy ? "" : ",", item, value);
	}
	buf_puts(&b, "]]");
	vswitch_set(&f->v, table, name, column, b.data);
	buf_free(&b);
	free(copy);
}

static inline void add_port(struct fixture *f, const char *bridge, const char *name,
			    const char *ids)
{
	vswitch_begin(&f->v);
	vswitch_add_port(&f->v, bridge, name, "internal");
	set_map(f, "Interface", name, "external_ids", ids);
	vswitch_commit(&f->v);
}

static inline void del_port(struct fixture *f, const char *name)
{
	vswitch_del_port(&f->v, "br0", name);
}

static inline void set_ports(struct fixture *f, const char *mirror, const char *column,
			     const char *ports)
{
	vswitch_set_refs(&f->v, "Mirror", mirror, column, "Port", ports);
}

/* --- what is to be seen --- */

/* The part of the model that is the mirror's line, without its slot. */
static inline const char *line(struct fixture *f, const char *mirror)
{
	static char text[2000];
	char start_of[64];
	const char *s;

	snprintf(start_of, sizeof(start_of), "  mirror %s ", mirror);
	s = strstr(fake_datapath_model(f->dp), start_of);
	if (!s)
		return "no such mirror";
	s = strstr(s, "bit=");
	s = strchr(s, ' ') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(s, "\n"), s);
	return text;
}
#define LINE(MIRROR, WANT) assert_string_equal(line(f, MIRROR), WANT)

/* The column has just these ports: the rows that they are now. */
static inline void check_ports(struct fixture *f, const char *mirror, const char *column,
			       const char *names)
{
	const char *text = get(f, "Mirror", mirror, column);
	char *copy = strdup(names), *rest = copy, *name;
	size_t n = 0, n_found = 0;

	while (*names && (name = strsep(&rest, ","))) {
		struct uuid uuid = vswitch_find(&f->v, "Port", name);

		n++;
		if (!strstr(text, UUID_STR(&uuid)))
			fail_msg("%s lacks %s", column, name);
	}
	for (const char *s = text; (s = strstr(s, "\"uuid\"")); s++)
		n_found++;
	assert_int_equal(n_found, n);
	free(copy);
}
#define SRC(NAMES) check_ports(f, "m0", "select_src_port", NAMES)
#define DST(NAMES) check_ports(f, "m0", "select_dst_port", NAMES)
#define OUTPUT(NAMES) check_ports(f, "m0", "output_port", NAMES)

/* The record with the names in place of the rows' tags, where those are right. */
static inline const char *record(struct fixture *f, const char *mirror)
{
	static struct buf b = BUF_INIT;
	const struct column *c = vswitch_column(&f->v, "Mirror", "external_ids");
	struct uuid uuid = vswitch_find(&f->v, "Mirror", mirror);
	const struct row *row = db_find(f->v.db, vswitch_table(&f->v, "Mirror"), &uuid);
	const char *s = row_map_string(row, c, RECORD);

	buf_reset(&b);
	buf_puts(&b, "");
	while (s && *s) {
		size_t n = strcspn(s, "@"), n_name;
		char name[32];

		buf_put(&b, s, n);
		if (!s[n])
			break;
		for (n_name = 0; n_name < n && s[n - n_name - 1] != ' ';)
			n_name++;
		snprintf(name, sizeof(name), "%.*s", (int)n_name, s + n - n_name);
		uuid = vswitch_find(&f->v, "Port", name);
		if (strncmp(s + n + 1, UUID_STR(&uuid), 8))
			buf_puts(&b, "@old");
		s += n + 9;
	}
	return b.data ? b.data : "";
}
#define BOUND(WANT) assert_string_equal(record(f, "m0"), WANT)

static inline const char *status(struct fixture *f)
{
	static char text[1000];
	const char *s = get(f, "Bridge", "br0", "status");

	s = strstr(s, "\"mirror-m0\",\"");
	snprintf(text, sizeof(text), "%s", s ? s + 13 : "");
	text[strcspn(text, "\"")] = '\0';
	return text;
}
#define STATUS(WANT) assert_string_equal(status(f), WANT)

#define ACTIVE "src=tap1 out=tap3 state=\"active\""
#define WAITS_SRC "out=tap3 state=\"pending: waiting for port tap1 (src)\""
