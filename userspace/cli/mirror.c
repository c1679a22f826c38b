/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: mirrors: add, del, show, watch. */
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/mirror_add.h"
#include "cli/rate.h"
#include "cli/member.h"

static const struct json *find(const struct json *list, const char *name)
{
	for (size_t i = 0; i < json_n_elements(list); i++) {
		if (!strcmp(member_string(json_at(list, i), "name"), name))
			return json_at(list, i);
	}
	return NULL;
}

/* NULL: there is none, and err says which of the two. */
static const struct json *find_mirror(const struct json *status, const char *bridge,
				      const char *name, struct error *err)
{
	const struct json *b = find(json_get(status, "bridges"), bridge);
	const struct json *m = find(json_get(b, "mirrors"), name);

	if (!b)
		error_set(err, "not found", "there is no bridge %s", bridge);
	else if (!m)
		error_set(err, "not found", "bridge %s has no mirror %s", bridge, name);
	return m;
}

/* --- add, del --- */

static int take_out(const struct cli *cli, const char *bridge, const char *uuid, struct error *err)
{
	struct buf b = BUF_INIT;
	int failed;

	buf_puts(&b, "{\"op\":\"mutate\",\"table\":\"Bridge\",\"where\":[[\"name\",\"==\",");
	text_put_string(&b, bridge);
	buf_puts(&b, "]],\"mutations\":[[\"mirrors\",\"delete\",[\"uuid\",");
	text_put_string(&b, uuid);
	buf_puts(&b,
		 "]]]},{\"op\":\"mutate\",\"table\":\"Open_vSwitch\",\"where\":[],\"mutations\":"
		 "[[\"next_cfg\",\"+=\",1]]}");
	failed = buf_ok(&b) ? cli_transact(cli, b.data, err) : error_nomem(err);
	buf_free(&b);
	return failed;
}

/* When the daemon has brought it into force, or has found that it cannot. */
static int wait_for(const struct cli *cli, const char *bridge, const char *name,
		    struct json_doc **ret, struct error *err)
{
	enum { STEP_MS = 50 };

	for (int waited = 0;; waited += STEP_MS) {
		if (cli_status(cli, ret, err))
			return -1;
		if (member_true(json_doc_root(*ret), "settled") &&
		    find_mirror(json_doc_root(*ret), bridge, name, err))
			return 0;
		json_doc_unref(*ret);
		*ret = NULL;
		if (waited >= cli->timeout_ms)
			return error_set(err, "timed out",
					 "it is in the database, but the switch "
					 "has not taken it over yet");
		poll(NULL, 0, STEP_MS);
	}
}

/* What the switch cannot do is taken back: nothing has changed then. */
static int report_added(const struct cli *cli, const struct mirror_add *add)
{
	struct json_doc *status = NULL;
	const struct json *m;
	const char *state;
	struct error err;
	int rc;

	if (wait_for(cli, add->bridge, add->name, &status, &err))
		return cli_fail(&err);
	m = find_mirror(json_doc_root(status), add->bridge, add->name, &err);
	state = member_string(m, "state");
	if (!strncmp(state, "error", 5)) {
		fprintf(stderr, "bvsctl: mirror %s: %s\n", add->name, state);
		if (take_out(cli, add->bridge, member_string(m, "uuid"), &err))
			cli_fail(&err);
		else
			fputs("bvsctl: it has been taken out again\n", stderr);
		rc = CLI_FAILED;
	} else if (cli->is_json) {
		struct buf b = BUF_INIT;

		text_put_json(&b, m);
		buf_putc(&b, '\n');
		rc = buf_ok(&b) ? cli_print(b.data) : CLI_FAILED;
		buf_free(&b);
	} else {
		rc = printf("%s: %s\n", add->name, state) < 0 ? CLI_FAILED : CLI_OK;
	}
	json_doc_unref(status);
	return rc;
}

static int read_number(const char *what, const char *text, unsigned long least, unsigned long most,
		       unsigned long *ret, struct error *err)
{
	char *end;

	*ret = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || *ret < least || *ret > most)
		return error_set(err, "syntax error", "--%s takes a number from %lu to %lu", what,
				 least, most);
	return 0;
}

static int set_option(struct mirror_add *m, int c, struct error *err)
{
	unsigned long number = 0;
	int failed = 0;

	switch (c) {
	case 's':
		m->src = optarg;
		break;
	case 'd':
		m->dst = optarg;
		break;
	case 'a':
		m->is_all = true;
		break;
	case 'v':
		return mirror_add_vlans(optarg, m, err);
	case 'o':
		m->output = optarg;
		break;
	case 'O':
		failed = read_number("output-vlan", optarg, 1, 4095, &number, err);
		m->output_vlan = (uint16_t)number;
		break;
	case 'n':
		failed = read_number("snaplen", optarg, 14, 65535, &number, err);
		m->snaplen = (uint32_t)number;
		break;
	case 'w':
		m->is_wire_form = true;
		break;
	case 'f':
		m->filter = optarg;
		break;
	case 't':
		m->expression = optarg;
		break;
	default:
		return error_set(err, "syntax error", "%s: no such option, or its value is missing",
				 m->name ? m->name : "add");
	}
	return failed;
}

