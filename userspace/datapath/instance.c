/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/instance.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "datapath/hash.h"
#include "datapath/pins.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* map owner: ARRAY[1] */
struct owner {
	char path[1024];
	uint64_t netns_cookie;
	uint64_t programs;
};

void instance_id(const char *owner, uint64_t netns_cookie, char *to)
{
	uint64_t h = hash64(hash64(HASH64_INIT, owner, strlen(owner) + 1), &netns_cookie,
			    sizeof(netns_cookie));

	snprintf(to, INSTANCE_ID_LEN + 1, "%016" PRIx64, h);
}

void instance_device_name(const struct instance *i, const char *purpose, char *to)
{
	uint64_t h = hash64(hash64(HASH64_INIT, i->id, sizeof(i->id)), purpose, strlen(purpose));

	snprintf(to, 13, "bvs-%08x", (uint32_t)(h ^ h >> 32));
}

void instance_mac(const struct instance *i, const void *seed, size_t seed_len, uint8_t *to)
{
	uint64_t h = hash64(hash64(HASH64_INIT, i->id, sizeof(i->id)), seed, seed_len);

	memcpy(to, &h, 6);
	to[0] = (uint8_t)((to[0] & 0xfe) | 0x02);
}

static int netns_cookie(uint64_t *ret, struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret);
	int failed = 0;

	if (fd < 0)
		return error_errno(err, errno, "socket");
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret, &len))
		failed = error_errno(err, errno,
				     "the kernel does not tell network namespaces apart: "
				     "SO_NETNS_COOKIE, Linux 5.14");
	close(fd);
	return failed;
}

static int make_dir(int at, const char *name, const char *path, int *ret, struct error *err)
{
	if (mkdirat(at, name, 0700) && errno != EEXIST)
		return error_errno(err, errno, "make directory %s", path);
	*ret = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret < 0)
		return error_errno(err, errno, "open directory %s", path);
	return 0;
}

static int open_bpffs(const char *bpffs, int *ret, struct error *err)
{
	struct statfs fs;
	int fd = open(bpffs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "open %s, where a bpffs should be mounted", bpffs);
	if (fstatfs(fd, &fs) || fs.f_type != BPF_FS_MAGIC) {
		close(fd);
		return error_set(err, "I/O error",
				 "%s is not a bpffs; mount one: mount -t bpf bpffs %s", bpffs,
				 bpffs);
	}
	*ret = fd;
	return 0;
}

/* Who has the flock on fd: the kernel tells only there. */
static long lock_holder(int fd)
{
	char line[256], place[64];
	struct stat st;
	FILE *locks;
	long holder = 0, pid;

	if (fstat(fd, &st))
		return 0;
	snprintf(place, sizeof(place), " %02x:%02x:%lu ", major(st.st_dev), minor(st.st_dev),
		 (unsigned long)st.st_ino);
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return 0;
	while (fgets(line, sizeof(line), locks)) {
		if (strstr(line, place) && strstr(line, "FLOCK") && !strstr(line, "->") &&
		    sscanf(line, "%*s %*s %*s %*s %ld", &pid) == 1)
			holder = pid;
	}
	fclose(locks);
	return holder;
}

/* The directory of the instance, locked.  One that was removed between open and lock is
 * made again. */
static int lock_dir(int bpffs, struct instance *i, struct error *err)
{
	struct stat mine, now;
	int parent, failed;

	for (;;) {
		if (make_dir(bpffs, "bvs", i->path, &parent, err))
			return -1;
		failed = make_dir(parent, i->id, i->path, &i->dir, err);
		if (failed) {
			close(parent);
			return -1;
		}
		if (flock(i->dir, LOCK_EX | LOCK_NB)) {
			close(parent);
			return error_errno(err, errno, "%s is held by process %ld", i->path,
					   lock_holder(i->dir));
		}
		failed = fstat(i->dir, &mine) || fstatat(parent, i->id, &now, 0);
		close(parent);
		if (!failed && mine.st_ino == now.st_ino)
			return 0;
		close(i->dir);
		i->dir = -1;
	}
}

