/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct path {
	char text[PATH_MAX];
};

/* bpf() of kernels before 6.5 takes paths only. */
static const char *path_of(struct path *p, int dir, const char *name)
{
	snprintf(p->text, sizeof(p->text), "/proc/self/fd/%d/%s", dir, name);
	return p->text;
}

int pins_get(int dir, const char *name)
{
	struct path path;
	int fd = bpf_obj_get(path_of(&path, dir, name));

	return fd < 0 ? -1 : fd;
}

int pins_put(int dir, const char *name, int fd)
{
	struct path path;

	return bpf_obj_pin(fd, path_of(&path, dir, name)) ? -1 : 0;
}

int pins_replace(int dir, const char *name, int fd)
{
	char new_name[NAME_MAX];

	snprintf(new_name, sizeof(new_name), "%s-new", name);
	if (pins_remove(dir, new_name) || pins_put(dir, new_name, fd))
		return -1;
	return renameat(dir, new_name, dir, name);
}

bool pins_has(int dir, const char *name)
{
	return !faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

int pins_remove(int dir, const char *name)
{
	return unlinkat(dir, name, 0) && errno != ENOENT ? -1 : 0;
}

/* The names are read first: removing while reading may skip some. */
int pins_each(int dir, void (*cb)(void *arg, const char *name), void *arg)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0, cap = 0;
	char **names = NULL;
	struct dirent *e;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((e = readdir(stream))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (n == cap) {
			char **more;

			cap = cap ? cap * 2 : 64;
			more = reallocarray(names, cap, sizeof(*names));
			if (!more)
				abort();
			names = more;
		}
		names[n] = strdup(e->d_name);
		if (!names[n++])
			abort();
	}
	closedir(stream);
	for (size_t i = 0; i < n; i++) {
		cb(arg, names[i]);
		free(names[i]);
	}
	free(names);
	return 0;
}
