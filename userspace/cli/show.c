/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the switch as a tree. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "cli/cli.h"
#include "cli/rate.h"
#include "cli/member.h"

/* "access 10", "trunk", "trunk 1-4" */
static void put_vlan(struct buf *to, const struct json *port)
{
	const char *mode = member_string(port, "vlan_mode");
	const char *trunks = member_string(port, "trunks");

	buf_puts(to, mode);
	if (json_get(port, "tag"))
		buf_printf(to, " %llu", (unsigned long long)member_number(port, "tag"));
	if (*trunks && strncmp(mode, "native", 6))
		buf_printf(to, " %s", trunks);
}

static const char *link_of(const struct json *port)
{
	if (!member_true(port, "admin_up"))
		return "down";
	return member_true(port, "link") ? "up" : "no link";
}

static void put_port(struct buf *to, const struct json *port, const struct json *before,
		     double seconds)
{
	const char *error = member_string(port, "error");
	const char *peer = member_string(port, "peer");
	const char *problem = member_string(port, "problem");
	struct buf vlan = BUF_INIT;

	buf_printf(to, "  %-15s ", member_string(port, "name"));
	if (*error) {
		buf_puts(to, "ERROR: ");
		for (const char *c = error; *c; c++)
			buf_putc(to, *c == '\n' ? ';' : *c);
		buf_putc(to, '\n');
		return;
	}
	put_vlan(&vlan, port);
	buf_printf(to, "%5llu  %-8s %-16s %-7s", (unsigned long long)member_number(port, "ofport"),
		   member_string(port, "kind"), vlan.data ? vlan.data : "", link_of(port));
	buf_free(&vlan);
	if (seconds > 0) {
		buf_puts(to, "  in ");
		rate_put(to, port, before, "rx_packets", "rx_bytes", seconds);
		buf_puts(to, ", out ");
		rate_put(to, port, before, "tx_packets", "tx_bytes", seconds);
	} else {
		buf_printf(to, "  in %llu, out %llu",
			   (unsigned long long)member_number(port, "rx_packets"),
			   (unsigned long long)member_number(port, "tx_packets"));
	}
	if (*peer)
		buf_printf(to, ", patch to %s", peer);
	if (member_true(port, "mirror_output"))
		buf_puts(to, ", a mirror's output");
	if (member_true(port, "protected"))
		buf_puts(to, ", protected");
	if (*problem)
		buf_printf(to, ", sends nothing: %s", problem);
	buf_putc(to, '\n');
}

static void put_names(struct buf *to, const char *what, const struct json *names)
{
	for (size_t i = 0; i < json_n_elements(names); i++)
		buf_printf(to, "%s%s", i ? "," : what, json_string(json_at(names, i)));
}

static void put_mirror(struct buf *to, const struct json *m, const struct json *before,
		       double seconds)
{
	const char *vlans = member_string(m, "select_vlan");
	const char *output = member_string(m, "output_port");
	const char *filters[] = { member_string(m, "filter"), member_string(m, "tcpdump_filter") };
	uint64_t output_vlan = member_number(m, "output_vlan");

	buf_printf(to, "  mirror %s:", member_string(m, "name"));
	buf_puts(to, member_true(m, "select_all") ? " all ports" : "");
	put_names(to, " from ", json_get(m, "select_src_port"));
	put_names(to, " to ", json_get(m, "select_dst_port"));
	if (*vlans)
		buf_printf(to, " VLAN %s", vlans);
	for (int i = 0; i < 2; i++) {
		if (*filters[i])
			buf_printf(to, " if \"%s\"", filters[i]);
	}
	if (*output)
		buf_printf(to, " => %s", output);
	else if (output_vlan)
		buf_printf(to, " => VLAN %llu", (unsigned long long)output_vlan);
	buf_printf(to, "  [%s]", member_string(m, "state"));
	if (seconds > 0) {
		buf_puts(to, "  ");
		rate_put_copies(to, m, before, seconds);
	} else {
		buf_printf(to, "  %llu copies", (unsigned long long)member_number(m, "sent"));
	}
	if (rate_lost(m))
		buf_printf(to, ", %llu lost since the start", (unsigned long long)rate_lost(m));
	buf_putc(to, '\n');
}

static void put_bridge(struct buf *to, const struct json *b, const struct json *before,
		       double seconds)
{
	const struct json *ports = json_get(b, "ports"), *mirrors = json_get(b, "mirrors");

	buf_printf(to, "%s  (%llu of %llu addresses%s)\n", member_string(b, "name"),
		   (unsigned long long)member_number(b, "addresses"),
		   (unsigned long long)member_number(b, "addresses_max"),
		   member_true(b, "secure") ? ", secure: forwards nothing" : "");
	for (size_t i = 0; i < json_n_elements(ports); i++)
		put_port(to, json_at(ports, i),
			 rate_same(json_get(before, "ports"), json_at(ports, i)), seconds);
	for (size_t i = 0; i < json_n_elements(mirrors); i++)
		put_mirror(to, json_at(mirrors, i),
			   rate_same(json_get(before, "mirrors"), json_at(mirrors, i)), seconds);
}

static int print_tree(const struct json *now, const struct json *before, double seconds)
{
	const struct json *bridges = json_get(now, "bridges");
	struct buf b = BUF_INIT;
	int rc;

	for (size_t i = 0; i < json_n_elements(bridges); i++)
		put_bridge(&b, json_at(bridges, i),
			   rate_same(json_get(before, "bridges"), json_at(bridges, i)), seconds);
	if (!json_n_elements(bridges))
		buf_puts(&b, "no bridge (ovs-vsctl add-br NAME makes one)\n");
	rc = buf_ok(&b) ? cli_print(b.data) : CLI_FAILED;
	buf_free(&b);
	return rc;
}

static int show(const struct cli *cli, int argc, char **argv)
{
	struct json_doc *before = NULL, *now = NULL;
	double seconds = 1;
	struct error err;
	int rc;

	if (cli->is_json && argc == 1)
		return cli_pass(cli, "bvs/status", 0, NULL);
	if (argc == 2 && rate_parse_interval(argv[1], &seconds))
		argc--;
	if (argc != 1)
		return cli_misuse(&cli_show,
				  "show takes --interval=SECONDS, 0 to 60, and no other word");
	if (seconds > 0) {
		if (cli_status(cli, &before, &err))
			return cli_fail(&err);
		seconds = rate_wait(seconds);
	}
	rc = cli_status(cli, &now, &err)
		     ? cli_fail(&err)
		     : print_tree(json_doc_root(now), before ? json_doc_root(before) : NULL,
				  seconds);
	json_doc_unref(before);
	json_doc_unref(now);
	return rc;
}

const struct cli_command cli_show = {
	.name = "show",
	.what = "bridges, ports, VLANs and mirrors, with what passes a second",
	.help = "usage: bvsctl show [--json] [--interval=SECONDS]\n"
		"\n"
		"Bridges with their ports (name, OpenFlow number, kind, VLANs, link, rates) and "
		"mirrors\n"
		"(what they select, where their copies go, state, rates, losses).  Rates are of "
		"the\n"
		"interval, 1 s by default; with 0 the totals are shown, at once.\n",
	.run = show,
};
