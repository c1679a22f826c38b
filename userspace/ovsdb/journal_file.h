/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writing files so that a crash at any moment leaves the old or the new one.  Used by
 * the journal; knows nothing of what is in them.
 */
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct buf;

/* All of it, at that offset.  Returns 0 or an errno. */
must_check int file_write_at(int fd, const char *data, size_t len, size_t offset);
/* len bytes of `from`, from that offset on, to the same length at another one of `to`. */
must_check int file_copy(int from, size_t from_offset, int to, size_t to_offset, size_t len);
/* Makes the directory of path certain on the disk. */
must_check int file_sync_directory(const char *path, struct error *err);
/* Creates path + suffix, empty, with the mode of a file; the name is the caller's to free. */
must_check int file_create_beside(const char *path, const char *suffix, mode_t mode, int *ret_fd,
				  char **ret_name, struct error *err);
/* Makes path a file with these bytes, or leaves it as it was: written beside it, synced,
 * renamed.  Returns its descriptor, or -1.  Until the directory is synced a crash may bring
 * the old one back. */
must_check int file_exchange(const char *path, mode_t mode, const struct buf *content,
			     struct error *err);
/* The same, made certain.  -1 also where that fails: then the new one may be there. */
must_check int file_replace(const char *path, mode_t mode, const struct buf *content,
			    struct error *err);
