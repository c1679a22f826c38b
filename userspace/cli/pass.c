/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: commands that are one question to the daemon: explain, image, datapath, appctl. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"

/* The flow may be several words. */
static int explain(const struct cli *cli, int argc, char **argv)
{
	const char *words[3];
	struct buf flow = BUF_INIT;
	size_t n = 0;
	int rc;

	if (argc < 3)
		return cli_misuse(&cli_explain, "explain needs a bridge and a flow");
	for (int i = 2; i < argc; i++)
		buf_printf(&flow, "%s%s", i > 2 ? "," : "", argv[i]);
	if (!buf_ok(&flow))
		abort();
	if (cli->is_json)
		words[n++] = "--json";
	words[n++] = argv[1];
	words[n++] = flow.data;
	rc = cli_pass(cli, "mirror/explain", n, words);
	buf_free(&flow);
	return rc;
}

const struct cli_command cli_explain = {
	.name = "explain",
	.what = "what would become of a frame, and which mirrors would copy it",
	.help = "usage: bvsctl explain [--json] BRIDGE in_port=PORT[,FIELD=VALUE...]\n"
		"\n"
		"Says what the switch would do with such a frame that comes in by PORT: where it "
		"would\n"
		"go, which mirrors would copy it, in what form and where to, or why not.  The "
		"packet\n"
		"path itself is asked, with the addresses that it has learned by now; nothing is "
		"sent,\n"
		"counted or learned.\n"
		"\n"
		"Fields as in ovs-fields(7): dl_src, dl_dst, dl_type, dl_vlan, dl_vlan_pcp, ip, "
		"ipv6, arp,\n"
		"tcp, udp, icmp, nw_src, nw_dst, nw_proto, tp_src, tp_dst ... and packet_len, the\n"
		"length in bytes.  What is not said is 0.\n"
		"\n"
		"example: bvsctl explain br0 in_port=tap1,dl_vlan=10,dl_dst=02:00:00:00:00:02\n",
	.run = explain,
};

static int image(const struct cli *cli, int argc, char **argv)
{
	if (argc < 2 || argc > 3 || strcmp(argv[1], "dump"))
		return cli_misuse(&cli_image, "the command is \"image dump [BRIDGE]\"");
	return cli_pass(cli, "bridge/dump-image", (size_t)argc - 2, (const char *const *)argv + 2);
}

const struct cli_command cli_image = {
	.name = "image",
	.what = "image dump [BRIDGE]: the configuration as the packet programs read it",
	.help = "usage: bvsctl image dump [BRIDGE]\n"
		"\n"
		"A line for each entry of the maps that the packet programs read, of one bridge or "
		"of\n"
		"all.  Ports, bridges and mirrors are numbers there; comments name them.\n",
	.run = image,
};

static int datapath(const struct cli *cli, int argc, char **argv)
{
	static const char *const cleanup[] = { "--cleanup" };

	if (argc != 2 || strcmp(argv[1], "down"))
		return cli_misuse(&cli_datapath, "the command is \"datapath down\"");
	return cli_pass(cli, "exit", 1, cleanup);
}

const struct cli_command cli_datapath = {
	.name = "datapath",
	.what = "datapath down: end the daemon and take its switch out of the kernel",
	.help = "usage: bvsctl datapath down\n"
		"\n"
		"Ends the daemon and takes programs, maps and devices away: no frame is forwarded "
		"any\n"
		"more.  The database stays.  (A daemon that just ends leaves the kernel "
		"forwarding.)\n",
	.run = datapath,
};

static int appctl(const struct cli *cli, int argc, char **argv)
{
	if (argc < 2)
		return cli_misuse(&cli_appctl, "appctl needs a command (try \"list-commands\")");
	return cli_pass(cli, argv[1], (size_t)argc - 2, (const char *const *)argv + 2);
}

const struct cli_command cli_appctl = {
	.name = "appctl",
	.what = "any command of the daemon's control socket, as ovs-appctl",
	.help = "usage: bvsctl appctl COMMAND [WORD...]\n"
		"\n"
		"\"bvsctl appctl list-commands\" shows them.\n",
	.run = appctl,
};
