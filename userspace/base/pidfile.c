/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pidfile {
	int fd;
	char *path;
};

static int lock_and_write(int fd, const char *path, struct error *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &fl) < 0) {
		if (fcntl(fd, F_GETLK, &fl) == 0 && fl.l_type != F_UNLCK)
			return error_set(err, "I/O error", "%s is held by a live process (pid %d)",
					 path, (int)fl.l_pid);
		return error_errno(err, errno, "lock %s", path);
	}
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return error_errno(err, errno, "write %s", path);
	return 0;
}

int pidfile_new(const char *path, struct pidfile **ret, struct error *err)
{
	struct pidfile *p = calloc(1, sizeof(*p));

	if (!p)
		return error_nomem(err);
	p->path = strdup(path);
	p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (p->fd < 0)
		error_errno(err, errno, "open %s", path);
	if (!p->path || p->fd < 0 || lock_and_write(p->fd, path, err) < 0) {
		if (p->fd >= 0)
			close(p->fd);
		if (!p->path)
			error_nomem(err);
		free(p->path);
		free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

void pidfile_free(struct pidfile *p)
{
	if (!p)
		return;
	unlink(p->path);
	close(p->fd);
	free(p->path);
	free(p);
}
