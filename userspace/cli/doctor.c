/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: what is wrong, and what to do about it. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json_doc.h"
#include "cli/cli.h"
#include "cli/diagnosis.h"
#include "cli/member.h"

enum { BPFFS_MAGIC = 0xcafe4a11 };

static void check_kernel(struct diagnosis *d)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		diagnosis_add(d, DIAGNOSIS_WARNING, "kernel", "its version is unknown");
	else if (major < 6 || (major == 6 && minor < 1))
		diagnosis_add(d, DIAGNOSIS_ERROR, "kernel", "Linux %s; 6.1 or newer is needed",
			      u.release);
	else
		diagnosis_add(d, DIAGNOSIS_OK, "kernel", "Linux %s, programs attached by %s",
			      u.release, major > 6 || minor >= 6 ? "tcx" : "clsact");
}

static void check_bpffs(struct diagnosis *d)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs) || (unsigned long)fs.f_type != BPFFS_MAGIC)
		diagnosis_add(d, DIAGNOSIS_WARNING, "bpffs",
			      "none at /sys/fs/bpf (mount -t bpf bpf /sys/fs/bpf; or bvsd has "
			      "--bpffs)");
	else
		diagnosis_add(d, DIAGNOSIS_OK, "bpffs", "at /sys/fs/bpf");
}

static void check_db(const struct cli *cli, struct diagnosis *d)
{
	struct error err;

	if (cli_transact(cli,
			 "{\"op\":\"select\",\"table\":\"Open_vSwitch\",\"where\":[],"
			 "\"columns\":[\"cur_cfg\"]}",
			 &err))
		diagnosis_add(d, DIAGNOSIS_ERROR, "database", "%s", err.text);
	else
		diagnosis_add(d, DIAGNOSIS_OK, "database", "answers");
}

/* NULL: there is nothing to ask. */
static struct json_doc *check_daemon(const struct cli *cli, struct diagnosis *d)
{
	struct json_doc *status = NULL;
	struct error err;
	char *text;

	if (cli_ask(cli, "version", 0, NULL, &text, &err)) {
		diagnosis_add(d, DIAGNOSIS_ERROR, "daemon",
			      "%s (the kernel goes on forwarding without it)", err.text);
		return NULL;
	}
	text[strcspn(text, "\n")] = '\0';
	diagnosis_add(d, DIAGNOSIS_OK, "daemon", "%s", text);
	free(text);
	if (cli_status(cli, &status, &err))
		diagnosis_add(d, DIAGNOSIS_ERROR, "switch", "%s", err.text);
	return status;
}

/* Frames that the device has put together are larger than any that it received. */
static bool has_lro(const char *name)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GFLAGS };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has;

	if (fd < 0)
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	has = !ioctl(fd, SIOCETHTOOL, &ifr) && value.data & ETH_FLAG_LRO;
	close(fd);
	return has;
}

static void check_lro(struct diagnosis *d, const struct json *status)
{
	const struct json *bridges = json_get(status, "bridges");

	for (size_t i = 0; i < json_n_elements(bridges); i++) {
		const struct json *ports = json_get(json_at(bridges, i), "ports");

		for (size_t k = 0; k < json_n_elements(ports); k++) {
			const char *name = member_string(json_at(ports, k), "name");

			if (!strcmp(member_string(json_at(ports, k), "kind"), "system") &&
			    has_lro(name))
				diagnosis_add(d, DIAGNOSIS_WARNING, "lro",
					      "port %s: large receive offload is on (ethtool -K %s "
					      "lro off)",
					      name, name);
		}
	}
}

static int doctor(const struct cli *cli, int argc, char **argv)
{
	struct diagnosis d = { .n = 0 };
	struct buf b = BUF_INIT;
	struct json_doc *status;
	int rc;

	(void)argv;
	if (argc > 1)
		return cli_misuse(&cli_doctor, "doctor takes no words");
	check_kernel(&d);
	check_bpffs(&d);
	status = check_daemon(cli, &d);
	check_db(cli, &d);
	if (status) {
		diagnosis_of_status(&d, json_doc_root(status));
		check_lro(&d, json_doc_root(status));
	}
	if (cli->is_json)
		diagnosis_put_json(&b, &d);
	else
		diagnosis_put(&b, &d);
	rc = buf_ok(&b) ? cli_print(b.data) : CLI_FAILED;
	if (diagnosis_has(&d, DIAGNOSIS_ERROR))
		rc = CLI_FAILED;
	buf_free(&b);
	json_doc_unref(status);
	diagnosis_clear(&d);
	return rc;
}

const struct cli_command cli_doctor = {
	.name = "doctor",
	.what = "what is wrong, and what to do about it",
	.help = "usage: bvsctl doctor [--json]\n"
		"\n"
		"Looks at kernel, daemon, database, ports, mirrors and losses, and prints a line "
		"for\n"
		"each finding: ok, warning or error.  The exit code is 1 if there is an error.\n",
	.run = doctor,
};
