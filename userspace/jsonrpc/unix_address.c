/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/unix_address.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int unix_address(const char *path, struct sockaddr_un *ret, int *ret_dir_fd, struct error *err)
{
	char *copy;
	int n;

	*ret_dir_fd = -1;
	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (strlen(path) < sizeof(ret->sun_path)) {
		strcpy(ret->sun_path, path);
		return 0;
	}
	copy = strdup(path);
	if (!copy)
		return error_nomem(err);
	*ret_dir_fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (*ret_dir_fd < 0)
		return error_errno(err, errno, "open the directory of %s", path);
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", *ret_dir_fd,
		     strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	if (n < 0 || (size_t)n >= sizeof(ret->sun_path)) {
		close(*ret_dir_fd);
		*ret_dir_fd = -1;
		return error_set(err, "I/O error", "%s: name of socket is too long", path);
	}
	return 0;
}