/* Options may stand before, between and behind the two names. */
static int read_add(int argc, char **argv, struct mirror_add *m, struct error *err)
{
	static const struct option longs[] = {
		{ "src", required_argument, NULL, 's' },
		{ "dst", required_argument, NULL, 'd' },
		{ "all", no_argument, NULL, 'a' },
		{ "vlan", required_argument, NULL, 'v' },
		{ "output", required_argument, NULL, 'o' },
		{ "output-vlan", required_argument, NULL, 'O' },
		{ "snaplen", required_argument, NULL, 'n' },
		{ "wire-form", no_argument, NULL, 'w' },
		{ "filter", required_argument, NULL, 'f' },
		{ "tcpdump", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == '?')
			return error_set(err, "syntax error",
					 "%s: no such option, or its value is missing",
					 argv[optind - 1]);
		if (set_option(m, c, err))
			return -1;
	}
	if (argc - optind > 2)
		return error_set(err, "syntax error",
				 "%s: not expected behind bridge and name; options begin with --",
				 argv[optind + 2]);
	if (argc - optind < 2)
		return error_set(err, "syntax error", "add needs a bridge and a name");
	m->bridge = argv[optind];
	m->name = argv[optind + 1];
	return mirror_add_check(m, err);
}

static int add(const struct cli *cli, int argc, char **argv)
{
	struct mirror_add m = { .name = NULL };
	struct buf operations = BUF_INIT;
	struct json_doc *status;
	struct error err;
	int failed;

	if (read_add(argc, argv, &m, &err))
		return cli_misuse(&cli_mirror, "%s", err.text);
	if (cli_status(cli, &status, &err))
		return cli_fail(&err);
	failed = !find(json_get(json_doc_root(status), "bridges"), m.bridge)
			 ? error_set(&err, "not found", "there is no bridge %s", m.bridge)
		 : find_mirror(json_doc_root(status), m.bridge, m.name, NULL)
			 ? error_set(&err, "exists", "bridge %s has a mirror %s", m.bridge, m.name)
			 : 0;
	json_doc_unref(status);
	if (failed)
		return cli_fail(&err);
	mirror_add_put(&operations, &m);
	failed = buf_ok(&operations) ? cli_transact(cli, operations.data, &err) : error_nomem(&err);
	buf_free(&operations);
	return failed ? cli_fail(&err) : report_added(cli, &m);
}

static int del(const struct cli *cli, int argc, char **argv)
{
	struct json_doc *status;
	const struct json *m;
	struct error err;
	int failed;

	if (argc != 3)
		return cli_misuse(&cli_mirror, "del needs a bridge and a name");
	if (cli_status(cli, &status, &err))
		return cli_fail(&err);
	m = find_mirror(json_doc_root(status), argv[1], argv[2], &err);
	failed = !m || take_out(cli, argv[1], member_string(m, "uuid"), &err);
	json_doc_unref(status);
	return failed ? cli_fail(&err) : CLI_OK;
}

/* --- show, watch --- */

/* {"bridge":..,"mirrors":[..]} */
static void put_json(struct buf *to, const struct json *bridge)
{
	buf_puts(to, "{\"bridge\":");
	text_put_json(to, json_get(bridge, "name"));
	buf_puts(to, ",\"mirrors\":");
	text_put_json(to, json_get(bridge, "mirrors"));
	buf_putc(to, '}');
}

/* only: NULL for all bridges. */
static int print_json(const struct json *status, const char *only, struct error *err)
{
	const struct json *bridges = json_get(status, "bridges");
	const char *separator = "";
	struct buf b = BUF_INIT;
	int failed = 0;

	if (only && !find(bridges, only))
		return error_set(err, "not found", "there is no bridge %s", only);
	buf_putc(&b, '[');
	for (size_t i = 0; i < json_n_elements(bridges); i++) {
		if (only && strcmp(member_string(json_at(bridges, i), "name"), only))
			continue;
		buf_puts(&b, separator);
		put_json(&b, json_at(bridges, i));
		separator = ",";
	}
	buf_puts(&b, "]\n");
	if (!buf_ok(&b) || cli_print(b.data))
		failed = error_set(err, "I/O error", "cannot write the answer");
	buf_free(&b);
	return failed;
}

static int show(const struct cli *cli, int argc, char **argv)
{
	struct json_doc *status;
	struct error err;
	int failed;

	if (argc > 2)
		return cli_misuse(&cli_mirror, "show takes one bridge");
	if (!cli->is_json)
		return cli_pass(cli, "mirror/show", (size_t)argc - 1,
				(const char *const *)argv + 1);
	if (cli_status(cli, &status, &err))
		return cli_fail(&err);
	failed = print_json(json_doc_root(status), argc > 1 ? argv[1] : NULL, &err);
	json_doc_unref(status);
	return failed ? cli_fail(&err) : CLI_OK;
}

