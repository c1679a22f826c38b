/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/member.h"

static const char *const level_names[] = {
	[DIAGNOSIS_OK] = "ok",
	[DIAGNOSIS_WARNING] = "warning",
	[DIAGNOSIS_ERROR] = "error",
};

void diagnosis_clear(struct diagnosis *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->findings[i].text);
	free(d->findings);
	*d = (struct diagnosis){ .n = 0 };
}

void diagnosis_add(struct diagnosis *d, enum diagnosis_level level, const char *about,
		   const char *fmt, ...)
{
	struct finding *f;
	va_list args;

	d->findings = reallocarray(d->findings, d->n + 1, sizeof(*d->findings));
	if (!d->findings)
		abort();
	f = &d->findings[d->n++];
	f->level = level;
	f->about = about;
	va_start(args, fmt);
	if (vasprintf(&f->text, fmt, args) < 0)
		abort();
	va_end(args);
	/* Open vSwitch tells in several lines what is wrong with a tunnel. */
	for (char *c = f->text; *c; c++)
		*c = *c == '\n' ? ';' : *c;
}

bool diagnosis_has(const struct diagnosis *d, enum diagnosis_level level)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->findings[i].level == level)
			return true;
	}
	return false;
}

/* --- ports --- */

/* What to do about frames that were dropped for this reason; NULL: that is what the
 * configuration asks for. */
static const char *advice(const char *reason)
{
	static const char *const list[][2] = {
		{ "mtu", "raise its MTU, or lower that of the senders" },
		{ "no_device", "the port's device is away" },
		{ "refused", "the kernel had no memory, or the device is down" },
		{ "loop", "patch ports form a loop, or a chain of more than four, or a tunnel's "
			  "packets go into it again" },
		{ "queue_full", "more than the next device takes" },
		{ "no_route", "see its status:bvs-problem" },
		{ "no_neighbour", "see its status:bvs-problem" },
		{ "fragment",
		  "lower the MTU of the other end's ports: pieces of packets are not put "
		  "together" },
		{ "no_tunnel", "somebody sends with another address or key than any tunnel has" },
		{ "bad_checksum", "the underlay damages packets" },
		{ "short", "the underlay cuts packets off" },
		{ "congestion", "the underlay is congested" },
		{ "malformed", "a device delivers frames that end inside a header" },
		{ "not_configured", "a device has the program but is no port" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (!strcmp(list[i][0], reason))
			return list[i][1];
	}
	return NULL;
}

/* whose: a port, or who else has such counters. */
static void look_at_drops(struct diagnosis *d, const char *whose, const struct json *at)
{
	const struct json *drops = json_get(at, "drops");
	const struct json_member *drop;

	json_foreach_member (drops, drop) {
		const char *reason = drop->name.string;

		if (advice(reason))
			diagnosis_add(d, DIAGNOSIS_WARNING, "drops", "%s: %llu frames, %s: %s",
				      whose, (unsigned long long)number_of(&drop->value), reason,
				      advice(reason));
	}
}

static void look_at_port(struct diagnosis *d, const char *bridge, const struct json *port)
{
	const char *name = member_string(port, "name");
	const char *error = member_string(port, "error");
	const char *warning = member_string(port, "warning");
	const char *problem = member_string(port, "problem");
	uint64_t mtu = member_number(port, "mtu");
	uint64_t wanted = member_number(port, "mtu_request");
	struct buf whose = BUF_INIT;

	if (*error) {
		diagnosis_add(d, DIAGNOSIS_ERROR, "port", "%s port %s: %s", bridge, name, error);
		return;
	}
	if (*warning)
		diagnosis_add(d, DIAGNOSIS_WARNING, "port", "%s port %s: %s", bridge, name,
			      warning);
	if (*problem)
		diagnosis_add(d, DIAGNOSIS_WARNING, "port", "%s port %s: %s", bridge, name,
			      problem);
	if (member_true(port, "admin_up") && !member_true(port, "link"))
		diagnosis_add(d, DIAGNOSIS_WARNING, "port", "%s port %s: up, but has no link",
			      bridge, name);
	if (wanted && mtu && mtu != wanted)
		diagnosis_add(d, DIAGNOSIS_WARNING, "mtu",
			      "%s port %s: the MTU is %llu, %llu was asked for", bridge, name,
			      (unsigned long long)mtu, (unsigned long long)wanted);
	buf_printf(&whose, "%s port %s", bridge, name);
	if (buf_ok(&whose))
		look_at_drops(d, whose.data, port);
	buf_free(&whose);
}

/* Frames that fit the one and not the other are lost between them.  A local port whose
 * device is down does not count. */
static void compare_mtus(struct diagnosis *d, const char *bridge, const struct json *ports)
{
	const struct json *least = NULL, *most = NULL;

	for (size_t i = 0; i < json_n_elements(ports); i++) {
		const struct json *p = json_at(ports, i);
		uint64_t mtu = member_number(p, "mtu");

		if (!mtu || !member_true(p, "admin_up"))
			continue;
		if (!least || mtu < member_number(least, "mtu"))
			least = p;
		if (!most || mtu > member_number(most, "mtu"))
			most = p;
	}
	if (least && member_number(least, "mtu") != member_number(most, "mtu"))
		diagnosis_add(d, DIAGNOSIS_WARNING, "mtu",
			      "%s: port %s has an MTU of %llu, port %s one of %llu", bridge,
			      member_string(least, "name"),
			      (unsigned long long)member_number(least, "mtu"),
			      member_string(most, "name"),
			      (unsigned long long)member_number(most, "mtu"));
}

/* --- mirrors --- */

static void look_at_mirror(struct diagnosis *d, const char *bridge, const struct json *m)
{
	static const char *const losses[][2] = {
		{ "dropped_backlog", "the target's queue was full" },
		{ "dropped_budget", "too many in a row for production to bear" },
		{ "dropped_clone", "the kernel refused" },
		{ "dropped_no_target", "its output port was away or down" },
		{ "dropped_mtu", "longer than its output port's MTU" },
	};
	const char *name = member_string(m, "name"), *state = member_string(m, "state");

	if (strcmp(state, "active"))
		diagnosis_add(d, strncmp(state, "error", 5) ? DIAGNOSIS_WARNING : DIAGNOSIS_ERROR,
			      "mirror", "%s mirror %s: %s", bridge, name, state);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		uint64_t n = member_number(m, losses[i][0]);

		if (n)
			diagnosis_add(d, DIAGNOSIS_WARNING, "copies",
				      "%s mirror %s: %llu copies lost: %s", bridge, name,
				      (unsigned long long)n, losses[i][1]);
	}
}

