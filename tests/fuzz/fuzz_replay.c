/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the target's corpus once each, as a test that prints TAP.  A finding aborts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "fuzz/fuzz.h"

static int is_file(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void replay(const char *dir, const char *name)
{
	struct buf input = BUF_INIT;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fuzz_read_file(path, &input);
	fuzz_one((const uint8_t *)input.data, input.len);
	buf_free(&input);
}

int main(void)
{
	char dir[256];
	struct dirent **files;
	int n;

	/* The target's name is NAME_fuzz. */
	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%.*s",
		 (int)strcspn(program_invocation_short_name, "_"), program_invocation_short_name);
	n = scandir(dir, &files, is_file, alphasort);
	fuzz_demand(n > 0, "there is a corpus");
	printf("1..%d\n", n);
	fuzz_start();
	for (int i = 0; i < n; i++) {
		replay(dir, files[i]->d_name);
		printf("ok %d %s\n", i + 1, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return 0;
}
