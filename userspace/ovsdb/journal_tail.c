/* SPDX-License-Identifier: Apache-2.0 */
#include "ovsdb/journal_tail.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "ovsdb/journal_file.h"
#include "ovsdb/journal_state.h"

int journal_cut_tail(struct journal *j, struct error *err)
{
	struct buf name = BUF_INIT, tail = BUF_INIT;
	struct stat st;
	size_t len;
	int fd = -1;

	if (!j->has_tail)
		return 0;
	if (fstat(j->fd, &st) < 0)
		return error_errno(err, errno, "stat %s", j->path);
	len = (size_t)st.st_size > j->end ? (size_t)st.st_size - j->end : 0;
	buf_printf(&name, "%s.torn-%zu", j->path, j->end);
	if (!buf_ok(&name) || !buf_reserve(&tail, len + 1))
		error_nomem(err);
	else if (pread(j->fd, tail.data, len, (off_t)j->end) != (ssize_t)len)
		error_errno(err, errno, "read the end of %s", j->path);
	else {
		tail.len = len;
		fd = file_replace(name.data, st.st_mode & 0777, &tail, err);
	}
	buf_free(&name);
	buf_free(&tail);
	if (fd < 0)
		return -1;
	close(fd);
	if (ftruncate(j->fd, (off_t)j->end) < 0)
		return error_errno(err, errno, "cut the torn end off %s", j->path);
	j->has_tail = false;
	return 0;
}
