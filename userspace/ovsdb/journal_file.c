/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

int file_write_at(int fd, const char *data, size_t len, size_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : ENOSPC;
		data += n;
		len -= (size_t)n;
		offset += (size_t)n;
	}
	return 0;
}

int file_copy(int from, size_t from_offset, int to, size_t to_offset, size_t len)
{
	char piece[65536];

	while (len) {
		ssize_t n = pread(from, piece, len < sizeof(piece) ? len : sizeof(piece),
				  (off_t)from_offset);
		int errnum;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		errnum = file_write_at(to, piece, (size_t)n, to_offset);
		if (errnum)
			return errnum;
		from_offset += (size_t)n;
		to_offset += (size_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int file_sync_directory(const char *path, struct error *err)
{
	char *copy = strdup(path);
	int fd, rc = 0;

	if (!copy)
		return error_nomem(err);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = error_errno(err, errno, "sync directory of %s", path);
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

int file_create_beside(const char *path, const char *suffix, mode_t mode, int *ret_fd,
		       char **ret_name, struct error *err)
{
	struct buf name = BUF_INIT;
	int fd;

	buf_printf(&name, "%s%s", path, suffix);
	if (!buf_ok(&name))
		return error_nomem(err);
	fd = open(name.data, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) < 0) {
		error_errno(err, errno, "create %s", name.data);
		if (fd >= 0)
			close(fd);
		buf_free(&name);
		return -1;
	}
	*ret_fd = fd;
	*ret_name = buf_steal(&name);
	return 0;
}

int file_exchange(const char *path, mode_t mode, const struct buf *content, struct error *err)
{
	char *temp;
	int fd, errnum;

	if (file_create_beside(path, ".tmp", mode, &fd, &temp, err) < 0)
		return -1;
	errnum = file_write_at(fd, content->data, content->len, 0);
	if (!errnum && (fsync(fd) < 0 || rename(temp, path) < 0))
		errnum = errno;
	if (errnum) {
		error_errno(err, errnum, "write %s", temp);
		unlink(temp);
	}
	free(temp);
	if (!errnum)
		return fd;
	close(fd);
	return -1;
}

int file_replace(const char *path, mode_t mode, const struct buf *content, struct error *err)
{
	int fd = file_exchange(path, mode, content, err);

	if (fd < 0 || file_sync_directory(path, err) == 0)
		return fd;
	close(fd);
	return -1;
}
