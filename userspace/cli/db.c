/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h: the file of a database. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cli.h"

/* The work is bvsd's, which knows the file: ours is the one beside us, or else the one that
 * is found in $PATH. */
static int db(const struct cli *cli, int argc, char **argv)
{
	struct buf output = BUF_INIT, path = BUF_INIT;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *name;

	(void)cli;
	if (argc != 4 || strcmp(argv[1], "salvage"))
		return cli_misuse(&cli_db, "the command is \"db salvage FILE NEWFILE\"");
	self[n < 0 ? 0 : n] = '\0';
	buf_printf(&path, "%s/bvsd", dirname(self));
	buf_printf(&output, "--salvage=%s", argv[3]);
	if (!buf_ok(&path) || !buf_ok(&output)) {
		fprintf(stderr, "bvsctl: out of memory\n");
		return CLI_FAILED;
	}
	name = access(path.data, X_OK) ? "bvsd" : path.data;
	execlp(name, "bvsd", output.data, "--", argv[2], (char *)NULL);
	fprintf(stderr, "bvsctl: cannot run bvsd: %s\n", strerror(errno));
	buf_free(&path);
	buf_free(&output);
	return CLI_FAILED;
}

const struct cli_command cli_db = {
	.name = "db",
	.what = "db salvage FILE NEWFILE: saves what can be saved of a damaged database",
	.help = "usage: bvsctl db salvage FILE NEWFILE\n"
		"\n"
		"Writes to NEWFILE what can be saved of the damaged database FILE, and says what "
		"is\n"
		"lost.  FILE is left as it is.\n",
	.run = db,
};
