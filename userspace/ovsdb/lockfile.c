/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

struct lockfile {
	int fd;
};

/* Beside the file itself, not beside a link to it.  NULL: errno. */
static char *lock_path(const char *path)
{
	char *real = realpath(path, NULL);
	const char *file = real ? real : path;
	const char *slash = strrchr(file, '/');
	struct buf b = BUF_INIT;

	if (!real && errno != ENOENT)
		return NULL;
	if (slash)
		buf_put(&b, file, (size_t)(slash + 1 - file));
	buf_printf(&b, ".%s.~lock~", slash ? slash + 1 : file);
	free(real);
	errno = ENOMEM;
	return buf_steal(&b);
}

static int set_lock(int fd, const char *path, struct error *err)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int errnum;

	if (fcntl(fd, F_SETLK, &fl) == 0)
		return 0;
	errnum = errno;
	if ((errnum == EAGAIN || errnum == EACCES) && fcntl(fd, F_GETLK, &fl) == 0 &&
	    fl.l_type != F_UNLCK)
		return error_set(err, "I/O error",
				 "%s is in use: its lock file is held by another server (pid %d)",
				 path, (int)fl.l_pid);
	return error_errno(err, errnum, "lock the lock file of %s", path);
}

int lockfile_take(const char *path, struct lockfile **ret, struct error *err)
{
	struct lockfile *l;
	char *name = lock_path(path);
	int fd;

	if (!name)
		return error_errno(err, errno, "open %s", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_errno(err, errno, "open %s", name);
		free(name);
		return -1;
	}
	free(name);
	l = malloc(sizeof(*l));
	if (!l || set_lock(fd, path, err) < 0) {
		if (!l)
			error_nomem(err);
		free(l);
		close(fd);
		return -1;
	}
	l->fd = fd;
	*ret = l;
	return 0;
}

void lockfile_release(struct lockfile *l)
{
	if (!l)
		return;
	close(l->fd);
	free(l);
}
