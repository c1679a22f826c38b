/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test: a disk on which a sync takes long.  While the file
 * $SLOW_DISK exists, fsync() and fdatasync() take a second more.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static void wait_for_disk(void)
{
	const char *path = getenv("SLOW_DISK");

	if (path && !access(path, F_OK))
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
}

int fsync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fdatasync, fd);
}