static void put_line(struct buf *to, const struct json *bridge, const struct json *m,
		     const struct json *before, double seconds)
{
	buf_printf(to, "%s %s  ", member_string(bridge, "name"), member_string(m, "name"));
	rate_put_copies(to, m, before, seconds);
	buf_printf(to, "  selected %llu, sent %llu, lost %llu  [%s]\n",
		   (unsigned long long)member_number(m, "selected"),
		   (unsigned long long)member_number(m, "sent"), (unsigned long long)rate_lost(m),
		   member_string(m, "state"));
}

static int print_lines(const struct json *now, const struct json *before, double seconds)
{
	const struct json *bridges = json_get(now, "bridges");
	struct buf b = BUF_INIT;
	int rc;

	buf_puts(&b, "");
	for (size_t i = 0; i < json_n_elements(bridges); i++) {
		const struct json *bridge = json_at(bridges, i);
		const struct json *mirrors = json_get(bridge, "mirrors");
		const struct json *old = rate_same(json_get(before, "bridges"), bridge);

		for (size_t k = 0; k < json_n_elements(mirrors); k++)
			put_line(&b, bridge, json_at(mirrors, k),
				 rate_same(json_get(old, "mirrors"), json_at(mirrors, k)), seconds);
	}
	rc = buf_ok(&b) ? cli_print(b.data) : CLI_FAILED;
	buf_free(&b);
	return rc;
}

static int watch(const struct cli *cli, int argc, char **argv)
{
	struct json_doc *before, *now;
	double seconds = 1, passed;
	unsigned long count = 0; /* until somebody ends it */
	struct error err;
	int rc = CLI_OK;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--count=", 8) &&
		    !read_number("count", argv[i] + 8, 1, 1000000, &count, &err))
			continue;
		if (!rate_parse_interval(argv[i], &seconds) || seconds <= 0)
			return cli_misuse(&cli_mirror,
					  "watch takes --interval=SECONDS, to 60, and --count=N");
	}
	if (cli_status(cli, &before, &err))
		return cli_fail(&err);
	for (unsigned long i = 0; (!count || i < count) && rc == CLI_OK; i++) {
		passed = rate_wait(seconds);
		if (cli_status(cli, &now, &err)) {
			rc = cli_fail(&err);
			break;
		}
		if (!cli->is_json)
			rc = print_lines(json_doc_root(now), json_doc_root(before), passed);
		else if (print_json(json_doc_root(now), NULL, &err))
			rc = cli_fail(&err);
		json_doc_unref(before);
		before = now;
	}
	json_doc_unref(before);
	return rc;
}

static int mirror(const struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *name;
		cli_fn *run;
	} subs[] = { { "add", add }, { "del", del }, { "show", show }, { "watch", watch } };

	for (size_t i = 0; argc > 1 && i < sizeof(subs) / sizeof(subs[0]); i++) {
		if (!strcmp(argv[1], subs[i].name))
			return subs[i].run(cli, argc - 1, argv + 1);
	}
	return cli_misuse(&cli_mirror, "mirror add, del, show or watch?");
}

const struct cli_command cli_mirror = {
	.name = "mirror",
	.what = "mirror add, del, show, watch",
	.help = "usage: bvsctl mirror add BRIDGE NAME WHAT... WHERE [HOW...]\n"
		"       bvsctl mirror del BRIDGE NAME\n"
		"       bvsctl mirror show [--json] [BRIDGE]\n"
		"       bvsctl mirror watch [--json] [--interval=SECONDS] [--count=N]\n"
		"\n"
		"WHAT   --src=PORTS        frames that come in by one of these ports\n"
		"       --dst=PORTS        frames that leave by one of them\n"
		"       --all              all frames\n"
		"       --vlan=VLANS       of these only those in VLANs as 10,20-29\n"
		"       --filter=MATCH     and only those that match, as in ovs-fields(7)\n"
		"       --tcpdump=EXPR     and only those that match, as in pcap-filter(7)\n"
		"WHERE  --output=PORT      the port that gets the copies, and nothing else then\n"
		"       --output-vlan=VLAN the ports of that VLAN\n"
		"HOW    --snaplen=BYTES    copies are cut to this length\n"
		"       --wire-form        they are made what a wire would carry: segments of\n"
		"                          TCP and UDP, with checksums\n"
		"\n"
		"PORTS are names, patterns or notes: tap1,vnet*,vm-id=1234.  They may appear "
		"later: the\n"
		"mirror waits for them.  What the switch cannot do is refused, and nothing is left "
		"of it.\n"
		"\n"
		"example: bvsctl mirror add br0 ids --src=vnet* --dst=vnet* --output=tap9\n",
	.run = mirror,
};