/* --- all --- */

static void look_at_bridge(struct diagnosis *d, const struct json *b)
{
	const char *name = member_string(b, "name");
	const struct json *ports = json_get(b, "ports"), *mirrors = json_get(b, "mirrors");
	uint64_t most = member_number(b, "addresses_max");

	if (member_true(b, "secure"))
		diagnosis_add(d, DIAGNOSIS_WARNING, "bridge",
			      "%s: fail_mode is secure: it forwards nothing", name);
	if (most && member_number(b, "addresses") >= most)
		diagnosis_add(d, DIAGNOSIS_WARNING, "addresses",
			      "%s: the table of %llu addresses is full "
			      "(other_config:mac-table-size)",
			      name, (unsigned long long)most);
	for (size_t i = 0; i < json_n_elements(ports); i++)
		look_at_port(d, name, json_at(ports, i));
	compare_mtus(d, name, ports);
	for (size_t i = 0; i < json_n_elements(mirrors); i++)
		look_at_mirror(d, name, json_at(mirrors, i));
}

void diagnosis_of_status(struct diagnosis *d, const struct json *status)
{
	const struct json *bridges = json_get(status, "bridges");
	size_t n_ports = 0, n_mirrors = 0, n_before;

	diagnosis_add(d, member_true(status, "settled") ? DIAGNOSIS_OK : DIAGNOSIS_ERROR, "settled",
		      member_true(status, "settled")
			      ? "what the database asks for is in force"
			      : "the last change is not in force (the log says why)");
	diagnosis_add(d, member_true(status, "maps_intact") ? DIAGNOSIS_OK : DIAGNOSIS_ERROR,
		      "maps",
		      member_true(status, "maps_intact")
			      ? "the kernel holds what was written"
			      : "somebody else has written to the switch's maps (restart bvsd)");
	n_before = d->n;
	look_at_drops(d, "no port's", status);
	for (size_t i = 0; i < json_n_elements(bridges); i++) {
		n_ports += json_n_elements(json_get(json_at(bridges, i), "ports"));
		n_mirrors += json_n_elements(json_get(json_at(bridges, i), "mirrors"));
		look_at_bridge(d, json_at(bridges, i));
	}
	if (d->n == n_before)
		diagnosis_add(d, DIAGNOSIS_OK, "ports",
			      "%zu bridges, %zu ports and %zu mirrors without a complaint",
			      json_n_elements(bridges), n_ports, n_mirrors);
}

void diagnosis_put(struct buf *to, const struct diagnosis *d)
{
	for (size_t i = 0; i < d->n; i++)
		buf_printf(to, "%-8s %-10s %s\n", level_names[d->findings[i].level],
			   d->findings[i].about, d->findings[i].text);
}

void diagnosis_put_json(struct buf *to, const struct diagnosis *d)
{
	buf_putc(to, '[');
	for (size_t i = 0; i < d->n; i++) {
		buf_printf(to, "%s{\"level\":\"%s\",\"about\":\"%s\",\"text\":", i ? "," : "",
			   level_names[d->findings[i].level], d->findings[i].about);
		text_put_string(to, d->findings[i].text);
		buf_putc(to, '}');
	}
	buf_puts(to, "]\n");
}
