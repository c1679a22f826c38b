/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server: a disk that is stuck.  While the file $STUCK_DISK exists, no
 * fdatasync() returns; $STUCK_DISK.waiting says that one is waiting.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd);

int fdatasync(int fd)
{
	const char *path = getenv("STUCK_DISK");
	char sign[256];

	while (path && !access(path, F_OK)) {
		snprintf(sign, sizeof(sign), "%s.waiting", path);
		close(open(sign, O_WRONLY | O_CREAT, 0600));
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return (int)syscall(SYS_fdatasync, fd);
}
