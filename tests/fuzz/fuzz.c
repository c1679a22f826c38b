/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/fuzz.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

static char dir[] = "/dev/shm/bvs-fuzz.XXXXXX"; /* in memory: no disk is worn out */
static pid_t owner;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st, (void)flag, (void)at;
	return remove(path);
}

static void remove_dir(void)
{
	if (owner == getpid())
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_dir(void)
{
	if (!owner) {
		fuzz_demand(mkdtemp(dir), "there is a folder");
		owner = getpid();
		atexit(remove_dir);
	}
	return dir;
}

void fuzz_demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

void fuzz_read_file(const char *path, struct buf *to)
{
	FILE *f = fopen(path, "re");
	char *room;
	size_t n;

	fuzz_demand(f, path);
	do {
		room = buf_reserve(to, 4096);
		fuzz_demand(room, "there is memory");
		n = fread(room, 1, 4096, f);
		to->len += n;
	} while (n);
	fclose(f);
}