static int create_owner(struct instance *i, const struct owner *owner, struct error *err)
{
	__u32 zero = 0;

	i->owner_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "owner", sizeof(zero), sizeof(*owner), 1, NULL);
	if (i->owner_fd < 0)
		return error_errno(err, errno, "create BPF map owner");
	if (bpf_map_update_elem(i->owner_fd, &zero, owner, BPF_ANY))
		return error_errno(err, errno, "write BPF map owner");
	if (pins_put(i->dir, "owner", i->owner_fd))
		return error_errno(err, errno, "pin %s/owner", i->path);
	return 0;
}

static int check_owner(struct instance *i, const struct owner *wanted, struct error *err)
{
	struct bpf_map_info info = { 0 };
	struct owner owner;
	__u32 zero = 0, len = sizeof(info);

	i->owner_fd = pins_get(i->dir, "owner");
	if (i->owner_fd < 0 && errno == ENOENT)
		return create_owner(i, wanted, err);
	if (i->owner_fd < 0 || bpf_obj_get_info_by_fd(i->owner_fd, &info, &len))
		return error_errno(err, errno, "open %s/owner", i->path);
	if (info.value_size != sizeof(owner))
		return error_set(err, "I/O error", "%s was made by another version", i->path);
	if (bpf_map_lookup_elem(i->owner_fd, &zero, &owner))
		return error_errno(err, errno, "read %s/owner", i->path);
	if (owner.netns_cookie != wanted->netns_cookie || strcmp(owner.path, wanted->path))
		return error_set(err, "I/O error", "%s belongs to %.*s", i->path,
				 (int)sizeof(owner.path), owner.path);
	i->programs = owner.programs;
	return 0;
}

int instance_open(const char *bpffs, const char *owner_path, struct instance *ret,
		  struct error *err)
{
	struct instance i = { .dir = -1, .owner_fd = -1 };
	struct owner owner = { 0 };
	int bpffs_fd = -1;

	if ((size_t)snprintf(owner.path, sizeof(owner.path), "%s", owner_path) >=
	    sizeof(owner.path))
		return error_set(err, "I/O error", "path %s is too long", owner_path);
	if (netns_cookie(&owner.netns_cookie, err))
		return -1;
	instance_id(owner_path, owner.netns_cookie, i.id);
	if (open_bpffs(bpffs, &bpffs_fd, err))
		return -1;
	if (asprintf(&i.path, "%s/bvs/%s", bpffs, i.id) < 0)
		abort();
	if (lock_dir(bpffs_fd, &i, err) || check_owner(&i, &owner, err)) {
		close(bpffs_fd);
		instance_close(&i);
		return -1;
	}
	close(bpffs_fd);
	*ret = i;
	return 0;
}

void instance_close(struct instance *i)
{
	if (i->owner_fd >= 0)
		close(i->owner_fd);
	if (i->dir >= 0)
		close(i->dir);
	free(i->path);
	i->path = NULL;
	i->owner_fd = i->dir = -1;
}

int instance_set_programs(struct instance *i, uint64_t programs, struct error *err)
{
	struct owner owner;
	__u32 zero = 0;

	if (programs == i->programs)
		return 0;
	if (bpf_map_lookup_elem(i->owner_fd, &zero, &owner))
		return error_errno(err, errno, "read %s/owner", i->path);
	owner.programs = programs;
	if (bpf_map_update_elem(i->owner_fd, &zero, &owner, BPF_ANY))
		return error_errno(err, errno, "write %s/owner", i->path);
	i->programs = programs;
	return 0;
}

struct removal {
	const struct instance *instance;
	struct error *err;
	int failed;
};

static void remove_pin(void *arg, const char *name)
{
	struct removal *r = arg;

	/* Last: while it is there, a removal that was interrupted can be taken up again. */
	if (!strcmp(name, "owner"))
		return;
	if (pins_remove(r->instance->dir, name))
		r->failed = error_errno(r->err, errno, "remove %s/%s", r->instance->path, name);
}

int instance_remove(struct instance *i, struct error *err)
{
	struct removal r = { i, err, 0 };
	char *parent;

	if (pins_each(i->dir, remove_pin, &r))
		return error_errno(err, errno, "read %s", i->path);
	if (r.failed)
		return -1;
	if (pins_remove(i->dir, "owner"))
		return error_errno(err, errno, "remove %s/owner", i->path);
	if (rmdir(i->path))
		return error_errno(err, errno, "remove %s", i->path);
	/* The common directory goes with the last instance. */
	parent = strndup(i->path, strlen(i->path) - strlen(i->id) - 1);
	if (parent)
		rmdir(parent);
	free(parent);
	return 0;
}
